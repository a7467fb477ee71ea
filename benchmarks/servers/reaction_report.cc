#include "benchmarks/servers/reaction_report.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/servers/link_direction.h"
#include "benchmarks/servers/prober.h"
#include "benchmarks/servers/reaction_meter.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/slow_link.h"
#include "benchmarks/servers/spread.h"
#include "nlohmann/json.hpp"

namespace sluice::servers {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kKb = 1024;

struct CellSpreads {
  Spread kb_before;
  Spread kb_between;
  Spread round_trips;  // to the urgent body's last byte
};

CellSpreads SpreadsOf(const Cell& cell, absl::Duration round_trip) {
  const auto over_runs = [&](auto figure) {
    std::vector<double> values;
    for (const Measurement& run : cell.runs) {
      values.push_back(figure(run.reaction));
    }
    return SpreadOf(std::move(values));
  };
  return {.kb_before =
              over_runs([](const Reaction& r) { return r.low_before / kKb; }),
          .kb_between =
              over_runs([](const Reaction& r) { return r.low_between / kKb; }),
          .round_trips = over_runs([&](const Reaction& r) {
            return absl::FDivDuration(r.to_last, round_trip);
          })};
}

std::string Row(absl::Span<const std::string> columns) {
  constexpr size_t kWidths[] = {10, 9, 20, 18, 0};
  std::string row;
  for (size_t i = 0; i < columns.size(); ++i) {
    absl::StrAppend(&row, Padded(columns[i], kWidths[i]));
  }
  return absl::StrCat(row, "\n");
}

Json ToJson(const LinkCounters& counters) {
  return {{"packets", counters.packets},
          {"bytes", counters.bytes},
          {"dropped_packets", counters.dropped_packets},
          {"most_queued_bytes", counters.most_queued_bytes},
          {"most_late_ms", absl::ToDoubleMilliseconds(counters.most_late)}};
}

Json ToJson(const Measurement& run) {
  const Reaction& reaction = run.reaction;
  return {{"low_bytes_before", reaction.low_before},
          {"low_bytes_between", reaction.low_between},
          {"first_frame_ms", absl::ToDoubleMilliseconds(reaction.to_first)},
          {"last_byte_ms", absl::ToDoubleMilliseconds(reaction.to_last)},
          {"link_real_time", run.link.real_time},
          {"down", ToJson(run.link.down)},
          {"up", ToJson(run.link.up)}};
}

Json ToJson(const Cell& cell, absl::Duration round_trip) {
  const CellSpreads spreads = SpreadsOf(cell, round_trip);
  Json runs = Json::array();
  for (const Measurement& run : cell.runs) runs.push_back(ToJson(run));
  return {{"scenario", cell.scenario.name},
          {"queue_kb", cell.scenario.queue_kb},
          {"ask_after_kb", cell.scenario.ask_after_kb},
          {"signals", SignalsName(cell.signals)},
          {"low_kb_before", spreads.kb_before},
          {"low_kb_between", spreads.kb_between},
          {"round_trips_to_last_byte", spreads.round_trips},
          {"runs", std::move(runs)}};
}

}  // namespace

std::string OneRun(const Reaction& reaction, absl::Duration round_trip) {
  return absl::StrFormat("%.0f+%.0f KB, %.1f round trips",
                         reaction.low_before / kKb, reaction.low_between / kKb,
                         absl::FDivDuration(reaction.to_last, round_trip));
}

std::string ReactionTable(absl::Span<const Cell> cells,
                          absl::Duration round_trip) {
  std::string table = Row({"scenario", "signals", "low KB before",
                           "low KB between", "round trips to the last byte"});
  for (const Cell& cell : cells) {
    if (cell.runs.empty()) continue;
    const CellSpreads spreads = SpreadsOf(cell, round_trip);
    absl::StrAppend(
        &table, Row({cell.scenario.name, std::string(SignalsName(cell.signals)),
                     SpreadText(spreads.kb_before, 0),
                     SpreadText(spreads.kb_between, 0),
                     SpreadText(spreads.round_trips, 1)}));
  }
  return table;
}

std::string LinkNote(absl::Span<const Cell> cells) {
  absl::Duration most_late = absl::ZeroDuration();
  bool real_time = true;
  for (const Cell& cell : cells) {
    for (const Measurement& run : cell.runs) {
      most_late =
          std::max({most_late, run.link.down.most_late, run.link.up.most_late});
      real_time = real_time && run.link.real_time;
    }
  }
  return absl::StrFormat(
      "The link delivered no packet more than %.1f ms late.%s\n",
      absl::ToDoubleMilliseconds(most_late),
      real_time ? ""
                : " It had no real-time priority (CAP_SYS_NICE), so other "
                  "processes add noise.");
}

std::string ReactionJson(const ReactionOptions& options,
                         absl::Span<const Cell> cells) {
  const absl::Duration round_trip = options.link.round_trip;
  Json array = Json::array();
  for (const Cell& cell : cells) {
    if (!cell.runs.empty()) array.push_back(ToJson(cell, round_trip));
  }
  const Json json = {{"server", options.server},
                     {"bits_per_second", options.link.bits_per_second},
                     {"round_trip_ms", absl::ToDoubleMilliseconds(round_trip)},
                     {"congestion", options.link.congestion},
                     {"tls", options.tls},
                     {"repeat", options.repeat},
                     {"cells", std::move(array)}};
  return json.dump(2) + "\n";
}

}  // namespace sluice::servers
