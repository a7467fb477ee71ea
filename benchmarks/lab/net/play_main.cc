// ./bazelw run //benchmarks/lab/net:play -- LOG --rate=8mbit --rtt=100ms
//     [--policies=fifo,rfc9218:mixed=alternate] [--json=FILE]
//
// Plays a decision log over a link of that rate and round-trip time, once under
// its own policy and once under each of --policies, and prints when the first
// and the last byte of each stream arrive, in milliseconds (play.h has the
// model). Exits with 2 when the command line or the log is bad.
#include <sluice/scheduler/trace.h>
#include <sluice/signals/stream_id.h>
#include <sluice/trace/json_lines.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/lab/net/link.h"
#include "benchmarks/lab/net/network_spec.h"
#include "benchmarks/lab/net/play.h"
#include "nlohmann/json.hpp"
#include "support/command_line.h"
#include "support/paths.h"
#include "support/whole_file.h"

ABSL_FLAG(std::string, rate, "8mbit",
          "of the link to the client, without the overhead of TCP and TLS, in "
          "bits per second: 400k, 1.6M, 8mbit");
ABSL_FLAG(absl::Duration, rtt, absl::Milliseconds(100),
          "the round-trip time, at most 1m");
ABSL_FLAG(int, send_buffer, 16384,
          "bytes that the server has chosen and not sent yet, at most");
ABSL_FLAG(std::string, policies, "",
          "policies beside the log's own: NAME or NAME:KEY=VALUE,…, after each "
          "other with commas");
ABSL_FLAG(std::string, json, "", "the file to which the table goes too");

namespace sluice::lab {
namespace {

constexpr char kProgram[] = "play";
constexpr char kUsage[] =
    "Plays a decision log over a link and prints when the bytes of each stream "
    "arrive.\n\n"
    "  play LOG --rate=8mbit --rtt=100ms [--policies=LIST] [--json=FILE]";

template <class... Words>
[[noreturn]] void Refuse(const Words&... words) {
  support::ExitBadCommandLine(kProgram, absl::StrCat(words...));
}

LinkOptions OptionsOfFlags() {
  LinkOptions options;
  const absl::StatusOr<int64_t> rate = ParseRate(absl::GetFlag(FLAGS_rate));
  if (!rate.ok()) {
    Refuse("--rate is ", absl::GetFlag(FLAGS_rate), "; it ",
           rate.status().message());
  }
  options.down_bits_per_second = *rate;
  const absl::Duration rtt = absl::GetFlag(FLAGS_rtt);
  if (rtt < absl::ZeroDuration() || rtt > absl::Minutes(1)) {
    Refuse("--rtt is ", absl::FormatDuration(rtt),
           "; it must be from 0 to 1m, as in 100ms");
  }
  options.round_trip_ns = absl::ToInt64Nanoseconds(rtt);
  const int buffer = absl::GetFlag(FLAGS_send_buffer);
  if (buffer < 0) {
    Refuse("--send_buffer is ", buffer, "; it must not be negative");
  }
  options.send_buffer_bytes = static_cast<size_t>(buffer);
  return options;
}

// A comma ends a policy's spec unless another option of it follows.
std::vector<std::string> SplitSpecs(absl::string_view list) {
  std::vector<std::string> specs;
  for (const absl::string_view item :
       absl::StrSplit(list, ',', absl::SkipEmpty())) {
    const bool option = absl::StrContains(item.substr(0, item.find(':')), '=');
    if (option && !specs.empty()) {
      absl::StrAppend(&specs.back(), ",", item);
    } else {
      specs.emplace_back(item);
    }
  }
  return specs;
}

struct Played {
  std::string spec;
  std::vector<PlayedStream> streams;
};

std::string Milliseconds(int64_t ns) {
  return absl::StrFormat("%.1f", static_cast<double>(ns) / 1e6);
}

// A line for each stream, two columns for each policy.
void Print(const std::vector<Played>& played) {
  struct Row {
    uint64_t bytes = 0;
    std::vector<std::string> cells;
  };
  std::map<signals::StreamId, Row> rows;
  std::vector<int> widths;  // of a policy's cells: its name fits over two
  absl::PrintF("%6s  %10s", "", "");
  for (size_t i = 0; i < played.size(); ++i) {
    widths.push_back(std::max(9, static_cast<int>(played[i].spec.size()) / 2));
    absl::PrintF("  %*s", 2 * widths[i] + 2, played[i].spec);
    for (const PlayedStream& stream : played[i].streams) {
      Row& row = rows[stream.id];
      row.bytes = std::max(row.bytes, stream.bytes);
      row.cells.resize(2 * played.size(), "-");
      row.cells[2 * i] = Milliseconds(stream.first_byte_ns);
      row.cells[2 * i + 1] = Milliseconds(stream.last_byte_ns);
    }
  }
  absl::PrintF("\n%6s  %10s", "stream", "bytes");
  for (const int width : widths) {
    absl::PrintF("  %*s  %*s", width, "first ms", width, "last ms");
  }
  absl::PrintF("\n");
  for (const auto& [id, row] : rows) {
    absl::PrintF("%6d  %10d", id, row.bytes);
    for (size_t i = 0; i < row.cells.size(); ++i) {
      absl::PrintF("  %*s", widths[i / 2], row.cells[i]);
    }
    absl::PrintF("\n");
  }
}

std::string ToJson(const std::vector<Played>& played,
                   const LinkOptions& options) {
  nlohmann::ordered_json out;
  out["rate_bits_per_second"] = options.down_bits_per_second;
  out["rtt_ms"] = static_cast<double>(options.round_trip_ns) / 1e6;
  out["send_buffer_bytes"] = options.send_buffer_bytes;
  for (const auto& [spec, streams] : played) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const PlayedStream& stream : streams) {
      list.push_back(
          {{"id", stream.id},
           {"bytes", stream.bytes},
           {"first_byte_ms", static_cast<double>(stream.first_byte_ns) / 1e6},
           {"last_byte_ms", static_cast<double>(stream.last_byte_ns) / 1e6}});
    }
    out["policies"].push_back({{"policy", spec}, {"streams", list}});
  }
  return out.dump(2) + "\n";
}

