#include "benchmarks/lab/net/network_spec.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/net/network.h"

namespace sluice::lab {
namespace {

constexpr absl::string_view kNone = "none";
constexpr int64_t kInitialWindow = 10;        // segments, RFC 6928
constexpr double kMs = 1e6;                   // nanoseconds
constexpr double kPerCent = 1e4;              // losses per million
constexpr double kLongestRoundTrip = 60'000;  // ms
constexpr double kMostLoss = 50;              // per cent
constexpr double kLongestWindow = 10'000;     // segments
constexpr double kLongestHeaders = 1'000;
constexpr int64_t kShortestQueue = 2 * kSegmentBytes;
constexpr int64_t kSmallestWindow = 2 * kSegmentBytes;
constexpr int64_t kLongestQueue = 1'000'000'000;

// The end of `text` if it is one of these, whatever their case; the number is
// left in `text`.
double ConsumeUnit(
    absl::string_view& text,
    absl::Span<const std::pair<absl::string_view, double>> units) {
  for (const auto& [unit, scale] : units) {
    if (!absl::EndsWithIgnoreCase(text, unit)) continue;
    text.remove_suffix(unit.size());
    return scale;
  }
  return 1;
}

absl::StatusOr<int64_t> ParseRoundTrip(absl::string_view text) {
  const double scale = ConsumeUnit(text, {{"ms", 1}, {"s", 1000}});
  const absl::StatusOr<int64_t> time =
      ParseNumber(text, 0, kLongestRoundTrip / scale, scale * kMs);
  if (time.ok()) return time;
  return absl::InvalidArgumentError("must be from 0 to 60s, as in 150ms");
}

absl::StatusOr<int64_t> ParseLoss(absl::string_view text) {
  absl::ConsumeSuffix(&text, "%");
  const absl::StatusOr<int64_t> loss =
      ParseNumber(text, 0, kMostLoss, kPerCent);
  if (loss.ok()) return loss;
  return absl::InvalidArgumentError("must be from 0% to 50%");
}

std::string ShowRate(int64_t bits) {
  return bits >= 1'000'000
             ? absl::StrFormat("%.12gM", static_cast<double>(bits) / 1e6)
             : absl::StrFormat("%.12gk", static_cast<double>(bits) / 1e3);
}

std::string ShowBytes(int64_t bytes) {
  return bytes % 1000 == 0 ? absl::StrCat(bytes / 1000, "k")
                           : absl::StrCat(bytes);
}

// A key of every network: how its value is read, kept and shown. 0 is none.
struct Key {
  absl::string_view name;
  absl::StatusOr<int64_t> (*read)(absl::string_view text);
  int64_t (*get)(const LinkOptions& link);
  void (*set)(LinkOptions& link, int64_t value);
  std::string (*show)(int64_t value);
};

constexpr Key kKeys[] = {
    {"down", ParseRate,
     [](const LinkOptions& link) { return link.down_bits_per_second; },
     [](LinkOptions& link, int64_t bits) { link.down_bits_per_second = bits; },
     ShowRate},
    {"up", ParseRate,
     [](const LinkOptions& link) { return link.up_bits_per_second; },
     [](LinkOptions& link, int64_t bits) { link.up_bits_per_second = bits; },
     ShowRate},
    {"rtt", ParseRoundTrip,
     [](const LinkOptions& link) { return link.round_trip_ns; },
     [](LinkOptions& link, int64_t ns) { link.round_trip_ns = ns; },
     [](int64_t ns) {
       return absl::StrFormat("%.12gms", static_cast<double>(ns) / kMs);
     }},
    {"loss", ParseLoss,
     [](const LinkOptions& link) { return int64_t{link.losses_per_million}; },
     [](LinkOptions& link, int64_t losses) {
       link.losses_per_million = static_cast<int>(losses);
     },
     [](int64_t losses) {
       return absl::StrFormat("%.12g%%",
                              static_cast<double>(losses) / kPerCent);
     }},
    {"queue",
     [](absl::string_view text) {
       return ParseByteCount(text, kShortestQueue, kLongestQueue);
     },
     [](const LinkOptions& link) {
       return static_cast<int64_t>(link.queue_bytes);
     },
     [](LinkOptions& link, int64_t bytes) {
       link.queue_bytes = static_cast<size_t>(bytes);
     },
     ShowBytes},
    {"iw",
     [](absl::string_view text) {
       return ParseNumber(text, 1, kLongestWindow, 1);
     },
     [](const LinkOptions& link) {
       return static_cast<int64_t>(link.initial_window_bytes / kSegmentBytes);
     },
     [](LinkOptions& link, int64_t segments) {
       link.initial_window_bytes =
           static_cast<size_t>(segments) * kSegmentBytes;
     },
     [](int64_t segments) { return absl::StrCat(segments); }},
    {"window",
     [](absl::string_view text) {
       return ParseByteCount(text, kSmallestWindow, kLongestQueue);
     },
     [](const LinkOptions& link) {
       return static_cast<int64_t>(link.window_limit_bytes);
     },
     [](LinkOptions& link, int64_t bytes) {
       link.window_limit_bytes = static_cast<size_t>(bytes);
     },
     ShowBytes},
    {"headers",
     [](absl::string_view text) {
       return ParseNumber(text, 1, kLongestHeaders, 1);
     },
     [](const LinkOptions& link) {
       return static_cast<int64_t>(link.header_bytes);
     },
     [](LinkOptions& link, int64_t bytes) {
       link.header_bytes = static_cast<size_t>(bytes);
     },
     [](int64_t bytes) { return absl::StrCat(bytes); }},
};

const Key* FindKey(absl::string_view name) {
  for (const Key& key : kKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string KeysInWords(absl::Span<const absl::string_view> family_keys) {
  std::vector<absl::string_view> names;
  for (const Key& key : kKeys) names.push_back(key.name);
  names.insert(names.end(), family_keys.begin(), family_keys.end());
  return absl::StrJoin(names, ", ");
}

absl::Status Refusal(absl::string_view item, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(item), "\" ", why));
}

LinkOptions Nothing() {
  return {
      .down_bits_per_second = 0, .up_bits_per_second = 0, .round_trip_ns = 0};
}

// The link, the rest of NetworkSpec and what the name alone gives.
class Reader {
 public:
  explicit Reader(absl::Span<const absl::string_view> family_keys)
      : family_keys_(family_keys) {}

