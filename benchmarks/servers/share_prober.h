// A client that asks for large bodies under two weights, and counts the bytes
// of each.
#ifndef SLUICE_BENCHMARKS_SERVERS_SHARE_PROBER_H_
#define SLUICE_BENCHMARKS_SERVERS_SHARE_PROBER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/link_client.h"

namespace sluice::servers {

struct ShareOptions {
  // Three bodies below each of two idle streams that have the weights, as
  // Firefox did. Otherwise one body for each weight.
  bool groups = false;
  std::string path = "/large";
  std::string scheme = "http";
  std::string authority = "localhost";
  // The bytes between these count: before, the server has not seen all
  // requests. Of them, those from the end of a light frame to the end of
  // another: whole turns of the server.
  int64_t count_from = 500 * 1024;
  int64_t count_to = 3000 * 1024;
};

// The ratio when the light weight gets next to nothing.
inline constexpr double kAll = 1000;

// RFC 7540 §5.3.2: two that depend on one stream share in the ratio of their
// weights.
inline constexpr int kHeavyWeight = 224;
inline constexpr int kLightWeight = 32;

class ShareProber : public LinkClient {
 public:
  explicit ShareProber(ShareOptions options);

  absl::Status Start() override;

  // Errors: the connection's; Unavailable if the server refuses or resets a
  // request, or if a body ends too early.
  absl::Status Receive(absl::string_view bytes, absl::Duration now) override;

  h2::Connection& connection() override { return connection_; }
  bool done() const override { return received_ >= options_.count_to; }

  // Bytes under the heavy weight by bytes under the light one; ideal: 7.
  double ratio() const { return ratio_; }

 private:
  absl::Status Get(bool heavy);
  void Count(const h2::DataReceived& data);

  const ShareOptions options_;
  h2::Connection connection_;
  std::vector<h2::StreamId> heavy_;
  int64_t received_ = 0;
  bool counts_ = false;
  int64_t heavy_bytes_ = 0;
  int64_t light_bytes_ = 0;
  double ratio_ = kAll;  // at the end of the last light frame
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_SHARE_PROBER_H_
