// The client's bytes over the link, in cleartext or TLS.
#ifndef SLUICE_BENCHMARKS_SERVERS_CLIENT_STREAM_H_
#define SLUICE_BENCHMARKS_SERVERS_CLIENT_STREAM_H_

#include <openssl/ssl.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"
#include "benchmarks/servers/link_end.h"

namespace sluice::servers {

class ClientStream {
 public:
  // To `port` at kServerAddress. With `tls` it offers ALPN "h2" and takes any
  // certificate, since it measures and trusts nobody. Blocks. Error:
  // Unavailable.
  static absl::StatusOr<ClientStream> Connect(const LinkEnd& client_end,
                                              int port, bool tls);

  // Blocks until all of it is in the socket. Error: Unavailable.
  absl::Status Write(absl::string_view bytes);

  // The next bytes, valid until the next call. Without TLS it blocks only if
  // the socket is not readable; with TLS until a record is complete. Error:
  // Unavailable, also at the end.
  absl::StatusOr<absl::string_view> Read();

  // Read() has bytes though the socket may not be readable.
  bool HasDecrypted() const;

  int socket() const { return socket_.get(); }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  explicit ClientStream(Fd socket);

  absl::Status StartTls();

  Fd socket_;
  std::unique_ptr<SSL, Free> ssl_;  // null: cleartext
  std::vector<char> buffer_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_CLIENT_STREAM_H_
