#include "scheduler/stream_info.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "priority/rfc7540_priority.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {
namespace {

constexpr StreamId kMaxStreamId = 0x7fffffff;

template <class... Args>
const char* Say(FaultText* text, const absl::FormatSpec<Args...>& format,
                const Args&... args) {
  absl::SNPrintF(text->data(), text->size(), format, args...);
  return text->data();
}

const char* FindFaultOfTree(
    StreamId id, const std::optional<priority::Rfc7540Priority>& priority,
    FaultText* text) {
  if (!priority.has_value()) return nullptr;
  if (priority->weight < priority::kMinWeight ||
      priority->weight > priority::kMaxWeight) {
    return Say(text, "weight %d of stream %u is not 1 to 256 (RFC 7540 §5.3.2)",
               priority->weight, id);
  }
  if (priority->depends_on == id) {
    return Say(text, "stream %u depends on itself (RFC 7540 §5.3.1)", id);
  }
  return nullptr;
}

const char* FindFaultOfField(
    StreamId id, const std::optional<priority::Rfc9218Priority>& priority,
    FaultText* text) {
  if (!priority.has_value()) return nullptr;
  if (priority->urgency < priority::kMinUrgency ||
      priority->urgency > priority::kMaxUrgency) {
    return Say(text, "urgency %d of stream %u is not 0 to 7 (RFC 9218 §4.1)",
               priority->urgency, id);
  }
  return nullptr;
}

}  // namespace

const char* FindFault(StreamId id, const StreamInfo& info, FaultText* text) {
  if (id == 0 || id > kMaxStreamId) {
    return Say(text, "%u is no stream's identifier (RFC 9113 §5.1.1)", id);
  }
  const char* fault = FindFaultOfTree(id, info.rfc7540, text);
  if (fault == nullptr) fault = FindFaultOfField(id, info.rfc9218, text);
  if (fault == nullptr && info.server.has_value()) {
    fault = FindFaultOfTree(id, info.server->rfc7540, text);
    if (fault == nullptr) {
      fault = FindFaultOfField(id, info.server->rfc9218, text);
    }
  }
  return fault;
}

absl::Status ValidateStreamInfo(StreamId id, const StreamInfo& info) {
  FaultText text;
  const char* fault = FindFault(id, info, &text);
  return fault == nullptr ? absl::OkStatus()
                          : absl::InvalidArgumentError(fault);
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