  absl::Status ReadName(absl::string_view name) {
    const absl::StatusOr<Network> network = FindNetwork(name);
    if (!network.ok()) return network.status();
    spec_.text = std::string(name);
    spec_.link = named_ = network->link;
    return absl::OkStatus();
  }

  absl::Status ReadItem(absl::string_view item) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    const auto& [name, value] = parts;
    if (!absl::StrContains(item, '=')) {
      return Refusal(item, "is not KEY=VALUE; a name stands in front");
    }
    if (!given_.insert(name).second) return Refusal(item, "is given twice");
    const Key* key = FindKey(name);
    if (key == nullptr) {
      if (std::find(family_keys_.begin(), family_keys_.end(), name) ==
          family_keys_.end()) {
        return Refusal(item, absl::StrCat("has an unknown key; known are ",
                                          KeysInWords(family_keys_)));
      }
      spec_.family_options[std::string(name)] = std::string(value);
      return absl::OkStatus();
    }
    if (value == kNone) {
      key->set(spec_.link, 0);
      return absl::OkStatus();
    }
    const absl::StatusOr<int64_t> read = key->read(value);
    if (!read.ok()) return Refusal(item, read.status().message());
    key->set(spec_.link, *read);
    return absl::OkStatus();
  }

  absl::StatusOr<NetworkSpec> Finish() {
    const Key& window = *FindKey("iw");
    LinkOptions& link = spec_.link;
    if ((link.losses_per_million > 0 || link.queue_bytes > 0 ||
         link.window_limit_bytes > 0) &&
        window.get(named_) == 0) {
      window.set(named_, kInitialWindow);
      if (!given_.contains("iw")) window.set(link, kInitialWindow);
    }
    if (link.queue_bytes > 0 && window.get(link) == 0) {
      return Refusal("iw=none", "does not go with a queue: it would overflow");
    }
    if (link.down_bits_per_second == 0 && link.round_trip_ns == 0 &&
        link.tick_ns == 0) {
      return absl::InvalidArgumentError(
          "gives neither down nor rtt, so nothing would take time");
    }
    for (const Key& key : kKeys) {
      const int64_t value = key.get(link);
      if (value == key.get(named_)) continue;
      Append(key.name, value == 0 ? std::string(kNone) : key.show(value));
    }
    for (const absl::string_view key : family_keys_) {
      const auto option = spec_.family_options.find(std::string(key));
      if (option != spec_.family_options.end()) Append(key, option->second);
    }
    return std::move(spec_);
  }

