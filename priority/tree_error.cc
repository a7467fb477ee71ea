#include <sluice/priority/tree_error.h>

#include <array>
#include <cstddef>
#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace sluice::priority {
namespace {

// Tells apart the errors that share a code.
constexpr absl::string_view kPayloadUrl = "sluice/priority/tree_error";

absl::Status WithPayload(absl::string_view message, TreeError error) {
  absl::Status status = absl::InvalidArgumentError(message);
  const char value = static_cast<char>(error);
  status.SetPayload(kPayloadUrl, absl::Cord(absl::string_view(&value, 1)));
  return status;
}

absl::Status Made(TreeError error) {
  switch (error) {
    case TreeError::kDuplicateStream:
      return absl::AlreadyExistsError("the stream has been opened before");
    case TreeError::kMissingStream:
      return absl::NotFoundError("the stream is not in the tree");
    case TreeError::kPseudoStream:
      return WithPayload("not a stream identifier of 1…2^31-1", error);
    case TreeError::kBadWeight:
      return WithPayload("a weight outside 1…256 (RFC 7540 §5.3.2)", error);
    case TreeError::kSelfDependency:
      return WithPayload("a stream depends on itself (RFC 7540 §5.3.1)", error);
    case TreeError::kTooManyNodes:
      return absl::ResourceExhaustedError("no room for another idle stream");
    case TreeError::kNothingReady:
      // Without a message, it costs no allocation: it ends every round of
      // picks.
      return absl::Status(absl::StatusCode::kUnavailable, "");
  }
  return absl::OkStatus();
}

constexpr size_t kErrors = static_cast<size_t>(TreeError::kNothingReady) + 1;

// One of each, of which TreeErrorStatus() gives copies: those take nothing from
// the heap, whatever a peer makes the tree refuse. Made before main() as well,
// and so destroyed after what comes later.
const std::array<absl::Status, kErrors>& Statuses() {
  static const std::array<absl::Status, kErrors> statuses = [] {
    std::array<absl::Status, kErrors> made;
    for (size_t i = 0; i < kErrors; ++i) {
      made[i] = Made(static_cast<TreeError>(i));
    }
    return made;
  }();
  return statuses;
}
[[maybe_unused]] const bool statuses_are_made = !Statuses().empty();

}  // namespace

absl::Status TreeErrorStatus(TreeError error) {
  return Statuses()[static_cast<size_t>(error)];
}

std::optional<TreeError> GetTreeError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return TreeError::kDuplicateStream;
    case absl::StatusCode::kNotFound:
      return TreeError::kMissingStream;
    case absl::StatusCode::kResourceExhausted:
      return TreeError::kTooManyNodes;
    case absl::StatusCode::kUnavailable:
      return TreeError::kNothingReady;
    case absl::StatusCode::kInvalidArgument: {
      const auto payload = status.GetPayload(kPayloadUrl);
      if (!payload.has_value() || payload->size() != 1) return std::nullopt;
      return static_cast<TreeError>((*payload)[0]);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace sluice::priority
