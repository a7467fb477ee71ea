#include "benchmarks/lab/net/network.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sluice::lab {
namespace {

constexpr int64_t kMbit = 1'000'000;
constexpr int64_t kMs = 1'000'000;
constexpr size_t kInitialWindow = 10 * kSegmentBytes;  // RFC 6928

// Rates and round trips of 3g_fast, cable and fibre (there: FIOS) are
// WebPageTest's; those of mobile its 4G, with a loss of our choice.
constexpr Network kNetworks[] = {
    {"marx",
     "Marx et al.: 1,400 bytes every 10 ms, no delay, no congestion control",
     {.down_bits_per_second = 1'120'000,
      .up_bits_per_second = 1000 * kMbit,
      .round_trip_ns = 0,
      .tick_ns = 10 * kMs}},
    {"3g_fast",
     "1.6 Mbit/s down, 768 kbit/s up, 150 ms, without slow start",
     {.down_bits_per_second = 1'600'000,
      .up_bits_per_second = 768'000,
      .round_trip_ns = 150 * kMs}},
    {"cable",
     "5 Mbit/s down, 1 Mbit/s up, 28 ms, slow start",
     {.down_bits_per_second = 5 * kMbit,
      .up_bits_per_second = 1 * kMbit,
      .round_trip_ns = 28 * kMs,
      .initial_window_bytes = kInitialWindow}},
    {"fibre",
     "20 Mbit/s down, 5 Mbit/s up, 4 ms, slow start",
     {.down_bits_per_second = 20 * kMbit,
      .up_bits_per_second = 5 * kMbit,
      .round_trip_ns = 4 * kMs,
      .initial_window_bytes = kInitialWindow}},
    {"mobile",
     "9 Mbit/s both ways, 170 ms, slow start, 0.5 % loss (--seed)",
     {.down_bits_per_second = 9 * kMbit,
      .up_bits_per_second = 9 * kMbit,
      .round_trip_ns = 170 * kMs,
      .initial_window_bytes = kInitialWindow,
      .losses_per_million = 5000}},
};

}  // namespace

absl::Span<const Network> Networks() { return kNetworks; }

absl::StatusOr<Network> FindNetwork(absl::string_view name) {
  for (const Network& network : kNetworks) {
    if (network.name == name) return network;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown network \"", absl::CHexEscape(name), "\"; known are ",
      absl::StrJoin(kNetworks, ", ",
                    [](std::string* out, const Network& network) {
                      absl::StrAppend(out, network.name);
                    })));
}

TransportFactory LinkFactory(LinkOptions options) {
  return [options](const TransportOptions& chosen) {
    LinkOptions all = options;
    all.send_buffer_bytes = chosen.send_buffer_bytes;
    all.seed = chosen.seed;
    return std::make_unique<Link>(all);
  };
}

}  // namespace sluice::lab
