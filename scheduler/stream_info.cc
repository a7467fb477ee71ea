#include "scheduler/stream_info.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "priority/rfc7540_priority.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {
namespace {

constexpr StreamId kMaxStreamId = 0x7fffffff;

absl::Status ValidateTree(
    StreamId id, const std::optional<priority::Rfc7540Priority>& priority) {
  if (!priority.has_value()) return absl::OkStatus();
  if (priority->weight < priority::kMinWeight ||
      priority->weight > priority::kMaxWeight) {
    return absl::InvalidArgumentError(
        absl::StrCat("weight ", priority->weight, " of stream ", id,
                     " is not 1 to 256 (RFC 7540 §5.3.2)"));
  }
  if (priority->depends_on == id) {
    return absl::InvalidArgumentError(
        absl::StrCat("stream ", id, " depends on itself (RFC 7540 §5.3.1)"));
  }
  return absl::OkStatus();
}

absl::Status ValidateField(
    StreamId id, const std::optional<priority::Rfc9218Priority>& priority) {
  if (!priority.has_value()) return absl::OkStatus();
  if (priority->urgency < priority::kMinUrgency ||
      priority->urgency > priority::kMaxUrgency) {
    return absl::InvalidArgumentError(
        absl::StrCat("urgency ", priority->urgency, " of stream ", id,
                     " is not 0 to 7 (RFC 9218 §4.1)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateStreamInfo(StreamId id, const StreamInfo& info) {
  if (id == 0 || id > kMaxStreamId) {
    return absl::InvalidArgumentError(
        absl::StrCat(id, " is no stream's identifier (RFC 9113 §5.1.1)"));
  }
  absl::Status status = ValidateTree(id, info.rfc7540);
  if (status.ok()) status = ValidateField(id, info.rfc9218);
  if (status.ok() && info.server.has_value()) {
    status = ValidateTree(id, info.server->rfc7540);
    if (status.ok()) status = ValidateField(id, info.server->rfc9218);
  }
  return status;
}

void FillFromEarlier(const StreamInfo& earlier, StreamInfo* info) {
  if (!info->rfc7540.has_value()) info->rfc7540 = earlier.rfc7540;
  if (earlier.rfc9218.has_value()) info->rfc9218 = earlier.rfc9218;
  if (!info->server.has_value()) info->server = earlier.server;
  if (info->hints == ResourceHints()) info->hints = earlier.hints;
}

std::optional<priority::Rfc7540Priority> EffectiveRfc7540(
    const StreamInfo& info) {
  if (info.server.has_value() && info.server->rfc7540.has_value()) {
    return info.server->rfc7540;
  }
  return info.rfc7540;
}

std::optional<priority::Rfc9218Priority> EffectiveRfc9218(
    const StreamInfo& info) {
  if (info.server.has_value() && info.server->rfc9218.has_value()) {
    return info.server->rfc9218;
  }
  return info.rfc9218;
}

}  // namespace sluice::scheduler
