#include "benchmarks/servers/throughput.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
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
#include "benchmarks/servers/certificate.h"
#include "benchmarks/servers/child_process.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/peers.h"
#include "benchmarks/servers/runs.h"
#include "benchmarks/servers/server_flags.h"
#include "benchmarks/servers/spread.h"
#include "benchmarks/servers/temporary_folder.h"

namespace sluice::servers {
namespace {

namespace fs = std::filesystem;

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

// A socket of the loopback interface that has `port`; 0: any that is free.
Fd Bind(int port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  const bool bound =
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)) == 0;
  return bound ? std::move(fd) : Fd();
}

// A port that nobody listens on, nor on the next one, which a proxy's backend
// takes.
absl::StatusOr<int> FreePort() {
  constexpr int kTrials = 100;
  for (int i = 0; i < kTrials; ++i) {
    const Fd first = Bind(0);
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    if (::getsockname(first.get(), reinterpret_cast<sockaddr*>(&address),
                      &size) != 0) {
      break;
    }
    const int port = ntohs(address.sin_port);
    if (Bind(port + 1).valid()) return port;
  }
  return absl::UnavailableError("cannot find a free port");
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

double MedianTime(const Cell& cell) {
  std::vector<double> times;
  for (const Json& run : cell.runs) times.push_back(run["cpu_us"]);
  return SpreadOf(std::move(times)).median;
}

std::string FileName(size_t bytes) { return absl::StrCat(bytes, ".bin"); }

}  // namespace

std::vector<int> LoadRunner::ServerCpus(int threads) const {
  const size_t count = std::min<size_t>(threads, cpus_.size());
  return {cpus_.begin(), cpus_.begin() + count};
}

std::vector<int> LoadRunner::LoadCpus(int threads) const {
  const size_t taken = std::min<size_t>(threads, cpus_.size());
  if (taken == cpus_.size()) return {};
  return {cpus_.begin() + taken, cpus_.end()};
}

LoadRunner::LoadRunner(const Servers& servers, const ThroughputOptions& options,
                       int interrupt)
    : servers_(&servers),
      options_(options),
      interrupt_(interrupt),
      cpus_(Cpus()) {}

absl::StatusOr<LoadRunner> LoadRunner::Create(const Servers& servers,
                                              const ThroughputOptions& options,
                                              const std::vector<size_t>& sizes,
                                              int interrupt) {
  LoadRunner runner(servers, options, interrupt);
  const std::optional<std::string> h2load = FindProgram("h2load");
  if (!h2load.has_value()) {
    return absl::FailedPreconditionError(
        "h2load is not installed (Debian's package nghttp2-client)");
  }
  runner.h2load_ = *h2load;
  for (auto* folder : {&runner.folder_, &runner.secrets_}) {
    absl::StatusOr<std::unique_ptr<TemporaryFolder>> made =
        TemporaryFolder::Create();
    if (!made.ok()) return made.status();
    *folder = *std::move(made);
  }
  for (const size_t size : sizes) {
    absl::Status status = runner.folder_->AddFile(FileName(size), size);
    if (!status.ok()) return status;
  }
  const std::string& secrets = runner.secrets_->path();
  absl::Status status =
      WriteCertificate(secrets + "/cert.pem", secrets + "/key.pem");
  if (!status.ok()) return status;
  return runner;
}

absl::StatusOr<LoadRunner::Running> LoadRunner::Start(
    const LoadCell& cell) const {
  const absl::StatusOr<int> port = FreePort();
  if (!port.ok()) return port.status();
  const std::string& secrets = secrets_->path();
  absl::StatusOr<PeerServer> server =
      StartServer(*servers_, cell.server,
                  {.port = *port,
                   .root = folder_->path(),
                   .tls = cell.tls,
                   .cert = secrets + "/cert.pem",
                   .key = secrets + "/key.pem",
                   .threads = cell.threads,
                   .cpus = ServerCpus(cell.threads)},
                  interrupt_);
  if (!server.ok()) return server.status();
  return Running{std::make_unique<PeerServer>(*std::move(server)), *port};
}

