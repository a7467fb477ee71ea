// accept() and accept4() set the low-water mark of a connection. With it, the
// kernel reports room only while little is unsent, so the policy picks late
// (docs/late-binding.md).
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "adapters/preload/next_definition.h"
#include "adapters/preload/scope.h"

namespace sluice::adapters {
namespace {

int WithLowat(int socket) {
  if (socket < 0 || !ServesThisProcess()) return socket;
  const int bytes = NotSentLowat();
  if (bytes == 0 || PolicySpec().empty()) return socket;
  const int before = errno;
  // Fails on a socket that is not of TCP.
  setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
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
