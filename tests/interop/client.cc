#include "tests/interop/client.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sluice::interop {
namespace {

// A server that hangs must fail its test before Bazel ends the whole run.
constexpr int kPatienceSeconds = 60;

void Require(bool condition, const char* what) {
  if (condition) return;
  std::perror(what);
  std::abort();
}

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

Client::Client(int port, const ClientOptions& options)
    : options_(options),
      connection_({.side = h2::Side::kClient,
                   .settings = {{h2::SettingId::kInitialWindowSize,
                                 options.stream_window}},
                   .limits = {}}),
      buffer_(options.read_size, '\0') {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Require(fd_ >= 0, "socket");
  if (options.receive_buffer > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer,
                 sizeof(options.receive_buffer));
  }
  const timeval patience = {kPatienceSeconds, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Require(::connect(fd_, reinterpret_cast<const sockaddr*>(&address),
                    sizeof(address)) == 0,
          "connect");
  Require(connection_.InitiateConnection());
  if (options.connection_window > 65535) {
    Require(connection_.IncrementFlowControlWindow(
        h2::kConnectionStreamId, options.connection_window - 65535));
  }
}

Client::~Client() { ::close(fd_); }

h2::StreamId Client::Get(absl::string_view path,
                         std::optional<signals::Rfc7540Priority> priority) {
  const absl::StatusOr<h2::StreamId> id =
      connection_.GetNextAvailableStreamId();
  Require(id.status());
  Require(connection_.SendHeaders(*id,
                                  {{":method", "GET"},
                                   {":scheme", "http"},
                                   {":path", std::string(path)},
                                   {":authority", "localhost"}},
                                  {.end_stream = true, .priority = priority}));
  return *id;
}

void Client::Flush() {
  while (connection_.OutputSize() > 0) {
    const std::string bytes = connection_.DataToSend();
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t now =
          ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      Require(now > 0, "send");
      sent += now;
    }
  }
}

std::optional<h2::Event> Client::Next() {
  while (events_.empty()) {
    Flush();
    const ssize_t got = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
    Require(got >= 0, "recv");
    if (got == 0) return std::nullopt;
    std::vector<h2::Event> events;
    Require(connection_.ReceiveData(absl::string_view(buffer_.data(), got),
                                    &events));
    for (h2::Event& event : events) {
      if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
        Require(connection_.AcknowledgeReceivedData(
            data->stream_id, data->flow_controlled_length));
      }
      events_.push_back(std::move(event));
    }
  }
  h2::Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace sluice::interop
