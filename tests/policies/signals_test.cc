// How each policy takes signals of a kind that is not its own, signals that
// come late, and the application's own.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/scheduler/translation.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "tests/policies/policy_driver.h"

namespace sluice::scheduler {
namespace {

using signals::Rfc7540Priority;
using signals::Rfc9218Priority;
using testing::BookedPolicy;
using testing::Make;
using testing::PolicyDriver;
using testing::Said;

StreamInfo Field(int urgency, bool incremental = false) {
  return {.rfc9218 = Rfc9218Priority{urgency, incremental}};
}

StreamInfo Chain(StreamId depends_on, int weight) {
  return {.rfc7540 = Rfc7540Priority{depends_on, weight, true}};
}

StreamInfo Sharing(int weight) {
  return {.rfc7540 = Rfc7540Priority{0, weight, false}};
}

StreamInfo Hint(ResourceClass resource_class, bool in_head = false) {
  return {.hints = {.resource_class = resource_class, .in_head = in_head}};
}

StreamInfo Override(StreamInfo info, const Rfc9218Priority& server) {
  info.server = ServerPriority{.rfc9218 = server};
  return info;
}

// --- Translation -------------------------------------------------------------

TEST(TranslationTest, ChromiumsWeightsTranslateToItsUrgencies) {
  const std::vector<int> weights = {256, 220, 183, 147, 110, 74, 37, 1};
  for (size_t urgency = 0; urgency < weights.size(); ++urgency) {
    EXPECT_EQ(TranslateToRfc9218({0, weights[urgency], true}),
              (Rfc9218Priority{static_cast<int>(urgency), false}));
  }
  EXPECT_EQ(UrgencyOfChainWeight(255), 1);
  EXPECT_EQ(UrgencyOfChainWeight(146), 4);
  EXPECT_EQ(UrgencyOfChainWeight(36), 7);
}

TEST(TranslationTest, SharersAreIncrementalAndADoubledWeightIsOneMoreUrgent) {
  const std::vector<int> weights = {1, 2, 4, 8, 16, 32, 64, 128};
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_EQ(TranslateToRfc9218({0, weights[i], false}),
              (Rfc9218Priority{static_cast<int>(7 - i), true}));
  }
  EXPECT_EQ(TranslateToRfc9218({0, 256, false}).urgency, 0);
  EXPECT_EQ(TranslateToRfc9218({0, 31, false}).urgency, 3);
}

TEST(TranslationTest, AnUrgencysWeightIsReadBackAsTheUrgency) {
  for (int urgency = 0; urgency <= 7; ++urgency) {
    EXPECT_EQ(TranslateToRfc9218({0, WeightOfUrgency(urgency), false}),
              (Rfc9218Priority{urgency, true}));
  }
  EXPECT_EQ(WeightOfUrgency(3), signals::kDefaultWeight);
}

TEST(TranslationTest, AClassIsGuessedFromTheSignalWhenNoHintNamesOne) {
  const auto guess = [](const StreamInfo& info) {
    return ChromeGroupOf(ResourceOf(info));
  };
  for (int urgency = 0; urgency < 4; ++urgency) {
    EXPECT_EQ(guess(Field(urgency)), static_cast<size_t>(urgency));
  }
  EXPECT_EQ(guess(Field(4)), 4u);
  EXPECT_EQ(guess(Chain(0, 220)), 1u);
  EXPECT_EQ(guess({}), 4u);
  StreamInfo hinted = Field(0);
  hinted.hints.resource_class = ResourceClass::kImage;
  EXPECT_EQ(guess(hinted), 3u);
}

// --- Late hints --------------------------------------------------------------

class ClassPolicyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ClassPolicyTest, WithoutHintsTheClientsSignalStandsForTheClass) {
  PolicyDriver driver(Make(GetParam()));
  driver.Add(1, 2800, Field(4));
  driver.Add(3, 2800, Field(0));
  EXPECT_EQ(driver.Run(2), "3,3");
}

