#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

using T = FrameType;

constexpr FrameRule::Stream kAny = FrameRule::Stream::kAny;
constexpr FrameRule::Stream kZero = FrameRule::Stream::kMustBeZero;
constexpr FrameRule::Stream kId = FrameRule::Stream::kMustNotBeZero;
constexpr uint32_t kMax = kMaxFrameLength;

// Lengths are those of the fixed fields: Unpadded() and the reader of HEADERS
// check those that the flags PADDED and PRIORITY add. A wrong length of
// PRIORITY is a stream error (RFC 9113 §6.3), so its reader checks it. RFC 7838
// §4: an ALTSVC that does not belong there is ignored.
//                    stream least most unit client server
constexpr FrameRule kRules[] = {
    {T::kData, "DATA", kId, 0, kMax, 1, true, true, "6.1"},
    {T::kHeaders, "HEADERS", kId, 0, kMax, 1, true, true, "6.2"},
    {T::kPriority, "PRIORITY", kId, 0, kMax, 1, true, true, "6.3"},
    {T::kRstStream, "RST_STREAM", kId, 4, 4, 1, true, true, "6.4"},
    {T::kSettings, "SETTINGS", kZero, 0, kMax, 6, true, true, "6.5"},
    {T::kPushPromise, "PUSH_PROMISE", kId, 4, kMax, 1, true, false, "6.6, 8.4"},
    {T::kPing, "PING", kZero, 8, 8, 1, true, true, "6.7"},
    {T::kGoAway, "GOAWAY", kZero, 8, kMax, 1, true, true, "6.8"},
    {T::kWindowUpdate, "WINDOW_UPDATE", kAny, 4, 4, 1, true, true, "6.9"},
    {T::kContinuation, "CONTINUATION", kId, 0, kMax, 1, true, true, "6.10"},
    {T::kAltSvc, "ALTSVC", kAny, 0, kMax, 1, true, true, "RFC 7838 4"},
    {T::kPriorityUpdate, "PRIORITY_UPDATE", kZero, 4, kMax, 1, false, true,
     "RFC 9218 7.1"},
};

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

const FrameRule* FindFrameRule(FrameType type) {
  const auto index = static_cast<size_t>(type);
  if (type <= FrameType::kAltSvc) return &kRules[index];  // they are in order
  return type == FrameType::kPriorityUpdate ? std::end(kRules) - 1 : nullptr;
}

// --- Bytes in --------------------------------------------------------------

Frame ParseFrameHeader(absl::string_view bytes) {
  Frame frame;
  frame.length = LoadU32(bytes) >> 8;
  frame.type = static_cast<FrameType>(bytes[3]);
  frame.flags = static_cast<uint8_t>(bytes[4]);
  frame.stream_id = LoadU32(bytes.substr(5)) & kMaxStreamId;
  return frame;
}

absl::StatusOr<size_t> PaddingOf(const Frame& frame, size_t fixed) {
  if (!frame.Has(kFlagPadded)) return 0;
  if (frame.length < 1 + fixed) {
    return StreamFault(
        ErrorKind::kFrameDataMissing, frame.stream_id, "has a padded frame of ",
        frame.length, " bytes; its fields need ", 1 + fixed, " (RFC 9113 4.2)");
  }
  const size_t padding = static_cast<uint8_t>(frame.payload.front());
  const size_t room = frame.length - 1 - fixed;
  if (padding <= room) return padding;
  return StreamFault(ErrorKind::kProtocol, frame.stream_id, "has ", padding,
                     " bytes of padding in a frame with room for ", room,
                     " (RFC 9113 6.1)");
}

absl::StatusOr<absl::string_view> Unpadded(const Frame& frame, size_t fixed) {
  SLUICE_ASSIGN_OR_RETURN(const size_t padding, PaddingOf(frame, fixed));
  absl::string_view payload = frame.payload;
  if (frame.Has(kFlagPadded)) payload.remove_prefix(1);
  payload.remove_suffix(padding);
  return payload;
}

bool FrameDecoder::Fill(absl::string_view* input, size_t wanted) {
  const size_t taken = std::min(wanted - buffer_.size(), input->size());
  buffer_.append(input->data(), taken);
  input->remove_prefix(taken);
  return buffer_.size() == wanted;
}

FrameDecoder::Result FrameDecoder::Next(absl::string_view* input,
                                        Frame* frame) {
  if (state_ == State::kReported) {
    // An idle connection keeps no buffer.
    if (!buffer_.empty()) buffer_ = std::string();
    state_ = State::kReadingHeader;
  }
  if (state_ == State::kReadingHeader) {
    if (buffer_.empty() && input->size() >= kFrameHeaderSize) {
      frame_ = ParseFrameHeader(*input);
      input->remove_prefix(kFrameHeaderSize);
    } else {
      if (!Fill(input, kFrameHeaderSize)) return Result::kNeedMore;
      frame_ = ParseFrameHeader(buffer_);
      buffer_.clear();
    }
    frame_.rest = frame_.length;
    state_ = State::kReadingPayload;
    *frame = frame_;
    return Result::kHeader;
  }
  if (frame_.type == FrameType::kData) return NextPiece(input, frame);
  *frame = frame_;
  frame->rest = 0;
  if (buffer_.empty() && input->size() >= frame_.length) {
    frame->payload = input->substr(0, frame_.length);
    input->remove_prefix(frame_.length);
    state_ = State::kReported;
    return Result::kFrame;
  }
  if (!Fill(input, frame_.length)) return Result::kNeedMore;
  frame->payload = buffer_;
  state_ = State::kReported;
  return Result::kFrame;
}

FrameDecoder::Result FrameDecoder::NextPiece(absl::string_view* input,
                                             Frame* frame) {
  if (input->empty() && frame_.rest > 0) return Result::kNeedMore;
  const size_t size = std::min<size_t>(frame_.rest, input->size());
  frame_.rest -= static_cast<uint32_t>(size);
  *frame = frame_;
  frame->payload = input->substr(0, size);
  input->remove_prefix(size);
  if (frame_.rest == 0) state_ = State::kReported;
  return Result::kFrame;
}

// --- Bytes out -------------------------------------------------------------

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
