#include <sluice/h2/errors.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::h2 {
namespace {

using ::testing::ElementsAre;

std::string Text(const Frame& frame) {
  return absl::StrCat(static_cast<int>(frame.type), "/", frame.flags, "/",
                      frame.stream_id, "/", frame.payload);
}

// The frames in `bytes`, given in pieces of `piece` bytes.
std::vector<std::string> Decode(absl::string_view bytes, size_t piece) {
  FrameDecoder decoder;
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    const std::string copy(bytes.substr(0, piece));
    absl::string_view input = copy;
    bytes.remove_prefix(copy.size());
    const Frame& frame = decoder.frame();
    while (true) {
      const auto result = decoder.Next(&input);
      if (result == FrameDecoder::Result::kNeedMore) break;
      if (result == FrameDecoder::Result::kFrame) {
        frames.push_back(Text(frame));
      }
    }
    EXPECT_TRUE(input.empty());
  }
  return frames;
}

TEST(FrameDecoderTest, CutsFramesFromPiecesOfAnySize) {
  const std::string bytes =
      absl::StrCat(EncodePing("12345678", false).bytes(),
                   EncodeFrame(FrameType::kData, kFlagEndStream, 5, ""),
                   EncodeFrame(FrameType::kHeaders, 0, 7, "hello"));
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    EXPECT_THAT(Decode(bytes, piece),
                ElementsAre("6/0/0/12345678", "0/1/5/", "1/0/7/hello"))
        << "pieces of " << piece;
  }
}

TEST(FrameDecoderTest, DataIsReportedPieceByPieceAndNeverCopied) {
  FrameDecoder decoder;
  const std::string bytes =
      absl::StrCat(EncodeFrame(FrameType::kData, 0, 1, "abcdef"),
                   EncodePing("12345678", false).bytes());
  const Frame& frame = decoder.frame();
  absl::string_view input = absl::string_view(bytes).substr(0, 9);
  ASSERT_EQ(decoder.Next(&input), FrameDecoder::Result::kHeader);
  ASSERT_EQ(decoder.Next(&input), FrameDecoder::Result::kNeedMore);
  const auto piece = [&](size_t from, size_t size) {
    input = absl::string_view(bytes).substr(from, size);
    EXPECT_EQ(decoder.Next(&input), FrameDecoder::Result::kFrame);
    EXPECT_EQ(frame.length, 6u);
    EXPECT_EQ(frame.payload.data(), bytes.data() + from);
    return absl::StrCat(frame.payload, " ", frame.rest);
  };
  EXPECT_EQ(piece(9, 2), "ab 4");
  EXPECT_TRUE(input.empty());
  EXPECT_EQ(decoder.Next(&input), FrameDecoder::Result::kNeedMore);
  EXPECT_EQ(piece(11, bytes.size()), "cdef 0");
  EXPECT_EQ(decoder.buffered(), 0u);
  EXPECT_EQ(decoder.Next(&input), FrameDecoder::Result::kHeader);
  EXPECT_EQ(frame.type, FrameType::kPing);
}

TEST(FrameDecoderTest, AHeaderIsReportedBeforeItsPayloadArrives) {
  FrameDecoder decoder;
  const std::string bytes = EncodeFrame(FrameType::kData, 0, 1, "abc");
  absl::string_view input = absl::string_view(bytes).substr(0, 9);
  const Frame& frame = decoder.frame();
  ASSERT_EQ(decoder.Next(&input), FrameDecoder::Result::kHeader);
  EXPECT_EQ(frame.length, 3u);
  EXPECT_EQ(decoder.Next(&input), FrameDecoder::Result::kNeedMore);
}

TEST(FrameDecoderTest, AFrameInOnePieceIsNotCopied) {
  FrameDecoder decoder;
  const std::string bytes = EncodeFrame(FrameType::kHeaders, 0, 1, "abc");
  absl::string_view input = bytes;
  const Frame& frame = decoder.frame();
  decoder.Next(&input);
  ASSERT_EQ(decoder.Next(&input), FrameDecoder::Result::kFrame);
  EXPECT_EQ(frame.payload.data(), bytes.data() + 9);
}

TEST(FrameDecoderTest, KeepsAtMostTheIncompleteFrame) {
  FrameDecoder decoder;
  const std::string bytes = EncodeFrame(FrameType::kHeaders, 0, 1, "abcdef");
  absl::string_view input = absl::string_view(bytes).substr(0, 12);
  decoder.Next(&input);
  decoder.Next(&input);
  EXPECT_EQ(decoder.buffered(), 3u);
}

// RFC 9113 §4.1: the reserved bit is ignored.
TEST(FrameDecoderTest, TheReservedBitOfAStreamIdIsDropped) {
  std::string frame = EncodeFrame(FrameType::kData, 0, 1, "");
  frame[5] = '\x80';
  EXPECT_THAT(Decode(frame, 100), ElementsAre("0/0/1/"));
}

TEST(FrameRulesTest, EveryKnownTypeHasItsRuleAndOthersHaveNone) {
  int known = 0;
  for (int type = 0; type < 256; ++type) {
    const FrameRule* rule = FindFrameRule(static_cast<FrameType>(type));
    if (rule == nullptr) continue;
    ++known;
    EXPECT_EQ(static_cast<int>(rule->type), type);
    EXPECT_FALSE(rule->section.empty());
  }
  EXPECT_EQ(known, 12);
}

