// The frames of HTTP/2 as they stand on the wire (RFC 9113 §4.1, §6; RFC 7838
// §4; RFC 9218 §7.1), and the table of what is legal about each.
#ifndef SLUICE_H2_FRAME_H_
#define SLUICE_H2_FRAME_H_

#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace sluice::h2 {

inline constexpr absl::string_view kClientPreface =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 §3.4

inline constexpr size_t kFrameHeaderSize = 9;
inline constexpr uint32_t kMaxFrameLength = (1u << 24) - 1;

enum class FrameType : uint8_t {
  kData = 0x0,
  kHeaders = 0x1,
  kPriority = 0x2,
  kRstStream = 0x3,
  kSettings = 0x4,
  kPushPromise = 0x5,
  kPing = 0x6,
  kGoAway = 0x7,
  kWindowUpdate = 0x8,
  kContinuation = 0x9,
  kAltSvc = 0xa,           // RFC 7838 §4
  kPriorityUpdate = 0x10,  // RFC 9218 §7.1
};

// Flags; which of them a frame has is its type's matter.
inline constexpr uint8_t kFlagEndStream = 0x1;
inline constexpr uint8_t kFlagAck = 0x1;
inline constexpr uint8_t kFlagEndHeaders = 0x4;
inline constexpr uint8_t kFlagPadded = 0x8;
inline constexpr uint8_t kFlagPriority = 0x20;

struct FrameHeader {
  uint32_t length = 0;  // of the payload, in bytes
  FrameType type = FrameType::kData;
  uint8_t flags = 0;
  StreamId stream_id = 0;  // the reserved bit is dropped (§4.1)

  bool Has(uint8_t flag) const { return (flags & flag) != 0; }
};

// What RFC 9113 says about one type of frame whatever its content.
struct FrameRule {
  enum class Stream { kMustBeZero, kMustNotBeZero, kAny };
  enum class Length { kAtLeast, kExactly, kMultipleOf };

  FrameType type;
  absl::string_view name;
  Stream stream;  // breach: connection error PROTOCOL_ERROR
  Length length_rule;
  uint32_t length;                   // breach: FRAME_SIZE_ERROR …
  bool length_error_is_connections;  // … of the connection, or of the stream
  bool client_may_receive;
  bool server_may_receive;  // breach: connection error PROTOCOL_ERROR
  absl::string_view section;
};

// Null for a type that this connection does not know.
const FrameRule* FindFrameRule(FrameType type);

// Whether `length` is one that `rule` allows.
bool LengthIsLegal(const FrameRule& rule, uint32_t length);

}  // namespace sluice::h2

#endif  // SLUICE_H2_FRAME_H_
