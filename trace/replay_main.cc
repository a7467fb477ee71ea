// //scheduler:replay LOG [--policy=SPEC]
//
// Plays a decision log (trace/json_lines.h) again and prints its decisions;
// with --policy, also those of another policy in its place. Exits with 1 when
// the log's own policy decides otherwise now, and with 2 when the command line
// or the log is bad.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/replay.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "support/command_line.h"
#include "support/paths.h"

ABSL_FLAG(std::string, policy, "",
          "another policy, which plays the log too: NAME or NAME:KEY=VALUE,…");

namespace sluice::trace {
namespace {

using scheduler::StreamId;
using scheduler::TraceEvent;

using Picks = std::vector<ReplayedPick>;

constexpr int kDiffers = 1;
constexpr int kUnreadable = 2;
constexpr char kUsage[] =
    "Plays a decision log again and prints each decision. With --policy, it\n"
    "prints those of that policy too, for the same streams and bytes.\n\n"
    "  replay LOG [--policy=NAME[:KEY=VALUE,…]]";

int Unreadable(absl::string_view sentence) {
  absl::FPrintF(stderr, "replay: %s\n", sentence);
  return kUnreadable;
}

std::string Describe(const Picks& picks, size_t index) {
  if (index >= picks.size()) return "";
  const ReplayedPick& pick = picks[index];
  if (pick.id == 0) return "nothing ready";
  return absl::StrFormat("%d %d B (%s)", pick.id, pick.bytes, pick.rule);
}

// By stream: how many bytes of all had been sent when its last one was.
std::map<StreamId, uint64_t> DoneAt(const Picks& picks) {
  std::map<StreamId, uint64_t> done;
  uint64_t sent = 0;
  for (const ReplayedPick& pick : picks) {
    sent += pick.bytes;
    if (pick.bytes > 0) done[pick.id] = sent;
  }
  return done;
}

void PrintBoth(Picks recorded, const Picks& other, absl::string_view policy) {
  // Picks that sent nothing have no counterpart.
  std::erase_if(recorded,
                [](const ReplayedPick& pick) { return pick.bytes == 0; });
  absl::PrintF("%6s  %-40s  %s\n", "pick", "recorded", policy);
  for (size_t i = 0; i < std::max(recorded.size(), other.size()); ++i) {
    absl::PrintF("%6d  %-40s  %s\n", i, Describe(recorded, i),
                 Describe(other, i));
  }
  absl::PrintF("\n%6s  %16s  %16s  (bytes of all streams when it was done)\n",
               "stream", "recorded", policy);
  std::map<StreamId, uint64_t> after = DoneAt(other);
  for (const auto& [id, bytes] : DoneAt(recorded)) {
    absl::PrintF("%6d  %16d  %16d\n", id, bytes, after[id]);
  }
}

int Play(const std::string& path, const std::string& policy) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) {
    return Unreadable(absl::StrCat("cannot read ", path));
  }
  const absl::StatusOr<std::vector<TraceEvent>> trace = ReadTrace(file);
  if (!trace.ok()) {
    return Unreadable(absl::StrCat(path, ", ", trace.status().message()));
  }
  const Picks recorded = RecordedPicks(*trace);
  const absl::StatusOr<Picks> replayed = Replay(*trace);
  if (!replayed.ok()) return Unreadable(replayed.status().message());
  for (size_t i = 0; i < recorded.size(); ++i) {
    if (recorded[i] == (*replayed)[i]) continue;
    absl::FPrintF(stderr, "replay: decision %d was %s, and is %s now\n", i,
                  Describe(recorded, i), Describe(*replayed, i));
    return kDiffers;
  }
  if (policy.empty()) {
    for (size_t i = 0; i < recorded.size(); ++i) {
      absl::PrintF("%6d  %s\n", i, Describe(recorded, i));
    }
    return 0;
  }
  const absl::StatusOr<Picks> other = WhatIf(*trace, policy);
  if (!other.ok()) return Unreadable(other.status().message());
  PrintBoth(recorded, *other, policy);
  return 0;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> logs =
      support::ParseFlagsOrExit(argc, argv, kUsage);
  if (logs.size() != 1) {
    support::ExitBadCommandLine(
        "replay", absl::StrCat(logs.size(),
                               " logs are given; it must be one, see --help"));
  }
  return support::StatusOfOutput(
      "replay",
      Play(support::ResolveUserPath(logs[0]), absl::GetFlag(FLAGS_policy)));
}

}  // namespace
}  // namespace sluice::trace

int main(int argc, char** argv) { return sluice::trace::Main(argc, argv); }