TEST_P(ClassPolicyTest, AHintThatComesLateMovesTheStreamAtOnce) {
  PolicyDriver driver(Make(GetParam()));
  driver.Add(1, 140000, Hint(ResourceClass::kOther));
  driver.Add(3, 2800);
  EXPECT_EQ(driver.Run(1), "1");
  ASSERT_TRUE(driver.policy()
                  .OnPriority(3, Hint(ResourceClass::kCss, true), Said::kHints)
                  .ok());
  EXPECT_EQ(driver.Run(3), "3,3,1");
}

TEST_P(ClassPolicyTest, AHintMovesAStreamDownAsWell) {
  PolicyDriver driver(Make(GetParam()));
  driver.Add(1, 140000, Hint(ResourceClass::kCss, true));
  driver.Add(3, 140000, Hint(ResourceClass::kCss, true));
  driver.Run(4);
  ASSERT_TRUE(driver.policy()
                  .OnPriority(1, Hint(ResourceClass::kOther), Said::kHints)
                  .ok());
  driver.Run(1);  // what stream 1 may still be owed
  EXPECT_EQ(driver.Run(3), "3,3,3");
}

INSTANTIATE_TEST_SUITE_P(Policies, ClassPolicyTest,
                         ::testing::Values("wrr", "dfifo", "spdyrr", "firefox",
                                           "parallel_plus", "serial_plus",
                                           "pmeenan", "pmeenan_html",
                                           "zero_weight"));

// A level of groups, and one of the streams in a group.
TEST(FirefoxTest, APickIsExplainedByItsGroupAndItsPlaceInIt) {
  PolicyDriver driver(Make("firefox"));
  driver.Add(1, 2800, Hint(ResourceClass::kCss));
  driver.Add(3, 2800, Hint(ResourceClass::kCss));
  driver.Add(5, 2800, Hint(ResourceClass::kFetch));
  BookedPolicy& policy = driver.policy();
  ASSERT_EQ(policy.Pick()->stream_id, 1u);
  std::vector<PathLevel> levels(3);
  ASSERT_EQ(policy.ExplainPick(absl::MakeSpan(levels)), 2u);
  EXPECT_EQ(levels[0].parent, 0u);
  EXPECT_EQ(levels[0].child, 0u);
  EXPECT_EQ(levels[0].group, 0u);
  EXPECT_EQ(levels[0].weight, 201);
  EXPECT_EQ(levels[0].active, 2u);
  EXPECT_EQ(levels[1].parent, 0u);
  EXPECT_EQ(levels[1].child, 1u);
  EXPECT_EQ(levels[1].group, 1u);
  EXPECT_EQ(levels[1].weight, 32);
  EXPECT_EQ(levels[1].active, 2u);
}

TEST(ServerDrivenTest, APickIsExplainedByThePolicyThatMadeIt) {
  PolicyDriver driver(Make("server_driven"));
  for (const StreamId id : {1, 3}) driver.Add(id, 2800);
  for (const StreamId id : {5, 7}) {
    driver.Add(id, 2800, Hint(ResourceClass::kCss));
  }
  BookedPolicy& policy = driver.policy();
  for (const StreamId id : {5, 1}) {
    ASSERT_EQ(policy.Pick()->stream_id, id);
    PathLevel level;
    ASSERT_EQ(policy.ExplainPick(absl::MakeSpan(&level, 1)), 1u);
    EXPECT_EQ(level.child, id);
    EXPECT_EQ(level.active, 2u);
    policy.Charge(id, 1400);
    policy.SetBlocked(5);
    policy.SetBlocked(7);
  }
}

