// //scheduler:replay LOG [--policy=SPEC]
//
// Prints the decisions of a call log (scheduler/trace_json.h) after playing it
// again, and with --policy what another policy would have done in its place.
// Exits with 1 when the log does not play to the decisions that it holds, and
// with 2 when the command line or the log cannot be read.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/replay.h>
#include <sluice/scheduler/trace.h>
#include <sluice/scheduler/trace_json.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace sluice::scheduler {
namespace {

constexpr int kDiffers = 1;
constexpr int kUnreadable = 2;
constexpr char kUsage[] =
    "usage: replay LOG [--policy=NAME[:KEY=VALUE,…]]\n"
    "Plays a call log again and prints each decision; with --policy, beside "
    "it\n"
    "what that policy would have done with the same streams and bytes.\n";

int Unreadable(absl::string_view sentence) {
  absl::FPrintF(stderr, "replay: %s\n", sentence);
  return kUnreadable;
}

// `bazel run` starts programs elsewhere and leaves the user's folder here.
std::string UserPath(const std::string& path) {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (folder == nullptr || path.empty() || path.front() == '/') return path;
  return absl::StrCat(folder, "/", path);
}

// The number of the line that holds call `index`. Empty lines hold no call.
size_t LineOf(const std::string& path, size_t index) {
  std::ifstream file(path);
  std::string line;
  size_t number = 0;
  for (size_t calls = 0; calls <= index && std::getline(file, line);) {
    ++number;
    if (!line.empty()) ++calls;
  }
  return std::max<size_t>(number, 1);
}

std::string Describe(const ReplayedPick& pick) {
  if (pick.id == 0) return "nothing ready";
  return absl::StrFormat("%d %d B (%s)", pick.id, pick.bytes, pick.rule);
}

// By stream: how many bytes of all had been sent when its last one was.
std::map<StreamId, uint64_t> DoneAt(const std::vector<ReplayedPick>& picks) {
  std::map<StreamId, uint64_t> done;
  uint64_t sent = 0;
  for (const ReplayedPick& pick : picks) {
    sent += pick.bytes;
    if (pick.bytes > 0) done[pick.id] = sent;
  }
  return done;
}

void PrintOne(const std::vector<ReplayedPick>& recorded) {
  for (size_t i = 0; i < recorded.size(); ++i) {
    absl::PrintF("%6d  %s\n", i, Describe(recorded[i]));
  }
}

void PrintBoth(const std::vector<ReplayedPick>& recorded,
               const std::vector<ReplayedPick>& other,
               absl::string_view policy) {
  // Picks that sent nothing have no counterpart.
  std::vector<ReplayedPick> sent;
  for (const ReplayedPick& pick : recorded) {
    if (pick.bytes > 0) sent.push_back(pick);
  }
  absl::PrintF("%6s  %-40s  %s\n", "pick", "recorded", policy);
  for (size_t i = 0; i < std::max(sent.size(), other.size()); ++i) {
    absl::PrintF("%6d  %-40s  %s\n", i,
                 i < sent.size() ? Describe(sent[i]) : "",
                 i < other.size() ? Describe(other[i]) : "");
  }
  absl::PrintF("\n%6s  %16s  %16s  (bytes of all streams when it was done)\n",
               "stream", "recorded", policy);
  const std::map<StreamId, uint64_t> before = DoneAt(sent);
  std::map<StreamId, uint64_t> after = DoneAt(other);
  for (const auto& [id, bytes] : before) {
    absl::PrintF("%6d  %16d  %16d\n", id, bytes, after[id]);
  }
}

int Main(const std::vector<std::string>& arguments) {
  std::string log;
  std::string policy;
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if (argument == "--help") {
      absl::PrintF("%s", kUsage);
      return 0;
    }
    if (absl::ConsumePrefix(&argument, "--policy=")) {
      policy = std::string(argument);
    } else if (argument == "--policy" && i + 1 < arguments.size()) {
      policy = arguments[++i];
    } else if (absl::StartsWith(argument, "-") || !log.empty()) {
      return Unreadable(absl::StrCat("unexpected '", argument, "'\n", kUsage));
    } else {
      log = std::string(argument);
    }
  }
  if (log.empty()) return Unreadable(absl::StrCat("no log\n", kUsage));
  const std::string path = UserPath(log);
  std::ifstream file(path);
  if (!file) return Unreadable(absl::StrCat("cannot read ", log));
  const absl::StatusOr<std::vector<TraceEvent>> trace = ReadTrace(file);
  if (!trace.ok()) return Unreadable(trace.status().message());
  if (const std::optional<BadCall> bad = FindBadCall(*trace)) {
    return Unreadable(
        absl::StrCat("line ", LineOf(path, bad->index), ": ", bad->why));
  }

  const std::vector<ReplayedPick> recorded = RecordedPicks(*trace);
  const absl::StatusOr<std::vector<ReplayedPick>> replayed = Replay(*trace);
  if (!replayed.ok()) {  // the policy of the first call cannot be made
    return Unreadable(absl::StrCat("line ", LineOf(path, 0), ": ",
                                   replayed.status().message()));
  }
  if (*replayed != recorded) {
    const size_t at = std::mismatch(replayed->begin(), replayed->end(),
                                    recorded.begin(), recorded.end())
                          .first -
                      replayed->begin();
    absl::FPrintF(stderr, "replay: decision %d is another one now\n", at);
    return kDiffers;
  }
  if (policy.empty()) {
    PrintOne(recorded);
    return 0;
  }
  const absl::StatusOr<std::vector<ReplayedPick>> other =
      WhatIf(*trace, policy);
  if (!other.ok()) return Unreadable(other.status().message());
  PrintBoth(recorded, *other, policy);
  return 0;
}

}  // namespace
}  // namespace sluice::scheduler

int main(int argc, char** argv) {
  return sluice::scheduler::Main({argv + 1, argv + argc});
}
