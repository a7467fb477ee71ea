#include <sluice/h2/budgets.h>
#include <sluice/h2/options.h>

#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace sluice::h2 {
namespace {

int SpendAll(Budget& budget) {
  int spent = 0;
  while (budget.Spend()) ++spent;
  return spent;
}

TEST(BudgetTest, AllowsItsBurstAndNoMore) {
  const BudgetOptions options = {5, 0, 0};
  Budget budget(&options);
  EXPECT_EQ(SpendAll(budget), 5);
  EXPECT_FALSE(budget.Spend());
}

TEST(BudgetTest, ComesBackByUsefulWorkUpToTheBurst) {
  const BudgetOptions options = {5, 0, 2};
  Budget budget(&options);
  SpendAll(budget);
  budget.Work(1);
  EXPECT_EQ(SpendAll(budget), 2);
  budget.Work(1000000);
  EXPECT_EQ(SpendAll(budget), 5);
}

TEST(BudgetTest, ComesBackByTimeAndKeepsPartsOfAToken) {
  const BudgetOptions options = {100, 10, 0};
  Budget budget(&options);
  SpendAll(budget);
  for (int i = 0; i < 10; ++i) budget.Advance(absl::Milliseconds(25));
  EXPECT_EQ(SpendAll(budget), 2);
  budget.Advance(absl::Milliseconds(50));
  EXPECT_EQ(SpendAll(budget), 1);
  budget.Advance(absl::Hours(100000));
  EXPECT_EQ(SpendAll(budget), 100);
}

int SpendAll(Budgets& budgets, Budgets::Kind kind) {
  int spent = 0;
  while (budgets.Spend(kind).ok()) ++spent;
  return spent;
}

TEST(BudgetsTest, EveryKindHasItsOwn) {
  BudgetSet options;
  BudgetOptions BudgetSet::*const members[] = {
      &BudgetSet::priority,       &BudgetSet::priority_update,
      &BudgetSet::empty_data,     &BudgetSet::window_update,
      &BudgetSet::settings,       &BudgetSet::ping_ack,
      &BudgetSet::goaway,         &BudgetSet::informational,
      &BudgetSet::unknown_frame,  &BudgetSet::peer_reset,
      &BudgetSet::provoked_reset, &BudgetSet::dropped_headers};
  uint32_t burst = 0;
  for (BudgetOptions BudgetSet::*member : members) {
    options.*member = {++burst, 0, 0};
  }
  options.priority = {1, 0, 0};
  options.settings = {5, 1, 1};
  Budgets budgets(&options);
  for (int kind = 0; kind <= Budgets::kDroppedHeaders; ++kind) {
    EXPECT_EQ(SpendAll(budgets, static_cast<Budgets::Kind>(kind)), kind + 1);
  }
  budgets.Advance(absl::Seconds(1));
  budgets.Work(1);
  EXPECT_EQ(SpendAll(budgets, Budgets::kPriority), 0);
  EXPECT_EQ(SpendAll(budgets, Budgets::kSettings), 2);
}

TEST(BudgetsTest, EveryKibibyteThatComesInIsAUnitOfWork) {
  BudgetSet options;
  options.priority = {10, 0, 1};
  Budgets budgets(&options);
  SpendAll(budgets, Budgets::kPriority);
  budgets.WorkOnBytes(1023);
  EXPECT_EQ(SpendAll(budgets, Budgets::kPriority), 0);
  budgets.WorkOnBytes(1 + 2048 + 1000);
  EXPECT_EQ(SpendAll(budgets, Budgets::kPriority), 3);
  budgets.WorkOnBytes(24);
  EXPECT_EQ(SpendAll(budgets, Budgets::kPriority), 1);
}

TEST(BudgetsTest, TheErrorNamesTheFramesAndTheirLimit) {
  BudgetSet options;
  options.peer_reset = {0, 33, 1};
  Budgets budgets(&options);
  EXPECT_EQ(budgets.Spend(Budgets::kPeerReset).message(),
            "too many RST_STREAM frames: 0 at once and 33 a second are allowed "
            "(RFC 9113 10.5)");
}

}  // namespace
}  // namespace sluice::h2
