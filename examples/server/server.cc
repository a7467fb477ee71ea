#include "examples/server/server.h"

#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/trace/trace_files.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "asio/ip/address.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/post.hpp"
#include "examples/server/http_connection.h"
#include "examples/server/priority_rules.h"
#include "examples/server/session.h"
#include "examples/server/static_files.h"
#include "examples/server/tls_context.h"
#include "examples/server/transport.h"

namespace sluice::examples {
namespace {

using asio::ip::tcp;

// Until accept() is tried again after a failure: most often no descriptor is
// left.
constexpr std::chrono::milliseconds kAcceptPause(100);

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
  if (options.max_connections < 1) {
    return absl::InvalidArgumentError(absl::StrCat("--max_connections is ",
                                                   options.max_connections,
                                                   "; it must be at least 1"));
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return absl::InvalidArgumentError(
        "only one of --tls_cert and --tls_key is given; give both or neither");
  }
  for (const absl::Duration timeout :
       {options.setup_timeout, options.idle_timeout, options.drain_timeout}) {
    if (timeout <= absl::ZeroDuration() || timeout > absl::Hours(24 * 365)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a timeout is ", absl::FormatDuration(timeout),
                       "; it must be above 0 and at most a year"));
    }
  }
  return absl::OkStatus();
}

std::string PeerName(const tcp::socket& socket) {
  std::error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return "unknown";
  const std::string address = peer.address().to_string();
  return peer.address().is_v6() ? absl::StrCat("[", address, "]:", peer.port())
                                : absl::StrCat(address, ":", peer.port());
}

}  // namespace

Server::Server(ServerOptions options, StaticFiles files, PriorityRules rules,
               TlsContext tls)
    : options_(std::move(options)),
      files_(std::move(files)),
      rules_(std::move(rules)),
      tls_(std::move(tls)),
      log_(options_.access_log ? STDERR_FILENO : -1,
           // After the handlers that are ready now, which add more lines.
           [this] { asio::post(io_context_, [this] { log_.Flush(); }); }) {
  if (options_.trace.empty()) return;
  traces_.emplace(options_.trace, [](absl::string_view fault) {
    std::cerr << "server: " << fault << std::endl;
  });
}

Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<StaticFiles> files = StaticFiles::Open(options.root);
  if (!files.ok()) return files.status();
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
  std::unique_ptr<Server> server(new Server(std::move(options),
                                            *std::move(files),
                                            *std::move(rules), std::move(tls)));
  if (absl::Status status = server->Listen(); !status.ok()) return status;
  // From here on a signal waits for Run(): a caller that reads the address may
  // send one at once.
  server->signals_.add(SIGINT);
  server->signals_.add(SIGTERM);
  return server;
}

absl::Status Server::Listen() {
  std::error_code error;
  const asio::ip::address address =
      asio::ip::make_address(options_.bind, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--bind is '", options_.bind, "'; it must be a numeric address"));
  }
  const tcp::endpoint endpoint(address, static_cast<uint16_t>(options_.port));
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", options_.bind, " port ",
                     options_.port, ": ", error.message()));
  }
  // Accepted sockets inherit it.
  if (options_.notsent_lowat > 0 &&
      ::setsockopt(acceptor_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT,
                   &options_.notsent_lowat,
                   sizeof(options_.notsent_lowat)) != 0) {
    return absl::ErrnoToStatus(errno, "cannot set TCP_NOTSENT_LOWAT");
  }
  return absl::OkStatus();
}

std::string Server::Url() const {
  const tcp::endpoint endpoint = acceptor_.local_endpoint();
  const std::string address = endpoint.address().to_string();
  const absl::string_view scheme = tls_ == nullptr ? "http" : "https";
  return endpoint.address().is_v6()
             ? absl::StrCat(scheme, "://[", address, "]:", endpoint.port(), "/")
             : absl::StrCat(scheme, "://", address, ":", endpoint.port(), "/");
}

int Server::Run() {
  WaitForSignal();
  Accept();
  io_context_.run();
  return cut_;
}

void Server::Accept() {
  const auto most = static_cast<size_t>(options_.max_connections);
  if (accepting_ || draining_ || sessions_.size() >= most) return;
  accepting_ = true;
  acceptor_.async_accept([this](std::error_code error, tcp::socket socket) {
    accepting_ = false;
    if (draining_) return;
    if (!error) {
      StartSession(std::move(socket));
      Accept();
      return;
    }
    accept_timer_.expires_after(kAcceptPause);
    accept_timer_.async_wait([this](std::error_code cancelled) {
      if (!cancelled) Accept();
    });
  });
}

void Server::StartSession(tcp::socket socket) {
  std::error_code error;
  socket.native_non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  absl::StatusOr<trace::LoggedPolicy> policy = trace::CreateLoggedPolicy(
      options_.policy, {},
      traces_.has_value() ? &*traces_ : trace::TraceFiles::FromEnvironment());
  if (error || !policy.ok()) return;  // the peer is gone; the spec was checked
  h2::ConnectionOptions connection;
  connection.side = h2::Side::kServer;
  connection.settings_timeout = options_.setup_timeout;
  if (policy->policy->AnnouncesNoRfc7540Priorities()) {
    connection.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
  }
  scheduler::DataSchedulerOptions scheduling;
  std::unique_ptr<Transport> transport;
  if (tls_ == nullptr) {
    scheduling.max_frame_size = kCleartextFrameSize;
    transport = MakeCleartextTransport(socket.native_handle());
  } else {
    scheduling.max_frame_size = kTlsFrameSize;
    transport = MakeTlsTransport(tls_.get(), socket.native_handle());
    if (transport == nullptr) return;
  }
  auto http = std::make_unique<HttpConnection>(&files_, &rules_, &log_,
                                               PeerName(socket), connection,
                                               *std::move(policy), scheduling);
  const SessionTimeouts timeouts = {
      .setup = absl::ToChronoMilliseconds(options_.setup_timeout),
      .idle = absl::ToChronoMilliseconds(options_.idle_timeout)};
  auto session = std::make_shared<Session>(
      std::move(socket), std::move(transport), std::move(http), timeouts,
      absl::MakeSpan(buffer_),
      [this](Session* closed) { OnSessionClosed(closed); });
  sessions_.emplace(session.get(), session);
  session->Start();
}

void Server::OnSessionClosed(Session* session) {
  sessions_.erase(session);
  if (!draining_) {
    Accept();
  } else if (sessions_.empty()) {
    // Then Run() returns: it waits for nothing else.
    drain_timer_.cancel();
    signals_.cancel();
  }
}

void Server::WaitForSignal() {
  signals_.async_wait([this](std::error_code error, int) {
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
  std::error_code ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  if (sessions_.empty()) return;
  WaitForSignal();
  drain_timer_.expires_after(
      absl::ToChronoMilliseconds(options_.drain_timeout));
  drain_timer_.async_wait([this](std::error_code cancelled) {
    if (!cancelled) CutSessions();
  });
  // A session without responses to finish leaves the map at once.
  std::vector<std::shared_ptr<Session>> open;
  for (const auto& [key, session] : sessions_) open.push_back(session);
  for (const std::shared_ptr<Session>& session : open) session->Drain();
}

void Server::CutSessions() {
  std::vector<std::shared_ptr<Session>> open;
  for (const auto& [key, session] : sessions_) open.push_back(session);
  cut_ += static_cast<int>(open.size());
  for (const std::shared_ptr<Session>& session : open) session->Abort();
}

}  // namespace sluice::examples
