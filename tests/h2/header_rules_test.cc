#include <sluice/h2/errors.h>
#include <sluice/h2/header_memory.h>
#include <sluice/h2/header_rules.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/short_text.h>
#include <sluice/h2/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/h2/named_fields.h"

namespace sluice::h2 {
namespace {

using Fields = std::vector<Header>;

std::string Fault(const Fields& fields, SectionKind kind,
                  bool extended_connect = false) {
  return std::string(
      CheckHeaders(1, NamedFieldsOf(fields), kind, extended_connect).message());
}

Fields Request(const Fields& more = {}) {
  Fields fields = {{":method", "GET"},
                   {":scheme", "https"},
                   {":path", "/"},
                   {":authority", "example.com"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

struct FieldCase {
  const char* what;
  Header field;
  bool legal;
};

// Long texts are looked at 8 bytes at once.
TEST(HeaderValidationTest, EveryByteCountsAtEveryPlaceOfALongField) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool in_name =
        byte > 0x20 && byte < 0x7f && !(byte >= 'A' && byte <= 'Z') &&
        std::string_view(R"("(),/:;<=>?@[\]{})")
                .find(static_cast<char>(byte)) == std::string_view::npos;
    const bool in_value = byte != '\0' && byte != '\n' && byte != '\r';
    const bool space = byte == ' ' || byte == '\t';
    for (const size_t size : {1, 7, 8, 9, 15, 16, 17, 25}) {
      for (size_t at = 0; at < size; ++at) {
        std::string text(size, 'z');
        text[at] = static_cast<char>(byte);
        const bool outer = at == 0 || at + 1 == size;
        // A colon in front makes it a pseudo-header field, which trailers lack.
        EXPECT_EQ(Fault({{text, "v"}}, SectionKind::kTrailers).empty(), in_name)
            << byte << " at " << at << " of a name of " << size;
        EXPECT_EQ(Fault({{"x", text}}, SectionKind::kTrailers).empty(),
                  in_value && !(space && outer))
            << byte << " at " << at << " of a value of " << size;
      }
    }
  }
}

TEST(HeaderValidationTest, NamesAndValuesKeepToSection821) {
  const FieldCase cases[] = {
      {"plain", {"x-a", "b"}, true},
      {"empty value", {"x", ""}, true},
      {"empty name", {"", "v"}, false},
      {"upper case", {"X", "v"}, false},
      {"space in name", {"a b", "v"}, false},
      {"control in name", {"a\x01", "v"}, false},
      {"delete in name", {"a\x7f", "v"}, false},
      {"high byte in name", {"a\xff", "v"}, false},
      {"colon in name", {"a:b", "v"}, false},
      {"colon at the end of a name", {"a:", "v"}, false},
      {"NUL in value", {"a", std::string("x\0y", 3)}, false},
      {"LF in value", {"a", "x\ny"}, false},
      {"CR in value", {"a", "x\ry"}, false},
      {"leading space", {"a", " x"}, false},
      {"trailing tab", {"a", "x\t"}, false},
      {"a single space", {"a", " "}, false},
      {"inner space", {"a", "x y"}, true},
      {"high byte in value", {"a", "\xff"}, true},
  };
  for (const FieldCase& c : cases) {
    EXPECT_EQ(Fault(Request({c.field}), SectionKind::kRequest).empty(), c.legal)
        << c.what;
    EXPECT_EQ(Fault({c.field}, SectionKind::kTrailers).empty(), c.legal)
        << c.what << " in trailers";
  }
}

TEST(HeaderValidationTest, ConnectionSpecificFieldsAreRefusedBySection822) {
  for (const char* name : {"connection", "proxy-connection", "keep-alive",
                           "transfer-encoding", "upgrade"}) {
    EXPECT_NE(Fault(Request({{name, "x"}}), SectionKind::kRequest), "") << name;
    EXPECT_NE(Fault({{":status", "200"}, {name, "x"}}, SectionKind::kResponse),
              "");
  }
  EXPECT_EQ(Fault(Request({{"te", "trailers"}}), SectionKind::kRequest), "");
  EXPECT_NE(Fault(Request({{"te", "gzip"}}), SectionKind::kRequest), "");
}

TEST(HeaderValidationTest, PseudoHeaderFieldsOfSection83) {
  EXPECT_EQ(Fault(Request(), SectionKind::kRequest), "");
  EXPECT_NE(Fault(Request({{":unknown", "x"}}), SectionKind::kRequest), "");
  EXPECT_NE(Fault(Request({{":path", "/"}}), SectionKind::kRequest), "");
  EXPECT_NE(Fault(Request({{":status", "200"}}), SectionKind::kRequest), "");
  EXPECT_NE(Fault({{":status", "200"}, {":path", "/"}}, SectionKind::kResponse),
            "");
  EXPECT_NE(Fault({{":path", "/"}}, SectionKind::kTrailers), "");
  EXPECT_NE(Fault({}, SectionKind::kResponse), "");
  EXPECT_NE(Fault({{":status", "20"}}, SectionKind::kResponse), "");
  EXPECT_NE(Fault({{":status", "2x0"}}, SectionKind::kResponse), "");
  EXPECT_NE(Fault({{":status", "099"}}, SectionKind::kResponse), "");
  EXPECT_NE(Fault({{":status", "101"}}, SectionKind::kResponse), "");
}

TEST(HeaderValidationTest, PseudoHeaderFieldsOutOfOrderAreTheirOwnKind) {
  const Fields fields = {{"x", "y"}, {":method", "GET"}};
  const absl::Status fault =
      CheckHeaders(1, NamedFieldsOf(fields), SectionKind::kRequest, false);
  EXPECT_EQ(ErrorKindOf(fault), ErrorKind::kPseudoHeaderOrder);
  EXPECT_EQ(fault.message(),
            "stream 1 has :method after a regular field; it comes before all "
            "regular fields (RFC 9113 8.3)");
}

// What an intermediary would write into a request line of HTTP/1.1: RFC 9113
// §8.3, §8.3.1 and §10.3.
TEST(HeaderValidationTest, APseudoHeaderFieldHasTheCharactersOfItsKind) {
  struct Case {
    const char* name;
    std::string value;
    bool legal;
  };
  const Case cases[] = {
      {":method", "M-SEARCH", true},
      {":method", "GET /evil HTTP/1.1", false},
      {":method", "G(T", false},
      {":method", "G\xc3T", false},
      {":scheme", "HTTPS", true},
      {":scheme", "coap+tcp", true},
      {":scheme", "1x", false},
      {":scheme", "http://evil", false},
      {":path", "/a?b=c#d", true},
      {":path", "/\xc3\xa9", true},
      {":path", "/ HTTP/1.1", false},
      {":path", "/\x01", false},
      {":path", "/\x7f", false},
      {":path", "a", false},
      {":path", "http://evil/", false},
      {":path", "@evil/", false},
      {":path", "*", false},
      {":authority", "[::1]:80", true},
      {":authority", "b%c3.example", true},
      {":authority", "a b", false},
      {":authority", "a/b", false},
      {":authority", "a?b", false},
      {":authority", "a\\b", false},
      {":authority", "\xc3", false},
      {":authority", "", false},
  };
  for (const Case& c : cases) {
    Fields fields = Request();
    for (Header& field : fields) {
      if (field.name == c.name) field.value = c.value;
    }
    EXPECT_EQ(Fault(fields, SectionKind::kRequest).empty(), c.legal)
        << c.name << ": " << c.value;
    EXPECT_EQ(Fault(fields, SectionKind::kPushPromise).empty(),
              c.legal && fields[0].value == "GET")
        << c.name << ": " << c.value << ", promised";
  }
  EXPECT_EQ(Fault({{":method", "OPTIONS"},
                   {":scheme", "https"},
                   {":path", "*"},
                   {":authority", "a"}},
                  SectionKind::kRequest),
            "");
  // Of other schemes a path may begin with anything, and the authority be
  // empty.
  EXPECT_EQ(Fault({{":method", "GET"},
                   {":scheme", "urn"},
                   {":path", "isbn:1"},
                   {":authority", ""}},
                  SectionKind::kRequest),
            "");
  EXPECT_NE(Fault({{":method", "CONNECT"}, {":authority", "a /b"}},
                  SectionKind::kRequest),
            "");
  EXPECT_NE(Fault({{":method", "GET"},
                   {":scheme", "https"},
                   {":path", "/"},
                   {"host", "a /b"}},
                  SectionKind::kRequest),
            "");
}

// A name comes from the peer: it may be binary, and of any length.
TEST(HeaderValidationTest, AnErrorTextNamesTheFieldWithoutItsBytes) {
  EXPECT_EQ(Fault({{"a\x01\xff", "v"}}, SectionKind::kTrailers),
            "stream 1 has the field a\\x01\\xff with an illegal name; "
            "names are tokens in lower case (RFC 9113 8.2, 8.2.1)");
  EXPECT_LT(
      Fault({{std::string(10000, 'A'), "v"}}, SectionKind::kTrailers).size(),
      200u);
}

TEST(HeaderValidationTest, ARequestNeedsTheFieldsOfSection831) {
  for (size_t missing = 0; missing < 4; ++missing) {
    Fields fields = Request();
    const std::string name = fields[missing].name;
    fields.erase(fields.begin() + static_cast<ptrdiff_t>(missing));
    EXPECT_NE(Fault(fields, SectionKind::kRequest), "") << name;
  }
  Fields empty_path = Request();
  empty_path[2].value = "";
  EXPECT_NE(Fault(empty_path, SectionKind::kRequest), "");
}

TEST(HeaderValidationTest, HostAndAuthorityAgree) {
  EXPECT_EQ(Fault(Request({{"host", "example.com"}}), SectionKind::kRequest),
            "");
  EXPECT_EQ(Fault(Request({{"host", "Example.COM"}}), SectionKind::kRequest),
            "");
  EXPECT_NE(Fault(Request({{"host", "other"}}), SectionKind::kRequest), "");
  const Fields host_only = {{":method", "GET"},
                            {":scheme", "https"},
                            {":path", "/"},
                            {"host", "example.com"}};
  EXPECT_EQ(Fault(host_only, SectionKind::kRequest), "");
  Fields twice = host_only;
  twice.push_back({"host", "example.com"});
  EXPECT_NE(Fault(twice, SectionKind::kRequest), "");
  Fields user = Request();
  user[3].value = "me@example.com";
  EXPECT_NE(Fault(user, SectionKind::kRequest), "");
}

TEST(HeaderValidationTest, ConnectIsAsSection85AndRfc8441Say) {
  const Fields plain = {{":method", "CONNECT"}, {":authority", "a:443"}};
  EXPECT_EQ(Fault(plain, SectionKind::kRequest), "");
  EXPECT_NE(Fault({{":method", "CONNECT"}}, SectionKind::kRequest), "");
  Fields with_path = plain;
  with_path.push_back({":path", "/"});
  EXPECT_NE(Fault(with_path, SectionKind::kRequest), "");

  Fields extended = Request({{":protocol", "websocket"}});
  extended[0].value = "CONNECT";
  EXPECT_EQ(Fault(extended, SectionKind::kRequest, true), "");
  EXPECT_NE(Fault(extended, SectionKind::kRequest, false), "");
  EXPECT_NE(
      Fault(Request({{":protocol", "websocket"}}), SectionKind::kRequest, true),
      "")
      << ":protocol without CONNECT";
}

TEST(HeaderValidationTest, APromiseIsCacheableSafeAndWithoutContent) {
  EXPECT_EQ(Fault(Request(), SectionKind::kPushPromise), "");
  Fields post = Request();
  post[0].value = "POST";
  EXPECT_NE(Fault(post, SectionKind::kPushPromise), "");
  EXPECT_EQ(
      Fault(Request({{"content-length", "0"}}), SectionKind::kPushPromise), "");
  EXPECT_NE(
      Fault(Request({{"content-length", "1"}}), SectionKind::kPushPromise), "");
  EXPECT_NE(
      Fault(Request({{"content-length", "x"}}), SectionKind::kPushPromise), "");
}

// One changed byte makes a known name another one.
TEST(KnownNameTest, IsFoundByAllOfItsText) {
  for (const std::string known :
       {"te", "age", "host", ":path", "cookie", ":status", "priority",
        "content-length", "proxy-connection", "transfer-encoding",
        "access-control-allow-origin"}) {
    ASSERT_NE(FindKnownName(known), nullptr) << known;
    EXPECT_EQ(FindKnownName(known)->text, known);
    EXPECT_EQ(FindKnownName(known + "x"), nullptr);
    for (size_t i = 0; i < known.size(); ++i) {
      std::string other = known;
      other[i] = '#';
      EXPECT_EQ(FindKnownName(other), nullptr) << other;
    }
  }
  EXPECT_EQ(FindKnownName(""), nullptr);
}

// Every length, and every place.
TEST(ShortTextTest, LooksAtEachByte) {
  for (size_t size = 0; size <= 40; ++size) {
    const std::string text(size, '\x80');
    std::string copy(size, '?');
    EXPECT_TRUE(CopyText(text.data(), size, copy.data()));
    EXPECT_EQ(copy, text);
    EXPECT_TRUE(HasNoLowBytes(text));
    EXPECT_TRUE(SameText(text, copy));
    for (size_t i = 0; i < size; ++i) {
      std::string other = text;
      other[i] = '\x0f';
      EXPECT_FALSE(HasNoLowBytes(other)) << size << ", " << i;
      EXPECT_FALSE(SameText(text, other)) << size << ", " << i;
      EXPECT_FALSE(CopyText(other.data(), size, copy.data()));
      EXPECT_EQ(copy, other);
    }
  }
}

TEST(ContentLengthTest, HasDigitsOnlyAndItsDuplicatesAgree) {
  const auto parse = [](const Fields& fields) {
    const NamedFields views = NamedFieldsOf(fields);
    return ContentLengthOf(views, FactsOf(views));
  };
  EXPECT_TRUE(parse({}).legal);
  EXPECT_EQ(parse({}).value, std::nullopt);
  EXPECT_EQ(parse({{"content-length", "0042"}}).value, 42);
  EXPECT_TRUE(parse({{"content-length", "5"}, {"content-length", "5"}}).legal);
  EXPECT_FALSE(parse({{"content-length", "5"}, {"content-length", "6"}}).legal);
  for (const char* bad : {"", "-1", "+1", "1.0", "1 ", "0x1", "5, 5",
                          "9223372036854775808", "99999999999999999999"}) {
    EXPECT_FALSE(parse({{"content-length", bad}}).legal) << bad;
  }
}

Fields Joined(const Fields& fields) {
  NamedFields views = NamedFieldsOf(fields);
  HeaderMemory memory;
  JoinCookies(&views, &memory);
  return HeaderList(memory.Copy(views)).ToHeaders();
}

// RFC 9113 §8.2.3.
TEST(InboundTest, CookiesAreJoinedIntoOneField) {
  EXPECT_EQ(Joined({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}),
            (Fields{{"x", "y"}, {"cookie", "a=1; b=2", true}}));
  EXPECT_EQ(Joined({{"cookie", ""}, {"cookie", "a"}, {"cookie", ""}}),
            (Fields{{"cookie", "; a; ", true}}));
  EXPECT_EQ(Joined({{"cookie", "a=1"}, {"x", "y"}}),
            (Fields{{"x", "y"}, {"cookie", "a=1", true}}));
  EXPECT_EQ(Joined({{"x", "y"}}), (Fields{{"x", "y"}}));
}

}  // namespace
}  // namespace sluice::h2
