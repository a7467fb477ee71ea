#include "benchmarks/lab/ns3/ns3_network.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sluice::lab {
namespace {

constexpr int64_t kSmallestDefaultQueue = 45'000;

template <typename T>
struct Named {
  absl::string_view name;
  T value;
};

constexpr Named<CongestionControl> kCongestionControls[] = {
    {"cubic", CongestionControl::kCubic},
    {"bbr", CongestionControl::kBbr},
    {"newreno", CongestionControl::kNewReno},
};

constexpr Named<QueueDiscipline> kQueueDisciplines[] = {
    {"fifo", QueueDiscipline::kFifo},
    {"codel", QueueDiscipline::kCodel},
    {"fq_codel", QueueDiscipline::kFqCodel},
};

template <typename T, size_t n>
absl::Status ParseName(const Named<T> (&known)[n], absl::string_view text,
                       T& value) {
  for (const Named<T>& one : known) {
    if (one.name != text) continue;
    value = one.value;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "known are ",
      absl::StrJoin(known, ", ", [](std::string* out, const Named<T>& one) {
        absl::StrAppend(out, one.name);
      })));
}

// A number from `least` to `most` of a unit that is `scale` of the result.
template <typename T>
absl::Status ParseNumber(absl::string_view text, double least, double most,
                         double scale, T& value) {
  double number = 0;
  // The condition refuses NaN, too.
  if (!absl::SimpleAtod(text, &number) ||
      !(number >= least && number <= most)) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be a number from ", least, " to ", most));
  }
  value = static_cast<T>(std::llround(number * scale));
  return absl::OkStatus();
}

absl::Status ParseRate(absl::string_view text, int64_t& bits_per_second) {
  double scale = 1;
  if (absl::ConsumeSuffix(&text, "k")) {
    scale = 1e3;
  } else if (absl::ConsumeSuffix(&text, "M")) {
    scale = 1e6;
  }
  constexpr double kLeast = 8e3;
  constexpr double kMost = 1e9;
  if (ParseNumber(text, kLeast / scale, kMost / scale, scale, bits_per_second)
          .ok()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("must be from 8k to 1000M bits per second");
}

absl::Status ParseValue(absl::string_view key, absl::string_view text,
                        Ns3Options& options) {
  if (key == "down") return ParseRate(text, options.down_bits_per_second);
  if (key == "up") return ParseRate(text, options.up_bits_per_second);
  if (key == "rtt") {
    return ParseNumber(text, 0, 10'000, 1e6, options.round_trip_ns);
  }
  if (key == "loss") {
    return ParseNumber(text, 0, 20, 1e4, options.down_losses_per_million);
  }
  if (key == "loss_up") {
    return ParseNumber(text, 0, 20, 1e4, options.up_losses_per_million);
  }
  if (key == "queue") {
    return ParseNumber(text, 3'000, 1e9, 1, options.queue_bytes);
  }
  if (key == "qdisc") return ParseName(kQueueDisciplines, text, options.queue);
  if (key == "cc") {
    return ParseName(kCongestionControls, text, options.congestion);
  }
  return absl::InvalidArgumentError(
      "known keys are down, up, rtt, loss, loss_up, queue, qdisc, cc");
}

absl::Status UseNetwork(absl::string_view name, Ns3Options& options) {
  const absl::StatusOr<Network> network = FindNetwork(name);
  if (!network.ok()) return network.status();
  if (network->link.tick_ns > 0) {
    return absl::InvalidArgumentError("has a tick, and TCP needs a rate");
  }
  options.down_bits_per_second = network->link.down_bits_per_second;
  options.up_bits_per_second = network->link.up_bits_per_second;
  options.round_trip_ns = network->link.round_trip_ns;
  options.down_losses_per_million = network->link.losses_per_million;
  return absl::OkStatus();
}

absl::Status Refusal(absl::string_view item, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("ns3: \"", absl::CHexEscape(item), "\": ", why));
}

}  // namespace

absl::StatusOr<Ns3Options> ParseNs3Options(absl::string_view text) {
  Ns3Options options;
  options.queue_bytes = 0;  // until all else is known
  std::set<absl::string_view> seen;
  const std::vector<absl::string_view> items =
      absl::StrSplit(text, ',', absl::SkipEmpty());
  // The name first: the keys change what it gives, wherever they stand.
  for (absl::string_view item : items) {
    if (absl::StrContains(item, '=')) continue;
    if (!seen.insert("").second) return Refusal(item, "a second network");
    if (absl::Status status = UseNetwork(item, options); !status.ok()) {
      return Refusal(item, status.message());
    }
  }
  for (absl::string_view item : items) {
    if (!absl::StrContains(item, '=')) continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    if (!seen.insert(parts.first).second) return Refusal(item, "given twice");
    absl::Status status = ParseValue(parts.first, parts.second, options);
    if (!status.ok()) return Refusal(item, status.message());
  }
  if (options.queue_bytes == 0) {
    const double product = 1e-9 * static_cast<double>(options.round_trip_ns) *
                           static_cast<double>(options.down_bits_per_second) /
                           8;
    options.queue_bytes =
        std::max(kSmallestDefaultQueue, static_cast<int64_t>(product));
  }
  return options;
}

NetworkFamily Ns3Networks() {
  return {
      .prefix = "ns3",
      .summary =
          "real TCP by ns-3: NETWORK,cc=cubic|bbr|newreno,loss=PERCENT,"
          "queue=BYTES,qdisc=fifo|codel|fq_codel,down=,up=,rtt=,loss_up=",
      .parse = [](absl::string_view text) -> absl::StatusOr<TransportFactory> {
        const absl::StatusOr<Ns3Options> options = ParseNs3Options(text);
        if (!options.ok()) return options.status();
        return TransportFactory(
            [network = *options](const TransportOptions& run) {
              return std::make_unique<Ns3Transport>(network, run);
            });
      }};
}

}  // namespace sluice::lab
