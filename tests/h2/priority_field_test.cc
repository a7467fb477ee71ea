#include "h2/priority_field.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "h2/events.h"

namespace sluice::h2 {
namespace {

std::string Text(const std::optional<PriorityField>& field) {
  return field.has_value() ? FormatPriorityField(*field) : "ignored";
}

struct Case {
  const char* value;
  const char* meaning;
};

class PriorityFieldTest : public ::testing::TestWithParam<Case> {};

TEST_P(PriorityFieldTest, MeansWhatRfc9218AndRfc8941Say) {
  EXPECT_EQ(Text(ParsePriorityField(GetParam().value)), GetParam().meaning)
      << '"' << GetParam().value << '"';
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9218Section4, PriorityFieldTest,
    ::testing::Values(
        Case{"", "u=3"}, Case{"u=0", "u=0"}, Case{"u=7, i", "u=7, i"},
        Case{"i", "u=3, i"}, Case{"i=?1", "u=3, i"}, Case{"i=?0", "u=3"},
        Case{"i,u=5", "u=5, i"},
        // Out of range, of another type, unknown: each ignored by itself.
        Case{"u=8, i", "u=3, i"}, Case{"u=-1", "u=3"}, Case{"u=2.5", "u=3"},
        Case{"u=\"1\"", "u=3"}, Case{"u", "u=3"}, Case{"i=1, u=1", "u=1"},
        Case{"x=y, u=1", "u=1"}, Case{"u=(1 2)", "u=3"}));

INSTANTIATE_TEST_SUITE_P(
    Rfc8941Section42, PriorityFieldTest,
    ::testing::Values(
        // The last of a key counts (§3.2), also when it is of no use.
        Case{"u=1, u=2", "u=2"}, Case{"u=1, u=x", "u=3"},
        // Spaces and tabs (§4.2.2), parameters (§4.2.3.2).
        Case{"  u=1 \t,\t i  ", "u=1, i"}, Case{"u=1;a;b=2, i;c=?0", "u=1, i"},
        Case{"u=1;  q=0.5", "u=1"},
        // Other types parse.
        Case{"a=tok/en:x, b=:aGk=:, c=\"q\\\"\\\\\", d=-1.5, *k=*x, u=1",
             "u=1"},
        Case{"a=(), b=(1 \"x\";p tok);q, u=1", "u=1"},
        // A whole that does not parse is ignored whole.
        Case{"u=1,", "ignored"}, Case{"u=1,,i", "ignored"},
        Case{"U=1", "ignored"}, Case{"u=", "ignored"}, Case{"u=1 i", "ignored"},
        Case{"\tu=1", "ignored"}, Case{"u=1, i=?2", "ignored"},
        Case{"u=1, i=?", "ignored"}, Case{"a=\"x", "ignored"},
        Case{"a=\"\\x\"", "ignored"}, Case{"a=\"\x7f\"", "ignored"},
        Case{"a=:a", "ignored"}, Case{"a=:%:", "ignored"},
        Case{"a=(1", "ignored"}, Case{"a=(1)(2)", "ignored"},
        Case{"a=((1))", "ignored"}, Case{"a=(1\"x\")", "ignored"},
        Case{"a=-", "ignored"}, Case{"a=1.", "ignored"},
        Case{"a=1.2345", "ignored"}, Case{"a=1234567890123456", "ignored"},
        Case{"a=123456789012345, u=1", "u=1"},
        Case{"a=1234567890123.1", "ignored"}, Case{"u=1;", "ignored"},
        Case{"u=1;=2", "ignored"}, Case{"=1", "ignored"},
        Case{"\xc3\xa9=1", "ignored"}));

TEST(PriorityParametersTest, WhatIsNotNamedStaysOpen) {
  const auto parameters = ParsePriorityParameters("i");
  ASSERT_TRUE(parameters.has_value());
  EXPECT_EQ(parameters->urgency, std::nullopt);
  EXPECT_EQ(parameters->incremental, true);
}

// RFC 9218 §8: "if the server's response does not carry a parameter, the
// client's remains".
TEST(PriorityParametersTest, AResponseChangesOnlyWhatItNames) {
  const PriorityField request{1, true};
  EXPECT_EQ(MergePriority(request, *ParsePriorityParameters("u=6")),
            (PriorityField{6, true}));
  EXPECT_EQ(MergePriority(request, *ParsePriorityParameters("i=?0")),
            (PriorityField{1, false}));
  EXPECT_EQ(MergePriority(request, *ParsePriorityParameters("")), request);
}

TEST(PriorityParametersTest, AVeryLongValueIsReadWithoutRecursion) {
  std::string value = "a=(";
  for (int i = 0; i < 100000; ++i) value += "1 ";
  value += ")";
  for (int i = 0; i < 100000; ++i) value += ";p";
  EXPECT_EQ(Text(ParsePriorityField(value + ", u=1")), "u=1");
  EXPECT_EQ(Text(ParsePriorityField(std::string(1000000, '('))), "ignored");
}

}  // namespace
}  // namespace sluice::h2
