#include "tests/fuzz/fuzz_input.h"

#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

namespace sluice::fuzz {
namespace {

using h2::BudgetOptions;
using h2::BudgetSet;
using h2::SettingId;

constexpr BudgetOptions BudgetSet::*kBudgets[] = {
    &BudgetSet::priority,       &BudgetSet::priority_update,
    &BudgetSet::empty_data,     &BudgetSet::window_update,
    &BudgetSet::settings,       &BudgetSet::ping_ack,
    &BudgetSet::goaway,         &BudgetSet::informational,
    &BudgetSet::unknown_frame,  &BudgetSet::peer_reset,
    &BudgetSet::provoked_reset, &BudgetSet::dropped_headers};

template <size_t size>
uint32_t OneOf(Input& input, const uint32_t (&values)[size]) {
  return values[input.Byte() % size];
}

}  // namespace

void DrawHarmlessLimits(Input& input, h2::Limits* limits) {
  limits->output_high_water_mark = input.Limit(limits->output_high_water_mark);
  limits->output_control_high_water_mark =
      input.Limit(limits->output_control_high_water_mark);
  limits->max_closed_streams = input.Limit(limits->max_closed_streams);
  limits->max_reserved_streams = input.Limit(limits->max_reserved_streams);
}

void DrawSmallBudget(Input& input, BudgetSet* budgets) {
  budgets->*kBudgets[input.Byte() % std::size(kBudgets)] = {
      .burst = input.Byte() % 4u,
      .per_second = 0,
      .per_work_unit = input.Flag() ? 1.0 : 0.0};
}

BudgetSet AmpleBudgets() {
  BudgetSet budgets;
  for (const auto budget : kBudgets) (budgets.*budget).burst = 1000000000;
  return budgets;
}

void DrawHarmfulLimits(Input& input, h2::Limits* limits) {
  limits->max_header_list_size = input.Limit(limits->max_header_list_size);
  limits->max_header_bytes_per_read =
      input.Limit(limits->max_header_bytes_per_read);
  limits->max_continuation_frames =
      input.Limit(limits->max_continuation_frames);
  limits->max_idle_priority_updates =
      input.Limit(limits->max_idle_priority_updates);
  limits->max_unread_control_bytes =
      input.Limit(limits->max_unread_control_bytes);
  limits->max_queued_answers = input.Limit(limits->max_queued_answers);
  DrawSmallBudget(input, &limits->budgets);
}

std::vector<h2::Setting> DrawSettings(Input& input, h2::Side side) {
  std::vector<h2::Setting> settings;
  const uint8_t which = input.Byte();
  if (which & 1) {
    settings.push_back({SettingId::kInitialWindowSize,
                        OneOf(input, {0, 1, 2, 700, 5000, 16384, 65535, 1000000,
                                      0x7fffffff})});
  }
  if (which & 2) {
    settings.push_back({SettingId::kMaxConcurrentStreams,
                        OneOf(input, {0, 1, 2, 3, 100, 0xffffffff})});
  }
  if (which & 4) {
    settings.push_back({SettingId::kMaxFrameSize,
                        OneOf(input, {16384, 16385, 40000, 16777215})});
  }
  if (which & 8) {
    settings.push_back(
        {SettingId::kHeaderTableSize, OneOf(input, {0, 1, 64, 4096, 65536})});
  }
  if ((which & 16) != 0 && side == h2::Side::kClient) {
    settings.push_back({SettingId::kEnablePush, OneOf(input, {0, 1})});
  }
  return settings;
}

}  // namespace sluice::fuzz