 private:
  void Append(absl::string_view key, absl::string_view value) {
    absl::StrAppend(&spec_.text, spec_.text.empty() ? "" : ",", key, "=",
                    value);
  }

  absl::Span<const absl::string_view> family_keys_;
  LinkOptions named_ = Nothing();
  NetworkSpec spec_ = {.link = Nothing()};
  std::set<absl::string_view> given_;
};

}  // namespace

absl::StatusOr<int64_t> ParseNumber(absl::string_view text, double least,
                                    double most, double scale) {
  double number = 0;
  // The condition refuses NaN, too.
  if (absl::SimpleAtod(text, &number) && number >= least && number <= most) {
    return std::llround(number * scale);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("must be a number from ", least, " to ", most));
}

absl::StatusOr<int64_t> ParseRate(absl::string_view text) {
  for (const absl::string_view unit : {"bit/s", "bit", "bps"}) {
    if (!absl::EndsWithIgnoreCase(text, unit)) continue;
    text.remove_suffix(unit.size());
    break;
  }
  const double scale = ConsumeUnit(text, {{"k", 1e3}, {"m", 1e6}, {"g", 1e9}});
  const absl::StatusOr<int64_t> rate =
      ParseNumber(text, 1e3 / scale, 1e12 / scale, scale);
  if (rate.ok()) return rate;
  return absl::InvalidArgumentError(
      "must be from 1k to 1000G bits per second, as in 400k or 1.6M");
}

absl::StatusOr<int64_t> ParseByteCount(absl::string_view text, int64_t least,
                                       int64_t most) {
  const double scale = ConsumeUnit(
      text, {{"ki", 1024}, {"mi", 1 << 20}, {"k", 1e3}, {"m", 1e6}});
  const absl::StatusOr<int64_t> bytes =
      ParseNumber(text, static_cast<double>(least) / scale,
                  static_cast<double>(most) / scale, scale);
  if (bytes.ok()) return bytes;
  return absl::InvalidArgumentError(absl::StrCat(
      "must be from ", least, " to ", most, " bytes, as in 64k or 65536"));
}

absl::StatusOr<NetworkSpec> ParseNetworkSpec(
    absl::string_view text, absl::Span<const absl::string_view> family_keys) {
  Reader reader(family_keys);
  const std::vector<absl::string_view> items = absl::StrSplit(text, ',');
  for (size_t i = 0; i < items.size(); ++i) {
    const absl::string_view item = absl::StripAsciiWhitespace(items[i]);
    const bool is_name = i == 0 && !absl::StrContains(item, '=');
    const absl::Status status =
        is_name ? reader.ReadName(item) : reader.ReadItem(item);
    if (!status.ok()) return status;
  }
  return reader.Finish();
}

}  // namespace sluice::lab
