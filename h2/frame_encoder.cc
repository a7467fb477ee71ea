#include <sluice/h2/events.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

void AppendU8(std::string* out, uint8_t value) {
  out->push_back(static_cast<char>(value));
}
void AppendU16(std::string* out, uint16_t value) {
  AppendU8(out, static_cast<uint8_t>(value >> 8));
  AppendU8(out, static_cast<uint8_t>(value));
}
void AppendU32(std::string* out, uint32_t value) {
  AppendU16(out, static_cast<uint16_t>(value >> 16));
  AppendU16(out, static_cast<uint16_t>(value));
}

std::string U32(uint32_t value) {
  std::string out;
  AppendU32(&out, value);
  return out;
}

void AppendFrameHeader(std::string* out, size_t length, FrameType type,
                       uint8_t flags, StreamId stream_id) {
  AppendU32(out,
            static_cast<uint32_t>(length) << 8 | static_cast<uint8_t>(type));
  AppendU8(out, flags);
  AppendU32(out, stream_id);
}

std::string PriorityFields(const signals::Rfc7540Priority& priority) {
  std::string out =
      U32(priority.depends_on | (priority.exclusive ? 1u << 31 : 0));
  AppendU8(&out, static_cast<uint8_t>(priority.weight - 1));
  return out;
}

// A header block in its first frame, after that frame's `fixed` fields, and in
// CONTINUATION frames.
std::string EncodeBlock(FrameType type, uint8_t flags, StreamId stream_id,
                        absl::string_view fixed, absl::string_view block,
                        size_t max_frame_size) {
  absl::string_view piece = block.substr(0, max_frame_size - fixed.size());
  block.remove_prefix(piece.size());
  std::string out;
  out.reserve(2 * kFrameHeaderSize + fixed.size() + piece.size() +
              block.size());
  AppendFrameHeader(&out, fixed.size() + piece.size(), type,
                    flags | (block.empty() ? kFlagEndHeaders : 0), stream_id);
  out.append(fixed.data(), fixed.size());
  out.append(piece.data(), piece.size());
  while (!block.empty()) {
    piece = block.substr(0, max_frame_size);
    block.remove_prefix(piece.size());
    AppendFrameHeader(&out, piece.size(), FrameType::kContinuation,
                      block.empty() ? kFlagEndHeaders : 0, stream_id);
    out.append(piece.data(), piece.size());
  }
  return out;
}

}  // namespace

std::string EncodeFrame(FrameType type, uint8_t flags, StreamId stream_id,
                        absl::string_view payload) {
  std::string out;
  AppendFrameHeader(&out, payload.size(), type, flags, stream_id);
  out.append(payload.data(), payload.size());
  return out;
}

std::string EncodeDataHeader(StreamId stream_id, size_t data_size,
                             std::optional<uint8_t> pad_length,
                             bool end_stream) {
  std::string out;
  const bool padded = pad_length.has_value();
  AppendFrameHeader(
      &out, data_size + (padded ? 1 + *pad_length : 0), FrameType::kData,
      (end_stream ? kFlagEndStream : 0) | (padded ? kFlagPadded : 0),
      stream_id);
  if (padded) AppendU8(&out, *pad_length);
  return out;
}

std::string EncodeHeaders(
    StreamId stream_id, absl::string_view block, bool end_stream,
    const std::optional<signals::Rfc7540Priority>& priority,
    size_t max_frame_size) {
  return EncodeBlock(FrameType::kHeaders,
                     (end_stream ? kFlagEndStream : 0) |
                         (priority.has_value() ? kFlagPriority : 0),
                     stream_id,
                     priority.has_value() ? PriorityFields(*priority) : "",
                     block, max_frame_size);
}

std::string EncodePushPromise(StreamId parent_id, StreamId promised_id,
                              absl::string_view block, size_t max_frame_size) {
  return EncodeBlock(FrameType::kPushPromise, 0, parent_id, U32(promised_id),
                     block, max_frame_size);
}

std::string EncodePriority(StreamId stream_id,
                           const signals::Rfc7540Priority& priority) {
  return EncodeFrame(FrameType::kPriority, 0, stream_id,
                     PriorityFields(priority));
}

std::string EncodeRstStream(StreamId stream_id, ErrorCode code) {
  return EncodeFrame(FrameType::kRstStream, 0, stream_id,
                     U32(static_cast<uint32_t>(code)));
}

std::string EncodeSettingsPayload(absl::Span<const Setting> settings) {
  std::string payload;
  for (const Setting& setting : settings) {
    AppendU16(&payload, static_cast<uint16_t>(setting.id));
    AppendU32(&payload, setting.value);
  }
  return payload;
}

std::string EncodeSettings(absl::Span<const Setting> settings) {
  return EncodeFrame(FrameType::kSettings, 0, kConnectionStreamId,
                     EncodeSettingsPayload(settings));
}

std::string EncodeSettingsAck() {
  return EncodeFrame(FrameType::kSettings, kFlagAck, kConnectionStreamId, "");
}

std::string EncodePing(absl::string_view opaque_data, bool ack) {
  return EncodeFrame(FrameType::kPing, ack ? kFlagAck : 0, kConnectionStreamId,
                     opaque_data);
}

std::string EncodeGoAway(StreamId last_stream_id, ErrorCode code,
                         absl::string_view additional_data) {
  return EncodeFrame(
      FrameType::kGoAway, 0, kConnectionStreamId,
      absl::StrCat(U32(last_stream_id), U32(static_cast<uint32_t>(code)),
                   additional_data));
}

std::string EncodeWindowUpdate(StreamId stream_id, uint32_t increment) {
  return EncodeFrame(FrameType::kWindowUpdate, 0, stream_id, U32(increment));
}

std::string EncodeAltSvc(StreamId stream_id, absl::string_view origin,
                         absl::string_view field_value) {
  std::string payload;
  AppendU16(&payload, static_cast<uint16_t>(origin.size()));
  absl::StrAppend(&payload, origin, field_value);
  return EncodeFrame(FrameType::kAltSvc, 0, stream_id, payload);
}

std::string EncodePriorityUpdate(StreamId prioritized_id,
                                 absl::string_view field_value) {
  return EncodeFrame(FrameType::kPriorityUpdate, 0, kConnectionStreamId,
                     absl::StrCat(U32(prioritized_id), field_value));
}

}  // namespace sluice::h2
