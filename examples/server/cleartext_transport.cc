#include <sluice/h2/connection.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>

#include "absl/types/span.h"
#include "examples/server/transport.h"

namespace sluice::examples {
namespace {

constexpr size_t kPieces = 64;

class CleartextTransport : public Transport {
 public:
  explicit CleartextTransport(int fd) : fd_(fd) {}

  IoResult Handshake() override { return {}; }

  IoResult Read(absl::Span<char> buffer) override {
    ssize_t got;
    do {
      got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) return {IoStatus::kDone, static_cast<size_t>(got)};
    if (got == 0) return {IoStatus::kEnd};
    return {WouldBlock() ? IoStatus::kWantRead : IoStatus::kError};
  }

  IoResult Write(h2::Connection* connection) override {
    std::array<iovec, kPieces> pieces;
    msghdr message = {};
    message.msg_iov = pieces.data();
    message.msg_iovlen = connection->PeekOutput(absl::MakeSpan(pieces));
    ssize_t sent;
    do {
      sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && !WouldBlock()) return {IoStatus::kError};
    if (sent > 0) connection->ConsumeOutput(sent).IgnoreError();
    rest_ = connection->OutputSize();
    if (sent < 0) return {IoStatus::kWantWrite};
    return {IoStatus::kDone, static_cast<size_t>(sent)};
  }

  bool HasPending() const override { return false; }

  // The rest that a full socket did not take goes first. So frames are whole,
  // and the next is chosen when it can go.
  size_t PullSize(size_t) const override {
    return rest_ > 0 ? 0 : kCleartextFrameSize;
  }

  void ShutdownWrite() override { ::shutdown(fd_, SHUT_WR); }

 private:
  static bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

  const int fd_;
  size_t rest_ = 0;  // bytes that the last Write() offered in vain
};

}  // namespace

std::unique_ptr<Transport> MakeCleartextTransport(int fd) {
  return std::make_unique<CleartextTransport>(fd);
}

}  // namespace sluice::examples
