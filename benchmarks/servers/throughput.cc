#include "benchmarks/servers/throughput.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/servers/child_process.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/served_files.h"
#include "benchmarks/servers/throughput_report.h"

namespace sluice::servers {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kStartTimeout = absl::Seconds(10);
// A run's warm-up, and the run under strace, have this part of its requests.
constexpr int kWarmUpPart = 20;
constexpr int kTracedPart = 4;

// The CPUs that this process may use.
std::vector<int> Cpus() {
  cpu_set_t set;
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A port that nobody listens on.
absl::StatusOr<int> FreePort() {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (::bind(fd.get(), generic, size) != 0 ||
      ::getsockname(fd.get(), generic, &size) != 0) {
    return absl::ErrnoToStatus(errno, "cannot find a free port");
  }
  return ntohs(address.sin_port);
}

bool Listens(int port) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)) == 0;
}

absl::Status Pause(absl::Duration time, int interrupt) {
  pollfd wait = {interrupt, POLLIN, 0};
  const int ready =
      ::poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(time)));
  return ready > 0 ? absl::CancelledError("interrupted") : absl::OkStatus();
}

// The CPU time of each thread so far, by the kernel's scheduler, in
// microseconds. (The times of /proc/PID/stat have steps of 10 ms.)
absl::StatusOr<std::vector<double>> ThreadTimes(pid_t pid) {
  std::vector<double> times;
  std::error_code error;
  for (const fs::directory_entry& task :
       fs::directory_iterator(absl::StrCat("/proc/", pid, "/task"), error)) {
    int64_t nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    times.push_back(static_cast<double>(nanoseconds) / 1000);
  }
  if (times.empty() || *std::max_element(times.begin(), times.end()) == 0) {
    return absl::UnavailableError(
        "the kernel does not tell the CPU time of a thread "
        "(/proc/PID/task/TID/schedstat)");
  }
  return times;
}

// Runs cells of one kind.
class Runner {
 public:
  Runner(const ThroughputOptions& options, ServedFiles files,
         std::string h2load, int interrupt)
      : options_(options),
        files_(std::move(files)),
        h2load_(std::move(h2load)),
        interrupt_(interrupt),
        cpus_(Cpus()) {}

  absl::StatusOr<LoadRun> RunOnce(const LoadCell& cell);
  // Error: Unavailable (strace is not installed or not allowed).
  absl::StatusOr<double> CountSystemCalls(const LoadCell& cell);

 private:
  struct Running {
    std::unique_ptr<ChildProcess> process;
    int port = 0;
  };

  absl::StatusOr<Running> StartServer(const LoadCell& cell);
  // Error: Unavailable (a request failed).
  absl::Status RunLoad(const LoadCell& cell, int port, int requests);
  std::vector<int> ServerCpus(int threads) const;
  std::vector<int> LoadCpus(int threads) const;

  const ThroughputOptions& options_;
  const ServedFiles files_;
  const std::string h2load_;
  const int interrupt_;
  const std::vector<int> cpus_;
};

std::vector<int> Runner::ServerCpus(int threads) const {
  const size_t count = std::min<size_t>(threads, cpus_.size());
  return {cpus_.begin(), cpus_.begin() + count};
}

std::vector<int> Runner::LoadCpus(int threads) const {
  const size_t taken = std::min<size_t>(threads, cpus_.size());
  if (taken == cpus_.size()) return {};
  return {cpus_.begin() + taken, cpus_.end()};
}

