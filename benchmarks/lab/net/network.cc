#include "benchmarks/lab/net/network.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sluice::lab {
namespace {

constexpr int64_t kMbit = 1'000'000;
constexpr int64_t kMs = 1'000'000;
constexpr size_t kInitialWindow = 10 * kSegmentBytes;  // RFC 6928

// Rates and round trips of 3g_slow, 3g_fast, cable and fibre (there: FIOS) are
// WebPageTest's; those of mobile its 4G, with a loss of our choice. 4g_fast is
// Chrome DevTools' "Fast 4G" before the factors by which DevTools turns a link
// into a delay of requests (9 and 1.5 Mbit/s, 60 ms). A geostationary satellite
// has a round trip of about 600 ms (G. Huston, "Testing LEO and GEO satellite
// services in Australia", APNIC 2022), of which 477 are the speed of light; its
// rates are those that the FCC called broadband from 2015 to 2024.
constexpr Network kNetworks[] = {
    {"marx",
     "Marx et al.: 1,400 bytes every 10 ms, no delay, no congestion control",
     {.down_bits_per_second = 1'120'000,
      .up_bits_per_second = 1000 * kMbit,
      .round_trip_ns = 0,
      .tick_ns = 10 * kMs}},
    {"3g_slow",
     "400 kbit/s both ways, 400 ms, slow start",
     {.down_bits_per_second = 400'000,
      .up_bits_per_second = 400'000,
      .round_trip_ns = 400 * kMs,
      .initial_window_bytes = kInitialWindow}},
    {"3g_fast",
     "1.6 Mbit/s down, 768 kbit/s up, 150 ms, without slow start",
     {.down_bits_per_second = 1'600'000,
      .up_bits_per_second = 768'000,
      .round_trip_ns = 150 * kMs}},
    {"4g_fast",
     "9 Mbit/s down, 1.5 Mbit/s up, 60 ms, slow start",
     {.down_bits_per_second = 9 * kMbit,
      .up_bits_per_second = 1'500'000,
      .round_trip_ns = 60 * kMs,
      .initial_window_bytes = kInitialWindow}},
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
    {"satellite",
     "25 Mbit/s down, 3 Mbit/s up, 600 ms, slow start",
     {.down_bits_per_second = 25 * kMbit,
      .up_bits_per_second = 3 * kMbit,
      .round_trip_ns = 600 * kMs,
      .initial_window_bytes = kInitialWindow}},
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

NamedNetwork NamedLink(std::string name, const LinkOptions& options) {
  return {std::move(name), LinkFactory(options), options};
}

}  // namespace sluice::lab
