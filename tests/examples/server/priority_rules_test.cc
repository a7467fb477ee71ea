#include "examples/server/priority_rules.h"

#include <sluice/scheduler/policy.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::examples {
namespace {

using ::testing::HasSubstr;

scheduler::ServerPriority Rfc9218(int urgency, bool incremental) {
  return {.rfc9218 = signals::Rfc9218Priority{urgency, incremental}};
}

TEST(PriorityRulesTest, WithoutRulesTheClientsSignalsHold) {
  EXPECT_EQ(PriorityRules().Match("text/css", "/a.css"), std::nullopt);
  EXPECT_EQ(PriorityRules::Parse(" ; ")->Match("text/css", "/"), std::nullopt);
}

TEST(PriorityRulesTest, TheFirstRuleThatFitsDecides) {
  const auto rules = PriorityRules::Parse(
      "path /img/hero: u=1; type image/png: u=5, i; path /img/: u=6;");
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ(rules->Match("image/png", "/img/hero.png"), Rfc9218(1, false));
  EXPECT_EQ(rules->Match("image/png", "/img/icon.png"), Rfc9218(5, true));
  EXPECT_EQ(rules->Match("image/jpeg", "/img/a.jpg"), Rfc9218(6, false));
  EXPECT_EQ(rules->Match("image/jpeg", "/a.jpg"), std::nullopt);
}

TEST(PriorityRulesTest, ATypeMatchesWholeAndAPathByItsBeginning) {
  const auto rules = PriorityRules::Parse("type text/CSS: u=0; path /a:b: u=7");
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ(rules->Match("Text/css; charset=utf-8", "/"), Rfc9218(0, false));
  EXPECT_EQ(rules->Match("text/css2", "/"), std::nullopt);
  EXPECT_EQ(rules->Match("text/html", "/a:bc?x=/"), Rfc9218(7, false));
  EXPECT_EQ(rules->Match("text/html", "/x?/a:b"), std::nullopt);
}

TEST(PriorityRulesTest, ARuleReplacesOnlyTheKindsOfSignalItNames) {
  const auto rules = PriorityRules::Parse(
      "path /w: weight=256; path /e: exclusive; path /i: i; "
      "path /b: u=2, weight=1, exclusive");
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ(rules->Match("", "/w"),
            (scheduler::ServerPriority{
                .rfc7540 = signals::Rfc7540Priority{0, 256, false}}));
  EXPECT_EQ(rules->Match("", "/e"),
            (scheduler::ServerPriority{
                .rfc7540 = signals::Rfc7540Priority{0, 16, true}}));
  EXPECT_EQ(rules->Match("", "/i"), Rfc9218(3, true));
  EXPECT_EQ(rules->Match("", "/b"),
            (scheduler::ServerPriority{
                .rfc7540 = signals::Rfc7540Priority{0, 1, true},
                .rfc9218 = signals::Rfc9218Priority{2, false}}));
}

TEST(PriorityRulesTest, ABadRuleIsNamed) {
  const struct {
    const char* rule;
    const char* named;
  } kCases[] = {
      {"type text/css", "must have a ':'"},
      {"mime text/css: u=1", "must begin with 'type ' or 'path '"},
      {"path : u=1", "must begin with 'type ' or 'path '"},
      {"path /: u=8", "'u=8'"},
      {"path /: u=-1", "'u=-1'"},
      {"path /: u=", "'u='"},
      {"path /: weight=0", "'weight=0'"},
      {"path /: weight=257", "'weight=257'"},
      {"path /: urgency", "'urgency'"},
      {"path /: ", "''"},
      {"path /: u=1,", "''"},
  };
  for (const auto& wrong : kCases) {
    const absl::Status status =
        PriorityRules::Parse(std::string("path /ok: i; ") + wrong.rule)
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong.rule;
    EXPECT_THAT(std::string(status.message()), HasSubstr(wrong.named));
  }
}

}  // namespace
}  // namespace sluice::examples
