// A certificate for one run.
#ifndef SLUICE_BENCHMARKS_SERVERS_CERTIFICATE_H_
#define SLUICE_BENCHMARKS_SERVERS_CERTIFICATE_H_

#include <string>

#include "absl/status/status.h"

namespace sluice::servers {

// Writes a new key (ECDSA P-256) and a certificate for it, signed by itself and
// valid for a day, as PEM. Error: Unavailable.
absl::Status WriteCertificate(const std::string& cert_file,
                              const std::string& key_file);

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_CERTIFICATE_H_
