// The frames of HTTP/2 as they stand on the wire (RFC 9113 §4.1, §6; RFC 7838
// §4; RFC 9218 §7.1): the rules for each type, and how bytes become frames.
#ifndef SLUICE_H2_FRAME_H_
#define SLUICE_H2_FRAME_H_

#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {

inline constexpr absl::string_view kClientPreface =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 §3.4

inline constexpr size_t kFrameHeaderSize = 9;
inline constexpr size_t kPriorityFieldsSize = 5;
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

// Flags. The type of a frame says which of them it may have.
inline constexpr uint8_t kFlagEndStream = 0x1;
inline constexpr uint8_t kFlagAck = 0x1;
inline constexpr uint8_t kFlagEndHeaders = 0x4;
inline constexpr uint8_t kFlagPadded = 0x8;
inline constexpr uint8_t kFlagPriority = 0x20;

struct FrameHeader {
  uint32_t length = 0;  // of the payload, in bytes
  FrameType type = FrameType::kData;
  uint8_t flags = 0;
  StreamId stream_id = 0;  // without the reserved bit (§4.1)

  bool Has(uint8_t flag) const { return (flags & flag) != 0; }
};

// --- Integers in network order (RFC 9113 §2.2) -----------------------------
//
// They read the first bytes of a view that is long enough.

inline uint16_t LoadU16(absl::string_view bytes) {
  const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
  return static_cast<uint16_t>(p[0] << 8 | p[1]);
}

inline uint32_t LoadU32(absl::string_view bytes) {
  return uint32_t{LoadU16(bytes)} << 16 | LoadU16(bytes.substr(2));
}

// --- Rules -----------------------------------------------------------------

// What RFC 9113 says about one type of frame whatever its content.
struct FrameRule {
  enum class Stream { kMustBeZero, kMustNotBeZero, kAny };
  enum class Length { kAtLeast, kExactly, kMultipleOf };

  FrameType type;
  absl::string_view name;
  Stream stream;  // a breach is a connection error, PROTOCOL_ERROR
  Length length_rule;
  uint32_t length;                   // a breach is a FRAME_SIZE_ERROR …
  bool length_error_is_connections;  // … of the connection, or of the stream
  bool client_may_receive;
  bool server_may_receive;  // a breach is a connection error, PROTOCOL_ERROR
  absl::string_view section;
};

// Null for a type that this connection does not know.
const FrameRule* FindFrameRule(FrameType type);

// Whether `rule` allows a payload of `length` bytes.
bool LengthIsLegal(const FrameRule& rule, uint32_t length);

// --- Bytes in --------------------------------------------------------------

// Reads the 9 octets of a frame header.
FrameHeader ParseFrameHeader(absl::string_view bytes);

// RFC 9113 §6.2, §6.3. `bytes` has at least kPriorityFieldsSize.
signals::Rfc7540Priority ParsePriorityFields(absl::string_view bytes);

// If the frame is PADDED, takes Pad Length and the padding off its payload,
// which begins with `fixed` bytes of fields after Pad Length. Connection
// errors: Pad Length or those fields are missing (RFC 9113 §4.2); the padding
// is longer than the rest (§6.1, §6.2, §6.6).
absl::Status RemovePadding(const FrameHeader& header, size_t fixed,
                           absl::string_view* payload);

// Cuts the peer's bytes into frames (RFC 9113 §4.1), in whatever pieces they
// arrive.
class FrameDecoder {
 public:
  enum class Result {
    kNeedMore,  // all input is consumed; no frame is complete
    kHeader,    // `header` is known; the decoder has not read its payload
    kFrame,     // `header` and `payload` are complete
  };

  // Consumes bytes from the front of `*input`. Reports each frame twice: by
  // kHeader as soon as its header is there, so that an illegal one is refused
  // before its payload arrives, and by kFrame. `payload` is valid until the
  // next call and may point into the input. A frame that arrives in one piece
  // is not copied; of any other at most its own length is kept.
  Result Next(absl::string_view* input, FrameHeader* header,
              absl::string_view* payload);

  // Bytes kept of a frame that is not complete.
  size_t buffered() const { return buffer_.size(); }

 private:
  bool Fill(absl::string_view* input, size_t wanted);

  enum class State { kReadingHeader, kReadingPayload, kReported };
  State state_ = State::kReadingHeader;
  FrameHeader header_;
  std::string buffer_;  // the payload so far; before that, the header so far
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_FRAME_H_
