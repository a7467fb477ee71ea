// Moves bytes between one connected, non-blocking socket and an
// h2::Connection, in the clear or over TLS.
#ifndef SLUICE_EXAMPLES_SERVER_TRANSPORT_H_
#define SLUICE_EXAMPLES_SERVER_TRANSPORT_H_

#include <sluice/h2/connection.h>

#include <openssl/ssl.h>

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
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Call it before all else, until it returns kDone.
  virtual IoResult Handshake() = 0;

  virtual IoResult Read(absl::Span<char> buffer) = 0;

  // Writes the beginning of `connection`'s output and consumes it. Called only
  // with HasPending() or output to write.
  virtual IoResult Write(h2::Connection* connection) = 0;

  // Whether the socket has not taken all consumed bytes yet.
  virtual bool HasPending() const = 0;

  // How much DATA payload to pull while `output_size` bytes wait, so that one
  // write carries all and no byte is chosen early.
  virtual size_t PullSize(size_t output_size) const = 0;

  // Tells the peer, after all bytes that were written, that no more follow.
  virtual void ShutdownWrite() = 0;
};

// The largest DATA payload of one frame, in bytes, that a transport wants: over
// TLS a frame with its 9-byte header fills one record (RFC 8446 §5.1).
inline constexpr size_t kCleartextFrameSize = 16384;
inline constexpr size_t kTlsFrameSize = 16384 - 9;

// `fd` is not owned and must outlive the transport.
std::unique_ptr<Transport> MakeCleartextTransport(int fd);

// `context` is shared (its reference count goes up). Null when OpenSSL has no
// memory for the connection.
std::unique_ptr<Transport> MakeTlsTransport(SSL_CTX* context, int fd);

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_TRANSPORT_H_
