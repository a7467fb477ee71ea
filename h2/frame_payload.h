// Parts of payloads that more than one type of frame has.
#ifndef SLUICE_H2_FRAME_PAYLOAD_H_
#define SLUICE_H2_FRAME_PAYLOAD_H_

#include <sluice/h2/byte_order.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {

// Takes the Pad Length octet and the padding off the payload of a PADDED frame,
// of which the first `fixed` bytes after Pad Length are fields of fixed size.
// Connection errors: Pad Length or those fields are not there (RFC 9113 §4.2);
// the padding exceeds what follows them (§6.1, §6.2, §6.6).
inline absl::Status RemovePadding(StreamId id, size_t fixed,
                                  absl::string_view* payload) {
  if (payload->size() < 1 + fixed) {
    return MakeError(ErrorKind::kFrameDataMissing,
                     "a PADDED frame without its fields (RFC 9113 4.2)", id);
  }
  const size_t padding = static_cast<uint8_t>(payload->front());
  payload->remove_prefix(1);
  if (padding > payload->size() - fixed) {
    return MakeError(ErrorKind::kProtocol,
                     "padding beyond the frame (RFC 9113 6.1)", id);
  }
  payload->remove_suffix(padding);
  return absl::OkStatus();
}

inline constexpr size_t kPriorityFieldsSize = 5;

// RFC 9113 §6.2, §6.3. `bytes` has at least kPriorityFieldsSize.
inline signals::Rfc7540Priority ParsePriorityFields(absl::string_view bytes) {
  const uint32_t word = LoadU32(bytes);
  signals::Rfc7540Priority priority;
  priority.depends_on = word & kMaxStreamId;
  priority.exclusive = (word >> 31) != 0;
  priority.weight = static_cast<uint8_t>(bytes[4]) + 1;
  return priority;
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_FRAME_PAYLOAD_H_
