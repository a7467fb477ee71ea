#include "priority/rfc9218_field.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "priority/rfc9218_priority.h"

namespace sluice::priority {
namespace {

// "3", "3i", or "-" for what is ignored whole.
std::string Read(const std::string& field) {
  const std::optional<Rfc9218Priority> read = ParseRfc9218Field(field);
  if (!read.has_value()) return "-";
  return std::to_string(read->urgency) + (read->incremental ? "i" : "");
}

// RFC 9218 §4.
TEST(Rfc9218FieldTest, WhatIsNotNamedHasItsDefault) {
  EXPECT_EQ(Read(""), "3");
  EXPECT_EQ(Read("  "), "3");
  EXPECT_EQ(Read("u=0"), "0");
  EXPECT_EQ(Read("i"), "3i");
  EXPECT_EQ(Read("u=5, i"), "5i");
  EXPECT_EQ(Read("u=7;x=1 ,\ti=?1;y "), "7i");
}

// RFC 9218 §4: "MUST be treated as absent"; browsers send both of these.
TEST(Rfc9218FieldTest, AnUnknownOrMistypedParameterIsIgnoredAlone) {
  EXPECT_EQ(Read("u=666, r"), "3");
  EXPECT_EQ(Read("u=-1, i"), "3i");
  EXPECT_EQ(Read("u=2.5, i=1"), "3");
  EXPECT_EQ(Read("u=\"1\", i=?0"), "3");
  EXPECT_EQ(Read("a=(1 \"b\";c :aGk=:);d, u=1, *z=tok/en:x"), "1");
}

// RFC 8941 §4.2.
TEST(Rfc9218FieldTest, WhatIsNoDictionaryIsIgnoredWhole) {
  EXPECT_EQ(Read("u=1,"), "-");
  EXPECT_EQ(Read("u=1 i"), "-");
}

}  // namespace
}  // namespace sluice::priority
