#include <sluice/h2/errors.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::h2 {
namespace {

using Stream = FrameRule::Stream;
using Length = FrameRule::Length;
using T = FrameType;

constexpr Stream kZero = Stream::kMustBeZero;
constexpr Stream kId = Stream::kMustNotBeZero;

// Lengths are those of the fixed fields: RemovePadding() and the reader of
// HEADERS check those that the flags PADDED and PRIORITY add. Only for PRIORITY
// is a wrong length a stream error (RFC 9113 §6.3).
//                              stream  length              fatal  client server
constexpr FrameRule kRules[] = {
    {T::kData, "DATA", kId, Length::kAtLeast, 0, true, true, true, "6.1"},
    {T::kHeaders, "HEADERS", kId, Length::kAtLeast, 0, true, true, true, "6.2"},
    {T::kPriority, "PRIORITY", kId, Length::kExactly, 5, false, true, true,
     "6.3"},
    {T::kRstStream, "RST_STREAM", kId, Length::kExactly, 4, true, true, true,
     "6.4"},
    {T::kSettings, "SETTINGS", kZero, Length::kMultipleOf, 6, true, true, true,
     "6.5"},
    {T::kPushPromise, "PUSH_PROMISE", kId, Length::kAtLeast, 4, true, true,
     false, "6.6, 8.4"},
    {T::kPing, "PING", kZero, Length::kExactly, 8, true, true, true, "6.7"},
    {T::kGoAway, "GOAWAY", kZero, Length::kAtLeast, 8, true, true, true, "6.8"},
    {T::kWindowUpdate, "WINDOW_UPDATE", Stream::kAny, Length::kExactly, 4, true,
     true, true, "6.9"},
    {T::kContinuation, "CONTINUATION", kId, Length::kAtLeast, 0, true, true,
     true, "6.10"},
    // RFC 7838 §4: an ALTSVC that does not belong there is ignored.
    {T::kAltSvc, "ALTSVC", Stream::kAny, Length::kAtLeast, 0, true, true, true,
     "RFC 7838 4"},
    {T::kPriorityUpdate, "PRIORITY_UPDATE", kZero, Length::kAtLeast, 4, true,
     false, true, "RFC 9218 7.1"},
};

}  // namespace

const FrameRule* FindFrameRule(FrameType type) {
  for (const FrameRule& rule : kRules) {
    if (rule.type == type) return &rule;
  }
  return nullptr;
}

bool LengthIsLegal(const FrameRule& rule, uint32_t length) {
  switch (rule.length_rule) {
    case Length::kAtLeast:
      return length >= rule.length;
    case Length::kExactly:
      return length == rule.length;
    case Length::kMultipleOf:
      return length % rule.length == 0;
  }
  return false;
}

FrameHeader ParseFrameHeader(absl::string_view bytes) {
  FrameHeader header;
  header.length = LoadU32(bytes) >> 8;
  header.type = static_cast<FrameType>(bytes[3]);
  header.flags = static_cast<uint8_t>(bytes[4]);
  header.stream_id = LoadU32(bytes.substr(5)) & kMaxStreamId;
  return header;
}

signals::Rfc7540Priority ParsePriorityFields(absl::string_view bytes) {
  const uint32_t word = LoadU32(bytes);
  return {.depends_on = word & kMaxStreamId,
          .weight = static_cast<uint8_t>(bytes[4]) + 1,
          .exclusive = (word >> 31) != 0};
}

absl::Status RemovePadding(const FrameHeader& header, size_t fixed,
                           absl::string_view* payload) {
  if (!header.Has(kFlagPadded)) return absl::OkStatus();
  if (payload->size() < 1 + fixed) {
    return MakeError(
        ErrorKind::kFrameDataMissing,
        absl::StrCat("a padded frame has ", payload->size(),
                     " bytes; its fields need ", 1 + fixed, " (RFC 9113 4.2)"),
        header.stream_id);
  }
  const size_t padding = static_cast<uint8_t>(payload->front());
  payload->remove_prefix(1);
  if (padding > payload->size() - fixed) {
    return MakeError(ErrorKind::kProtocol,
                     absl::StrCat(padding, " bytes of padding in a frame with ",
                                  payload->size() - fixed,
                                  " bytes left for it (RFC 9113 6.1)"),
                     header.stream_id);
  }
  payload->remove_suffix(padding);
  return absl::OkStatus();
}

bool FrameDecoder::Fill(absl::string_view* input, size_t wanted) {
  const size_t taken = std::min(wanted - buffer_.size(), input->size());
  buffer_.append(input->data(), taken);
  input->remove_prefix(taken);
  return buffer_.size() == wanted;
}

FrameDecoder::Result FrameDecoder::Next(absl::string_view* input,
                                        FrameHeader* header,
                                        absl::string_view* payload) {
  if (state_ == State::kReported) {
    // An idle connection keeps no buffer.
    if (buffer_.capacity() > kFrameHeaderSize) buffer_ = std::string();
    state_ = State::kReadingHeader;
  }
  if (state_ == State::kReadingHeader) {
    if (buffer_.empty() && input->size() >= kFrameHeaderSize) {
      header_ = ParseFrameHeader(*input);
      input->remove_prefix(kFrameHeaderSize);
    } else {
      if (!Fill(input, kFrameHeaderSize)) return Result::kNeedMore;
      header_ = ParseFrameHeader(buffer_);
      buffer_.clear();
    }
    state_ = State::kReadingPayload;
    *header = header_;
    return Result::kHeader;
  }
  *header = header_;
  if (buffer_.empty() && input->size() >= header_.length) {
    *payload = input->substr(0, header_.length);
    input->remove_prefix(header_.length);
    state_ = State::kReported;
    return Result::kFrame;
  }
  if (!Fill(input, header_.length)) return Result::kNeedMore;
  *payload = buffer_;
  state_ = State::kReported;
  return Result::kFrame;
}

}  // namespace sluice::h2
