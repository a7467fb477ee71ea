#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/stream_id.h>

#include <optional>

#include "absl/strings/str_format.h"

namespace sluice::scheduler {
namespace {

using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Priority;
using ::sluice::signals::StreamId;

template <class... Args>
const char* Say(FaultText* text, const absl::FormatSpec<Args...>& format,
                const Args&... args) {
  absl::SNPrintF(text->data(), text->size(), format, args...);
  return text->data();
}

template <class Signals>
const char* FindFaultOfBoth(StreamId id, const Signals& signals,
                            FaultText* text) {
  const char* fault = FindFault(id, text);
  if (fault == nullptr && signals.rfc7540.has_value()) {
    fault = FindFault(id, *signals.rfc7540, text);
  }
  if (fault == nullptr && signals.rfc9218.has_value()) {
    fault = FindFault(id, *signals.rfc9218, text);
  }
  return fault;
}

}  // namespace

const char* FindFault(StreamId id, FaultText* text) {
  if (id != 0 && id <= signals::kMaxStreamId) return nullptr;
  return Say(text, "%u is no stream's id: ids are 1 to %u (RFC 9113 §5.1.1)",
             id, signals::kMaxStreamId);
}

const char* FindFault(StreamId id, const Rfc7540Priority& priority,
                      FaultText* text) {
  if (const char* fault = FindFault(id, text)) return fault;
  if (priority.weight < signals::kMinWeight ||
      priority.weight > signals::kMaxWeight) {
    return Say(text, "weight %d of stream %u is not 1 to 256 (RFC 7540 §5.3.2)",
               priority.weight, id);
  }
  if (priority.depends_on > signals::kMaxStreamId) {
    return FindFault(priority.depends_on, text);
  }
  if (priority.depends_on == id) {
    return Say(text, "stream %u depends on itself (RFC 7540 §5.3.1)", id);
  }
  return nullptr;
}

const char* FindFault(StreamId id, const Rfc9218Priority& priority,
                      FaultText* text) {
  if (const char* fault = FindFault(id, text)) return fault;
  if (priority.urgency >= signals::kMinUrgency &&
      priority.urgency <= signals::kMaxUrgency) {
    return nullptr;
  }
  return Say(text, "urgency %d of stream %u is not 0 to 7 (RFC 9218 §4.1)",
             priority.urgency, id);
}

const char* FindFault(StreamId id, const ServerPriority& server,
                      FaultText* text) {
  return FindFaultOfBoth(id, server, text);
}

const char* FindFault(StreamId id, const StreamInfo& info, FaultText* text) {
  const char* fault = FindFaultOfBoth(id, info, text);
  if (fault == nullptr && info.server.has_value()) {
    fault = FindFault(id, *info.server, text);
  }
  return fault;
}

}  // namespace sluice::scheduler
