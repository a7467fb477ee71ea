// Which programs the preloaded library serves, and how, by the environment:
//
//   SLUICE_POLICY         a policy as scheduler/registry.h reads it; "auto"
//   SLUICE_PROGRAMS       names, with commas between, of programs and of
//                         libraries that call nghttp2 in any program; "*": all
//   SLUICE_NOTSENT_LOWAT  bytes; by the link; 0 leaves the sockets as they are
//   SLUICE_TRACE          see trace/trace_files.h
//
// Everything else passes through. Each variable is read once, when a function
// that needs it is first called, which may be before main().
#ifndef SLUICE_ADAPTERS_PRELOAD_SCOPE_H_
#define SLUICE_ADAPTERS_PRELOAD_SCOPE_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace sluice::adapters {

// The file name of the program or library that the code at `caller` belongs to,
// without its folders; empty: unknown.
absl::string_view FileOf(const void* caller);
// Whether the code at `caller` belongs to a program or library that is served.
bool IsServed(const void* caller);
// Whether anything in this process may be.
bool ServesThisProcess();

// A spec that PriorityAdapter::Create() takes. Empty when SLUICE_POLICY names
// none: then nothing is served, and a line on standard error has said so.
absl::string_view PolicySpec();

// For TCP_NOTSENT_LOWAT; 0: leave it. Nothing: as the link has it.
std::optional<int> NotSentLowat();

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_PRELOAD_SCOPE_H_
