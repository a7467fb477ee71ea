#include "benchmarks/probe/judge.h"

#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/probe/catalogue.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/run.h"
#include "benchmarks/probe/script.h"
#include "benchmarks/servers/spread.h"

namespace sluice::probe {
namespace {

constexpr double kKb = 1024;
// A ratio beyond this shows no share: all but one choice in 48 went to one
// side.
constexpr double kStrict = 40;

double Total(const RunOutcome& outcome) {
  return static_cast<double>(absl::c_accumulate(outcome.bytes, int64_t{0}));
}

double BytesOfRequests(const RunOutcome& outcome,
                       absl::Span<const size_t> requests) {
  double bytes = 0;
  for (const size_t request : requests) {
    bytes += static_cast<double>(outcome.bytes[request]);
  }
  return bytes;
}

double Percent(const RunOutcome& outcome, absl::Span<const size_t> requests) {
  return 100 * BytesOfRequests(outcome, requests) / Total(outcome);
}

// 100: all requests got the same; 0: one got everything.
double EvenPercent(const RunOutcome& outcome) {
  const auto requests = static_cast<double>(outcome.bytes.size());
  const double largest =
      static_cast<double>(*absl::c_max_element(outcome.bytes)) / Total(outcome);
  return 100 * (1 - largest) / (1 - 1 / requests);
}

double LimitedRatio(double favoured, double others) {
  constexpr double kMost = 64;
  if (others <= 0) return kMost;
  return std::clamp(favoured / others, 1 / kMost, kMost);
}

Figures ShareFigures(const Played& first, const Played& second) {
  double favoured = 0;
  double others = 0;
  double logarithm = 0;
  for (const Played* played : {&first, &second}) {
    const double mine =
        BytesOfRequests(played->outcome, played->script.favoured);
    const double rest = Total(played->outcome) - mine;
    favoured += mine;
    others += rest;
    logarithm += std::log(LimitedRatio(mine, rest)) / 2;
  }
  Figures figures = {{"favoured_kb", favoured / kKb},
                     {"others_kb", others / kKb}};
  if (std::exp(logarithm) < kStrict) figures["share"] = std::exp(logarithm);
  return figures;
}

// Whether the response of the favoured request is the most urgent by its field.
bool FieldsFavour(const Played& played) {
  const auto urgency = [&](size_t request) {
    const auto& field = played.outcome.priority_fields[request];
    const auto parsed = signals::ParseRfc9218Priority(field.value_or(""));
    return parsed ? parsed->urgency : signals::kDefaultUrgency;
  };
  const size_t favoured = played.script.favoured.front();
  for (size_t i = 0; i < played.outcome.bytes.size(); ++i) {
    if (i != favoured && urgency(i) <= urgency(favoured)) return false;
  }
  return true;
}

std::vector<double> Values(absl::Span<const Figures> repeats,
                           const std::string& name, double otherwise) {
  std::vector<double> values;
  for (const Figures& figures : repeats) {
    const auto found = figures.find(name);
    values.push_back(found == figures.end() ? otherwise : found->second);
  }
  return values;
}

double Median(absl::Span<const Figures> repeats, const std::string& name,
              double otherwise = 0) {
  return servers::SpreadOf(Values(repeats, name, otherwise)).median;
}

Verdict CannotTell(std::string reason) {
  return {.kind = VerdictKind::kCannotTell, .reason = std::move(reason)};
}

Verdict ShareVerdict(double share, double asked) {
  if (share >= asked * kNear && share <= asked / kNear) {
    return {.kind = VerdictKind::kHonoured};
  }
  if (share < 1 / kEqual) return {.kind = VerdictKind::kReversed};
  if (share <= kEqual) return {.kind = VerdictKind::kIgnored};
  return {.kind = VerdictKind::kPartly,
          .share = Share{.measured = share, .asked = asked}};
}

Verdict OrderVerdict(double with, double against) {
  const double effect = with - against;
  if (effect >= kHonoured) return {.kind = VerdictKind::kHonoured};
  if (effect <= -kPartly) return {.kind = VerdictKind::kReversed};
  if (effect < kPartly) return {.kind = VerdictKind::kIgnored};
  return {.kind = VerdictKind::kPartly,
          .reason = absl::StrFormat("%.0f %% of the bytes with the signals, "
                                    "%.0f %% against them",
                                    with, against)};
}

std::string OwnOrder(absl::Span<const Figures> repeats) {
  constexpr double kAll = 90;
  constexpr double kEven = 40;
  if (Median(repeats, "first_percent") >= kAll)
    return "the first request first";
  if (Median(repeats, "last_percent") >= kAll) return "the last request first";
  const double largest = Median(repeats, "largest_percent");
  if (largest <= kEven) return "all at once";
  return absl::StrFormat("one request gets %.0f %%", largest);
}

}  // namespace

Figures FiguresOf(const Experiment& experiment, const Played& first,
                  const Played& second) {
  switch (experiment.judge) {
    case Judge::kShare:
      return ShareFigures(first, second);
    case Judge::kIncremental:
      return {{"with_percent", EvenPercent(first.outcome)},
              {"against_percent", EvenPercent(second.outcome)}};
    case Judge::kControl: {
      const RunOutcome& outcome = first.outcome;
      const size_t last = outcome.bytes.size() - 1;
      const size_t largest =
          absl::c_max_element(outcome.bytes) - outcome.bytes.begin();
      return {{"first_percent", Percent(outcome, {0})},
              {"last_percent", Percent(outcome, {last})},
              {"largest_percent", Percent(outcome, {largest})}};
    }
    case Judge::kResponse: {
      if (!FieldsFavour(first) || !FieldsFavour(second)) {
        return {};
      }
      // The same URL, asked for last and first.
      const double equal =
          100 / static_cast<double>(first.outcome.bytes.size());
      const double with =
          std::min(Percent(first.outcome, first.script.favoured),
                   Percent(second.outcome, second.script.favoured));
      return {{"with_percent", with},
              {"against_percent", std::min(with, equal)}};
    }
    case Judge::kOrder:
    case Judge::kFieldOnly:
    case Judge::kLateness:
      break;
  }
  const std::vector<size_t>& of_first = first.script.favoured;
  const std::vector<size_t>& of_second = second.script.favoured;
  return {
      {"with_percent",
       (Percent(first.outcome, of_first) + Percent(second.outcome, of_second)) /
           2},
      {"against_percent",
       (Percent(second.outcome, of_first) + Percent(first.outcome, of_second)) /
           2}};
}

Verdict VerdictOf(const Experiment& experiment,
                  absl::Span<const Figures> repeats) {
  if (experiment.judge == Judge::kControl) {
    return CannotTell("no signals; " + OwnOrder(repeats));
  }
  if (experiment.judge == Judge::kShare) {
    return ShareVerdict(
        Median(repeats, "share", std::numeric_limits<double>::infinity()),
        experiment.asked);
  }
  if (absl::c_all_of(repeats, [](const Figures& f) { return f.empty(); })) {
    return CannotTell("no response's priority field favours it");
  }
  Verdict verdict = OrderVerdict(Median(repeats, "with_percent"),
                                 Median(repeats, "against_percent"));
  if (experiment.judge != Judge::kFieldOnly) return verdict;
  if (verdict.kind == VerdictKind::kReversed) {
    return {.kind = VerdictKind::kIgnored};
  }
  if (verdict.kind == VerdictKind::kIgnored) {
    return CannotTell("the order follows neither the fields nor the tree");
  }
  return verdict;
}

}  // namespace sluice::probe
