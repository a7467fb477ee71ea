#include <sluice/h2/errors.h>
#include <sluice/h2/header_span.h>
#include <sluice/h2/outbound_fields.h>
#include <sluice/h2/types.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace sluice::h2 {
namespace {

using Fields = std::vector<Header>;

Fields Prepared(const Fields& fields, bool normalize, bool split) {
  const OutboundFields out(fields, {normalize, split});
  EXPECT_EQ(out.list_size(), ListSizeOf(out.fields()));
  Fields result;
  for (const HeaderView& field : out.fields()) {
    result.push_back({std::string(field.name), std::string(field.value),
                      field.never_indexed});
  }
  return result;
}

TEST(OutboundTest, NamesAreLoweredSpaceIsCutAndConnectionFieldsGo) {
  EXPECT_EQ(Prepared({{"X-Name", " v "},
                      {"Connection", "close"},
                      {"transfer-encoding", "chunked"},
                      {"Proxy-Connection", "x"},
                      {"keep-alive", "x"},
                      {" Upgrade", "x"},
                      {" y\t", "w"}},
                     true, false),
            (Fields{{"x-name", "v"}, {"y", "w"}}));
}

TEST(OutboundTest, WithoutNormalisationFieldsGoAsTheyAre) {
  const Fields fields = {{"X-Name", " v "}, {"Connection", "close"}};
  EXPECT_EQ(Prepared(fields, false, false), fields);
}

TEST(OutboundTest, SecretsAreNeverIndexed) {
  const std::string short_cookie(19, 'c');
  const std::string long_cookie(20, 'c');
  EXPECT_EQ(Prepared({{"authorization", "a"},
                      {"Proxy-Authorization", "b"},
                      {"cookie", short_cookie},
                      {"cookie", long_cookie},
                      {"x", "y", true}},
                     true, false),
            (Fields{{"authorization", "a", true},
                    {"proxy-authorization", "b", true},
                    {"cookie", short_cookie, true},
                    {"cookie", long_cookie, false},
                    {"x", "y", true}}));
}

TEST(OutboundTest, CookiesAreSplitWhereAsked) {
  EXPECT_EQ(Prepared({{"cookie", "a=1; b=2;c; d=" + std::string(20, 'x')}},
                     true, true),
            (Fields{{"cookie", "a=1", true},
                    {"cookie", "b=2;c", true},
                    {"cookie", "d=" + std::string(20, 'x'), false}}));
}

// Each byte in each place of a name: upper case goes, space goes at the ends.
TEST(OutboundTest, AnyUpperCaseLetterOfANameIsLowered) {
  const std::string name = "abcdefghijklmnopqrstuvwxyz";
  for (size_t size = 1; size <= name.size(); ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string changed = name.substr(0, size);
        changed[at] = static_cast<char>(c);
        std::string expected = changed;
        absl::AsciiStrToLower(&expected);
        absl::StripAsciiWhitespace(&expected);
        ASSERT_EQ(Prepared({{changed, "v"}}, true, false),
                  (Fields{{expected, "v"}}))
            << size << " letters, byte " << c << " at " << at;
      }
    }
  }
}

TEST(OutboundTest, ManyFieldsAreNoDifferentFromFew) {
  Fields fields;
  for (int i = 0; i < 200; ++i) {
    fields.push_back({"x-" + std::to_string(i), std::string(100, 'v')});
  }
  EXPECT_EQ(Prepared(fields, true, true), fields);
}

TEST(OutboundTest, AFieldOrAListThatThePeerCannotTakeIsTooLarge) {
  const Fields fields = {{"a", "b"}, {"long", std::string(100, 'v')}};
  const OutboundFields out(fields, {});
  EXPECT_EQ(out.list_size(), 2 + 104 + 2 * 32u);
  EXPECT_TRUE(out.CheckSize(1, out.list_size()).ok());
  const absl::Status list = out.CheckSize(1, out.list_size() - 1);
  EXPECT_EQ(ErrorKindOf(list), ErrorKind::kHeadersTooLarge);
  EXPECT_EQ(list.message(),
            "stream 1 has a header list of 170 bytes; the peer's "
            "MAX_HEADER_LIST_SIZE is 169 (RFC 9113 6.5.2); the largest field "
            "is long");
  const Fields huge = {{"a", std::string(65537, 'v')}};
  EXPECT_EQ(OutboundFields(huge, {}).CheckSize(1, 1 << 20).message(),
            "stream 1 has the field a with a name of 1 and a value of 65537 "
            "bytes; each may have 65536");
}

// --- Ways to pass fields in -------------------------------------------------

std::string Text(HeaderSpan headers) {
  std::string text;
  for (const HeaderView field : headers) {
    text += std::string(field.name) + "=" + std::string(field.value) +
            (field.never_indexed ? "!" : "") + ";";
  }
  return text;
}

TEST(HeaderSpanTest, EverySequenceOfEitherKindOfFieldIsTaken) {
  const Fields headers = {{"a", "1"}, {"b", "2", true}};
  const std::vector<HeaderView> views = {{"a", "1"}, {"b", "2", true}};
  const std::initializer_list<Header> list = {{"a", "1"}, {"b", "2", true}};
  const std::string expected = "a=1;b=2!;";
  EXPECT_EQ(Text(headers), expected);
  EXPECT_EQ(Text(views), expected);
  EXPECT_EQ(Text(list), expected);
  EXPECT_EQ(Text(absl::Span<const Header>(headers)), expected);
  EXPECT_EQ(Text(absl::MakeSpan(views)), expected);
  EXPECT_EQ(Text({{"a", "1"}, {"b", "2", true}}), expected);
  EXPECT_EQ(Text({{"a", std::string("1")}, {"b", "2", true}}), expected);
  EXPECT_EQ(Text({headers[0], headers[1]}), expected);
  EXPECT_EQ(Text({headers[0], {"b", "2", true}}), expected);
  EXPECT_EQ(Text({views[0], views[1]}), expected);
  EXPECT_EQ(Text({}), "");
  EXPECT_EQ(Text(HeaderSpan()), "");
}

TEST(HeaderSpanTest, ItsFieldsAreViewsOfTheCallers) {
  const Fields headers = {{"name", "value"}};
  const HeaderSpan span = headers;
  EXPECT_EQ(span[0].name.data(), headers[0].name.data());
  EXPECT_EQ(span[0].value.data(), headers[0].value.data());
}

}  // namespace
}  // namespace sluice::h2
