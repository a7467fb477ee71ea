// Reads the lists of a command line: pages, policies, signal sets, networks,
// send buffers, seeds.
#ifndef SLUICE_BENCHMARKS_LAB_COMPARISON_SELECTION_H_
#define SLUICE_BENCHMARKS_LAB_COMPARISON_SELECTION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/browser/edit.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/measure/baseline.h"
#include "benchmarks/lab/net/network.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// All errors are InvalidArgument or NotFound, a sentence for the user with the
// flag, the mistake and the names that are allowed. Commas separate the items
// of a list; an empty name is an error. The name "all" stands for all names, in
// the order of their list. Duplicates are ignored: a page or a policy that
// counted twice would falsify the sums over pages.

// Names of the pages in `bundled_folder`, sorted: the set "all", and the set
// "perflogs", which came later, so that "all" and "real" stay what they were.
std::vector<std::string> BundledPages(const std::string& bundled_folder);
std::vector<std::string> PerflogsPages(const std::string& bundled_folder);

// --pages. An item is the name of a bundled page, or else a path of the user's
// (page.h: a HAR or a page file, told apart by content) or a glob, whose
// matches are taken in byte order. "real" stands for the bundled pages that
// were captured: those not called synthetic_…. Files with the same bytes are
// one page. The second of several other pages with one name is called NAME-2,
// and so on.
absl::StatusOr<std::vector<Page>> SelectPages(
    absl::string_view list, const std::string& bundled_folder);

// --policies: specs of scheduler::CreatePolicy(), each tried once. A comma
// before KEY=VALUE continues the spec before it. The result has one spelling of
// each spec: "p+" and "s+" become parallel_plus and serial_plus, and options
// are sorted.
absl::StatusOr<std::vector<std::string>> SelectPolicies(absl::string_view list);

// --baseline: a policy, read as in --policies, or a signal set; or policy=NAME,
// signals=NAME, edit=NAME, page=NAME.
absl::StatusOr<Baseline> SelectBaseline(absl::string_view text);

// --signals.
absl::StatusOr<std::vector<SignalSet>> SelectSignals(absl::string_view list);

// --edit: none, and paths or globs of files of edits (browser/edit.h). An edit
// is called like its file without the extension, a second of one name NAME-2.
// The rules must fit `pages`.
absl::StatusOr<std::vector<Edit>> SelectEdits(absl::string_view list,
                                              const std::vector<Page>& pages);

// --network: specs (net/network_spec.h), of a family after its prefix and a
// colon. A comma before KEY=VALUE continues the spec before it; a semicolon
// always ends one.
absl::StatusOr<std::vector<NamedNetwork>> SelectNetworks(
    absl::string_view list, absl::Span<const NetworkFamily> families);

// --send_buffer: bytes, "0,16384,64k".
absl::StatusOr<std::vector<size_t>> SelectSendBuffers(absl::string_view list);

// --seed: "1", "3,7", "1-10".
absl::StatusOr<std::vector<uint64_t>> SelectSeeds(absl::string_view list);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_COMPARISON_SELECTION_H_
