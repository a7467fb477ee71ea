#include <sluice/signals/rfc9218_priority.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sluice::signals {
namespace {

// "u1 i1", "i0", "" for what names nothing, "-" for what is ignored whole.
std::string Read(const std::string& value) {
  const std::optional<Rfc9218Parameters> read = ParseRfc9218Parameters(value);
  if (!read.has_value()) return "-";
  std::string text;
  if (read->urgency.has_value()) absl::StrAppend(&text, "u", *read->urgency);
  if (read->incremental.has_value()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", "i", *read->incremental);
  }
  return text;
}

struct Case {
  const char* value;
  const char* meaning;
};

class Rfc9218ParametersTest : public ::testing::TestWithParam<Case> {};

TEST_P(Rfc9218ParametersTest, FollowRfc9218AndRfc8941) {
  EXPECT_EQ(Read(GetParam().value), GetParam().meaning)
      << '"' << GetParam().value << '"';
}

// The usual forms are not parsed: they mean the same as longer ones that are.
TEST(Rfc9218UsualParametersTest, TheUsualFormsMeanWhatTheParserReads) {
  for (int c = 0; c < 128; ++c) {
    const std::string urgency = {'u', '=', static_cast<char>(c)};
    for (const char* rest : {"", ", i", ",  i", ", x", " , i", ",i "}) {
      const std::string usual = urgency + rest;
      EXPECT_EQ(Read(usual), Read(" " + usual)) << usual;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9218Section4, Rfc9218ParametersTest,
    ::testing::Values(
        Case{"", ""}, Case{"  ", ""}, Case{"u=0", "u0"},
        Case{"u=7, i", "u7 i1"}, Case{"i", "i1"}, Case{"i=?1", "i1"},
        Case{"i=?0", "i0"}, Case{"i,u=5", "u5 i1"},
        // Out of range, of another type, unknown: each ignored by itself.
        Case{"u=8, i", "i1"}, Case{"u=-1", ""}, Case{"u=2.5", ""},
        Case{"u=\"1\"", ""}, Case{"u", ""}, Case{"i=1, u=1", "u1"},
        Case{"x=y, u=1", "u1"}, Case{"u=(1 2)", ""},
        // Browsers forward what pages write.
        Case{"u=666, r", ""}));

INSTANTIATE_TEST_SUITE_P(
    Rfc8941Section42, Rfc9218ParametersTest,
    ::testing::Values(
        // The last of a key counts (§3.2), also when it is of no use.
        Case{"u=1, u=2", "u2"}, Case{"u=1, u=x", ""},
        // Spaces and tabs (§4.2.2), parameters (§4.2.3.2).
        Case{"  u=1 \t,\t i  ", "u1 i1"}, Case{"u=1;a;b=2, i;c=?0", "u1 i1"},
        Case{"u=1;  q=0.5", "u1"},
        // Other types parse.
        Case{"a=tok/en:x, b=:aGk=:, c=\"q\\\"\\\\\", d=-1.5, *k=*x, u=1", "u1"},
        Case{"a=(), b=(1 \"x\";p tok);q, u=1", "u1"},
        // A whole that does not parse is ignored whole.
        Case{"u=1,", "-"}, Case{"u=1,,i", "-"}, Case{"U=1", "-"},
        Case{"u=", "-"}, Case{"u=1 i", "-"}, Case{",u=1", "-"},
        Case{"u==1", "-"}, Case{"u=1\r\n", "-"}, Case{"\tu=1", "-"},
        Case{"u=1, i=?2", "-"}, Case{"u=1, i=?", "-"}, Case{"a=\"x", "-"},
        Case{"a=\"\\x\"", "-"}, Case{"a=\"\x7f\"", "-"}, Case{"a=:a", "-"},
        Case{"a=:%:", "-"}, Case{"a=(1", "-"}, Case{"a=(1)(2)", "-"},
        Case{"a=((1))", "-"}, Case{"a=(1\"x\")", "-"}, Case{"a=-", "-"},
        Case{"a=1.", "-"}, Case{"a=1.2345", "-"},
        Case{"a=1234567890123456", "-"}, Case{"a=123456789012345, u=1", "u1"},
        Case{"a=1234567890123.1", "-"}, Case{"u=1;", "-"}, Case{"u=1;=2", "-"},
        Case{"=1", "-"}, Case{"\xc3\xa9=1", "-"}));

TEST(Rfc9218ParametersTest, AVeryLongValueIsReadWithoutRecursion) {
  std::string value = "a=(";
  for (int i = 0; i < 100000; ++i) value += "1 ";
  value += ")";
  for (int i = 0; i < 100000; ++i) value += ";p";
  EXPECT_EQ(Read(value + ", u=1"), "u1");
  EXPECT_EQ(Read(std::string(1000000, '(')), "-");
}

// --- With the defaults ---------------------------------------------------

// "u=3, i", or "ignored".
std::string Meaning(const std::string& value) {
  const std::optional<Rfc9218Priority> priority = ParseRfc9218Priority(value);
  return priority.has_value() ? FormatRfc9218Priority(*priority) : "ignored";
}

class Rfc9218PriorityTest : public ::testing::TestWithParam<Case> {};

TEST_P(Rfc9218PriorityTest, FollowsRfc9218) {
  EXPECT_EQ(Meaning(GetParam().value), GetParam().meaning)
      << '"' << GetParam().value << '"';
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9218Section4, Rfc9218PriorityTest,
    ::testing::Values(
        Case{"", "u=3"}, Case{"u=0", "u=0"}, Case{"u=7, i", "u=7, i"},
        Case{"i", "u=3, i"}, Case{"i=?1", "u=3, i"}, Case{"i=?0", "u=3"},
        Case{"i,u=5", "u=5, i"},
        // Out of range, of another type, unknown: each ignored by itself.
        Case{"u=8, i", "u=3, i"}, Case{"u=-1", "u=3"}, Case{"u=2.5", "u=3"},
        Case{"u=\"1\"", "u=3"}, Case{"u", "u=3"}, Case{"i=1, u=1", "u=1"},
        Case{"x=y, u=1", "u=1"}, Case{"u=(1 2)", "u=3"},
        // No dictionary.
        Case{"u=1,", "ignored"}));

// RFC 9218 §8: "if the server's response does not carry a parameter, the
// client's remains".
TEST(MergeResponseTest, AResponseChangesOnlyTheParametersItNames) {
  const Rfc9218Priority request{1, true};
  EXPECT_EQ(MergeResponse(request, *ParseRfc9218Parameters("u=6")),
            (Rfc9218Priority{6, true}));
  EXPECT_EQ(MergeResponse(request, *ParseRfc9218Parameters("i=?0")),
            (Rfc9218Priority{1, false}));
  EXPECT_EQ(MergeResponse(request, *ParseRfc9218Parameters("")), request);
}

// RFC 9218 §4.
TEST(Rfc9218DefaultsTest, AParameterThatIsNotNamedHasItsDefault) {
  EXPECT_EQ(Meaning(""), "u=3");
  EXPECT_EQ(Meaning("  "), "u=3");
  EXPECT_EQ(Meaning("u=0"), "u=0");
  EXPECT_EQ(Meaning("i"), "u=3, i");
  EXPECT_EQ(Meaning("u=5, i"), "u=5, i");
  EXPECT_EQ(Meaning("u=7;x=1 ,\ti=?1;y "), "u=7, i");
}

// RFC 9218 §4: "MUST be treated as absent"; browsers send both of these.
TEST(Rfc9218DefaultsTest, AnUnknownOrMistypedParameterIsIgnoredAlone) {
  EXPECT_EQ(Meaning("u=666, r"), "u=3");
  EXPECT_EQ(Meaning("u=-1, i"), "u=3, i");
  EXPECT_EQ(Meaning("u=2.5, i=1"), "u=3");
  EXPECT_EQ(Meaning("u=\"1\", i=?0"), "u=3");
  EXPECT_EQ(Meaning("a=(1 \"b\";c :aGk=:);d, u=1, *z=tok/en:x"), "u=1");
}

// RFC 8941 §4.2.
TEST(Rfc9218DefaultsTest, ATextThatIsNoDictionaryIsIgnored) {
  EXPECT_EQ(Meaning("u=1,"), "ignored");
  EXPECT_EQ(Meaning("u=1 i"), "ignored");
}

}  // namespace
}  // namespace sluice::signals
