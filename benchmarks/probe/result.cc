#include "benchmarks/probe/result.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sluice::probe {
namespace {

constexpr absl::string_view kKindNames[] = {"honoured", "partly", "ignored",
                                            "reversed", "cannot tell"};
constexpr absl::string_view kShare = "share ";
constexpr absl::string_view kStrict = "strict order";
constexpr absl::string_view kFor = " for ";

// "3.9", "7".
std::string ShareNumber(double share) {
  return share == std::round(share) ? absl::StrFormat("%.0f", share)
                                    : absl::StrFormat("%.1f", share);
}

std::string ShareText(const Share& share) {
  return absl::StrCat(std::isinf(share.measured)
                          ? std::string(kStrict)
                          : absl::StrCat(kShare, ShareNumber(share.measured)),
                      kFor, ShareNumber(share.asked));
}

std::optional<Share> ParseShare(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> sides =
      absl::StrSplit(text, absl::MaxSplits(kFor, 1));
  Share share;
  absl::string_view measured = sides.first;
  if (measured == kStrict) {
    share.measured = std::numeric_limits<double>::infinity();
  } else if (!absl::ConsumePrefix(&measured, kShare) ||
             !absl::SimpleAtod(measured, &share.measured)) {
    return std::nullopt;
  }
  if (!absl::SimpleAtod(sides.second, &share.asked)) return std::nullopt;
  return share;
}

}  // namespace

absl::string_view VerdictName(VerdictKind kind) {
  return kKindNames[static_cast<size_t>(kind)];
}

std::string FormatVerdict(const Verdict& verdict) {
  const absl::string_view kind = VerdictName(verdict.kind);
  const std::string why =
      verdict.share ? ShareText(*verdict.share) : verdict.reason;
  return why.empty() ? std::string(kind) : absl::StrCat(kind, " (", why, ")");
}

absl::StatusOr<Verdict> ParseVerdict(absl::string_view text) {
  const auto refuse = [text] {
    return absl::InvalidArgumentError(absl::StrCat(
        "is '", text,
        "'; it must be honoured, ignored, reversed, partly (REASON) or cannot "
        "tell (REASON)"));
  };
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(" (", 1));
  Verdict verdict;
  size_t kind = 0;
  while (kind < std::size(kKindNames) && kKindNames[kind] != parts.first) {
    ++kind;
  }
  if (kind == std::size(kKindNames)) return refuse();
  verdict.kind = static_cast<VerdictKind>(kind);
  const bool has_reason = verdict.kind == VerdictKind::kPartly ||
                          verdict.kind == VerdictKind::kCannotTell;
  if (!has_reason) {
    if (text != parts.first) return refuse();
    return verdict;
  }
  absl::string_view reason = parts.second;
  if (!absl::ConsumeSuffix(&reason, ")") || reason.empty()) return refuse();
  if (verdict.kind == VerdictKind::kPartly) verdict.share = ParseShare(reason);
  if (!verdict.share) verdict.reason = std::string(reason);
  return verdict;
}

std::map<std::string, servers::Spread> SpreadsOf(
    const std::vector<Figures>& repeats) {
  std::map<std::string, std::vector<double>> values;
  for (const Figures& repeat : repeats) {
    for (const auto& [name, value] : repeat) values[name].push_back(value);
  }
  std::map<std::string, servers::Spread> spreads;
  for (auto& [name, of_name] : values) {
    spreads[name] = servers::SpreadOf(std::move(of_name));
  }
  return spreads;
}

std::string SettingName(h2::SettingId id) {
  switch (id) {
    case h2::SettingId::kHeaderTableSize:
      return "HEADER_TABLE_SIZE";
    case h2::SettingId::kEnablePush:
      return "ENABLE_PUSH";
    case h2::SettingId::kMaxConcurrentStreams:
      return "MAX_CONCURRENT_STREAMS";
    case h2::SettingId::kInitialWindowSize:
      return "INITIAL_WINDOW_SIZE";
    case h2::SettingId::kMaxFrameSize:
      return "MAX_FRAME_SIZE";
    case h2::SettingId::kMaxHeaderListSize:
      return "MAX_HEADER_LIST_SIZE";
    case h2::SettingId::kEnableConnectProtocol:
      return "ENABLE_CONNECT_PROTOCOL";
    case h2::SettingId::kNoRfc7540Priorities:
      return "NO_RFC7540_PRIORITIES";
  }
  return absl::StrFormat("0x%04x", static_cast<unsigned>(id));
}

}  // namespace sluice::probe
