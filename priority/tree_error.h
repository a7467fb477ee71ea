// What a call of the priority tree can refuse, as absl::Status.
#ifndef SLUICE_PRIORITY_TREE_ERROR_H_
#define SLUICE_PRIORITY_TREE_ERROR_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"

namespace sluice::priority {

enum class TreeError : uint8_t {
  kDuplicateStream,  // AlreadyExists: it has been opened before
  kMissingStream,    // NotFound: not in the tree, and not an idle id either
  kPseudoStream,     // InvalidArgument: id 0, or more than 31 bits
  kBadWeight,        // InvalidArgument: a weight outside 1…256 (§5.3.2)
  kSelfDependency,   // InvalidArgument: a stream on itself (§5.3.1)
  kTooManyNodes,     // ResourceExhausted: no room for one more idle stream
  kNothingReady,     // Unavailable: Pick() with no stream ready
};

// Takes nothing from the heap.
absl::Status TreeErrorStatus(TreeError error);

// Which of them `status` is; nothing for OK and for statuses of others. It
// stays with copies of the status and is lost when one is made of its message.
std::optional<TreeError> GetTreeError(const absl::Status& status);

}  // namespace sluice::priority

#endif  // SLUICE_PRIORITY_TREE_ERROR_H_
