#include <sluice/h2/byte_order.h>
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

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

void AppendFrameHeader(std::string* out, size_t length, FrameType type,
                       uint8_t flags, StreamId stream_id) {
  AppendU24(out, static_cast<uint32_t>(length));
  AppendU8(out, static_cast<uint8_t>(type));
  AppendU8(out, flags);
  AppendU32(out, stream_id);
}

void AppendPriorityFields(std::string* out,
                          const signals::Rfc7540Priority& priority) {
  AppendU32(out, priority.depends_on | (priority.exclusive ? 1u << 31 : 0));
  AppendU8(out, static_cast<uint8_t>(priority.weight - 1));
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
  uint8_t flags = end_stream ? kFlagEndStream : 0;
  if (!pad_length.has_value()) {
    AppendFrameHeader(&out, data_size, FrameType::kData, flags, stream_id);
    return out;
  }
  flags |= kFlagPadded;
  AppendFrameHeader(&out, 1 + data_size + *pad_length, FrameType::kData, flags,
                    stream_id);
  AppendU8(&out, *pad_length);
  return out;
}

std::string EncodeHeaders(
    StreamId stream_id, absl::string_view block, bool end_stream,
    const std::optional<signals::Rfc7540Priority>& priority,
    size_t max_frame_size) {
  std::string fixed;
  uint8_t flags = end_stream ? kFlagEndStream : 0;
  if (priority.has_value()) {
    flags |= kFlagPriority;
    AppendPriorityFields(&fixed, *priority);
  }
  return EncodeBlock(FrameType::kHeaders, flags, stream_id, fixed, block,
                     max_frame_size);
}

std::string EncodePushPromise(StreamId parent_id, StreamId promised_id,
                              absl::string_view block, size_t max_frame_size) {
  std::string fixed;
  AppendU32(&fixed, promised_id);
  return EncodeBlock(FrameType::kPushPromise, 0, parent_id, fixed, block,
                     max_frame_size);
}

std::string EncodePriority(StreamId stream_id,
                           const signals::Rfc7540Priority& priority) {
  std::string out;
  AppendFrameHeader(&out, 5, FrameType::kPriority, 0, stream_id);
  AppendPriorityFields(&out, priority);
  return out;
}

std::string EncodeRstStream(StreamId stream_id, ErrorCode code) {
  std::string out;
  AppendFrameHeader(&out, 4, FrameType::kRstStream, 0, stream_id);
  AppendU32(&out, static_cast<uint32_t>(code));
  return out;
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
  std::string payload;
  AppendU32(&payload, last_stream_id);
  AppendU32(&payload, static_cast<uint32_t>(code));
  payload.append(additional_data.data(), additional_data.size());
  return EncodeFrame(FrameType::kGoAway, 0, kConnectionStreamId, payload);
}

std::string EncodeWindowUpdate(StreamId stream_id, uint32_t increment) {
  std::string out;
  AppendFrameHeader(&out, 4, FrameType::kWindowUpdate, 0, stream_id);
  AppendU32(&out, increment);
  return out;
}

std::string EncodeAltSvc(StreamId stream_id, absl::string_view origin,
                         absl::string_view field_value) {
  std::string payload;
  AppendU16(&payload, static_cast<uint16_t>(origin.size()));
  payload.append(origin.data(), origin.size());
  payload.append(field_value.data(), field_value.size());
  return EncodeFrame(FrameType::kAltSvc, 0, stream_id, payload);
}

std::string EncodePriorityUpdate(StreamId prioritized_id,
                                 absl::string_view field_value) {
  std::string payload;
  AppendU32(&payload, prioritized_id);
  payload.append(field_value.data(), field_value.size());
  return EncodeFrame(FrameType::kPriorityUpdate, 0, kConnectionStreamId,
                     payload);
}

}  // namespace sluice::h2
