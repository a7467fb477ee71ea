// Cuts the peer's bytes into frames (RFC 9113 §4.1), whatever pieces they
// arrive in.
#ifndef SLUICE_H2_FRAME_DECODER_H_
#define SLUICE_H2_FRAME_DECODER_H_

#include <sluice/h2/frame.h>

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace sluice::h2 {

// Reads the 9 octets of a frame header.
FrameHeader ParseFrameHeader(absl::string_view bytes);

class FrameDecoder {
 public:
  enum class Result {
    kNeedMore,  // all input is consumed; no frame is complete
    kHeader,    // `header` is known, its payload not looked at yet
    kFrame,     // `header` and `payload` are complete
  };

  // Goes on with `*input`, consuming from its front. Each frame is reported
  // twice, by kHeader as soon as its header is there (so that an illegal one is
  // refused before its payload arrives) and by kFrame. `payload` is valid until
  // the next call and may point into the input. A frame that arrives in one
  // piece is not copied; of any other at most its own length is kept.
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

#endif  // SLUICE_H2_FRAME_DECODER_H_
