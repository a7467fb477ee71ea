#include <sluice/h2/header_memory.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/hpack_encoder.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/outbound_fields.h>
#include <sluice/h2/types.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/h2/named_fields.h"

namespace sluice::h2 {
namespace {

constexpr size_t kNoLimit = 1 << 20;

std::vector<Header> TakeFields(HpackDecoder* decoder) {
  std::vector<Header> fields;
  for (const NamedField& field : decoder->fields()) {
    fields.push_back({std::string(field.name), std::string(field.value),
                      field.never_indexed});
  }
  decoder->EndBlock();
  return fields;
}

std::string Encoded(HpackEncoder& encoder, const std::vector<Header>& headers) {
  const NamedFields fields = NamedFieldsOf(headers);
  std::string block(HpackEncoder::MostBytes(ListSizeOf(fields)), '?');
  block.resize(encoder.Encode(fields, block.data(), block.size()));
  return block;
}

// RFC 7541 appendix C.4.1: a request with Huffman coding.
TEST(HpackTest, DecodesTheRequestOfRfc7541AppendixC41) {
  HeaderMemory memory;
  HpackDecoder decoder(kNoLimit);
  const std::string block =
      "\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
  ASSERT_TRUE(decoder.Decode(block, true, &memory));
  EXPECT_EQ(TakeFields(&decoder), (std::vector<Header>{
                                      {":method", "GET"},
                                      {":scheme", "http"},
                                      {":path", "/"},
                                      {":authority", "www.example.com"},
                                  }));
}

TEST(HpackTest, AnEncodedBlockDecodesCutAnywhere) {
  HeaderMemory memory;
  const std::vector<Header> headers = {
      {":method", "POST"}, {"x", std::string(300, 'a')}, {"y", ""}};
  HpackEncoder encoder;
  const std::string block = Encoded(encoder, headers);
  for (size_t cut = 0; cut <= block.size(); ++cut) {
    HpackDecoder decoder(kNoLimit);
    ASSERT_TRUE(decoder.Decode(block.substr(0, cut), false, &memory));
    ASSERT_TRUE(decoder.Decode(block.substr(cut), true, &memory));
    EXPECT_EQ(TakeFields(&decoder), headers) << "cut at " << cut;
  }
}

TEST(HpackTest, NeverIndexedFieldsStayNeverIndexed) {
  HeaderMemory memory;
  HpackEncoder encoder;
  HpackDecoder decoder(kNoLimit);
  const std::vector<Header> headers = {{"x-secret", "1234", true},
                                       {"x-plain", "1234", false}};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(decoder.Decode(Encoded(encoder, headers), true, &memory));
    EXPECT_EQ(TakeFields(&decoder), headers);
  }
}

TEST(HpackTest, TheDynamicTableMakesTheSecondBlockSmaller) {
  HpackEncoder encoder;
  const std::vector<Header> headers = {{"x-name", "a value of some length"}};
  const size_t first = Encoded(encoder, headers).size();
  EXPECT_EQ(Encoded(encoder, headers).size(), 1u);
  EXPECT_GT(first, 10u);
}

// RFC 7541 §4.2: the change is announced at the head of the next block.
TEST(HpackTest, ATableOfSizeZeroIsAnnouncedAndHoldsNothing) {
  HpackEncoder encoder;
  encoder.SetTableSize(0);
  const std::vector<Header> headers = {{"x-name", "a value of some length"}};
  const std::string first = Encoded(encoder, headers);
  EXPECT_EQ(first[0], '\x20');
  EXPECT_GT(Encoded(encoder, headers).size(), 10u);
}

TEST(HpackTest, OurTableStaysBoundedWhateverThePeerAllows) {
  HeaderMemory memory;
  HpackEncoder encoder;
  encoder.SetTableSize(0xffffffff);
  HpackDecoder decoder(kNoLimit);  // allows 4096
  for (int i = 0; i < 200; ++i) {
    const std::vector<Header> headers = {
        {"x-" + std::to_string(i), std::string(100, 'v')}};
    ASSERT_TRUE(decoder.Decode(Encoded(encoder, headers), true, &memory));
    EXPECT_EQ(TakeFields(&decoder), headers);
  }
}

TEST(HpackTest, FieldsAboveTheLimitAreDroppedAndTheTableStaysInStep) {
  HeaderMemory memory;
  HpackEncoder encoder;
  HpackDecoder decoder(100);
  const std::vector<Header> large = {{"x-indexed", std::string(50, 'v')},
                                     {"x-other", std::string(50, 'w')}};
  ASSERT_TRUE(decoder.Decode(Encoded(encoder, large), true, &memory));
  EXPECT_TRUE(decoder.dropped());
  EXPECT_EQ(decoder.list_size(), 9 + 50 + 32 + 7 + 50 + 32u);
  EXPECT_EQ(TakeFields(&decoder).size(), 1u);

  const std::vector<Header> small = {{"x-other", std::string(50, 'w')}};
  const std::string block = Encoded(encoder, small);
  ASSERT_EQ(block.size(), 1u) << "it stands in the table";
  ASSERT_TRUE(decoder.Decode(block, true, &memory));
  EXPECT_FALSE(decoder.dropped());
  EXPECT_EQ(TakeFields(&decoder), small);
}

TEST(HpackTest, RefusesBlocksThatRfc7541Forbids) {
  HeaderMemory memory;
  const struct {
    const char* what;
    std::string block;
  } cases[] = {
      {"index 0 (6.1)", std::string("\x80", 1)},
      {"an index beyond the tables (2.3.3)", "\xc6"},
      {"a table beyond HEADER_TABLE_SIZE (6.3)", "\x3f\xe2\x1f"},
      {"a size update after a field (4.2)", "\x82\x20"},
      {"an integer that overflows (5.1)", "\xff\xff\xff\xff\xff\xff\xff\x7f"},
      {"a string beyond the block (5.2)", std::string("\x00\x05"
                                                      "ab",
                                                      4)},
      {"padding of a Huffman string that is not EOS (5.2)",
       std::string("\x00\x81\x00\x01"
                   "a",
                   5)},
  };
  for (const auto& c : cases) {
    HpackDecoder decoder(kNoLimit);
    EXPECT_FALSE(decoder.Decode(c.block, true, &memory)) << c.what;
  }
}

// RFC 7541 §4.2: after HEADER_TABLE_SIZE shrank, a block has to begin with an
// update.
TEST(HpackTest, AMissingSizeUpdateIsAnError) {
  HeaderMemory memory;
  HpackDecoder decoder(kNoLimit);
  decoder.SetTableSize(0);
  EXPECT_FALSE(decoder.Decode("\x82", true, &memory));
  HpackDecoder other(kNoLimit);
  other.SetTableSize(0);
  EXPECT_TRUE(other.Decode("\x20\x82", true, &memory));
}

}  // namespace
}  // namespace sluice::h2