// In a chain the place is that of the request order, whenever the hint comes,
// and those behind a stream that leaves move up.
TEST(ParallelPlusTest, AStreamIsChainedWhereItsRequestOrderPutsIt) {
  PolicyDriver driver(Make("parallel_plus"));
  for (StreamId id = 1; id <= 9; id += 2) {
    driver.Add(id, 2800, Hint(ResourceClass::kCss));
  }
  BookedPolicy& policy = driver.policy();
  ASSERT_TRUE(
      policy.OnPriority(5, Hint(ResourceClass::kOther), Said::kHints).ok());
  ASSERT_TRUE(
      policy.OnPriority(1, Hint(ResourceClass::kOther), Said::kHints).ok());
  ASSERT_TRUE(
      policy.OnPriority(5, Hint(ResourceClass::kFont), Said::kHints).ok());
  EXPECT_EQ(driver.Run(), "3,3,5,5,7,7,9,9,1,1");
}

TEST(ParallelPlusTest, NormalYieldsWhileAStreamOfHighIsOpenEvenIfBlocked) {
  PolicyDriver driver(Make("parallel_plus"));
  StreamInfo late_js = Hint(ResourceClass::kJs);
  late_js.hints.after_first_image = true;
  driver.Add(1, 1400, Hint(ResourceClass::kHtml));
  driver.Add(3, 140000, late_js);
  driver.Add(5, 140000, Hint(ResourceClass::kImage));
  driver.policy().SetBlocked(1);
  // Weight 1 against 1: normal and low share.
  EXPECT_EQ(driver.Run(4), "3,5,3,5");
  EXPECT_EQ(driver.Run(196).size(), std::string("3,5,").size() * 98 - 1);
  EXPECT_EQ(driver.sent(3), driver.sent(5));
}

// --- RFC 9218 ----------------------------------------------------------------

TEST(Rfc9218Test, APriorityUpdateMovesAStreamBetweenTwoGrants) {
  PolicyDriver driver(Make("rfc9218"));
  driver.Add(1, 5600, Field(3));
  driver.Add(3, 5600, Field(3));
  EXPECT_EQ(driver.Run(1), "1");
  ASSERT_TRUE(driver.policy().OnPriority(3, Field(1), Said::kRfc9218).ok());
  EXPECT_EQ(driver.Run(1), "3");
  ASSERT_TRUE(driver.policy().OnPriority(3, Field(7), Said::kRfc9218).ok());
  EXPECT_EQ(driver.Run(), "1,1,1,3,3,3");
}

// §7: a PRIORITY_UPDATE may come before its stream, and goes over the field.
TEST(Rfc9218Test, AnUpdateBeforeTheStreamOpensHoldsWhateverItsHeadersSay) {
  PolicyDriver driver(Make("rfc9218"));
  BookedPolicy& policy = driver.policy();
  ASSERT_TRUE(policy.OnPriority(3, Field(0), Said::kRfc9218).ok());
  ASSERT_TRUE(policy.OnPriority(5, Field(0), Said::kRfc9218).ok());
  driver.Add(1, 1400, Field(2));
  driver.Add(3, 1400);
  driver.Add(5, 1400, Field(6));
  EXPECT_EQ(driver.Run(), "3,5,1");
}

// §11.
TEST(Rfc9218Test, AConnectTunnelIsIncremental) {
  PolicyDriver driver(Make("rfc9218"));
  StreamInfo tunnel = Field(3, false);
  tunnel.hints.tunnel = true;
  driver.Add(1, 2800, tunnel);
  driver.Add(3, 2800, Field(3));
  EXPECT_EQ(driver.Run(), "3,3,1,1");
}

// RFC 9218 §4: a client of this scheme that says nothing means u=3.
TEST(Rfc9218Test, DependenciesAreReadOnlyWhileTheClientSendsNoOtherSignals) {
  PolicyDriver driver(Make("rfc9218"));
  driver.Add(1, 140000, Chain(0, 110));
  driver.Add(3, 140000, Chain(1, 256));
  EXPECT_EQ(driver.Run(1), "3");
  StreamInfo both = Chain(3, 110);
  both.rfc9218 = Rfc9218Priority{4, false};
  driver.Add(5, 1400, both);
  EXPECT_EQ(driver.Run(1), "1");  // 1 and 3 are u=3 now, by stream id
}

