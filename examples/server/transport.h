// Moves bytes between one connected, non-blocking socket and an
// h2::Connection, in the clear or over TLS.
#ifndef SLUICE_EXAMPLES_SERVER_TRANSPORT_H_
#define SLUICE_EXAMPLES_SERVER_TRANSPORT_H_

#include <sluice/h2/connection.h>

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <memory>

#include "absl/types/span.h"

namespace sluice::examples {

enum class IoStatus {
  kDone,
  kWantRead,   // again when the socket is readable
  kWantWrite,  // again when it is writable
  kEnd,        // the peer has finished sending
  kError,      // close the socket
};

struct IoResult {
  IoStatus status = IoStatus::kDone;
  size_t bytes = 0;  // read, or taken from the connection's output
  // Read() only: the socket may hold more bytes. If not, the next ones make it
  // readable again.
  bool more = false;
};

// The transports of one thread share it: it is in use only while one of their
// methods runs.
struct TransportScratch {
  std::array<char, 16384> record;       // what goes into one TLS record
  std::array<char, 288 * 1024> sealed;  // records for the socket
  std::array<char, 48 * 1024> cipher;   // from the socket
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Call it before all else, until it returns kDone.
  virtual IoResult Handshake() = 0;

  // One system call, unless the handshake goes on. kDone with 0 bytes: a TLS
  // record is not complete. `buffer` has 64 KB or more.
  virtual IoResult Read(absl::Span<char> buffer) = 0;

  // Writes all of `connection`'s output and consumes what it took. kWantWrite:
  // the socket is full before the end. Called only with Pending() bytes or
  // output to write. TLS records carry up to `record_size` bytes, at most
  // 16,384.
  virtual IoResult Write(h2::Connection* connection, size_t record_size) = 0;

  // Whether what is written is cut into records.
  virtual bool HasRecords() const = 0;

  // Bytes that the socket has not taken yet, of what was consumed: a part of
  // one Write(), and what TLS answered meanwhile.
  virtual size_t Pending() const = 0;

  // Tells the peer, after all bytes that were written, that no more follow.
  virtual void ShutdownWrite() = 0;
};

// The largest DATA payload of one frame, in bytes, that a transport wants: over
// TLS a frame with its 9-byte header fills one record (RFC 8446 §5.1).
inline constexpr size_t kCleartextFrameSize = 16384;
inline constexpr size_t kTlsFrameSize = 16384 - 9;

// `fd` is not owned and must outlive the transport.
std::unique_ptr<Transport> MakeCleartextTransport(int fd);

// `context` is shared (its reference count goes up); `scratch` must outlive the
// transport. Null when OpenSSL has no memory for the connection.
std::unique_ptr<Transport> MakeTlsTransport(SSL_CTX* context, int fd,
                                            TransportScratch* scratch);

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_TRANSPORT_H_
