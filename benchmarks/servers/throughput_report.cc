#include "benchmarks/servers/throughput_report.h"

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "benchmarks/servers/spread.h"
#include "nlohmann/json.hpp"

namespace sluice::servers {
namespace {

using Json = nlohmann::ordered_json;

Spread Over(const LoadCell& cell, double LoadRun::*figure) {
  std::vector<double> values;
  for (const LoadRun& run : cell.runs) values.push_back(run.*figure);
  return SpreadOf(std::move(values));
}

// Our CPU time by `cell`'s, under the same load with as many threads.
std::optional<double> OursByIts(const LoadCell& cell,
                                absl::Span<const LoadCell> cells) {
  for (const LoadCell& ours : cells) {
    if (ours.server != kOurs || ours.runs.empty() ||
        ours.threads != cell.threads || ours.load.tls != cell.load.tls ||
        ours.load.bytes != cell.load.bytes) {
      continue;
    }
    return Over(ours, &LoadRun::cpu_us).median /
           Over(cell, &LoadRun::cpu_us).median;
  }
  return std::nullopt;
}

std::string Row(absl::Span<const std::string> columns) {
  constexpr size_t kWidths[] = {10, 11, 9, 9, 26, 11, 26, 26, 0};
  static_assert(std::size(kWidths) == 9);
  std::string row;
  for (size_t i = 0; i < columns.size(); ++i) {
    absl::StrAppend(&row, Padded(columns[i], kWidths[i]));
  }
  return absl::StrCat(row, "\n");
}

std::string Figure(const std::optional<double>& value) {
  return value.has_value() ? absl::StrFormat("%.2f", *value) : "–";
}

}  // namespace

std::string SizeName(size_t bytes) {
  constexpr size_t kKb = 1024;
  if (bytes > 0 && bytes % (kKb * kKb) == 0) {
    return absl::StrCat(bytes / (kKb * kKb), " MB");
  }
  if (bytes > 0 && bytes % kKb == 0) return absl::StrCat(bytes / kKb, " KB");
  return absl::StrCat(bytes, " bytes");
}

std::string ThroughputTable(absl::Span<const LoadCell> cells) {
  std::string table =
      Row({"file", "transport", "server", "threads", "CPU µs a request",
           "ours ÷ it", "busiest thread, µs", "requests a second",
           "system calls a request"});
  for (const LoadCell& cell : cells) {
    if (cell.runs.empty()) continue;
    absl::StrAppend(
        &table,
        Row({SizeName(cell.load.bytes), cell.load.tls ? "TLS" : "cleartext",
             cell.server, absl::StrCat(cell.threads),
             SpreadText(Over(cell, &LoadRun::cpu_us), 2),
             cell.server == kOurs ? "" : Figure(OursByIts(cell, cells)),
             SpreadText(Over(cell, &LoadRun::busiest_cpu_us), 2),
             SpreadText(Over(cell, &LoadRun::requests_per_second), 0),
             Figure(cell.system_calls)}));
  }
  return table;
}

std::string ThroughputJson(int clients, int streams,
                           absl::Span<const LoadCell> cells,
                           absl::Span<const std::string> notes) {
  Json array = Json::array();
  for (const LoadCell& cell : cells) {
    if (cell.runs.empty()) continue;
    Json runs = Json::array();
    for (const LoadRun& run : cell.runs) {
      runs.push_back({{"cpu_us", run.cpu_us},
                      {"busiest_cpu_us", run.busiest_cpu_us},
                      {"requests_per_second", run.requests_per_second}});
    }
    Json json = {{"server", cell.server},
                 {"threads", cell.threads},
                 {"bytes", cell.load.bytes},
                 {"tls", cell.load.tls},
                 {"requests", cell.load.requests},
                 {"cpu_us", Over(cell, &LoadRun::cpu_us)}};
    if (const auto ratio = OursByIts(cell, cells); ratio.has_value()) {
      json["ours_by_its_cpu"] = *ratio;
    }
    if (cell.system_calls.has_value()) {
      json["system_calls_per_request"] = *cell.system_calls;
    }
    json["runs"] = std::move(runs);
    array.push_back(std::move(json));
  }
  const Json json = {
      {"clients", clients},
      {"streams", streams},
      {"notes", std::vector<std::string>(notes.begin(), notes.end())},
      {"cells", std::move(array)}};
  return json.dump(2) + "\n";
}

}  // namespace sluice::servers
