// Connections to the server, in cleartext or TLS, over Asio.
#ifndef SLUICE_BENCHMARKS_PROBE_WIRE_H_
#define SLUICE_BENCHMARKS_PROBE_WIRE_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/probe/url.h"

namespace sluice::probe {

// A connection.
class Wire {
 public:
  virtual ~Wire() = default;

  // All of it. Error: Unavailable; the wire is of no use then.
  virtual absl::Status Write(absl::string_view bytes,
                             absl::Duration patience) = 0;

  // The next bytes, at most `most` of those that are there, valid until the
  // next call; empty: none came within `patience`. Error: Unavailable, also at
  // the end.
  virtual absl::StatusOr<absl::string_view> Read(size_t most,
                                                 absl::Duration patience) = 0;
};

// Makes connections to one server. It must outlive them.
class Dialer {
 public:
  // `insecure` takes any certificate.
  Dialer(Url url, bool insecure);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // Cleartext is HTTP/2 with prior knowledge, TLS has ALPN "h2". With
  // `small_buffers` the kernel's buffers and segments are small, so that a slow
  // reader holds the server back as a slow link would. Error: Unavailable, a
  // sentence.
  absl::StatusOr<std::unique_ptr<Wire>> Connect(bool small_buffers,
                                                absl::Duration patience);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_WIRE_H_
