#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

std::string U16(uint16_t value) {
  char bytes[2];
  StoreU16(bytes, value);
  return std::string(bytes, sizeof bytes);
}

std::string U32(uint32_t value) {
  char bytes[4];
  StoreU32(bytes, value);
  return std::string(bytes, sizeof bytes);
}

char* StorePriorityFields(char* out, const signals::Rfc7540Priority& priority) {
  out =
      StoreU32(out, priority.depends_on | (priority.exclusive ? 1u << 31 : 0));
  return StoreU8(out, static_cast<uint8_t>(priority.weight - 1));
}

SmallFrame EncodeWord(FrameType type, StreamId stream_id, uint32_t word) {
  char payload[4];
  StoreU32(payload, word);
  return SmallFrame(type, 0, stream_id, {payload, sizeof payload});
}

}  // namespace

// --- Frames of a fixed size ------------------------------------------------

SmallFrame::SmallFrame(FrameType type, uint8_t flags, StreamId stream_id,
                       absl::string_view payload)
    : size_(kFrameHeaderSize + payload.size()) {
  assert(payload.size() <= kMostPayload);
  char* const out =
      StoreFrameHeader(bytes_, payload.size(), type, flags, stream_id);
  payload.copy(out, kMostPayload);
}

SmallFrame EncodePriority(StreamId stream_id,
                          const signals::Rfc7540Priority& priority) {
  char payload[kPriorityFieldsSize];
  StorePriorityFields(payload, priority);
  return SmallFrame(FrameType::kPriority, 0, stream_id,
                    {payload, sizeof payload});
}

SmallFrame EncodeRstStream(StreamId stream_id, ErrorCode code) {
  return EncodeWord(FrameType::kRstStream, stream_id,
                    static_cast<uint32_t>(code));
}

SmallFrame EncodeSettingsAck() {
  return SmallFrame(FrameType::kSettings, kFlagAck, kConnectionStreamId, "");
}

SmallFrame EncodePing(absl::string_view opaque_data, bool ack) {
  return SmallFrame(FrameType::kPing, ack ? kFlagAck : 0, kConnectionStreamId,
                    opaque_data);
}

SmallFrame EncodeWindowUpdate(StreamId stream_id, uint32_t increment) {
  return EncodeWord(FrameType::kWindowUpdate, stream_id, increment);
}

// --- Header blocks ---------------------------------------------------------

BlockStart BlockStart::Headers(
    StreamId stream_id, bool end_stream,
    const std::optional<signals::Rfc7540Priority>& priority) {
  const bool has_priority = priority.has_value();
  BlockStart start(
      FrameType::kHeaders,
      (end_stream ? kFlagEndStream : 0) | (has_priority ? kFlagPriority : 0),
      stream_id);
  if (has_priority) {
    StorePriorityFields(start.fixed_, *priority);
    start.fixed_size_ = kPriorityFieldsSize;
  }
  return start;
}

BlockStart BlockStart::PushPromise(StreamId parent_id, StreamId promised_id) {
  BlockStart start(FrameType::kPushPromise, 0, parent_id);
  StoreU32(start.fixed_, promised_id);
  start.fixed_size_ = sizeof promised_id;
  return start;
}

size_t BlockStart::Frame(char* out, size_t block_size,
                         size_t max_frame_size) const {
  if (fixed_size_ > 0) std::memcpy(out + kFrameHeaderSize, fixed_, fixed_size_);
  const size_t payload = fixed_size_ + block_size;
  const size_t later_frames =
      payload <= max_frame_size ? 0 : (payload - 1) / max_frame_size;
  // The last one first, since each piece moves behind the others' headers.
  for (size_t i = later_frames;; --i) {
    const size_t at = i * max_frame_size;
    const size_t length = std::min(max_frame_size, payload - at);
    char* const frame = out + i * kFrameHeaderSize + at;
    const uint8_t end = i == later_frames ? kFlagEndHeaders : 0;
    if (i == 0) {
      StoreFrameHeader(frame, length, type_, flags_ | end, stream_id_);
      return payload + (1 + later_frames) * kFrameHeaderSize;
    }
    std::memmove(frame + kFrameHeaderSize, out + kFrameHeaderSize + at, length);
    StoreFrameHeader(frame, length, FrameType::kContinuation, end, stream_id_);
  }
}

// --- Other frames ----------------------------------------------------------

std::string EncodeFrame(FrameType type, uint8_t flags, StreamId stream_id,
                        absl::string_view payload) {
  char header[kFrameHeaderSize];
  StoreFrameHeader(header, payload.size(), type, flags, stream_id);
  return absl::StrCat(absl::string_view(header, sizeof header), payload);
}

std::string EncodeSettingsPayload(absl::Span<const Setting> settings) {
  std::string payload;
  for (const Setting& setting : settings) {
    absl::StrAppend(&payload, U16(static_cast<uint16_t>(setting.id)),
                    U32(setting.value));
  }
  return payload;
}

std::string EncodeSettings(absl::Span<const Setting> settings) {
  return EncodeFrame(FrameType::kSettings, 0, kConnectionStreamId,
                     EncodeSettingsPayload(settings));
}

std::string EncodeGoAway(StreamId last_stream_id, ErrorCode code,
                         absl::string_view additional_data) {
  return EncodeFrame(
      FrameType::kGoAway, 0, kConnectionStreamId,
      absl::StrCat(U32(last_stream_id), U32(static_cast<uint32_t>(code)),
                   additional_data));
}

std::string EncodeAltSvc(StreamId stream_id, absl::string_view origin,
                         absl::string_view field_value) {
  return EncodeFrame(FrameType::kAltSvc, 0, stream_id,
                     absl::StrCat(U16(static_cast<uint16_t>(origin.size())),
                                  origin, field_value));
}

std::string EncodePriorityUpdate(StreamId prioritized_id,
                                 absl::string_view field_value) {
  return EncodeFrame(FrameType::kPriorityUpdate, 0, kConnectionStreamId,
                     absl::StrCat(U32(prioritized_id), field_value));
}

}  // namespace sluice::h2