absl::StatusOr<Runner::Running> Runner::StartServer(const LoadCell& cell) {
  const absl::StatusOr<int> port = FreePort();
  if (!port.ok()) return port.status();
  const bool ours = cell.server == kOurs;
  const std::string program =
      ours ? options_.ours[0] : *FindProgram(cell.server);
  const std::vector<std::string> more =
      ours ? std::vector<std::string>(options_.ours.begin() + 1,
                                      options_.ours.end())
           : std::vector<std::string>();
  absl::StatusOr<std::vector<std::string>> words = files_.Command(
      cell.server, program, more, *port, cell.load.tls, cell.threads);
  if (!words.ok()) return words.status();
  absl::StatusOr<std::unique_ptr<ChildProcess>> process = ChildProcess::Start(
      *std::move(words), {.cpus = ServerCpus(cell.threads), .quiet = !ours});
  if (!process.ok()) return process.status();
  const absl::Time end = absl::Now() + kStartTimeout;
  while (!Listens(*port)) {
    if (!(*process)->Runs() || absl::Now() > end) {
      return absl::UnavailableError(
          absl::StrCat("the server ", program, " does not listen"));
    }
    absl::Status status = Pause(absl::Milliseconds(10), interrupt_);
    if (!status.ok()) return status;
  }
  return Running{*std::move(process), *port};
}

absl::Status Runner::RunLoad(const LoadCell& cell, int port, int requests) {
  const int clients = options_.clients;
  absl::StatusOr<std::unique_ptr<ChildProcess>> load = ChildProcess::Start(
      {h2load_, absl::StrCat("--clients=", clients),
       absl::StrCat("--max-concurrent-streams=", options_.streams),
       absl::StrCat("--requests=", std::max(requests, clients)),
       absl::StrCat(cell.load.tls ? "https" : "http", "://127.0.0.1:", port,
                    "/", ServedFiles::Name(cell.load.bytes))},
      {.cpus = LoadCpus(cell.threads), .quiet = true});
  if (!load.ok()) return load.status();
  bool all = false;
  const std::string wanted =
      absl::StrCat(" ", std::max(requests, clients), " succeeded, 0 failed");
  while (true) {
    absl::StatusOr<std::optional<std::string>> line =
        (*load)->ReadLine(interrupt_);
    if (!line.ok()) return line.status();
    if (!line->has_value()) break;
    all = all || absl::StrContains(**line, wanted);
  }
  if ((*load)->Wait() == 0 && all) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("requests to ", cell.server, " failed"));
}

absl::StatusOr<LoadRun> Runner::RunOnce(const LoadCell& cell) {
  absl::StatusOr<Running> server = StartServer(cell);
  if (!server.ok()) return server.status();
  const int requests = cell.load.requests;
  absl::Status status = RunLoad(cell, server->port, requests / kWarmUpPart);
  if (!status.ok()) return status;
  const pid_t pid = server->process->pid();
  const absl::StatusOr<std::vector<double>> before = ThreadTimes(pid);
  if (!before.ok()) return before.status();
  const absl::Time start = absl::Now();
  status = RunLoad(cell, server->port, requests);
  if (!status.ok()) return status;
  const absl::Duration took = absl::Now() - start;
  const absl::StatusOr<std::vector<double>> after = ThreadTimes(pid);
  if (!after.ok()) return after.status();
  // Threads keep their order, and none ends.
  LoadRun run;
  for (size_t i = 0; i < after->size(); ++i) {
    const double spent = (*after)[i] - (i < before->size() ? (*before)[i] : 0);
    run.cpu_us += spent / requests;
    run.busiest_cpu_us = std::max(run.busiest_cpu_us, spent / requests);
  }
  run.requests_per_second = requests / absl::ToDoubleSeconds(took);
  return run;
}

// The calls of the "total" line of `strace -c`:
//   100.00    0.020312           4      4867       148 total
std::optional<double> TotalCalls(const std::string& summary) {
  for (const absl::string_view line : absl::StrSplit(summary, '\n')) {
    if (!absl::EndsWith(line, " total")) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    double calls = 0;
    if (words.size() > 3 && absl::SimpleAtod(words[3], &calls)) return calls;
  }
  return std::nullopt;
}

