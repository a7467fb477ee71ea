#include "examples/server/worker.h"

#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/trace/trace_files.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "asio/error.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/post.hpp"
#include "examples/server/http_connection.h"
#include "examples/server/late_binding.h"
#include "examples/server/session.h"
#include "examples/server/static_files.h"
#include "examples/server/transport.h"

namespace sluice::examples {
namespace {

using asio::ip::tcp;

// Until accept() is tried again after a failure: most often no descriptor is
// left.
constexpr std::chrono::milliseconds kAcceptPause(100);

std::string PeerName(const tcp::socket& socket) {
  std::error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return "unknown";
  const std::string address = peer.address().to_string();
  return peer.address().is_v6() ? absl::StrCat("[", address, "]:", peer.port())
                                : absl::StrCat(address, ":", peer.port());
}

}  // namespace

Worker::Worker(const SharedByWorkers* shared,
               std::unique_ptr<StaticFiles> files, int max_connections)
    : shared_(*shared),
      files_(std::move(files)),
      max_connections_(static_cast<size_t>(max_connections)),
      log_(shared->options.access_log ? STDERR_FILENO : -1,
           // After the handlers that are ready now, which add more lines.
           [this] { asio::post(io_context_, [this] { log_.Flush(); }); }) {}

Worker::~Worker() = default;

absl::Status Worker::Listen(const tcp::endpoint& endpoint, bool share_port) {
  std::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  const int on = 1;
  if (!error && share_port &&
      ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on,
                   sizeof(on)) != 0) {
    return absl::ErrnoToStatus(errno, "cannot set SO_REUSEPORT");
  }
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", endpoint.address().to_string(),
                     " port ", endpoint.port(), ": ", error.message()));
  }
  // Accepted sockets inherit it.
  const int lowat = shared_.options.notsent_lowat;
  if (lowat > 0 &&
      ::setsockopt(acceptor_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT,
                   &lowat, sizeof(lowat)) != 0) {
    return absl::ErrnoToStatus(errno, "cannot set TCP_NOTSENT_LOWAT");
  }
  return absl::OkStatus();
}

tcp::endpoint Worker::Endpoint() const { return acceptor_.local_endpoint(); }

void Worker::Accept() {
  if (accepting_ || on_drained_ != nullptr ||
      sessions_.size() >= max_connections_) {
    return;
  }
  accepting_ = true;
  acceptor_.async_accept([this](std::error_code error, tcp::socket socket) {
    accepting_ = false;
    if (on_drained_ != nullptr) return;
    if (!error) {
      StartSession(std::move(socket));
      Accept();
      return;
    }
    if (error == asio::error::no_descriptors ||
        error == std::errc::too_many_files_open_in_system) {
      files_->ReleaseFiles();
    }
    accept_timer_.expires_after(kAcceptPause);
    accept_timer_.async_wait([this](std::error_code cancelled) {
      if (!cancelled) Accept();
    });
  });
}

void Worker::StartSession(tcp::socket socket) {
  std::error_code error;
  socket.native_non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  absl::StatusOr<trace::LoggedPolicy> policy =
      trace::CreateLoggedPolicy(shared_.options.policy, {}, shared_.traces);
  if (error || !policy.ok()) return;  // the peer is gone; the spec was checked
  h2::ConnectionOptions connection;
  connection.side = h2::Side::kServer;
  connection.settings_timeout = shared_.options.setup_timeout;
  // As much as one write carries.
  connection.limits.output_high_water_mark = LateBinding::kMost;
  if (policy->policy->AnnouncesNoRfc7540Priorities()) {
    connection.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
  }
  scheduler::DataSchedulerOptions scheduling;
  std::unique_ptr<Transport> transport;
  if (shared_.tls == nullptr) {
    scheduling.max_frame_size = kCleartextFrameSize;
    transport = MakeCleartextTransport(socket.native_handle());
  } else {
    scheduling.max_frame_size = kTlsFrameSize;
    transport =
        MakeTlsTransport(shared_.tls.get(), socket.native_handle(), &scratch_);
    if (transport == nullptr) return;
  }
  scheduling.max_frame_size =
      std::min(scheduling.max_frame_size,
               static_cast<size_t>(shared_.options.max_frame_size));
  auto http = std::make_unique<HttpConnection>(
      files_.get(), &shared_.rules, &log_, PeerName(socket), connection,
      *std::move(policy), scheduling);
  const SessionTimeouts timeouts = {
      .setup = absl::ToChronoMilliseconds(shared_.options.setup_timeout),
      .idle = absl::ToChronoMilliseconds(shared_.options.idle_timeout)};
  auto session = std::make_shared<Session>(
      std::move(socket), std::move(transport), std::move(http),
      scheduling.max_frame_size, timeouts, absl::MakeSpan(buffer_),
      [this](Session* closed) { OnSessionClosed(closed); });
  sessions_.emplace(session.get(), session);
  session->Start();
}

void Worker::OnSessionClosed(Session* session) {
  sessions_.erase(session);
  if (on_drained_ == nullptr) {
    Accept();
  } else if (sessions_.empty()) {
    on_drained_();
  }
}

void Worker::Drain(std::function<void()> on_drained) {
  on_drained_ = std::move(on_drained);
  std::error_code ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  if (sessions_.empty()) {
    on_drained_();
    return;
  }
  // A session without responses to finish leaves the map at once.
  for (const auto& session : OpenSessions()) session->Drain();
}

int Worker::CutSessions() {
  const std::vector<std::shared_ptr<Session>> open = OpenSessions();
  for (const auto& session : open) session->Abort();
  return static_cast<int>(open.size());
}

std::vector<std::shared_ptr<Session>> Worker::OpenSessions() const {
  std::vector<std::shared_ptr<Session>> open;
  for (const auto& [key, session] : sessions_) open.push_back(session);
  return open;
}

}  // namespace sluice::examples