TEST(Rfc9218Test, TheSettingAgainstDependenciesEndsTheirReading) {
  PolicyDriver driver(Make("rfc9218"));
  driver.Add(1, 140000, Chain(0, 110));
  driver.Add(3, 140000, Chain(1, 256));
  driver.policy().OnNoRfc7540Priorities();
  EXPECT_EQ(driver.Run(1), "1");
  EXPECT_TRUE(driver.policy().AnnouncesNoRfc7540Priorities());
}

TEST(Rfc9218Test, WithoutAGuardTheLeastUrgentWaitsForAllOthers) {
  PolicyDriver driver(Make("rfc9218"));
  driver.Add(1, 1400, Field(7));
  driver.Add(3, 1400 * 1000, Field(0));
  driver.Run(1000);
  EXPECT_EQ(driver.sent(1), 0u);
}

TEST(Rfc9218Test, TheStarvationGuardServesEachGroupOnceInSoManyBytes) {
  PolicyDriver driver(Make("rfc9218:starvation_guard=14000"));
  driver.Add(1, 1 << 30, Field(7));
  driver.Add(3, 1 << 30, Field(5, true));
  driver.Add(5, 1 << 30, Field(5));
  driver.Add(7, 1 << 30, Field(0));
  size_t since[4] = {0, 0, 0, 0};
  for (int step = 0; step < 1000; ++step) {
    const std::optional<StreamId> id = driver.Step();
    for (size_t& steps : since) ++steps;
    since[*id / 2] = 0;
    // Ten grants, and at most one for each other group that waits as well.
    for (const size_t steps : since) EXPECT_LE(steps, 13u);
  }
  EXPECT_GT(driver.sent(7), driver.sent(1) * 6);
}

TEST(Rfc9218Test, TheStarvationGuardServesAGroupAfterExactlySoManyBytes) {
  PolicyDriver driver(Make("rfc9218:starvation_guard=4200"));
  driver.Add(1, 1 << 20, Field(7));
  driver.Add(3, 1 << 20, Field(0));
  EXPECT_EQ(driver.Run(8), "3,3,3,1,3,3,3,1");
}

TEST(Rfc9218Test, TheApplicationsPriorityHoldsUntilItIsTakenBack) {
  PolicyDriver driver(Make("rfc9218"));
  driver.Add(1, 140000, Field(1));
  driver.Add(3, 140000, Field(2));
  BookedPolicy& policy = driver.policy();
  ASSERT_TRUE(
      policy.OnPriority(3, Override(Field(2), {0, false}), Said::kServer).ok());
  EXPECT_EQ(driver.Run(1), "3");
  // The client's later word does not move it, and is not lost.
  ASSERT_TRUE(
      policy.OnPriority(3, Override(Field(5), {0, false}), Said::kRfc9218)
          .ok());
  EXPECT_EQ(driver.Run(1), "3");
  ASSERT_TRUE(policy.OnPriority(3, Field(5), Said::kServer).ok());
  EXPECT_EQ(driver.Run(1), "1");
}

// --- srpt --------------------------------------------------------------------

TEST(SrptTest, TheFewestBytesLeftGoFirstAsTheyShrink) {
  PolicyDriver driver(Make("srpt"));
  const auto size = [](uint64_t bytes) {
    return StreamInfo{.hints = {.bytes_remaining = bytes}};
  };
  driver.Add(1, 2800);
  driver.Add(3, 7000, size(7000));
  driver.Add(5, 4200, size(4200));
  EXPECT_EQ(driver.Run(2), "5,5");
  driver.Add(7, 2800, size(2800));
  EXPECT_EQ(driver.Run(2), "5,7");  // 1,400 left of 5; then 7
  ASSERT_TRUE(driver.policy().OnPriority(1, size(700), Said::kHints).ok());
  EXPECT_EQ(driver.Run(1), "1");
}

// --- server_driven -----------------------------------------------------------

