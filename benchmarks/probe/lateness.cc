#include "benchmarks/probe/lateness.h"

#include <sluice/h2/events.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/probe/judge.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/run.h"
#include "benchmarks/servers/prober.h"
#include "benchmarks/servers/spread.h"

namespace sluice::probe {
namespace {

constexpr double kKb = 1024;
constexpr double kAll = 0.95;
// Of the bytes from the urgent body's first to its last: equal shares among all
// bodies give it less than a tenth.
constexpr double kMoreThanEqual = 15;
// By then the connection is no longer young.
constexpr int64_t kAskAfter = int64_t{256} * 1024;
constexpr absl::Duration kPatience = absl::Seconds(5);

int64_t BodyOf(size_t lows) { return kAllLow / static_cast<int64_t>(lows); }

double MedianOf(absl::Span<const Figures> repeats, const std::string& name) {
  std::vector<double> values;
  for (const Figures& figures : repeats) values.push_back(figures.at(name));
  return servers::SpreadOf(std::move(values)).median;
}

}  // namespace

LatenessRun::LatenessRun(const Target& target, size_t streams)
    : lows_(std::min(kLowRequests, streams - 1)),
      prober_(
          {.signals = servers::Signals::kBoth,
           .low_requests = static_cast<int>(lows_),
           .low_path = target.low_path,
           .urgent_path = target.high_path,
           .scheme = target.scheme,
           .authority = target.authority,
           .ask_after_bytes = kAskAfter,
           .most_body_bytes = static_cast<uint32_t>(BodyOf(lows_)),
           .on_data = [this](const h2::DataReceived& data, absl::Duration now) {
             strip_.events.push_back(
                 {.at = now,
                  .what =
                      Arrived{.stream = data.stream_id,
                              .bytes = static_cast<int64_t>(data.data.size()),
                              .end = data.stream_ended}});
           }}) {
  for (size_t i = 0; i < lows_; ++i) {
    strip_.streams.push_back({.id = static_cast<h2::StreamId>(1 + 2 * i),
                              .label = "low",
                              .path = target.low_path,
                              .rank = 1});
  }
  strip_.streams.push_back({.id = static_cast<h2::StreamId>(1 + 2 * lows_),
                            .label = "urgent",
                            .path = target.high_path,
                            .rank = 0});
}

absl::Status LatenessRun::Start(absl::Duration now) {
  wake_at_ = now + kPatience;
  for (size_t i = 0; i < lows_; ++i) {
    strip_.events.push_back(
        {.at = now, .what = Requested{.stream = strip_.streams[i].id}});
  }
  return prober_.Start();
}

absl::Status LatenessRun::Receive(absl::string_view bytes, absl::Duration now) {
  wake_at_ = now + kPatience;
  const bool asked = prober_.urgent_stream() != 0;
  absl::Status status = prober_.Receive(bytes, now);
  if (!asked && prober_.urgent_stream() != 0) {
    strip_.events.push_back(
        {.at = now, .what = Requested{.stream = prober_.urgent_stream()}});
  }
  return status;
}

absl::Status LatenessRun::OnTime(absl::Duration) {
  return absl::UnavailableError("the server sends no byte for 5 s");
}

Figures LatenessRun::figures() const {
  const servers::Reaction& reaction = prober_.reaction();
  return {{"committed_kb", static_cast<double>(reaction.low_before) / kKb},
          {"committed_ms", absl::ToDoubleMilliseconds(reaction.to_first)},
          {"between_kb", static_cast<double>(reaction.low_between) / kKb},
          {"urgent_kb", static_cast<double>(BodyOf(lows_)) / kKb},
          {"flowed_kb", static_cast<double>(kAllLow - kAskAfter) / kKb}};
}

Verdict LatenessVerdict(absl::Span<const Figures> repeats) {
  const double flowed = MedianOf(repeats, "flowed_kb");
  if (MedianOf(repeats, "committed_kb") > kAll * flowed) {
    return {.kind = VerdictKind::kCannotTell,
            .reason = absl::StrFormat(
                "all %.0f KB were committed before the choice", flowed)};
  }
  const double urgent = MedianOf(repeats, "urgent_kb");
  const double between = MedianOf(repeats, "between_kb");
  const double percent = 100 * urgent / (urgent + between);
  if (percent >= kHonoured) return {.kind = VerdictKind::kHonoured};
  if (percent < kMoreThanEqual) return {.kind = VerdictKind::kIgnored};
  return {.kind = VerdictKind::kPartly,
          .reason = absl::StrFormat("%.0f KB of others came between", between)};
}

}  // namespace sluice::probe
