#include <sluice/adapters/nghttp2/priority_frame_reader.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace sluice::adapters {
namespace {

using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Priority;
using Signals = std::vector<PrioritySignal>;

std::string Frame(char type, char stream_id, const std::string& payload) {
  std::string out(9, '\0');
  out[1] = static_cast<char>(payload.size() >> 8);
  out[2] = static_cast<char>(payload.size());
  out[3] = type;
  out[8] = stream_id;
  return out + payload;
}

// RFC 9218 §7.1: a stream id of 31 bits, and a field.
std::string Update(int id, const std::string& field) {
  const char number[] = {'\x80', 0, static_cast<char>(id >> 8),
                         static_cast<char>(id)};
  return Frame(16, 0, std::string(number, 4) + field);
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
  const std::string bytes =
      Frame(4, 0, "") + Frame(2, 5, five) + Frame(0, 1, Frame(2, 7, five)) +
      Frame(0, 1, "") + Frame(2, 9, zero) + Update(13, "u=0, i") +
      Update(259, "u=6, note=\"more than 15 bytes\"") + Frame(2, 9, five) +
      Frame(1, 11, std::string(300, '\2'));
  const Rfc7540Priority strongest = {
      .depends_on = 259, .weight = 256, .exclusive = true};
  const Signals expected = {{5, strongest},
                            {9, Rfc7540Priority{.depends_on = 0, .weight = 1}},
                            {13, Rfc9218Priority{0, true}},
                            {259, Rfc9218Priority{6, false}},
                            {9, strongest}};
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
            (Signals{{7, Rfc7540Priority{.depends_on = 0, .weight = 1}}}));
}

// RFC 9218 §7.1: of a stream, no id, too short, too long; and a field that is
// no dictionary.
TEST(PriorityFrameReaderTest, SkipsUpdatesThatSayNothing) {
  const std::string bytes =
      Frame(16, 1, std::string("\0\0\0\7u=0", 7)) + Update(0, "u=0") +
      Frame(16, 0, "123") + Update(7, std::string(1021, ' ')) +
      Update(7, "u=1,") + Update(7, std::string(1017, ' ') + "u=2");
  for (const size_t step : {size_t{1}, bytes.size()}) {
    EXPECT_EQ(ReadIn(step, bytes), (Signals{{7, Rfc9218Priority{2, false}}}))
        << step;
  }
}

}  // namespace
}  // namespace sluice::adapters