TEST(ServerDrivenTest, CssAndJsGoFirstWhileTheClientNamesNoDependency) {
  PolicyDriver driver(Make("server_driven"));
  StreamInfo css = Sharing(16);
  css.hints.resource_class = ResourceClass::kCss;
  driver.Add(1, 2800, Sharing(256));
  driver.Add(3, 2800, css);
  driver.Add(5, 2800, Hint(ResourceClass::kJs));
  EXPECT_EQ(driver.Run(), "3,5,3,5,1,1");
}

TEST(ServerDrivenTest, AHintThatComesLateMovesTheStreamUp) {
  PolicyDriver driver(Make("server_driven"));
  driver.Add(1, 140000);
  driver.Add(3, 2800);
  EXPECT_EQ(driver.Run(1), "1");
  ASSERT_TRUE(driver.policy()
                  .OnPriority(3, Hint(ResourceClass::kCss), Said::kHints)
                  .ok());
  EXPECT_EQ(driver.Run(3), "3,3,1");
}

TEST(ServerDrivenTest, TheFirstDependencyMakesTheClientsTreeDecide) {
  PolicyDriver driver(Make("server_driven"));
  driver.Add(1, 140000);
  driver.Add(3, 140000, Hint(ResourceClass::kCss));
  EXPECT_EQ(driver.Run(2), "3,3");
  StreamInfo dependent = Hint(ResourceClass::kCss);
  dependent.rfc7540 = Rfc7540Priority{1, 16, false};
  ASSERT_TRUE(driver.policy().OnPriority(3, dependent, Said::kRfc7540).ok());
  EXPECT_EQ(driver.Run(3), "1,1,1");
}

// 1 and 5 are no css: 64 and 16 by their urgency.
TEST(ServerDrivenTest, UrgenciesStandForWeightsOnBothSides) {
  PolicyDriver driver(Make("server_driven"));
  StreamInfo css = Field(2);
  css.hints.resource_class = ResourceClass::kCss;
  driver.Add(1, 140000, Field(1));
  driver.Add(3, 2800, css);
  driver.Add(5, 140000, Field(3));
  EXPECT_EQ(driver.Run(2), "3,3");
  driver.Run(500);
  EXPECT_EQ(driver.sent(1), 140000u);
  EXPECT_EQ(driver.sent(5), 140000u);
}

TEST(ServerDrivenTest, SignalsFromBeforeAStreamOpensHoldOnBothSides) {
  PolicyDriver driver(Make("server_driven"));
  ASSERT_TRUE(driver.policy().OnPriority(5, Sharing(240), Said::kRfc7540).ok());
  driver.Add(1, 1 << 30);
  driver.Add(3, 1 << 30, Hint(ResourceClass::kCss));
  driver.Add(5, 1 << 30, Hint(ResourceClass::kCss));
  driver.Run(10000);
  EXPECT_EQ(driver.sent(1), 0u);
  EXPECT_NEAR(driver.sent(5) / 240, driver.sent(3) / 16, 16384 / 16 + 69);
}

// --- auto --------------------------------------------------------------------

// Under the tree 3 goes before 1, which depends on it; by urgency 1 goes first.
class AutoTest : public ::testing::Test {
 protected:
  AutoTest() {
    driver_.Add(3, 1 << 20, Sharing(16));
    StreamInfo first;
    first.rfc7540 = Rfc7540Priority{3, 16, false};
    driver_.Add(5, 1 << 20, first);
  }

  PolicyDriver driver_{Make("auto")};
};

TEST_F(AutoTest, AConnectionWithDependenciesOnlyIsServedByTheTree) {
  EXPECT_EQ(driver_.Run(3), "3,3,3");
  EXPECT_FALSE(driver_.policy().AnnouncesNoRfc7540Priorities());
}

TEST_F(AutoTest, APriorityFieldOnAnyRequestSwitchesTheConnection) {
  EXPECT_EQ(driver_.Run(1), "3");
  driver_.Add(7, 2800, Field(1));
  EXPECT_EQ(driver_.Run(2), "7,7");
  // Without a field of their own both are u=3 now: by stream id.
  EXPECT_EQ(driver_.Run(1), "3");
}

