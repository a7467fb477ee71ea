// A response's header fields that a policy may read.
#ifndef SLUICE_ADAPTERS_PRELOAD_RESPONSE_FIELDS_H_
#define SLUICE_ADAPTERS_PRELOAD_RESPONSE_FIELDS_H_

#include <sluice/scheduler/stream_info.h>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <optional>
#include <string>

namespace sluice::adapters {

struct ResponseFields {
  // Of content-type and content-length.
  std::optional<scheduler::ResourceHints> hints;
  std::string priority;  // the lines of `priority`, as one list
};

// Whether there may be a field to read; without `reads_hints`, a `priority`.
bool MayBeRead(const nghttp2_nv* fields, size_t count, bool reads_hints);

ResponseFields ReadResponseFields(const nghttp2_nv* fields, size_t count);

}  // namespace sluice::adapters

#endif  // SLUICE_ADAPTERS_PRELOAD_RESPONSE_FIELDS_H_
