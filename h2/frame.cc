#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

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

}  // namespace

const FrameRule* FindFrameRule(FrameType type) {
  const auto index = static_cast<size_t>(type);
  if (type <= FrameType::kAltSvc) return &kRules[index];  // they are in order
  return type == FrameType::kPriorityUpdate ? std::end(kRules) - 1 : nullptr;
}

// --- Bytes in --------------------------------------------------------------

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

inline FrameDecoder::Result FrameDecoder::Payload(absl::string_view* input) {
  // A frame that is buffered from its first byte on is so to its last one.
  const bool data = frame_.type == FrameType::kData;
  if (data || (buffer_.empty() && input->size() >= frame_.rest)) {
    const size_t size = std::min<size_t>(frame_.rest, input->size());
    frame_.payload = {input->data(), size};
    frame_.rest -= static_cast<uint32_t>(size);
    input->remove_prefix(size);
    if (frame_.rest == 0) state_ = State::kReadingHeader;
    return Result::kFrame;
  }
  if (!Fill(input, frame_.length)) return Result::kNeedMore;
  frame_.payload = buffer_;
  frame_.rest = 0;
  state_ = State::kReportedBuffer;
  return Result::kFrame;
}

FrameDecoder::Result FrameDecoder::Advance(absl::string_view* input) {
  if (state_ == State::kReadingPayload) return Payload(input);
  if (state_ == State::kReportedBuffer) {
    buffer_ = std::string();  // an idle connection keeps no buffer
    state_ = State::kReadingHeader;
  }
  if (buffer_.empty() && input->size() >= kFrameHeaderSize) {
    frame_ = ParseFrameHeader(*input);
    input->remove_prefix(kFrameHeaderSize);
  } else {
    if (!Fill(input, kFrameHeaderSize)) return Result::kNeedMore;
    frame_ = ParseFrameHeader(buffer_);
    buffer_.clear();
  }
  state_ = State::kReadingPayload;
  return Result::kHeader;
}

}  // namespace sluice::h2
