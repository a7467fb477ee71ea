// Results as one self-contained page, which opens offline and asks the network
// for nothing: web/ has its frame and its script, the lab's report the rest.
#ifndef SLUICE_BENCHMARKS_PROBE_RESULT_PAGE_H_
#define SLUICE_BENCHMARKS_PROBE_RESULT_PAGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/probe/result.h"

namespace sluice::probe {

// The page, without results, of `folder`/probe.html. Errors: NotFound names the
// file that cannot be read, InvalidArgument the mistake.
absl::StatusOr<std::string> LoadPageFrame(const std::string& folder);

// `frame` with the results in their place.
std::string ResultPage(const std::string& frame,
                       const std::vector<ServerResult>& results);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_RESULT_PAGE_H_
