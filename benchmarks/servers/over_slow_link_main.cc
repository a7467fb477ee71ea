// Runs a server at one end of a slow link and a client at the other:
//
//   over_slow_link --down=1600kbit --rtt=150ms -- SERVER WORD… -- CLIENT WORD…
//
// The client finds the server at 192.0.2.1. It starts when the server has
// written its first line, and the server ends with it. The client's standard
// output is ours, the rest of the server's is dropped. Exit status: the
// client's.
#include <sys/wait.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmarks/servers/child_process.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_report.h"
#include "benchmarks/servers/program.h"
#include "benchmarks/servers/reaction_options.h"
#include "benchmarks/servers/slow_link.h"
#include "support/command_line.h"
#include "support/whole_file.h"

ABSL_FLAG(
    std::string, down, "1600kbit",
    "the rate of IP packets to the client: kbit, mbit or gbit per second");
ABSL_FLAG(std::string, up, "", "the rate to the server; empty: as --down");
ABSL_FLAG(absl::Duration, rtt, absl::Milliseconds(150),
          "the round-trip time while the link's queues are empty");
ABSL_FLAG(int, queue, 64 * 1024, "bytes of the queue in each direction");
ABSL_FLAG(std::string, congestion, "bbr", "TCP's congestion control");
ABSL_FLAG(std::string, report, "",
          "writes what the link carried to this file, as JSON");

namespace sluice::servers {
namespace {

constexpr char kProgram[] = "over_slow_link";
constexpr char kUsage[] =
    "Runs a server at one end of a slow link and a client at the other.\n\n"
    "  over_slow_link --down=1600kbit --rtt=150ms -- SERVER WORD… -- CLIENT "
    "WORD…\n";

using Words = std::vector<std::string>;
using support::ExitBadCommandLine;

SlowLinkOptions OptionsOrExit() {
  SlowLinkOptions options;
  options.bits_per_second =
      support::ValueOrExit(kProgram, ParseRate(absl::GetFlag(FLAGS_down)));
  if (const std::string up = absl::GetFlag(FLAGS_up); !up.empty()) {
    options.up_bits_per_second = support::ValueOrExit(kProgram, ParseRate(up));
  }
  options.round_trip = absl::GetFlag(FLAGS_rtt);
  if (options.round_trip < absl::ZeroDuration() ||
      options.round_trip > absl::Seconds(10)) {
    ExitBadCommandLine(
        kProgram,
        absl::StrCat("--rtt is ", absl::FormatDuration(options.round_trip),
                     "; it must be 0 to 10s"));
  }
  const int queue = absl::GetFlag(FLAGS_queue);
  if (queue < 1500) {
    ExitBadCommandLine(kProgram,
                       absl::StrCat("--queue is ", queue,
                                    "; it must hold a packet of 1500 bytes"));
  }
  options.queue_bytes = static_cast<size_t>(queue);
  options.congestion = absl::GetFlag(FLAGS_congestion);
  options.client_loopback = true;  // browsers are driven by it
  return options;
}

// Starts `words` in the end's namespace.
absl::StatusOr<std::unique_ptr<ChildProcess>> StartAt(const LinkEnd& end,
                                                      const Words& words) {
  std::unique_ptr<ChildProcess> process;
  absl::Status status = end.Inside([&] {
    absl::StatusOr<std::unique_ptr<ChildProcess>> started =
        ChildProcess::Start(words);
    if (started.ok()) process = *std::move(started);
    return started.status();
  });
  if (!status.ok()) return status;
  return process;
}

// The client's exit status. `report` may be null.
absl::StatusOr<int> Run(const SlowLinkOptions& options, const Words& server,
                        const Words& client, support::WholeFile* report,
                        int interrupt) {
  absl::StatusOr<std::unique_ptr<SlowLink>> link = SlowLink::Create(options);
  if (!link.ok()) return link.status();
  const auto served = StartAt((*link)->server_end(), server);
  if (!served.ok()) return served.status();
  absl::StatusOr<std::optional<std::string>> line =
      (*served)->ReadLine(interrupt);
  if (!line.ok()) return line.status();
  if (!line->has_value()) {
    return absl::UnavailableError("the server ended before its first line");
  }
  const auto loaded = StartAt((*link)->client_end(), client);
  if (!loaded.ok()) return loaded.status();
  for (;;) {
    line = (*loaded)->ReadLine(interrupt, served->get());
    if (!line.ok()) return line.status();
    if (!line->has_value()) break;
    std::cout << **line << std::endl;
  }
  const int ended = (*loaded)->Wait();
  if (report != nullptr) {
    report->stream() << ReportJson((*link)->Stop()) << "\n";
    if (!report->Close()) {
      return absl::UnavailableError(
          absl::StrCat("writing ", report->path(), " failed"));
    }
  }
  return WIFEXITED(ended) ? WEXITSTATUS(ended) : EXIT_FAILURE;
}

int Main(const Words& words) {
  const auto between = absl::c_find(words, "--");
  const Words server(words.begin(), between);
  if (server.empty() || between == words.end() || between + 1 == words.end()) {
    ExitBadCommandLine(kProgram,
                       "a server and a client must follow the flags: -- SERVER "
                       "WORD… -- CLIENT WORD…");
  }
  const SlowLinkOptions options = OptionsOrExit();
  const std::unique_ptr<support::WholeFile> report =
      support::OpenOrExit(kProgram, "report", absl::GetFlag(FLAGS_report));
  const Fd interrupt = CatchInterrupts();
  const absl::StatusOr<int> status =
      Run(options, server, Words(between + 1, words.end()), report.get(),
          interrupt.get());
  if (status.ok()) return support::StatusOfOutput(kProgram, *status);
  std::cerr << kProgram << ": " << status.status().message() << "\n";
  return ExitStatusOf(status.status());
}

}  // namespace
}  // namespace sluice::servers

int main(int argc, char** argv) {
  return sluice::servers::Main(
      sluice::support::ParseFlagsOrExit(argc, argv, sluice::servers::kUsage));
}
