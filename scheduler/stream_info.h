// What every policy does with a StreamInfo: check it, merge it, read it.
#ifndef SLUICE_SCHEDULER_STREAM_INFO_H_
#define SLUICE_SCHEDULER_STREAM_INFO_H_

#include <array>
#include <optional>

#include "absl/status/status.h"
#include "priority/rfc7540_priority.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {

// InvalidArgument for an id outside 1…2^31−1, a weight outside 1…256, a
// dependency on `id` itself (RFC 7540 §5.3.1) or an urgency outside 0…7 (RFC
// 9218 §4.1), the client's and the application's alike.
absl::Status ValidateStreamInfo(StreamId id, const StreamInfo& info);

// The same, as the words of that status: into `*text`, which is returned; null
// when nothing is wrong. Takes nothing from the heap.
using FaultText = std::array<char, 96>;
const char* FindFault(StreamId id, const StreamInfo& info, FaultText* text);

// A stream opens with `*info`, and `earlier` was said of it before: fills what
// `*info` leaves unsaid, the RFC 7540 signal and the override when absent, the
// hints when all of them are at their defaults. An RFC 9218 signal of `earlier`
// holds in any case: it came by a PRIORITY_UPDATE frame, which goes over the
// request's own field (RFC 9218 §7).
void FillFromEarlier(const StreamInfo& earlier, StreamInfo* info);

// The signal in force: the application's when it set one of that kind, else the
// client's, else nothing.
std::optional<priority::Rfc7540Priority> EffectiveRfc7540(
    const StreamInfo& info);
std::optional<priority::Rfc9218Priority> EffectiveRfc9218(
    const StreamInfo& info);

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_STREAM_INFO_H_