int Main(int argc, char** argv) {
  const std::vector<std::string> logs =
      support::ParseFlagsOrExit(argc, argv, kUsage);
  if (logs.size() != 1) {
    Refuse(logs.size(), " logs are given; it must be one, see --help");
  }
  const LinkOptions options = OptionsOfFlags();
  const std::string path = support::ResolveUserPath(logs[0]);
  support::NoteInput(path);
  std::ifstream file(path);
  if (!file) Refuse("cannot read ", logs[0]);
  const absl::StatusOr<std::vector<scheduler::TraceEvent>> log =
      trace::ReadTrace(file);
  if (!log.ok()) Refuse(logs[0], ", ", log.status().message());
  std::vector<std::string> specs = {
      std::get<scheduler::TraceMade>(log->front()).spec};
  for (std::string& spec : SplitSpecs(absl::GetFlag(FLAGS_policies))) {
    specs.push_back(std::move(spec));
  }
  const std::unique_ptr<support::WholeFile> json =
      support::OpenOrExit(kProgram, "json", absl::GetFlag(FLAGS_json));
  std::vector<Played> played;
  for (const std::string& spec : specs) {
    absl::StatusOr<std::vector<PlayedStream>> streams =
        PlayLog(*log, spec, options);
    if (!streams.ok()) Refuse(streams.status().message());
    played.push_back({spec, *std::move(streams)});
  }
  Print(played);
  int status = EXIT_SUCCESS;
  if (json != nullptr) {
    json->stream() << ToJson(played, options);
    if (!json->Close()) {
      absl::FPrintF(stderr, "%s: writing %s failed\n", kProgram, json->path());
      status = EXIT_FAILURE;
    }
  }
  return support::StatusOfOutput(kProgram, status);
}

}  // namespace
}  // namespace sluice::lab

int main(int argc, char** argv) { return sluice::lab::Main(argc, argv); }
