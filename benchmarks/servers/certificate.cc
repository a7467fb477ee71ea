#include "benchmarks/servers/certificate.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sluice::servers {
namespace {

constexpr long kDay = 24 * 60 * 60;  // NOLINT: OpenSSL's type
constexpr unsigned char kName[] = "localhost";

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

bool Fill(X509* certificate, EVP_PKEY* key) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), kDay) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, kName, -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

absl::Status WriteCertificate(const std::string& cert_file,
                              const std::string& key_file) {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate certificate(X509_new(), &X509_free);
  const File cert_out(std::fopen(cert_file.c_str(), "w"), &std::fclose);
  const File key_out(std::fopen(key_file.c_str(), "w"), &std::fclose);
  if (key != nullptr && certificate != nullptr && cert_out != nullptr &&
      key_out != nullptr && Fill(certificate.get(), key.get()) &&
      PEM_write_X509(cert_out.get(), certificate.get()) == 1 &&
      PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0,
                           nullptr, nullptr) == 1) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("cannot write a certificate to ", cert_file));
}

}  // namespace sluice::servers