TEST_F(AutoTest, APriorityUpdateSwitchesTheConnectionEvenForAnIdleStream) {
  ASSERT_TRUE(driver_.policy().OnPriority(9, Field(1), Said::kRfc9218).ok());
  ASSERT_TRUE(driver_.policy().OnPriority(5, Field(2), Said::kRfc9218).ok());
  EXPECT_EQ(driver_.Run(1), "5");
  driver_.Add(9, 1400);
  EXPECT_EQ(driver_.Run(2), "9,5");
}

TEST_F(AutoTest, TheSettingAgainstDependenciesSwitchesTheConnection) {
  driver_.policy().OnNoRfc7540Priorities();
  ASSERT_TRUE(driver_.policy()
                  .OnPriority(5, Override({}, {0, false}), Said::kServer)
                  .ok());
  EXPECT_EQ(driver_.Run(2), "5,5");
}

TEST_F(AutoTest, TheApplicationsOwnFieldDoesNotSwitchIt) {
  ASSERT_TRUE(driver_.policy()
                  .OnPriority(5, Override({}, {0, false}), Said::kServer)
                  .ok());
  EXPECT_EQ(driver_.Run(2), "3,3");
}

// Chromium moves an image into view by PRIORITY frames: 147, then 220.
TEST_F(AutoTest, ALaterPriorityFrameGivesItsWeightsUrgency) {
  driver_.Add(7, 1 << 20, Field(3));
  EXPECT_EQ(driver_.Run(1), "3");
  StreamInfo moved = Field(3);
  moved.rfc7540 = Rfc7540Priority{0, 220, true};
  ASSERT_TRUE(driver_.policy().OnPriority(7, moved, Said::kRfc7540).ok());
  EXPECT_EQ(driver_.Run(2), "7,7");
  // A hint or the application's word in between does not undo it …
  ASSERT_TRUE(driver_.policy().OnPriority(7, moved, Said::kHints).ok());
  EXPECT_EQ(driver_.Run(1), "7");
  // … and a PRIORITY_UPDATE has the last word.
  moved.rfc9218->urgency = 6;
  ASSERT_TRUE(driver_.policy().OnPriority(7, moved, Said::kRfc9218).ok());
  EXPECT_EQ(driver_.Run(1), "3");
}

// Before the client's first RFC 9218 signal, a PRIORITY frame is as good as a
// dependency in HEADERS: the tree alone reads it.
TEST_F(AutoTest, APriorityFrameFromBeforeTheSwitchIsTheTreesAlone) {
  StreamInfo raised;
  raised.rfc7540 = Rfc7540Priority{0, 256, true};
  ASSERT_TRUE(driver_.policy().OnPriority(5, raised, Said::kRfc7540).ok());
  EXPECT_EQ(driver_.Run(2), "5,5");
  driver_.Add(7, 1 << 20, Field(2));
  EXPECT_EQ(driver_.Run(2), "7,7");
  ASSERT_TRUE(driver_.policy().OnPriority(5, raised, Said::kHints).ok());
  EXPECT_EQ(driver_.Run(1), "7");
  // The same frame again, now that urgencies decide.
  ASSERT_TRUE(driver_.policy().OnPriority(5, raised, Said::kRfc7540).ok());
  EXPECT_EQ(driver_.Run(2), "5,5");
}

TEST_F(AutoTest, SwitchingBetweenAPickAndItsChargeIsSafe) {
  BookedPolicy& policy = driver_.policy();
  std::optional<Grant> grant = policy.Pick();
  ASSERT_EQ(grant->stream_id, 3u);
  ASSERT_TRUE(policy.OnPriority(5, Field(0), Said::kRfc9218).ok());
  policy.Charge(3, 1400);
  EXPECT_EQ(driver_.Run(2), "5,5");
}

// --- auto behind an intermediary ---------------------------------------------

StreamInfo Via(StreamInfo info = {}) {
  info.hints.via = true;
  return info;
}

