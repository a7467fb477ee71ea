#include <sluice/adapters/nghttp2/priority_frame_reader.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::adapters {
namespace {

using Signals = std::vector<PrioritySignal>;

std::string Frame(char type, char stream_id, const std::string& payload) {
  std::string out(9, '\0');
  out[1] = static_cast<char>(payload.size() >> 8);
  out[2] = static_cast<char>(payload.size());
  out[3] = type;
  out[8] = stream_id;
  return out + payload;
}

const char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

Signals ReadIn(size_t step, const std::string& bytes) {
  PriorityFrameReader reader;
  Signals signals;
  for (size_t at = 0; at < bytes.size(); at += step) {
    absl::string_view left(bytes);
    left = left.substr(at, step);
    while (!left.empty()) {
      std::optional<PrioritySignal> signal;
      left.remove_prefix(reader.Take(left, &signal));
      if (signal.has_value()) signals.push_back(*signal);
    }
  }
  return signals;
}

TEST(PriorityFrameReaderTest, FindsAFrameWhereverTheBytesAreCut) {
  // RFC 9113 §6.3: E and a dependency of 31 bits, and the weight less one.
  const std::string five("\x80\x00\x01\x03\xff", 5);
  const std::string zero(5, '\0');
  // Bytes of a payload that look like a frame are none.
  const std::string bytes = Frame(4, 0, "") + Frame(2, 5, five) +
                            Frame(0, 1, Frame(2, 7, five)) + Frame(0, 1, "") +
                            Frame(2, 9, zero) + Frame(2, 9, five) +
                            Frame(1, 11, std::string(300, '\2'));
  const Signals expected = {
      {5, {.depends_on = 259, .weight = 256, .exclusive = true}},
      {9, {.depends_on = 0, .weight = 1, .exclusive = false}},
      {9, {.depends_on = 259, .weight = 256, .exclusive = true}}};
  for (size_t step = 1; step <= bytes.size() + 24; ++step) {
    EXPECT_EQ(ReadIn(step, kPreface + bytes), expected) << step;
    // A client reads none, nor a server that took it in itself.
    EXPECT_EQ(ReadIn(step, bytes), expected) << step;
  }
}

TEST(PriorityFrameReaderTest, StopsRightBehindTheFrame) {
  PriorityFrameReader reader;
  std::optional<PrioritySignal> signal;
  const std::string first = Frame(4, 0, "") + Frame(2, 1, "12345");
  EXPECT_EQ(reader.Take(first + Frame(2, 3, "12345"), &signal), first.size());
  ASSERT_TRUE(signal.has_value());
  EXPECT_EQ(signal->stream_id, 1u);
  EXPECT_EQ(reader.Take(Frame(2, 3, "1234"), &signal), 13u);
  EXPECT_FALSE(signal.has_value());
  EXPECT_EQ(reader.Take("", &signal), 0u);
}

// RFC 9113 §6.3: another length is a FRAME_SIZE_ERROR, stream 0 a
// PROTOCOL_ERROR; both are nghttp2's to say. The reserved bit is ignored
// (§4.1).
TEST(PriorityFrameReaderTest, SkipsAllOtherFrames) {
  EXPECT_EQ(ReadIn(1, Frame(2, 1, "1234") + Frame(2, 1, "123456") +
                          Frame(2, 0, "12345") + Frame(2, 1, "")),
            Signals());
  std::string reserved = Frame(2, 7, std::string(5, '\0'));
  reserved[5] = '\x80';
  EXPECT_EQ(ReadIn(4, reserved),
            (Signals{{7, {.depends_on = 0, .weight = 1}}}));
}

}  // namespace
}  // namespace sluice::adapters
