// The frames of HTTP/2 as they stand on the wire (RFC 9113 §4.1, §6; RFC 7838
// §4; RFC 9218 §7.1): the rules for each type, and their bytes in.
#ifndef SLUICE_H2_FRAME_H_
#define SLUICE_H2_FRAME_H_

#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
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

struct Frame {
  uint32_t length = 0;  // of the payload, in bytes
  FrameType type = FrameType::kData;
  uint8_t flags = 0;
  StreamId stream_id = 0;  // without the reserved bit (§4.1)
  // Empty until the frame is complete. Of DATA it is the piece that came, and
  // `rest` bytes are still to come.
  absl::string_view payload;
  uint32_t rest = 0;

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
  const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
  return uint32_t{p[0]} << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

// --- Rules -----------------------------------------------------------------

// The rules of RFC 9113 for one type of frame, whatever its content. A breach
// is a connection error: PROTOCOL_ERROR, or FRAME_SIZE_ERROR for the length.
struct FrameRule {
  enum class Stream { kMustBeZero, kMustNotBeZero, kAny };

  FrameType type;
  absl::string_view name;
  Stream stream;
  uint32_t least_length;
  uint32_t most_length;
  uint32_t length_unit;  // the length is a multiple of it
  bool client_may_receive;
  bool server_may_receive;
  absl::string_view section;

  bool LengthIsLegal(uint32_t length) const {
    return length >= least_length && length <= most_length &&
           (length_unit == 1 || length % length_unit == 0);
  }
};

// Null for a type that this connection does not know.
const FrameRule* FindFrameRule(FrameType type);

// --- Bytes in --------------------------------------------------------------

// Reads the 9 octets of a frame header.
inline Frame ParseFrameHeader(absl::string_view bytes) {
  const uint32_t length = LoadU32(bytes) >> 8;
  return {.length = length,
          .type = static_cast<FrameType>(bytes[3]),
          .flags = static_cast<uint8_t>(bytes[4]),
          .stream_id = LoadU32(bytes.substr(5)) & kMaxStreamId,
          .payload = {},
          .rest = length};
}

// RFC 9113 §6.2, §6.3. `bytes` has at least kPriorityFieldsSize.
inline signals::Rfc7540Priority ParsePriorityFields(absl::string_view bytes) {
  const uint32_t word = LoadU32(bytes);
  return {.depends_on = word & kMaxStreamId,
          .weight = static_cast<uint8_t>(bytes[4]) + 1,
          .exclusive = (word >> 31) != 0};
}

// The bytes of padding of a PADDED frame, which has `fixed` bytes of fields
// after Pad Length; 0 of any other. Pad Length has come, if the frame has it.
// Connection errors: those fields are missing (RFC 9113 §4.2); the padding is
// longer than the rest (§6.1, §6.2, §6.6).
absl::StatusOr<size_t> PaddingOf(const Frame& frame, size_t fixed);

// The payload of a complete frame without Pad Length and padding. Errors: those
// of PaddingOf().
absl::StatusOr<absl::string_view> Unpadded(const Frame& frame, size_t fixed);

// Cuts the peer's bytes into frames (RFC 9113 §4.1), in whatever pieces they
// arrive.
class FrameDecoder {
 public:
  enum class Result {
    kNeedMore,  // all input is consumed; no frame is complete
    kHeader,    // the header is known, the payload is not
    kFrame,     // the frame is complete; of DATA, the next piece is there
  };

  // Consumes bytes from the front of `*input`. Reports frame() twice: by
  // kHeader as soon as its header is there, so that an illegal one is refused
  // before its payload arrives, and by kFrame. The payload is valid until the
  // next call and may point into the input. A frame that arrives in one piece
  // is not copied; of any other at most its own length is kept. DATA is never
  // copied: each piece is reported by a kFrame of its own, and points into the
  // input. A piece has bytes unless the whole frame has none.
  Result Next(absl::string_view* input) {
    // Most reads end so.
    if (input->empty() && NeedsBytes()) return Result::kNeedMore;
    return Advance(input);
  }
  const Frame& frame() const { return frame_; }

  // Bytes kept of a frame that is not complete.
  size_t buffered() const { return buffer_.size(); }

 private:
  enum class State {
    kReadingHeader,
    kReadingPayload,
    kReportedBuffer,  // the last frame's payload is in the buffer
  };

  bool NeedsBytes() const {
    return state_ == State::kReadingHeader ||
           (state_ == State::kReadingPayload && frame_.rest > 0);
  }
  Result Advance(absl::string_view* input);
  bool Fill(absl::string_view* input, size_t wanted);
  Result Payload(absl::string_view* input);

  State state_ = State::kReadingHeader;
  Frame frame_;
  std::string buffer_;  // the payload so far; before that, the header so far
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_FRAME_H_
