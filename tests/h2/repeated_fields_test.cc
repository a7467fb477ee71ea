// HPACK with the fields of earlier blocks, beside libnghttp2's alone: the same
// bytes go out, and the same fields and errors come in.
#include <sluice/h2/header_memory.h>
#include <sluice/h2/hpack.h>
#include <sluice/h2/hpack_encoder.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/outbound_fields.h>
#include <sluice/h2/repeated_fields.h>
#include <sluice/h2/types.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/h2/named_fields.h"

namespace sluice::h2 {
namespace {

using Headers = std::vector<Header>;

uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

// --- libnghttp2 alone ------------------------------------------------------

class PlainEncoder {
 public:
  PlainEncoder() { nghttp2_hd_deflate_new(&deflater_, kMaxEncoderTableSize); }
  ~PlainEncoder() { nghttp2_hd_deflate_del(deflater_); }
  PlainEncoder(const PlainEncoder&) = delete;
  PlainEncoder& operator=(const PlainEncoder&) = delete;

  void SetTableSize(uint32_t bytes) {
    nghttp2_hd_deflate_change_table_size(deflater_, bytes);
  }
  std::string Encode(const Headers& headers) {
    std::vector<nghttp2_nv> fields;
    for (const Header& header : headers) {
      const uint8_t flags = header.never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX
                                                 : NGHTTP2_NV_FLAG_NONE;
      fields.push_back({Bytes(header.name), Bytes(header.value),
                        header.name.size(), header.value.size(), flags});
    }
    std::string block(100'000, '?');
    const ssize_t size = nghttp2_hd_deflate_hd(
        deflater_, Bytes(block), block.size(), fields.data(), fields.size());
    block.resize(static_cast<size_t>(size));
    return block;
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

class PlainDecoder {
 public:
  PlainDecoder() { nghttp2_hd_inflate_new(&inflater_); }
  ~PlainDecoder() { nghttp2_hd_inflate_del(inflater_); }
  PlainDecoder(const PlainDecoder&) = delete;
  PlainDecoder& operator=(const PlainDecoder&) = delete;

  void SetTableSize(uint32_t bytes) {
    nghttp2_hd_inflate_change_table_size(inflater_, bytes);
  }
  bool Decode(absl::string_view block, Headers* headers) {
    while (true) {
      nghttp2_nv field;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(
          inflater_, &field, &flags, Bytes(block), block.size(), 1);
      if (used < 0) return false;
      block.remove_prefix(static_cast<size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        headers->push_back(
            {std::string(reinterpret_cast<char*>(field.name), field.namelen),
             std::string(reinterpret_cast<char*>(field.value), field.valuelen),
             (field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0});
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return true;
  }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

// --- Both ------------------------------------------------------------------

constexpr size_t kMaxListSize = 600;

// Whether two fields of a list are as they should be.
void ExpectFields(const NamedFields& fields, const Headers& headers) {
  size_t size = 0;
  size_t kept = 0;
  for (const Header& header : headers) {
    size += header.name.size() + header.value.size() + kFieldOverhead;
    kept += size <= kMaxListSize ? 1 : 0;
  }
  ASSERT_EQ(fields.size(), kept);
  for (size_t i = 0; i < kept; ++i) {
    EXPECT_EQ(fields[i].name, headers[i].name);
    EXPECT_EQ(fields[i].value, headers[i].value);
    EXPECT_EQ(fields[i].never_indexed, headers[i].never_indexed);
    EXPECT_EQ(fields[i].is, NameOf(headers[i].name));
    EXPECT_EQ(fields[i].legal_value, ValueIsLegal(headers[i].value));
  }
}

// Two decoders that are fed with the same.
class Decoders {
 public:
  void SetTableSize(uint32_t bytes) {
    plain_.SetTableSize(bytes);
    decoder_.SetTableSize(bytes);
  }

  // In pieces that begin at `cuts`. Whether they can go on.
  bool Decode(absl::string_view block, const std::vector<size_t>& cuts = {}) {
    Headers expected;
    const bool legal = plain_.Decode(block, &expected);
    memory_.Clear();
    bool ok = true;
    size_t at = 0;
    for (const size_t cut : cuts) {
      ok = ok && decoder_.Decode(block.substr(at, cut - at), false, &memory_);
      at = cut;
    }
    ok = ok && decoder_.Decode(block.substr(at), true, &memory_);
    EXPECT_EQ(ok, legal);
    if (!ok || !legal) return false;
    size_t list_size = 0;
    for (const Header& header : expected) {
      list_size += header.name.size() + header.value.size() + kFieldOverhead;
    }
    EXPECT_EQ(decoder_.list_size(), list_size);
    EXPECT_EQ(decoder_.dropped(), list_size > kMaxListSize);
    ExpectFields(decoder_.fields(), expected);
    decoder_.EndBlock();
    return !::testing::Test::HasFailure();
  }

 private:
  PlainDecoder plain_;
  HpackDecoder decoder_{kMaxListSize};
  HeaderMemory memory_;
};

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  size_t Below(size_t bound) { return engine_() % bound; }
  bool OneIn(size_t n) { return Below(n) == 0; }

 private:
  std::mt19937 engine_;
};

Header RandomField(Random& random) {
  static const char* const kNames[] = {
      ":path", "accept", "etag", "cookie", "x-a", "X", "", "authorization"};
  Header field{kNames[random.Below(std::size(kNames))],
               absl::StrCat(random.Below(4))};
  if (random.OneIn(3)) field.value += std::string(random.Below(40), 'v');
  if (random.OneIn(40)) field.value += std::string(random.Below(700), 'w');
  if (random.OneIn(20)) field.value += '\n';
  field.never_indexed = random.OneIn(6);
  return field;
}

// A list like one of `lists`, or a new one. A list may come to an end.
Headers RandomList(Random& random, std::vector<Headers>& lists) {
  Headers& list = lists[random.Below(lists.size())];
  if (random.OneIn(20)) list.clear();
  while (list.size() < 3) list.push_back(RandomField(random));
  for (size_t changes = random.OneIn(3) ? random.Below(3) : 0; changes > 0;
       --changes) {
    const auto at = list.begin() + random.Below(list.size());
    switch (random.Below(3)) {
      case 0:
        *at = RandomField(random);
        break;
      case 1:
        list.insert(at, RandomField(random));
        break;
      default:
        list.erase(at);
    }
  }
  return random.OneIn(50) ? Headers() : list;
}

TEST(RepeatedFieldsTest, TheSameBytesGoOutAndTheSameFieldsComeIn) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Random random(seed);
    PlainEncoder plain;
    HpackEncoder encoder;
    Decoders decoders;
    std::vector<Headers> lists(1 + random.Below(5));
    const size_t rare = 5 + random.Below(500);
    for (int round = 0; round < 300; ++round) {
      if (random.OneIn(rare)) {
        const auto bytes = static_cast<uint32_t>(random.Below(300));
        plain.SetTableSize(bytes);
        encoder.SetTableSize(bytes);
        decoders.SetTableSize(bytes);
      }
      const Headers headers = RandomList(random, lists);
      const NamedFields fields = NamedFieldsOf(headers);
      std::string block(HpackEncoder::MostBytes(ListSizeOf(fields)), '?');
      block.resize(encoder.Encode(fields, block.data(), block.size()));
      ASSERT_EQ(block, plain.Encode(headers)) << "round " << round;
      std::vector<size_t> cuts;
      while (random.OneIn(30)) cuts.push_back(random.Below(block.size() + 1));
      std::sort(cuts.begin(), cuts.end());
      ASSERT_TRUE(decoders.Decode(block, cuts)) << "round " << round;
    }
  }
}

// Blocks of any bytes, most of them made of representations that are legal once
// the table has some fields.
TEST(RepeatedFieldsTest, TheSameErrorsComeIn) {
  static const absl::string_view kParts[] = {
      // clang-format off
      "\x82", "\x84", "\xbe", "\xbf", "\xc0",
      {"\x04\x01/", 3}, {"\x0f\x13\x01m", 4}, {"\x10\x01x\x01y", 5},
      {"\x00\x01x\x01y", 5}, {"\x40\x01x\x02zz", 6}, {"\x44\x01z", 3},
      // These are legal in front or nowhere.
      "\x20", "\x3f\x20", "\x80", "\xff\x01", {"\x00\x81\x00\x01y", 5},
      // clang-format on
  };
  constexpr size_t kLegal = 11;
  size_t broken = 0;
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Random random(seed);
    Decoders decoders;
    ASSERT_TRUE(decoders.Decode("\x44\x01z\x44\x01y\x44\x01x"));
    std::string block;
    for (int round = 0; round < 40; ++round) {
      // As the one before, for the most part.
      if (random.OneIn(3)) block.clear();
      while (block.empty() || random.OneIn(2)) {
        absl::StrAppend(&block, kParts[random.Below(kLegal)]);
      }
      std::string sent = block;
      if (random.OneIn(40)) {
        sent.insert(random.OneIn(2) ? 0 : sent.size(),
                    std::string(kParts[random.Below(std::size(kParts))]));
      }
      if (random.OneIn(100)) {
        decoders.SetTableSize(static_cast<uint32_t>(random.Below(200)));
        if (!random.OneIn(3)) sent.insert(0, "\x20");
      }
      if (random.OneIn(200)) sent.resize(random.Below(sent.size()) + 1);
      if (random.OneIn(200)) sent[random.Below(sent.size())] ^= 1;
      if (!decoders.Decode(sent)) {
        ++broken;
        break;
      }
    }
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(broken, 200u);
  EXPECT_LT(broken, 1800u);
}

// --- What is kept ----------------------------------------------------------

std::string Encoded(PlainEncoder& encoder, const Headers& headers) {
  encoder.Encode(headers);  // so that its fields are in the table
  return encoder.Encode(headers);
}

// The fields of `headers` that are found.
size_t Found(RepeatedFields& repeated, absl::string_view block,
             const Headers& headers) {
  const NamedFields fields = NamedFieldsOf(headers);
  RepeatedFields::Match match = repeated.Begin(fields[0]);
  for (const NamedField& field : fields) match.Next(field);
  repeated.End(match, block, fields);
  return match.found();
}

TEST(RepeatedFieldsTest, AFieldIsFoundBesideOthersThatAreNew) {
  PlainEncoder encoder;
  RepeatedFields repeated;
  Headers headers = {{":method", "GET"}, {":path", "/1"}, {"a", "b"},
                     {"c", "d"},         {"e", "f"},      {"g", "h"}};
  const std::string block = Encoded(encoder, headers);
  EXPECT_EQ(Found(repeated, block, headers), 0u);
  EXPECT_EQ(Found(repeated, block, headers), 6u);
  headers[1].value = "/2";
  EXPECT_EQ(Found(repeated, block, headers), 5u);
  headers[1].never_indexed = true;
  EXPECT_EQ(Found(repeated, block, headers), 5u);
  headers.erase(headers.begin() + 2);
  EXPECT_EQ(Found(repeated, block, headers), 4u);
  headers.insert(headers.begin() + 3, {"i", "j"});
  EXPECT_EQ(Found(repeated, block, headers), 4u);
  repeated.Clear();
  EXPECT_EQ(Found(repeated, block, headers), 0u);
}

// As a response and its trailers.
TEST(RepeatedFieldsTest, FourKindsOfMessagesThatTakeTurnsAreAllFound) {
  PlainEncoder encoder;
  RepeatedFields repeated;
  size_t found = 0;
  for (int round = 0; round < 20; ++round) {
    found = 0;
    for (const char* const kind : {"1", "2", "3", "4"}) {
      const Headers headers = {{"kind", kind, true}, {"a", "b", true}};
      found += Found(repeated, encoder.Encode(headers), headers);
    }
  }
  EXPECT_EQ(found, 8u);
}

TEST(RepeatedFieldsTest, TheKindThatStaysTakesThePlaceOfOneThatBeginsAlike) {
  PlainEncoder encoder;
  RepeatedFields repeated;
  const Headers one = {{":method", "GET"}, {"a", "b"}, {"c", "d"}};
  const Headers other = {{":method", "GET"}, {"e", "f"}, {"g", "h"}};
  const std::string block_of_one = Encoded(encoder, one);
  const std::string block_of_other = Encoded(encoder, other);
  Found(repeated, block_of_one, one);
  EXPECT_EQ(Found(repeated, block_of_one, one), 3u);
  size_t found = 0;
  for (int round = 0; round < 20; ++round) {
    found = Found(repeated, block_of_other, other);
  }
  EXPECT_EQ(found, 3u);
}

TEST(RepeatedFieldsTest, ABlockThatDoesNotRepeatIsSeldomKept) {
  PlainEncoder encoder;
  RepeatedFields repeated;
  int kept = 0;
  size_t size = repeated.size();
  for (int number = 100; number < 900; ++number) {
    const Headers headers = {{":path", absl::StrCat("/", number)},
                             {"etag", absl::StrCat(number)}};
    EXPECT_EQ(Found(repeated, encoder.Encode(headers), headers), 0u);
    if (repeated.size() > size) ++kept;
    size = repeated.size();
    if (number % 10 == 0) repeated.Clear();
  }
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 60);
}

TEST(RepeatedFieldsTest, TheirMemoryIsBounded) {
  PlainEncoder encoder;
  RepeatedFields repeated;
  EXPECT_EQ(repeated.size(), 0u);
  size_t most = 0;
  for (size_t length = 0; length < 8000; length += 9) {
    const Headers headers = {{":path", std::string(length, 'p')}};
    Found(repeated, encoder.Encode(headers), headers);
    most = std::max(most, repeated.size());
  }
  EXPECT_GT(most, RepeatedFields::kMostBytes / 2);
  EXPECT_LE(most, RepeatedFields::kMostBytes);
}

TEST(RepeatedFieldsTest, OnlyRepresentationsThatChangeTheTableCount) {
  EXPECT_FALSE(AnyChangesTable(""));
  EXPECT_FALSE(AnyChangesTable("\x82\xff\x80\x01\x84"));
  EXPECT_FALSE(
      AnyChangesTable({"\x04\x01/\x10\x01x\x02zz\x0f\x13\x00\x82", 13}));
  EXPECT_TRUE(AnyChangesTable("\x82\x44\x01/"));
  EXPECT_TRUE(AnyChangesTable("\x20\x82"));
  // The texts of literals look like anything.
  EXPECT_FALSE(AnyChangesTable({"\x04\x02\x44\x20\x82", 5}));
}

// Each list has memory of its own, which ends with its read.
TEST(RepeatedFieldsTest, AFieldThatIsFoundIsACopy) {
  PlainEncoder encoder;
  HpackDecoder decoder(kMaxListSize);
  const std::string block = encoder.Encode({{"x-name", "value", true}});
  HeaderMemory memory;
  std::vector<absl::string_view> values;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(decoder.Decode(block, true, &memory));
    values.push_back(decoder.fields()[0].value);
    EXPECT_GE(values[i].data(), decoder.fields()[0].name.data());
    decoder.EndBlock();
  }
  EXPECT_EQ(values[1].data() - values[0].data(), 11);
  EXPECT_EQ(values[2].data() - values[1].data(), 11);
}

}  // namespace
}  // namespace sluice::h2
