// Frames of HTTP/2 on their way out (RFC 9113 §4.1, §6; RFC 7838 §4; RFC 9218
// §7.1). Pure functions: the caller has checked that the frame is legal now.
#ifndef SLUICE_H2_FRAME_ENCODER_H_
#define SLUICE_H2_FRAME_ENCODER_H_

#include <sluice/h2/frame.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

// --- Integers in network order (RFC 9113 §2.2) -----------------------------
//
// Each returns the place behind what it wrote.

inline char* StoreU8(char* out, uint8_t value) {
  *out = static_cast<char>(value);
  return out + 1;
}
inline char* StoreU16(char* out, uint16_t value) {
  return StoreU8(StoreU8(out, static_cast<uint8_t>(value >> 8)),
                 static_cast<uint8_t>(value));
}
inline char* StoreU32(char* out, uint32_t value) {
  return StoreU16(StoreU16(out, static_cast<uint16_t>(value >> 16)),
                  static_cast<uint16_t>(value));
}

// The 9 octets of a frame header.
inline char* StoreFrameHeader(char* out, size_t length, FrameType type,
                              uint8_t flags, StreamId stream_id) {
  out = StoreU32(
      out, static_cast<uint32_t>(length) << 8 | static_cast<uint8_t>(type));
  return StoreU32(StoreU8(out, flags), stream_id);
}

// --- Frames of a fixed size ------------------------------------------------

// A frame of at most 8 bytes of payload, which needs no memory of its own.
class SmallFrame {
 public:
  static constexpr size_t kMostPayload = 8;

  SmallFrame(FrameType type, uint8_t flags, StreamId stream_id,
             absl::string_view payload);

  absl::string_view bytes() const { return {bytes_, size_}; }
  operator absl::string_view() const { return bytes(); }  // NOLINT

 private:
  char bytes_[kFrameHeaderSize + kMostPayload];
  size_t size_;
};

SmallFrame EncodePriority(StreamId stream_id,
                          const signals::Rfc7540Priority& priority);
SmallFrame EncodeRstStream(StreamId stream_id, ErrorCode code);
SmallFrame EncodeSettingsAck();
SmallFrame EncodePing(absl::string_view opaque_data, bool ack);
SmallFrame EncodeWindowUpdate(StreamId stream_id, uint32_t increment);

// --- DATA ------------------------------------------------------------------

inline constexpr size_t kMaxDataHeaderSize = kFrameHeaderSize + 1;

// Writes the part of a DATA frame before its data, at most kMaxDataHeaderSize
// bytes, and returns its size: the frame header and, with padding, the Pad
// Length octet (§6.1).
inline size_t StoreDataHeader(char* out, StreamId stream_id, size_t data_size,
                              std::optional<uint8_t> pad_length,
                              bool end_stream) {
  const uint8_t end = end_stream ? kFlagEndStream : 0;
  if (!pad_length.has_value()) {
    StoreFrameHeader(out, data_size, FrameType::kData, end, stream_id);
    return kFrameHeaderSize;
  }
  out = StoreFrameHeader(out, data_size + 1 + *pad_length, FrameType::kData,
                         end | kFlagPadded, stream_id);
  StoreU8(out, *pad_length);
  return kMaxDataHeaderSize;
}

// --- Header blocks ---------------------------------------------------------

// The first frame of a header block up to the block: HEADERS (§6.2) or
// PUSH_PROMISE (§6.6).
class BlockStart {
 public:
  static BlockStart Headers(
      StreamId stream_id, bool end_stream,
      const std::optional<signals::Rfc7540Priority>& priority);
  static BlockStart PushPromise(StreamId parent_id, StreamId promised_id);

  // The bytes before the block.
  size_t size() const { return kFrameHeaderSize + fixed_size_; }

  // The most bytes that the frames of a block of `block_size` bytes take.
  size_t MostFrames(size_t block_size, size_t max_frame_size) const {
    const size_t payload = fixed_size_ + block_size;
    if (payload <= max_frame_size) return kFrameHeaderSize + payload;
    return (1 + payload / max_frame_size) * kFrameHeaderSize + payload;
  }

  // Makes frames of the block that stands at out + size(): the first one, and
  // CONTINUATION frames for what does not fit into `max_frame_size` (§6.10).
  // `out` has room for MostFrames(). Returns their size.
  size_t Frame(char* out, size_t block_size, size_t max_frame_size) const;

 private:
  BlockStart(FrameType type, uint8_t flags, StreamId stream_id)
      : type_(type), flags_(flags), stream_id_(stream_id) {}

  FrameType type_;
  uint8_t flags_;
  StreamId stream_id_;
  char fixed_[kPriorityFieldsSize];  // fields in front of the block
  size_t fixed_size_ = 0;
};

// --- Other frames ----------------------------------------------------------

std::string EncodeFrame(FrameType type, uint8_t flags, StreamId stream_id,
                        absl::string_view payload);
std::string EncodeSettings(absl::Span<const Setting> settings);
std::string EncodeGoAway(StreamId last_stream_id, ErrorCode code,
                         absl::string_view additional_data);

// RFC 7838 §4. `origin` is empty on any stream but 0.
std::string EncodeAltSvc(StreamId stream_id, absl::string_view origin,
                         absl::string_view field_value);

// RFC 9218 §7.1.
std::string EncodePriorityUpdate(StreamId prioritized_id,
                                 absl::string_view field_value);

// The payload of SETTINGS and of HTTP2-Settings (RFC 7540 §3.2.1).
std::string EncodeSettingsPayload(absl::Span<const Setting> settings);

}  // namespace sluice::h2

#endif  // SLUICE_H2_FRAME_ENCODER_H_
