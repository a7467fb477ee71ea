#include "priority/rfc9218_field.h"

#include <optional>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "h2/priority_field.h"
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

// RFC 8941 §3.2.
TEST(Rfc9218FieldTest, TheLastOfTwoMembersWithOneKeyCounts) {
  EXPECT_EQ(Read("u=1, u=4"), "4");
  EXPECT_EQ(Read("u=1, u=x"), "3");
  EXPECT_EQ(Read("i, i=?0"), "3");
}

TEST(Rfc9218FieldTest, WhatIsNoDictionaryIsIgnoredWhole) {
  for (const char* field : {"u=1,",
                            ",u=1",
                            "u",
                            "U=1",
                            "u=",
                            "u==1",
                            "u=1 i",
                            "u=1,,i",
                            "i=?2",
                            "u=1, x=\"",
                            "u=1, x=(1",
                            "u=1, x=(1(2))",
                            "u=1, x=:a",
                            "u=1, x=\\",
                            "u=1, x=1.",
                            "u=1, x=1.2345",
                            "u=1, x=1234567890123456",
                            "u=1, x=1234567890123.1",
                            "u=1, x=-",
                            "u=1;",
                            "u=1, x=\"\\n\"",
                            "u=1\r\n",
                            "\tu=1"}) {
    const bool dictionary = std::string(field) == "u";  // a boolean, not urgent
    EXPECT_EQ(Read(field), dictionary ? "3" : "-") << field;
  }
}

TEST(Rfc9218FieldTest, ReadsAnyTextAsTheCoresParserDoes) {
  std::mt19937 random(9218);
  const std::string alphabet = "uuii==,, ;;0123?\"\\:()*-.aZ\t/";
  int dictionaries = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string field;
    for (auto length = random() % 14; length > 0; --length) {
      field += alphabet[random() % alphabet.size()];
    }
    const std::optional<Rfc9218Priority> read = ParseRfc9218Field(field);
    const std::optional<h2::PriorityField> core = h2::ParsePriorityField(field);
    ASSERT_EQ(read.has_value(), core.has_value()) << field;
    if (!read.has_value()) continue;
    ++dictionaries;
    ASSERT_EQ(read->urgency, core->urgency) << field;
    ASSERT_EQ(read->incremental, core->incremental) << field;
  }
  EXPECT_GT(dictionaries, 5000);
}

}  // namespace
}  // namespace sluice::priority
