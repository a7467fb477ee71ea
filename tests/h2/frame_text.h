// The other end's view of a connection's output: frames, their header blocks
// decoded, as one line each.
//
//   SETTINGS {3: 100, 4: 65535}
//   HEADERS 1 {:status: 200} END_STREAM
//   DATA 1 "hello" END_STREAM
//   RST_STREAM 1 CANCEL
//   GOAWAY last 5 PROTOCOL_ERROR
#ifndef SLUICE_TESTS_H2_FRAME_TEXT_H_
#define SLUICE_TESTS_H2_FRAME_TEXT_H_

#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/h2/header_codec.h"

namespace sluice::h2::tests {

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  StreamId stream_id = 0;
  std::string payload;
};

// The whole frames at the front of `*bytes`, which then holds what is left.
std::vector<Frame> TakeFrames(std::string* bytes);

// Reads one direction of a connection. A client's preface, SETTINGS in any
// order of identifiers and any way to encode a header list read the same.
class FrameReader {
 public:
  // One line per frame; CONTINUATION frames join their HEADERS or PUSH_PROMISE
  // (`+2 CONTINUATION`). An incomplete frame waits for the next call.
  std::vector<std::string> Read(absl::string_view bytes);

  // Bytes that wait: 0 after anything that a connection should have written.
  size_t pending() const { return buffer_.size() + block_.size(); }

  // The table that this side's SETTINGS_HEADER_TABLE_SIZE allows.
  void SetHeaderTableSize(size_t size) { decoder_.SetTableSize(size); }

 private:
  std::string FrameLine(const Frame& frame);
  std::string FinishBlock();

  std::string buffer_;
  bool any_read_ = false;
  HeaderDecoder decoder_;
  // A header block that has begun: the line before it and after it.
  std::string block_;
  std::string block_head_;
  std::string block_tail_;
  int continuations_ = 0;
};

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_FRAME_TEXT_H_
