#include <sluice/h2/connection.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>

#include "absl/types/span.h"
#include "examples/server/transport.h"

namespace sluice::examples {
namespace {

// Enough for a frame header and a payload of 1 KB each, 256 times.
constexpr size_t kPieces = 512;

class CleartextTransport : public Transport {
 public:
  explicit CleartextTransport(int fd) : fd_(fd) {}

  IoResult Handshake() override { return {}; }

  IoResult Read(absl::Span<char> buffer) override {
    ssize_t got;
    do {
      got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
      const auto bytes = static_cast<size_t>(got);
      return {IoStatus::kDone, bytes, /*more=*/bytes == buffer.size()};
    }
    if (got == 0) return {IoStatus::kEnd};
    return {WouldBlock() ? IoStatus::kWantRead : IoStatus::kError};
  }

  IoResult Write(h2::Connection* connection, size_t) override {
    std::array<iovec, kPieces> pieces;
    IoResult result;
    while (result.status == IoStatus::kDone && connection->OutputSize() > 0) {
      const size_t count = connection->PeekOutput(absl::MakeSpan(pieces));
      size_t offered = 0;
      for (size_t i = 0; i < count; ++i) offered += pieces[i].iov_len;
      msghdr message = {};
      message.msg_iov = pieces.data();
      message.msg_iovlen = count;
      ssize_t sent;
      do {
        sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
      } while (sent < 0 && errno == EINTR);
      if (sent < 0 && !WouldBlock()) return {IoStatus::kError, result.bytes};
      const size_t taken = std::max<ssize_t>(sent, 0);
      connection->ConsumeOutput(taken).IgnoreError();
      result.bytes += taken;
      if (taken < offered) result.status = IoStatus::kWantWrite;
    }
    return result;
  }

  bool HasRecords() const override { return false; }

  size_t Pending() const override { return 0; }

  void ShutdownWrite() override { ::shutdown(fd_, SHUT_WR); }

 private:
  static bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

  const int fd_;
};

}  // namespace

std::unique_ptr<Transport> MakeCleartextTransport(int fd) {
  return std::make_unique<CleartextTransport>(fd);
}

}  // namespace sluice::examples
