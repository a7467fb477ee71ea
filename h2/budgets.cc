#include <sluice/h2/budgets.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/options.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sluice::h2 {
namespace {

constexpr int64_t kBytesOfAUnit = 1024;

struct Row {
  BudgetOptions BudgetSet::*options;
  absl::string_view frames;  // for error texts
};

// In the order of Budgets::Kind.
constexpr Row kRows[] = {
    {&BudgetSet::priority, "PRIORITY frames"},
    {&BudgetSet::priority_update, "PRIORITY_UPDATE frames"},
    {&BudgetSet::empty_data, "empty DATA frames"},
    {&BudgetSet::window_update, "WINDOW_UPDATE frames"},
    {&BudgetSet::settings, "SETTINGS frames"},
    {&BudgetSet::ping_ack, "answers to PINGs that were not sent"},
    {&BudgetSet::goaway, "GOAWAY frames"},
    {&BudgetSet::informational, "informational responses"},
    {&BudgetSet::unknown_frame, "frames of unknown types"},
    {&BudgetSet::peer_reset, "RST_STREAM frames"},
    {&BudgetSet::provoked_reset, "stream errors"},
};
static_assert(std::size(kRows) == Budgets::kProvokedReset + 1);

}  // namespace

bool Budget::Spend() {
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void Budget::Add(double tokens) {
  tokens_ = std::min<double>(options_.burst, tokens_ + tokens);
}

Budgets::Budgets(const BudgetSet& options) {
  for (size_t i = 0; i < std::size(kRows); ++i) {
    budgets_[i] = Budget(options.*kRows[i].options);
  }
}

absl::Status Budgets::Spend(Kind kind) {
  GiveTokensForWork();
  Budget& budget = budgets_[kind];
  if (budget.Spend()) return absl::OkStatus();
  return ConnectionFault(ErrorKind::kDenialOfService, "too many ",
                         kRows[kind].frames, ": ", budget.options().burst,
                         " at once and ", budget.options().per_second,
                         " a second are allowed (RFC 9113 10.5)");
}

void Budgets::GiveTokensForWork() {
  const int64_t units = work_ + bytes_ / kBytesOfAUnit;
  if (units == 0) return;
  for (Budget& budget : budgets_) budget.Work(units);
  work_ = 0;
  bytes_ %= kBytesOfAUnit;
}

void Budgets::Advance(absl::Duration elapsed) {
  for (Budget& budget : budgets_) budget.Advance(elapsed);
}

}  // namespace sluice::h2