absl::Status LoadRunner::RunLoad(const LoadCell& cell, int port,
                                 int requests) const {
  const int clients = options_.clients;
  absl::StatusOr<std::unique_ptr<ChildProcess>> load = ChildProcess::Start(
      {h2load_, absl::StrCat("--clients=", clients),
       absl::StrCat("--max-concurrent-streams=", options_.streams),
       absl::StrCat("--requests=", std::max(requests, clients)),
       absl::StrCat(cell.tls ? "https" : "http", "://127.0.0.1:", port, "/",
                    FileName(cell.bytes))},
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

absl::StatusOr<Json> LoadRunner::MeasureTime(const LoadCell& cell) const {
  const absl::StatusOr<Running> running = Start(cell);
  if (!running.ok()) return running.status();
  const int requests = cell.requests;
  absl::Status status = RunLoad(cell, running->port, requests / kWarmUpPart);
  if (!status.ok()) return status;
  const pid_t pid = running->server->pid();
  const absl::StatusOr<std::vector<double>> before = ThreadTimes(pid);
  if (!before.ok()) return before.status();
  const absl::Time start = absl::Now();
  status = RunLoad(cell, running->port, requests);
  if (!status.ok()) return status;
  const absl::Duration took = absl::Now() - start;
  const absl::StatusOr<std::vector<double>> after = ThreadTimes(pid);
  if (!after.ok()) return after.status();
  // Threads keep their order, and none ends.
  double all = 0;
  double busiest = 0;
  for (size_t i = 0; i < after->size(); ++i) {
    const double spent = (*after)[i] - (i < before->size() ? (*before)[i] : 0);
    all += spent / requests;
    busiest = std::max(busiest, spent / requests);
  }
  return Json{{"cpu_us", all},
              {"busiest_cpu_us", busiest},
              {"requests_per_second", requests / absl::ToDoubleSeconds(took)},
              {"says", absl::StrFormat("%.2f µs a request", all)}};
}

absl::StatusOr<Json> LoadRunner::Run(const LoadCell& cell) {
  absl::StatusOr<Json> figures = MeasureTime(cell);
  const std::string name =
      absl::StrCat(cell.server, " ", cell.bytes, cell.tls, cell.threads);
  if (!figures.ok() || !options_.system_calls ||
      !counted_.insert(name).second) {
    return figures;
  }
  const absl::StatusOr<double> calls = CountSystemCalls(cell);
  if (absl::IsCancelled(calls.status())) return calls.status();
  if (calls.ok()) {
    (*figures)["system_calls"] = *calls;
  } else {
    notes_.emplace(calls.status().message());
  }
  return figures;
}

absl::StatusOr<double> LoadRunner::CountSystemCalls(
    const LoadCell& cell) const {
  const std::optional<std::string> strace = FindProgram("strace");
  if (!strace.has_value()) {
    return absl::UnavailableError(
        "strace is not installed: system calls are not counted");
  }
  const absl::StatusOr<Running> running = Start(cell);
  if (!running.ok()) return running.status();
  const int requests = std::max(cell.requests / kTracedPart, 1);
  absl::Status status = RunLoad(cell, running->port, requests / kWarmUpPart);
  if (!status.ok()) return status;
  const std::string pid = absl::StrCat(running->server->pid());
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
  status = RunLoad(cell, running->port, requests);
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

void CompareWithOurs(std::vector<Cell>* cells) {
  std::map<std::string, double> ours;  // by the other labels
  for (Cell& cell : *cells) {
    Json load = cell.labels;
    load.erase("server");
    if (cell.labels["server"] == kOurs && !cell.runs.empty()) {
      ours[load.dump()] = MedianTime(cell);
    }
  }
  for (Cell& cell : *cells) {
    Json load = cell.labels;
    load.erase("server");
    const auto found = ours.find(load.dump());
    const bool compares = found != ours.end() && !cell.runs.empty() &&
                          cell.labels["server"] != kOurs;
    cell.labels["ours_by_its"] =
        compares ? absl::StrFormat("%.2f", found->second / MedianTime(cell))
                 : "";
  }
}

}  // namespace sluice::servers
