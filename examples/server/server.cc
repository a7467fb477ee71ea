#include "examples/server/server.h"

#include <sluice/scheduler/registry.h>
#include <sluice/trace/trace_files.h>

#include <signal.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "asio/ip/address.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/post.hpp"
#include "examples/server/file_cache.h"
#include "examples/server/priority_rules.h"
#include "examples/server/static_files.h"
#include "examples/server/tls_context.h"
#include "examples/server/worker.h"

namespace sluice::examples {
namespace {

using asio::ip::tcp;

constexpr int kMostThreads = 256;
constexpr int kMostFrameSize = 16384;  // RFC 9113 §6.5.2, before SETTINGS

absl::Status CheckOptions(const ServerOptions& options) {
  const absl::Status policy = scheduler::CreatePolicy(options.policy).status();
  if (!policy.ok()) return policy;
  if (options.port < 0 || options.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("--port is ", options.port, "; it must be 0 to 65535"));
  }
  if (options.notsent_lowat < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--notsent_lowat is ", options.notsent_lowat,
                     "; it must not be negative"));
  }
  if (options.max_frame_size < 1 || options.max_frame_size > kMostFrameSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("--max_frame_size is ", options.max_frame_size,
                     "; it must be 1 to ", kMostFrameSize));
  }
  if (options.threads < 1 || options.threads > kMostThreads) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--threads is ", options.threads, "; it must be 1 to ", kMostThreads));
  }
  if (options.max_connections < options.threads) {
    return absl::InvalidArgumentError(
        absl::StrCat("--max_connections is ", options.max_connections,
                     "; it must be at least 1 for each thread"));
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return absl::InvalidArgumentError(
        "only one of --tls_cert and --tls_key is given; give both or neither");
  }
  if (!options.trace.empty()) {
    const absl::Status writable = trace::CheckTracePath(options.trace);
    if (!writable.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--trace: ", writable.message()));
    }
  }
  for (const auto& [flag, timeout] :
       {std::pair("setup", options.setup_timeout),
        std::pair("idle", options.idle_timeout),
        std::pair("drain", options.drain_timeout)}) {
    if (timeout <= absl::ZeroDuration() || timeout > absl::Hours(24 * 365)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--", flag, "_timeout is ", absl::FormatDuration(timeout),
          "; it must be above 0 and at most a year"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

Server::Server(ServerOptions options, PriorityRules rules, TlsContext tls)
    : shared_{.options = std::move(options),
              .rules = std::move(rules),
              .tls = std::move(tls)} {
  if (shared_.options.trace.empty()) {
    shared_.traces = trace::TraceFiles::FromEnvironment();
    return;
  }
  traces_.emplace(shared_.options.trace, [](absl::string_view fault) {
    std::cerr << "server: " << fault << std::endl;
  });
  shared_.traces = &*traces_;
}

Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<PriorityRules> rules =
      PriorityRules::Parse(options.priority_rules);
  if (!rules.ok()) return rules.status();
  TlsContext tls;
  if (!options.tls_cert.empty()) {
    absl::StatusOr<TlsContext> made =
        MakeServerTlsContext(options.tls_cert, options.tls_key);
    if (!made.ok()) return made.status();
    tls = *std::move(made);
  }
  std::unique_ptr<Server> server(
      new Server(std::move(options), *std::move(rules), std::move(tls)));
  if (absl::Status status = server->AddWorkers(); !status.ok()) return status;
  if (absl::Status status = server->Listen(); !status.ok()) return status;
  // From here on a signal waits for Run(): a caller that reads the address may
  // send one at once.
  server->signals_->add(SIGINT);
  server->signals_->add(SIGTERM);
  return server;
}

// The limits of all workers together are the server's.
absl::Status Server::AddWorkers() {
  const int threads = shared_.options.threads;
  FileCacheOptions cache;
  cache.max_files = std::max<size_t>(cache.max_files / threads, 1);
  cache.max_memory /= threads;
  // One file must not drop all others.
  cache.max_file_in_memory =
      std::min(cache.max_file_in_memory, cache.max_memory / 4);
  for (int i = 0; i < threads; ++i) {
    absl::StatusOr<std::unique_ptr<StaticFiles>> files =
        StaticFiles::Open(shared_.options.root, cache);
    if (!files.ok()) return files.status();
    const int connections = shared_.options.max_connections / threads +
                            (i < shared_.options.max_connections % threads);
    workers_.push_back(
        std::make_unique<Worker>(&shared_, *std::move(files), connections));
  }
  signals_.emplace(workers_[0]->context());
  drain_timer_.emplace(workers_[0]->context());
  return absl::OkStatus();
}

absl::Status Server::Listen() {
  std::error_code error;
  const asio::ip::address address =
      asio::ip::make_address(shared_.options.bind, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("--bind is '", shared_.options.bind,
                     "'; it must be a numeric address"));
  }
  tcp::endpoint endpoint(address, static_cast<uint16_t>(shared_.options.port));
  for (const std::unique_ptr<Worker>& worker : workers_) {
    absl::Status status = worker->Listen(endpoint, workers_.size() > 1);
    if (!status.ok()) return status;
    endpoint = worker->Endpoint();  // with port 0, all get the first one's
  }
  return absl::OkStatus();
}

std::string Server::Url() const {
  const tcp::endpoint endpoint = workers_[0]->Endpoint();
  const std::string address = endpoint.address().to_string();
  const absl::string_view scheme = shared_.tls == nullptr ? "http" : "https";
  return endpoint.address().is_v6()
             ? absl::StrCat(scheme, "://[", address, "]:", endpoint.port(), "/")
             : absl::StrCat(scheme, "://", address, ":", endpoint.port(), "/");
}

int Server::Run() {
  WaitForSignal();
  std::vector<std::thread> threads;
  std::error_code no_thread;
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->Accept();
    if (worker == workers_[0]) continue;
    try {
      threads.emplace_back([&worker] { worker->context().run(); });
    } catch (const std::system_error& error) {
      no_thread = error.code();
      break;
    }
  }
  if (no_thread) {
    for (const auto& worker : workers_) worker->context().stop();
  }
  workers_[0]->context().run();
  for (std::thread& thread : threads) thread.join();
  if (no_thread) throw std::system_error(no_thread, "cannot begin a thread");
  return cut_;
}

void Server::WaitForSignal() {
  signals_->async_wait([this](std::error_code error, int) {
    if (error) return;
    if (!draining_) {
      BeginDrain();
    } else {
      CutSessions();
    }
  });
}

void Server::BeginDrain() {
  draining_ = true;
  WaitForSignal();
  drain_timer_->expires_after(
      absl::ToChronoMilliseconds(shared_.options.drain_timeout));
  drain_timer_->async_wait([this](std::error_code cancelled) {
    if (!cancelled) CutSessions();
  });
  for (const std::unique_ptr<Worker>& worker : workers_) {
    asio::post(worker->context(), [this, &worker] {
      worker->Drain([this] {
        asio::post(workers_[0]->context(), [this] { OnWorkerDrained(); });
      });
    });
  }
}

// Then Run() returns: the workers wait for nothing else.
void Server::OnWorkerDrained() {
  if (++drained_ < workers_.size()) return;
  drain_timer_->cancel();
  signals_->cancel();
}

void Server::CutSessions() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    asio::post(worker->context(),
               [this, &worker] { cut_ += worker->CutSessions(); });
  }
}

}  // namespace sluice::examples
