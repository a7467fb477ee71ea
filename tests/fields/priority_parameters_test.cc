#include "fields/priority_parameters.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sluice::fields {
namespace {

// "u1 i1", "i0", "" for what names nothing, "-" for what is ignored whole.
std::string Read(const std::string& value) {
  const std::optional<PriorityParameters> read = ParsePriorityParameters(value);
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

class ParametersTest : public ::testing::TestWithParam<Case> {};

TEST_P(ParametersTest, NameWhatRfc9218AndRfc8941Say) {
  EXPECT_EQ(Read(GetParam().value), GetParam().meaning)
      << '"' << GetParam().value << '"';
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9218Section4, ParametersTest,
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
    Rfc8941Section42, ParametersTest,
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

TEST(ParametersTest, AVeryLongValueIsReadWithoutRecursion) {
  std::string value = "a=(";
  for (int i = 0; i < 100000; ++i) value += "1 ";
  value += ")";
  for (int i = 0; i < 100000; ++i) value += ";p";
  EXPECT_EQ(Read(value + ", u=1"), "u1");
  EXPECT_EQ(Read(std::string(1000000, '(')), "-");
}

}  // namespace
}  // namespace sluice::fields