TEST(FrameRulesTest, LengthsAreThoseOfSection6) {
  const auto legal = [](FrameType type, uint32_t length) {
    return FindFrameRule(type)->LengthIsLegal(length);
  };
  EXPECT_TRUE(legal(FrameType::kPing, 8));
  EXPECT_FALSE(legal(FrameType::kPing, 7));
  EXPECT_FALSE(legal(FrameType::kPing, 9));
  EXPECT_TRUE(legal(FrameType::kSettings, 0));
  EXPECT_TRUE(legal(FrameType::kSettings, 12));
  EXPECT_FALSE(legal(FrameType::kSettings, 13));
  EXPECT_TRUE(legal(FrameType::kGoAway, 8));
  EXPECT_TRUE(legal(FrameType::kGoAway, 100));
  EXPECT_FALSE(legal(FrameType::kGoAway, 7));
}

// RFC 9113 §6.1, §6.2: one octet of length in front, the padding behind.
TEST(FrameDecoderTest, PaddingIsTakenOffAPaddedFrameOnly) {
  Frame frame;
  frame.payload = absl::string_view(
      "\x02"
      "abcXX",
      6);
  frame.length = 6;
  EXPECT_EQ(Unpadded(frame, 0).value(), frame.payload);
  frame.flags = kFlagPadded;
  EXPECT_EQ(Unpadded(frame, 0).value(), "abc");
  EXPECT_EQ(Unpadded(frame, 3).value(), "abc");
  EXPECT_EQ(ErrorKindOf(Unpadded(frame, 4).status()), ErrorKind::kProtocol)
      << "2 bytes of padding, and 1 is left behind the fields";
  EXPECT_EQ(ErrorKindOf(Unpadded(frame, 6).status()),
            ErrorKind::kFrameDataMissing);
  frame.payload = {};
  frame.length = 0;
  EXPECT_EQ(ErrorKindOf(Unpadded(frame, 0).status()),
            ErrorKind::kFrameDataMissing);
}

// The frames of `block` behind `start`.
std::vector<std::string> Framed(const BlockStart& start,
                                const std::string& block,
                                size_t max_frame_size) {
  std::string out(start.MostFrames(block.size(), max_frame_size), '?');
  block.copy(&out[start.size()], block.size());
  const size_t size = start.Frame(out.data(), block.size(), max_frame_size);
  EXPECT_LE(size, out.size());
  out.resize(size);
  return Decode(out, 1000);
}

// RFC 9113 §4.2: the 5 octets of the priority fields count too.
TEST(FrameEncoderTest, HeaderBlocksContinueWhereAFrameEnds) {
  std::string block;
  for (char c = 'A'; block.size() < 40; ++c) block += c;
  const BlockStart plain = BlockStart::Headers(1, true, std::nullopt);
  EXPECT_THAT(Framed(plain, block, 40), ElementsAre("1/5/1/" + block));
  EXPECT_THAT(Framed(plain, block, 16),
              ElementsAre("1/1/1/" + block.substr(0, 16),
                          "9/0/1/" + block.substr(16, 16),
                          "9/4/1/" + block.substr(32)));
  const std::string fields("\x80\x00\x00\x03\xff", 5);
  EXPECT_THAT(Framed(BlockStart::Headers(
                         1, false, signals::Rfc7540Priority{3, 256, true}),
                     block, 40),
              ElementsAre("1/32/1/" + fields + block.substr(0, 35),
                          "9/4/1/" + block.substr(35)));
  EXPECT_THAT(
      Framed(BlockStart::PushPromise(1, 2), block, 20),
      ElementsAre("5/0/1/" + std::string("\0\0\0\2", 4) + block.substr(0, 16),
                  "9/0/1/" + block.substr(16, 20),
                  "9/4/1/" + block.substr(36)));
}

TEST(FrameEncoderTest, AnEmptyBlockIsOneFrame) {
  EXPECT_THAT(Framed(BlockStart::Headers(1, false, std::nullopt), "", 16),
              ElementsAre("1/4/1/"));
}

TEST(FrameEncoderTest, DataHasItsPadLengthInFront) {
  char out[kMaxDataHeaderSize];
  EXPECT_EQ(StoreDataHeader(out, 3, 5, std::nullopt, true), 9u);
  EXPECT_EQ(Text(ParseFrameHeader({out, 9})), "0/1/3/");
  EXPECT_EQ(ParseFrameHeader({out, 9}).length, 5u);
  EXPECT_EQ(StoreDataHeader(out, 3, 5, 255, false), 10u);
  EXPECT_EQ(Text(ParseFrameHeader({out, 9})), "0/8/3/");
  EXPECT_EQ(ParseFrameHeader({out, 9}).length, 5u + 1 + 255);
  EXPECT_EQ(out[9], '\xff');
}

TEST(FrameEncoderTest, SmallFramesHaveTheFieldsOfSection6) {
  const auto text = [](absl::string_view bytes) {
    return Decode(bytes, 1000).at(0);
  };
  EXPECT_EQ(text(EncodePriority(5, {3, 256, true})),
            std::string("2/0/5/\x80\0\0\x03\xff", 11));
  EXPECT_EQ(text(EncodeRstStream(5, ErrorCode::kCancel)),
            std::string("3/0/5/\0\0\0\x08", 10));
  EXPECT_EQ(text(EncodeSettingsAck()), "4/1/0/");
  EXPECT_EQ(text(EncodePing("12345678", true)), "6/1/0/12345678");
  EXPECT_EQ(text(EncodeWindowUpdate(7, 0x7fffffff)), "8/0/7/\x7f\xff\xff\xff");
}

}  // namespace
}  // namespace sluice::h2
