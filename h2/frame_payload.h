// Parts of payloads that more than one type of frame has.
#ifndef SLUICE_H2_FRAME_PAYLOAD_H_
#define SLUICE_H2_FRAME_PAYLOAD_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "h2/byte_order.h"
#include "h2/errors.h"
#include "h2/events.h"
#include "h2/types.h"

namespace sluice::h2 {

// Takes the Pad Length octet and the padding off the payload of a PADDED frame.
// Connection errors: no octet is there (RFC 9113 §4.2); "the length of the
// padding is the length of the frame payload or greater" (§6.1).
inline absl::Status RemovePadding(StreamId id, absl::string_view* payload) {
  if (payload->empty()) {
    return MakeError(ErrorKind::kFrameDataMissing,
                     "PADDED without Pad Length (RFC 9113 4.2, 6.1)", id);
  }
  const size_t padding = static_cast<uint8_t>(payload->front());
  payload->remove_prefix(1);
  if (padding > payload->size()) {
    return MakeError(ErrorKind::kProtocol,
                     "padding beyond the frame (RFC 9113 6.1)", id);
  }
  payload->remove_suffix(padding);
  return absl::OkStatus();
}

inline constexpr size_t kPriorityFieldsSize = 5;

// RFC 9113 §6.2, §6.3. `bytes` has at least kPriorityFieldsSize.
inline StreamPriority ParsePriorityFields(absl::string_view bytes) {
  const uint32_t word = LoadU32(bytes);
  StreamPriority priority;
  priority.depends_on = word & kMaxStreamId;
  priority.exclusive = (word >> 31) != 0;
  priority.weight = static_cast<uint8_t>(bytes[4]) + 1;
  return priority;
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_FRAME_PAYLOAD_H_
