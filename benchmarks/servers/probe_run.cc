#include "benchmarks/servers/probe_run.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_end.h"
#include "benchmarks/servers/prober.h"

namespace sluice::servers {
namespace {

constexpr int kPatienceMs = 30'000;
constexpr size_t kReadSize = 65536;

absl::Duration Now() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

// A request is far smaller than a socket's buffer, so this does not wait long.
absl::Status Flush(int socket, Prober* prober) {
  std::string output = prober->connection().DataToSend();
  absl::string_view rest = output;
  while (!rest.empty()) {
    const ssize_t sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      return absl::UnavailableError("the server has closed the connection");
    }
    rest.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::Status WaitReadable(int socket, int interrupt) {
  pollfd waits[] = {{socket, POLLIN, 0}, {interrupt, POLLIN, 0}};
  int ready;
  do {
    ready = ::poll(waits, 2, kPatienceMs);
  } while (ready < 0 && errno == EINTR);
  if (waits[1].revents != 0) return absl::CancelledError("interrupted");
  if (ready > 0) return absl::OkStatus();
  return absl::DeadlineExceededError("the server sent no byte for 30 s");
}

}  // namespace

absl::StatusOr<Fd> ConnectToServer(const LinkEnd& client_end, int port) {
  Fd socket;
  const absl::Status status = client_end.Inside([&] {
    socket = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    ::inet_pton(AF_INET, kServerAddress, &address.sin_addr);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                  sizeof(address)) == 0) {
      return absl::OkStatus();
    }
    return absl::ErrnoToStatus(errno, "cannot connect over the slow link");
  });
  if (!status.ok()) return status;
  return socket;
}

absl::Status RunProbe(int socket, int interrupt, Prober* prober) {
  absl::Status status = prober->Start();
  std::vector<char> buffer(kReadSize);
  while (status.ok() && !prober->done()) {
    status = Flush(socket, prober);
    if (status.ok()) status = WaitReadable(socket, interrupt);
    if (!status.ok()) break;
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return absl::UnavailableError(
          "the server ended the connection before the urgent body did");
    }
    status = prober->Receive(
        absl::string_view(buffer.data(), static_cast<size_t>(got)), Now());
  }
  return status;
}

}  // namespace sluice::servers
