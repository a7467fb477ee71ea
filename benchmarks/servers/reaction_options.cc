#include "benchmarks/servers/reaction_options.h"

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "benchmarks/servers/prober.h"

namespace sluice::servers {
namespace {

constexpr double kLeastRate = 64e3;
constexpr double kMostRate = 1e9;
// Two packets.
constexpr int kLeastQueueKb = 3;

// 30 bodies of 200 KB; a scenario needs some that still flow.
constexpr int kMostAskAfterKb = 5000;

double TakeUnit(absl::string_view* text) {
  if (absl::ConsumeSuffix(text, "kbit")) return 1e3;
  if (absl::ConsumeSuffix(text, "mbit")) return 1e6;
  if (absl::ConsumeSuffix(text, "gbit")) return 1e9;
  return 0;
}

}  // namespace

absl::StatusOr<int64_t> ParseRate(absl::string_view text) {
  absl::string_view number = text;
  const double unit = TakeUnit(&number);
  double value = 0;
  if (unit > 0 && absl::SimpleAtod(number, &value)) {
    value *= unit;
    if (value >= kLeastRate && value <= kMostRate) {
      return static_cast<int64_t>(value);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--rate is '", text,
      "'; it must be 64kbit to 1gbit, such as 800kbit or 1.6mbit"));
}

absl::StatusOr<std::vector<Scenario>> ParseScenarios(absl::string_view text,
                                                     int queue_kb,
                                                     int ask_after_kb) {
  if (queue_kb != 0 && queue_kb < kLeastQueueKb) {
    return absl::InvalidArgumentError(
        absl::StrCat("--queue_kb is ", queue_kb, "; it must be at least ",
                     kLeastQueueKb, ", or 0 for the scenario's own"));
  }
  if (ask_after_kb < 0 || ask_after_kb > kMostAskAfterKb) {
    return absl::InvalidArgumentError(
        absl::StrCat("--ask_after_kb is ", ask_after_kb, "; it must be 1 to ",
                     kMostAskAfterKb, ", or 0 for the scenario's own"));
  }
  const std::vector<Scenario> all = {
      {.name = kFull, .queue_kb = 200, .ask_after_kb = 900},
      {.name = kDrained, .queue_kb = 100, .ask_after_kb = 2500}};
  std::vector<Scenario> scenarios;
  if (text == "all") scenarios = all;
  for (const absl::string_view name : absl::StrSplit(text, ',')) {
    if (text == "all") break;
    const auto found = absl::c_find_if(
        all, [&](const Scenario& scenario) { return scenario.name == name; });
    if (found == all.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--scenarios names '", name,
                       "'; it is a list of full and drained, or all"));
    }
    scenarios.push_back(*found);
  }
  for (Scenario& scenario : scenarios) {
    if (queue_kb > 0) scenario.queue_kb = queue_kb;
    if (ask_after_kb > 0) scenario.ask_after_kb = ask_after_kb;
  }
  return scenarios;
}

absl::StatusOr<std::vector<Signals>> ParseSignals(absl::string_view text) {
  std::vector<Signals> result;
  if (text == "all") {
    result.assign(std::begin(kAllSignals), std::end(kAllSignals));
    return result;
  }
  for (const absl::string_view name : absl::StrSplit(text, ',')) {
    const std::optional<Signals> signals = SignalsNamed(name);
    if (!signals.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--signals names '", name,
                       "'; it is a list of 7540, 9218, both and update, or "
                       "all"));
    }
    result.push_back(*signals);
  }
  return result;
}

}  // namespace sluice::servers
