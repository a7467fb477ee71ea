#include "benchmarks/lab/ns3/ns3_network.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace sluice::lab {
namespace {

constexpr int64_t kSmallestDefaultQueue = 45'000;
constexpr int64_t kLeastRate = 8'000;  // bits per second
constexpr int64_t kMostRate = 1'000'000'000;
constexpr int kMostLoss = 200'000;  // per million
constexpr size_t kInitialWindow = 10 * kSegmentBytes;

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
      "is unknown; known are ",
      absl::StrJoin(known, ", ", [](std::string* out, const Named<T>& one) {
        absl::StrAppend(out, one.name);
      })));
}

absl::Status Refusal(absl::string_view item, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(item), "\" ", why));
}

absl::Status ReadOwnKey(absl::string_view key, absl::string_view text,
                        Ns3Options& options) {
  if (key == "qdisc") return ParseName(kQueueDisciplines, text, options.queue);
  if (key == "cc") {
    return ParseName(kCongestionControls, text, options.congestion);
  }
  absl::ConsumeSuffix(&text, "%");
  const absl::StatusOr<int64_t> losses =
      ParseNumber(text, 0, kMostLoss / 1e4, 1e4);
  if (!losses.ok()) return losses.status();
  options.up_losses_per_million = static_cast<int>(*losses);
  return absl::OkStatus();
}

// What a link may have and ns-3 may not.
absl::Status CheckLink(const LinkOptions& link) {
  if (link.tick_ns > 0) {
    return absl::InvalidArgumentError("has a tick, and TCP needs a rate");
  }
  for (const int64_t rate :
       {link.down_bits_per_second, link.up_bits_per_second}) {
    if (rate < kLeastRate || rate > kMostRate) {
      return absl::InvalidArgumentError(
          "needs down and up, each from 8k to 1000M, or a network's name");
    }
  }
  if (link.losses_per_million > kMostLoss) {
    return absl::InvalidArgumentError("has a loss above 20%");
  }
  if (link.initial_window_bytes != 0 &&
      link.initial_window_bytes != kInitialWindow) {
    return absl::InvalidArgumentError(
        "has another iw than 10, with which ns-3 begins");
  }
  if (link.window_limit_bytes > 0) {
    return absl::InvalidArgumentError(
        "has a window, and in ns-3 cc decides about that");
  }
  if (link.header_bytes > 0) {
    return absl::InvalidArgumentError(
        "has headers, and a packet of ns-3 has its own");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Ns3Options> ReadNs3Options(const NetworkSpec& spec) {
  const LinkOptions& link = spec.link;
  if (absl::Status status = CheckLink(link); !status.ok()) {
    return Refusal(spec.text, status.message());
  }
  Ns3Options options = {.down_bits_per_second = link.down_bits_per_second,
                        .up_bits_per_second = link.up_bits_per_second,
                        .round_trip_ns = link.round_trip_ns,
                        .down_losses_per_million = link.losses_per_million,
                        .queue_bytes = static_cast<int64_t>(link.queue_bytes)};
  for (const auto& [key, value] : spec.family_options) {
    if (absl::Status status = ReadOwnKey(key, value, options); !status.ok()) {
      return Refusal(absl::StrCat(key, "=", value), status.message());
    }
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
          "real TCP by ns-3, with cc=cubic|bbr|newreno, "
          "qdisc=fifo|codel|fq_codel, loss_up=PERCENT",
      .keys = {"loss_up", "qdisc", "cc"},
      .make = [](const NetworkSpec& spec) -> absl::StatusOr<TransportFactory> {
        const absl::StatusOr<Ns3Options> options = ReadNs3Options(spec);
        if (!options.ok()) return options.status();
        return TransportFactory(
            [network = *options](const TransportOptions& run) {
              return std::make_unique<Ns3Transport>(network, run);
            });
      }};
}

}  // namespace sluice::lab
