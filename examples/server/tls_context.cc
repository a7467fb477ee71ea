#include "examples/server/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::examples {
namespace {

constexpr absl::string_view kH2 = "\x02h2";

// AES with 128 bits first: it is what RFC 8446 §9.1 requires of all, and costs
// an eighth less than with 256 bits. Clients that put ChaCha20 first, since
// they have no AES in hardware, get that.
constexpr char kTls12Ciphers[] =
    "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr char kTls13Ciphers[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_"
    "SHA256";

// The alert of RFC 7301 §3.2 for a client whose list lacks "h2".
int SelectH2(SSL*, const unsigned char** out, unsigned char* out_length,
             const unsigned char* in, unsigned int in_length, void*) {
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(
      &selected, out_length, reinterpret_cast<const unsigned char*>(kH2.data()),
      kH2.size(), in, in_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

// OpenSSL does not call SelectH2() when the client sends no list.
int RequireAlpn(SSL* ssl, int* alert, void*) {
  const unsigned char* extension = nullptr;
  size_t length = 0;
  if (SSL_client_hello_get0_ext(
          ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension,
          &length) == 1) {
    return SSL_CLIENT_HELLO_SUCCESS;
  }
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

// OpenSSL's last error of a file says which part of OpenSSL failed; the first
// one of a file that cannot be opened is the system's.
absl::Status TlsError(absl::string_view what) {
  const unsigned long first = ERR_peek_error();      // NOLINT: OpenSSL's type
  const unsigned long last = ERR_peek_last_error();  // NOLINT
  ERR_clear_error();
  std::string reason = "unknown error";
  if (ERR_SYSTEM_ERROR(first)) {
    reason = std::system_category().message(ERR_GET_REASON(first));
  } else if (ERR_GET_REASON(last) == ERR_R_PEM_LIB) {
    reason =
        "the file has no readable one in PEM format, or one with a pass "
        "phrase";
  } else if (const char* text = ERR_reason_error_string(last)) {
    reason = text;
  }
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", reason));
}

}  // namespace

absl::StatusOr<TlsContext> MakeServerTlsContext(const std::string& cert_file,
                                                const std::string& key_file) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return TlsError("cannot set up TLS");
  SSL_CTX* const ctx = context.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF |
                               SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  // Tickets resume sessions; a cache would grow with the number of clients.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_set_cipher_list(ctx, kTls12Ciphers) != 1 ||
      SSL_CTX_set_ciphersuites(ctx, kTls13Ciphers) != 1) {
    return TlsError("cannot set up TLS");
  }
  if (SSL_CTX_use_certificate_chain_file(ctx, cert_file.c_str()) != 1) {
    return TlsError(
        absl::StrCat("cannot read a certificate from '", cert_file, "'"));
  }
  // Or OpenSSL would ask on the terminal.
  SSL_CTX_set_default_passwd_cb(ctx, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_PrivateKey_file(ctx, key_file.c_str(), SSL_FILETYPE_PEM) !=
      1) {
    return TlsError(absl::StrCat("cannot use the key of '", key_file,
                                 "' with the certificate of '", cert_file,
                                 "'"));
  }
  SSL_CTX_set_client_hello_cb(ctx, RequireAlpn, nullptr);
  SSL_CTX_set_alpn_select_cb(ctx, SelectH2, nullptr);
  return context;
}

}  // namespace sluice::examples
