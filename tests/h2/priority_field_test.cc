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

TEST_P(PriorityFieldTest, MeansWhatRfc9218Says) {
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
        Case{"x=y, u=1", "u=1"}, Case{"u=(1 2)", "u=3"},
        // No dictionary.
        Case{"u=1,", "ignored"}));

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

}  // namespace
}  // namespace sluice::h2
