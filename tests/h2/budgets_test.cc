#include <sluice/h2/budgets.h>
#include <sluice/h2/options.h>

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
  Budget budget({5, 0, 0});
  EXPECT_EQ(SpendAll(budget), 5);
  EXPECT_FALSE(budget.Spend());
}

TEST(BudgetTest, ComesBackByUsefulWorkUpToTheBurst) {
  Budget budget({5, 0, 2});
  SpendAll(budget);
  budget.Work(1);
  EXPECT_EQ(SpendAll(budget), 2);
  budget.Work(1000000);
  EXPECT_EQ(SpendAll(budget), 5);
}

TEST(BudgetTest, ComesBackByTimeAndKeepsPartsOfATokens) {
  Budget budget({100, 10, 0});
  SpendAll(budget);
  for (int i = 0; i < 10; ++i) budget.Advance(absl::Milliseconds(25));
  EXPECT_EQ(SpendAll(budget), 2);
  budget.Advance(absl::Milliseconds(50));
  EXPECT_EQ(SpendAll(budget), 1);
  budget.Advance(absl::Hours(100000));
  EXPECT_EQ(SpendAll(budget), 100);
}

TEST(BudgetsTest, EveryKindHasItsOwn) {
  BudgetSet options;
  options.priority = {1, 0, 0};
  options.settings = {2, 1, 1};
  Budgets budgets(options);
  EXPECT_EQ(SpendAll(budgets.priority), 1);
  EXPECT_EQ(SpendAll(budgets.settings), 2);
  EXPECT_EQ(SpendAll(budgets.unknown_frame), 1000);
  budgets.Advance(absl::Seconds(1));
  budgets.Work(1);
  EXPECT_EQ(SpendAll(budgets.priority), 0);
  EXPECT_EQ(SpendAll(budgets.settings), 2);
}

}  // namespace
}  // namespace sluice::h2