// 1 is urgent, 3 and 5 are not: by the signals, 1 goes first.
class ViaTest : public ::testing::Test {
 protected:
  void Add(PolicyDriver& driver, const StreamInfo& first) {
    driver.Add(1, 1 << 20, first);
    driver.Add(3, 1 << 20, Field(6));
  }

  PolicyDriver driver_{Make("auto:via=share")};
};

TEST_F(ViaTest, ByDefaultTheFieldChangesNothing) {
  for (const char* spec : {"auto", "auto:via=ignore"}) {
    PolicyDriver driver(Make(spec));
    Add(driver, Via(Field(1)));
    EXPECT_EQ(driver.Run(3), "1,1,1") << spec;
  }
}

TEST_F(ViaTest, WithoutTheFieldSharingObeysTheSignalsToo) {
  Add(driver_, Field(1));
  EXPECT_EQ(driver_.Run(3), "1,1,1");
}

TEST_F(ViaTest, ARequestWithTheFieldMakesAllStreamsShare) {
  Add(driver_, Field(1));
  EXPECT_EQ(driver_.Run(2), "1,1");
  driver_.Add(5, 1 << 20, Via());
  driver_.Run(30);
  EXPECT_EQ(driver_.sent(1), 12u * 1400);
  EXPECT_EQ(driver_.sent(3), 10u * 1400);
  EXPECT_EQ(driver_.sent(5), 10u * 1400);
}

TEST_F(ViaTest, SharingOutlivesTheRequestAndIgnoresLaterSignals) {
  driver_.Add(1, 1400, Via());
  EXPECT_EQ(driver_.Run(), "1");
  Add(driver_, Field(0));
  ASSERT_TRUE(driver_.policy().OnPriority(3, Field(7), Said::kRfc9218).ok());
  driver_.Run(20);
  EXPECT_EQ(driver_.sent(1), 11u * 1400);
  EXPECT_EQ(driver_.sent(3), 10u * 1400);
}

TEST_F(ViaTest, DependenciesShareAsWell) {
  driver_.Add(1, 1 << 20, Via(Chain(0, 256)));
  driver_.Add(3, 1 << 20, Chain(1, 16));
  driver_.Run(20);
  EXPECT_EQ(driver_.sent(1), driver_.sent(3));
}

TEST_F(ViaTest, AHintThatComesLateBeginsTheSharing) {
  Add(driver_, Field(1));
  ASSERT_TRUE(driver_.policy().OnPriority(3, Via(), Said::kHints).ok());
  driver_.Run(20);
  EXPECT_EQ(driver_.sent(1), driver_.sent(3));
}

// The server's rules about a response know nothing of its request.
TEST_F(ViaTest, LaterHintsDoNotTakeTheFieldBack) {
  StreamRecord record;
  const auto policy = *CreatePolicy("rr");
  StreamBook book(policy.get());
  ASSERT_EQ(book.Open(1, &record), absl::StatusCode::kOk);
  book.SetHints(&record, {.via = true});
  book.SetHints(&record, {.resource_class = ResourceClass::kCss});
  EXPECT_TRUE(record.info.hints.via);
  book.Close(&record);
}

TEST_F(ViaTest, SharingThatBeginsBetweenAPickAndItsChargeIsSafe) {
  Add(driver_, Field(1));
  BookedPolicy& policy = driver_.policy();
  std::optional<Grant> grant = policy.Pick();
  ASSERT_EQ(grant->stream_id, 1u);
  ASSERT_TRUE(policy.OnPriority(3, Via(), Said::kHints).ok());
  policy.Charge(1, 1400);
  driver_.Run(20);
  EXPECT_EQ(driver_.sent(1), driver_.sent(3));
}

TEST_F(ViaTest, AnotherValueIsRefused) {
  EXPECT_EQ(
      CreatePolicy("auto:via=yes").status().message(),
      "policy 'auto': option 'via' is 'yes', expected one of ignore, share");
}

}  // namespace
}  // namespace sluice::scheduler
