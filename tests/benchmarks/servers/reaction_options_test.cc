#include "benchmarks/servers/reaction_options.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "benchmarks/servers/prober.h"
#include "gtest/gtest.h"

namespace sluice::servers {
namespace {

TEST(ReactionOptionsTest, ARateIsANumberAndAUnit) {
  EXPECT_EQ(*ParseRate("8mbit"), 8'000'000);
  EXPECT_EQ(*ParseRate("1.6mbit"), 1'600'000);
  EXPECT_EQ(*ParseRate("64kbit"), 64'000);
  EXPECT_EQ(*ParseRate("1gbit"), 1'000'000'000);
}

TEST(ReactionOptionsTest, ABadRateIsGivenBackWithWhatIsAllowed) {
  for (const std::string text :
       {"", "8", "mbit", "8MB", "-8mbit", "63kbit", "1.1gbit", "nanmbit"}) {
    EXPECT_EQ(ParseRate(text).status(),
              absl::InvalidArgumentError(
                  "--rate is '" + text +
                  "'; it must be 64kbit to 1gbit, such as 800kbit or 1.6mbit"));
  }
}

TEST(ReactionOptionsTest, AScenarioSetsTheQueueAndTheMoment) {
  const Scenario full = {"full", 200, 900};
  const Scenario drained = {"drained", 100, 2500};
  EXPECT_EQ(*ParseScenarios("all", 0, 0), (std::vector{full, drained}));
  EXPECT_EQ(*ParseScenarios("drained", 0, 0), std::vector{drained});
  EXPECT_EQ(*ParseScenarios("full", 50, 0),
            (std::vector{Scenario{"full", 50, 900}}));
  EXPECT_EQ(*ParseScenarios("full", 0, 700),
            (std::vector{Scenario{"full", 200, 700}}));
}

TEST(ReactionOptionsTest, ABadScenarioIsNamed) {
  EXPECT_EQ(ParseScenarios("full,empty", 0, 0).status(),
            absl::InvalidArgumentError(
                "--scenarios names 'empty'; it is a list of full and drained, "
                "or all"));
  EXPECT_EQ(ParseScenarios("full", 2, 0).status(),
            absl::InvalidArgumentError("--queue_kb is 2; it must be at least "
                                       "3, or 0 for the scenario's own"));
  EXPECT_EQ(ParseScenarios("full", 0, 5001).status(),
            absl::InvalidArgumentError("--ask_after_kb is 5001; it must be 1 "
                                       "to 5000, or 0 for the scenario's own"));
}

TEST(ReactionOptionsTest, SignalsAreAListOfNames) {
  EXPECT_EQ(*ParseSignals("update,7540"),
            (std::vector{Signals::kPriorityUpdate, Signals::kRfc7540}));
  EXPECT_EQ(ParseSignals("all")->size(), 4u);
  EXPECT_EQ(ParseSignals("7540,").status(),
            absl::InvalidArgumentError("--signals names ''; it is a list of "
                                       "7540, 9218, both and update, or all"));
}

}  // namespace
}  // namespace sluice::servers
