// accept() and accept4() set the low-water mark of a connection. With it, the
// kernel reports room only while little is unsent, so the policy picks late
// (docs/late-binding.md). On a fast link a larger mark saves system calls, and
// the handshake has told the round trip.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <optional>

#include "adapters/preload/next_definition.h"
#include "adapters/preload/scope.h"
#include "support/link_state.h"

namespace sluice::adapters {
namespace {

constexpr uint64_t kLeastMark = 16384;
constexpr uint64_t kMostMark = std::numeric_limits<int>::max();

int MarkFor(int socket) {
  const std::optional<support::LinkState> link = support::AskKernel(socket);
  if (!link.has_value()) return 0;
  return static_cast<int>(
      std::clamp(support::EarlyBytesFor(*link), kLeastMark, kMostMark));
}

int WithLowat(int socket) {
  if (socket < 0 || !ServesThisProcess() || PolicySpec().empty()) return socket;
  const int before = errno;
  const std::optional<int> given = NotSentLowat();
  const int bytes = given.has_value() ? *given : MarkFor(socket);
  // Fails on a socket that is not of TCP.
  if (bytes > 0) {
    setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
  }
  errno = before;
  return socket;
}

}  // namespace
}  // namespace sluice::adapters

extern "C" {

int accept(int socket, sockaddr* address, socklen_t* length) {
  return sluice::adapters::WithLowat(
      SLUICE_NEXT(accept)(socket, address, length));
}

int accept4(int socket, sockaddr* address, socklen_t* length, int flags) {
  return sluice::adapters::WithLowat(
      SLUICE_NEXT(accept4)(socket, address, length, flags));
}

}  // extern "C"
