#include <sluice/h2/connection.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/types/span.h"
#include "examples/server/transport.h"

namespace sluice::examples {
namespace {

using Clock = std::chrono::steady_clock;

// A peer decrypts a record when it has all of it. While the congestion window
// is small, a record that spans segments waits for the next round trip. So the
// first records of a connection, and those after a pause (when TCP starts
// slowly again, RFC 5681 §4.1), fit one segment. Later, larger records save
// work.
constexpr size_t kSmallRecord = 1400;
constexpr size_t kLargeRecord = 16384;
constexpr size_t kYoungBytes = 64 * 1024;
constexpr Clock::duration kPause = std::chrono::seconds(1);

constexpr size_t kFrameHeader = 9;
// The least payload that is worth a frame. With less room, the waiting output
// is written first.
constexpr size_t kLeastPull = 256;
constexpr size_t kPieces = 64;

// At most one record and the rest of one frame are chosen and not yet in the
// kernel: OpenSSL writes each record out before it takes the next.
class TlsTransport : public Transport {
 public:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  using Ssl = std::unique_ptr<SSL, Free>;

  TlsTransport(Ssl ssl, int fd) : fd_(fd), ssl_(std::move(ssl)) {
    SSL_set_accept_state(ssl_.get());
    // A retried record is at its old place, and idle connections keep no
    // buffers of OpenSSL's.
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  }

  IoResult Handshake() override {
    ERR_clear_error();
    return ResultOf(SSL_do_handshake(ssl_.get()));
  }

  IoResult Read(absl::Span<char> buffer) override {
    ERR_clear_error();
    size_t got = 0;
    const int result =
        SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got);
    return result == 1 ? IoResult{IoStatus::kDone, got} : ResultOf(result);
  }

  IoResult Write(h2::Connection* connection) override {
    size_t taken = 0;
    if (pending_ == 0) {
      taken = FillRecord(connection);
      pending_ = taken;
    }
    ERR_clear_error();
    size_t written = 0;
    const int result =
        SSL_write_ex(ssl_.get(), record_.data(), pending_, &written);
    if (result != 1) {
      IoResult failed = ResultOf(result);
      failed.bytes = taken;
      return failed;
    }
    last_write_ = Clock::now();
    since_pause_ += pending_;
    pending_ = 0;
    return {IoStatus::kDone, taken};
  }

  bool HasPending() const override { return pending_ > 0; }

  size_t PullSize(size_t output_size) const override {
    const size_t record = RecordSize();
    const size_t taken = output_size + kFrameHeader + kLeastPull;
    return taken > record ? 0 : record - output_size - kFrameHeader;
  }

  void ShutdownWrite() override {
    // No close_notify after a failed handshake or in the middle of a record.
    if (SSL_is_init_finished(ssl_.get()) && pending_ == 0) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
    }
    ::shutdown(fd_, SHUT_WR);
  }

 private:
  size_t RecordSize() const {
    const bool young =
        since_pause_ < kYoungBytes || Clock::now() - last_write_ > kPause;
    return young ? kSmallRecord : kLargeRecord;
  }

  // Copies the beginning of the output into record_; returns its size.
  size_t FillRecord(h2::Connection* connection) {
    if (Clock::now() - last_write_ > kPause) since_pause_ = 0;
    const size_t room = RecordSize();
    std::array<iovec, kPieces> pieces;
    const size_t count = connection->PeekOutput(absl::MakeSpan(pieces));
    size_t filled = 0;
    for (size_t i = 0; i < count && filled < room; ++i) {
      const size_t part = std::min(pieces[i].iov_len, room - filled);
      std::memcpy(record_.data() + filled, pieces[i].iov_base, part);
      filled += part;
    }
    connection->ConsumeOutput(filled).IgnoreError();
    return filled;
  }

  IoResult ResultOf(int result) const {
    if (result == 1) return {IoStatus::kDone};
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {IoStatus::kWantRead};
      case SSL_ERROR_WANT_WRITE:
        return {IoStatus::kWantWrite};
      case SSL_ERROR_ZERO_RETURN:
        return {IoStatus::kEnd};
      default:
        return {IoStatus::kError};
    }
  }

  const int fd_;
  const Ssl ssl_;
  std::array<char, kLargeRecord> record_;
  size_t pending_ = 0;      // bytes of record_ for SSL_write()
  size_t since_pause_ = 0;  // bytes written
  Clock::time_point last_write_ = Clock::now();
};

}  // namespace

std::unique_ptr<Transport> MakeTlsTransport(SSL_CTX* context, int fd) {
  TlsTransport::Ssl ssl(SSL_new(context));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  return std::make_unique<TlsTransport>(std::move(ssl), fd);
}

}  // namespace sluice::examples
