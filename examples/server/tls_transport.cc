#include <sluice/h2/connection.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "examples/server/transport.h"

namespace sluice::examples {
namespace {

constexpr size_t kPieces = 64;

// What a record adds to its payload, at most (RFC 5246 §6.2.3).
constexpr size_t kRecordOverhead = 5 + 2048;

// With so many bytes in Wire::rest, answers of OpenSSL's are refused: what is
// refused of one write is less.
constexpr size_t kMostAnswered = sizeof(TransportScratch::sealed);

// OpenSSL reads and writes the socket through this, so that one recv() serves
// all records in it, and one send() takes all records of a write.
struct Wire {
  int fd;
  absl::string_view input;  // received, and not yet taken by OpenSSL
  // Read() is under way: after `input` nothing is read, and what OpenSSL
  // answers goes into `rest` if the socket is full.
  bool reading = false;
  absl::Span<char> room;  // for records; if empty, they go to the socket
  std::string rest;       // records that the socket has not taken yet
};

Wire& WireOf(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

// Returns what send() does, but for EINTR.
ssize_t Send(int fd, absl::string_view bytes) {
  ssize_t sent;
  do {
    sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

int WriteWire(BIO* bio, const char* data, int size) {
  Wire& wire = WireOf(bio);
  BIO_clear_retry_flags(bio);
  if (!wire.room.empty()) {
    const size_t part = std::min<size_t>(size, wire.room.size());
    std::memcpy(wire.room.data(), data, part);
    wire.room.remove_prefix(part);
    return static_cast<int>(part);
  }
  ssize_t sent = -1;
  errno = EAGAIN;
  if (wire.rest.empty()) sent = Send(wire.fd, absl::string_view(data, size));
  if (sent < 0 && WouldBlock()) {
    // What OpenSSL answers while it reads is encrypted now, and its number
    // counts: if the record were lost, the peer could read none after it.
    if (wire.reading && wire.rest.size() < kMostAnswered) {
      wire.rest.append(data, size);
      return size;
    }
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(sent);
}

int ReadWire(BIO* bio, char* data, int size) {
  Wire& wire = WireOf(bio);
  BIO_clear_retry_flags(bio);
  if (!wire.input.empty()) {
    const size_t part = std::min<size_t>(size, wire.input.size());
    std::memcpy(data, wire.input.data(), part);
    wire.input.remove_prefix(part);
    return static_cast<int>(part);
  }
  ssize_t got = -1;
  errno = EAGAIN;
  if (!wire.reading) {
    do {
      got = ::recv(wire.fd, data, size, 0);
    } while (got < 0 && errno == EINTR);
  }
  if (got < 0 && WouldBlock()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long ControlWire(BIO*, int command, long, void*) {  // NOLINT: OpenSSL's type
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* WireMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sluice wire");
    BIO_meth_set_write(made, WriteWire);
    BIO_meth_set_read(made, ReadWire);
    BIO_meth_set_ctrl(made, ControlWire);
    return made;
  }();
  return method;
}

// What is taken from the output and not yet in the kernel is a part of one
// write.
class TlsTransport : public Transport {
 public:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  using Ssl = std::unique_ptr<SSL, Free>;

  TlsTransport(Ssl ssl, int fd, TransportScratch* scratch)
      : wire_{.fd = fd, .input = {}, .room = {}, .rest = {}},
        ssl_(std::move(ssl)),
        scratch_(*scratch) {
    SSL_set_accept_state(ssl_.get());
    // Idle connections keep no buffers of OpenSSL's.
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  }

  // False: no memory.
  bool Connect() {
    BIO* const bio = BIO_new(WireMethod());
    if (bio == nullptr) return false;
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    return true;
  }

  IoResult Handshake() override {
    ERR_clear_error();
    return ResultOf(SSL_do_handshake(ssl_.get()));
  }

  IoResult Read(absl::Span<char> buffer) override {
    if (ended_) return {IoStatus::kEnd};
    ssize_t got;
    do {
      got = ::recv(wire_.fd, scratch_.cipher.data(), scratch_.cipher.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got == 0) return {IoStatus::kEnd};
    if (got < 0) {
      return {WouldBlock() ? IoStatus::kWantRead : IoStatus::kError};
    }
    wire_.input = absl::string_view(scratch_.cipher.data(), got);
    wire_.reading = true;
    IoResult result = Decrypt(buffer);
    wire_.input = {};
    wire_.reading = false;
    result.more = ended_ || got == static_cast<ssize_t>(scratch_.cipher.size());
    return result;
  }

  IoResult Write(h2::Connection* connection, size_t record_size) override {
    IoResult result;
    if (!wire_.rest.empty()) {
      result.status = Place(std::exchange(wire_.rest, {}));
    }
    while (result.status == IoStatus::kDone && connection->OutputSize() > 0) {
      wire_.room = absl::MakeSpan(scratch_.sealed);
      while (connection->OutputSize() > 0 &&
             wire_.room.size() >= scratch_.record.size() + kRecordOverhead) {
        const size_t filled = FillRecord(connection, record_size);
        ERR_clear_error();
        size_t written = 0;
        if (SSL_write_ex(ssl_.get(), scratch_.record.data(), filled,
                         &written) != 1) {
          return {IoStatus::kError, result.bytes};
        }
        result.bytes += filled;
      }
      const size_t sealed = scratch_.sealed.size() - wire_.room.size();
      wire_.room = {};
      result.status = Place(absl::string_view(scratch_.sealed.data(), sealed));
    }
    return result;
  }

  bool HasRecords() const override { return true; }

  size_t Pending() const override { return wire_.rest.size(); }

  void ShutdownWrite() override {
    // No close_notify after a failed handshake or in the middle of a record.
    if (SSL_is_init_finished(ssl_.get()) && wire_.rest.empty()) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
    }
    ::shutdown(wire_.fd, SHUT_WR);
  }

 private:
  // All of the input: `buffer` is larger than it and one record that was not
  // complete before.
  IoResult Decrypt(absl::Span<char> buffer) {
    size_t filled = 0;
    while (filled < buffer.size()) {
      ERR_clear_error();
      size_t got = 0;
      const int done = SSL_read_ex(ssl_.get(), buffer.data() + filled,
                                   buffer.size() - filled, &got);
      if (done != 1) {
        const IoStatus status = ResultOf(done).status;
        // kWantWrite: the peer asks for new keys again and again (RFC 8446
        // §4.6.3), and does not read our answers.
        if (status == IoStatus::kError || status == IoStatus::kWantWrite) {
          return {IoStatus::kError};
        }
        ended_ = status == IoStatus::kEnd;
        break;
      }
      filled += got;
    }
    return {IoStatus::kDone, filled};
  }

  // Offers `records` to the socket, and keeps what it refuses.
  IoStatus Place(absl::string_view records) {
    const ssize_t sent = Send(wire_.fd, records);
    if (sent < 0 && !WouldBlock()) return IoStatus::kError;
    records.remove_prefix(std::max<ssize_t>(sent, 0));
    wire_.rest.assign(records.data(), records.size());
    return records.empty() ? IoStatus::kDone : IoStatus::kWantWrite;
  }

  // Copies the beginning of the output into one piece: a record of the 9 bytes
  // of a frame's header alone would cost more. Returns its size.
  size_t FillRecord(h2::Connection* connection, size_t record_size) {
    const size_t room = std::min(record_size, scratch_.record.size());
    std::array<iovec, kPieces> pieces;
    const size_t count = connection->PeekOutput(absl::MakeSpan(pieces));
    size_t filled = 0;
    for (size_t i = 0; i < count && filled < room; ++i) {
      const size_t part = std::min(pieces[i].iov_len, room - filled);
      std::memcpy(scratch_.record.data() + filled, pieces[i].iov_base, part);
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

  Wire wire_;
  const Ssl ssl_;  // its BIO points to wire_
  TransportScratch& scratch_;
  bool ended_ = false;  // the peer sent close_notify
};

}  // namespace

std::unique_ptr<Transport> MakeTlsTransport(SSL_CTX* context, int fd,
                                            TransportScratch* scratch) {
  TlsTransport::Ssl ssl(SSL_new(context));
  if (ssl == nullptr) return nullptr;
  auto transport = std::make_unique<TlsTransport>(std::move(ssl), fd, scratch);
  if (!transport->Connect()) return nullptr;
  return transport;
}

}  // namespace sluice::examples
