#include <sluice/h2/byte_order.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_decoder.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace sluice::h2 {

FrameHeader ParseFrameHeader(absl::string_view bytes) {
  FrameHeader header;
  header.length = LoadU24(bytes);
  header.type = static_cast<FrameType>(static_cast<uint8_t>(bytes[3]));
  header.flags = static_cast<uint8_t>(bytes[4]);
  header.stream_id = LoadU32(bytes.substr(5)) & kMaxStreamId;
  return header;
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
