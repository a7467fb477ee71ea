// Whether an id, or a priority of stream `id`, is within its range.
//
//   FaultText text;
//   if (const char* fault = FindFault(5, priority, &text)) …
//   // "weight 300 of stream 5 is not 1 to 256 (RFC 7540 §5.3.2)"
#ifndef SLUICE_SIGNALS_FAULTS_H_
#define SLUICE_SIGNALS_FAULTS_H_

#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/stream_id.h>

#include <array>

namespace sluice::signals {

// Room for the words: a fault of a peer's takes nothing from the heap.
using FaultText = std::array<char, 128>;

// The words, which are in `*text`; null without a fault. Faults: an id outside
// 1…2^31−1 (RFC 9113 §5.1.1), a weight outside 1…256 (RFC 7540 §5.3.2), a
// dependency on `id` itself (§5.3.1), an urgency outside 0…7 (RFC 9218 §4.1).
inline const char* FindFault(StreamId id, FaultText* text);
inline const char* FindFault(StreamId id, const Rfc7540Priority& priority,
                             FaultText* text);
inline const char* FindFault(StreamId id, const Rfc9218Priority& priority,
                             FaultText* text);

// --- Every signal is checked, and few have a fault. --------------------------

namespace internal {

const char* DescribeFault(StreamId id, FaultText* text);
const char* DescribeFault(StreamId id, const Rfc7540Priority& priority,
                          FaultText* text);
const char* DescribeFault(StreamId id, const Rfc9218Priority& priority,
                          FaultText* text);

inline bool IsStreamId(StreamId id) { return id != 0 && id <= kMaxStreamId; }

}  // namespace internal

// Whether FindFault() finds nothing.
inline bool IsValid(StreamId id, const Rfc7540Priority& priority) {
  return internal::IsStreamId(id) && priority.weight >= kMinWeight &&
         priority.weight <= kMaxWeight && priority.depends_on != id &&
         priority.depends_on <= kMaxStreamId;
}

inline const char* FindFault(StreamId id, FaultText* text) {
  return internal::IsStreamId(id) ? nullptr : internal::DescribeFault(id, text);
}

inline const char* FindFault(StreamId id, const Rfc7540Priority& priority,
                             FaultText* text) {
  return IsValid(id, priority) ? nullptr
                               : internal::DescribeFault(id, priority, text);
}

inline const char* FindFault(StreamId id, const Rfc9218Priority& priority,
                             FaultText* text) {
  const bool good = internal::IsStreamId(id) &&
                    priority.urgency >= kMinUrgency &&
                    priority.urgency <= kMaxUrgency;
  return good ? nullptr : internal::DescribeFault(id, priority, text);
}

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_FAULTS_H_
