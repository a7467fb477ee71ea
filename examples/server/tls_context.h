// The TLS side of HTTP/2 (RFC 9113 §9.2) in OpenSSL's terms.
#ifndef SLUICE_EXAMPLES_SERVER_TLS_CONTEXT_H_
#define SLUICE_EXAMPLES_SERVER_TLS_CONTEXT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace sluice::examples {

struct FreeSslContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeSslContext>;

// For a server: TLS 1.2 (with the cipher suites that RFC 9113 §9.2.2 leaves)
// or 1.3, no compression, no renegotiation, ALPN "h2". A client that does not
// offer h2 gets the alert no_application_protocol (RFC 7301 §3.2), also when it
// offers no protocol at all. Both files are PEM, the certificate with its
// chain. Error: InvalidArgument, a sentence that names the file.
absl::StatusOr<TlsContext> MakeServerTlsContext(const std::string& cert_file,
                                                const std::string& key_file);

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_TLS_CONTEXT_H_