absl::StatusOr<double> Runner::CountSystemCalls(const LoadCell& cell) {
  const std::optional<std::string> strace = FindProgram("strace");
  if (!strace.has_value()) {
    return absl::UnavailableError(
        "strace is not installed: system calls are not counted");
  }
  absl::StatusOr<Running> server = StartServer(cell);
  if (!server.ok()) return server.status();
  const int requests = std::max(cell.load.requests / kTracedPart, 1);
  absl::Status status = RunLoad(cell, server->port, requests / kWarmUpPart);
  if (!status.ok()) return status;
  const std::string pid = absl::StrCat(server->process->pid());
  // With the summary on its standard error, and that on our pipe.
  absl::StatusOr<std::unique_ptr<ChildProcess>> tracer = ChildProcess::Start(
      {"/bin/sh", "-c", "exec \"$0\" -f -c -p \"$1\" 2>&1", *strace, pid});
  if (!tracer.ok()) return tracer.status();
  const absl::StatusOr<std::optional<std::string>> attached =
      (*tracer)->ReadLine(interrupt_);
  if (!attached.ok()) return attached.status();
  if (!attached->has_value() || !absl::StrContains(**attached, "attached")) {
    return absl::UnavailableError(
        "the kernel does not let strace in: system calls are not counted");
  }
  status = RunLoad(cell, server->port, requests);
  if (!status.ok()) return status;
  (*tracer)->Signal(SIGINT);
  std::string summary;
  while (true) {
    absl::StatusOr<std::optional<std::string>> line =
        (*tracer)->ReadLine(interrupt_);
    if (!line.ok()) return line.status();
    if (!line->has_value()) break;
    absl::StrAppend(&summary, **line, "\n");
  }
  const std::optional<double> calls = TotalCalls(summary);
  if (!calls.has_value()) {
    return absl::UnavailableError("strace gave no summary");
  }
  return *calls / requests;
}

std::vector<LoadCell> MakeCells(const ThroughputOptions& options,
                                std::vector<std::string>* notes) {
  std::vector<std::string> servers;
  for (const std::string& server : options.servers) {
    if (server == kOurs || FindProgram(server).has_value()) {
      servers.push_back(server);
      continue;
    }
    const absl::string_view package =
        server == "nghttpd" ? "nghttp2-server" : "h2o";
    notes->push_back(absl::StrCat(server,
                                  " is not installed (Debian's package ",
                                  package, "): it is left out"));
  }
  std::vector<LoadCell> cells;
  for (const Load& load : options.loads) {
    for (const std::string& server : servers) {
      for (const int threads : options.threads) {
        cells.push_back({.server = server,
                         .threads = threads,
                         .load = load,
                         .runs = {},
                         .system_calls = std::nullopt});
      }
    }
  }
  return cells;
}

}  // namespace

absl::StatusOr<Throughput> MeasureThroughput(
    const ThroughputOptions& options, int interrupt,
    const std::function<void(const std::string&)>& progress) {
  const std::optional<std::string> h2load = FindProgram("h2load");
  if (!h2load.has_value()) {
    return absl::FailedPreconditionError(
        "h2load is not installed (Debian's package nghttp2-client)");
  }
  std::vector<size_t> sizes;
  for (const Load& load : options.loads) sizes.push_back(load.bytes);
  absl::StatusOr<ServedFiles> files = ServedFiles::Create(sizes);
  if (!files.ok()) return files.status();
  Runner runner(options, *std::move(files), *h2load, interrupt);
  Throughput result;
  result.cells = MakeCells(options, &result.notes);
  for (const std::string& note : result.notes) progress(note);
  for (int round = 0; round < options.repeat; ++round) {
    for (LoadCell& cell : result.cells) {
      absl::StatusOr<LoadRun> run = runner.RunOnce(cell);
      if (!run.ok()) return run.status();
      cell.runs.push_back(*run);
      progress(absl::StrFormat(
          "[%d/%d] %s %s %s: %.2f µs a request", round + 1, options.repeat,
          cell.server, SizeName(cell.load.bytes),
          cell.load.tls ? "TLS" : "cleartext", run->cpu_us));
    }
  }
  if (!options.system_calls) return result;
  for (LoadCell& cell : result.cells) {
    const absl::StatusOr<double> calls = runner.CountSystemCalls(cell);
    if (calls.ok()) {
      cell.system_calls = *calls;
      continue;
    }
    if (absl::IsCancelled(calls.status())) return calls.status();
    result.notes.emplace_back(calls.status().message());
    progress(result.notes.back());
    break;
  }
  return result;
}

}  // namespace sluice::servers
