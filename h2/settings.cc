#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/fault.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace sluice::h2 {
namespace {

struct Rule {
  SettingId id;
  absl::string_view name;
  absl::string_view section;
  uint32_t initial;
  uint32_t least;
  uint32_t most;
  ErrorCode code = ErrorCode::kProtocolError;  // of a value outside of them
};

constexpr Rule kRules[] = {
    {SettingId::kHeaderTableSize, "HEADER_TABLE_SIZE", "RFC 9113 6.5.2", 4096,
     0, kUnlimited},
    {SettingId::kEnablePush, "ENABLE_PUSH", "RFC 9113 6.5.2", 1, 0, 1},
    {SettingId::kInitialWindowSize, "INITIAL_WINDOW_SIZE", "RFC 9113 6.5.2",
     kDefaultWindow, 0, uint32_t{kMaxWindow}, ErrorCode::kFlowControlError},
    {SettingId::kMaxFrameSize, "MAX_FRAME_SIZE", "RFC 9113 6.5.2",
     kMinMaxFrameSize, kMinMaxFrameSize, kMaxMaxFrameSize},
    {SettingId::kEnableConnectProtocol, "ENABLE_CONNECT_PROTOCOL", "RFC 8441 3",
     0, 0, 1},
    {SettingId::kNoRfc7540Priorities, "NO_RFC7540_PRIORITIES", "RFC 9218 2.1",
     0, 0, 1},
};

// A server neither enables push nor has it enabled (RFC 9113 §6.5.2, §8.4).
bool ForbidsPush(Side sender, SettingId id) {
  return sender == Side::kServer && id == SettingId::kEnablePush;
}

// Values that may not change back, or any more. `connect` and `no_rfc7540` are
// the sender's values so far; without the latter its first SETTINGS come now.
absl::Status CheckChanges(absl::Span<const Setting> settings, uint32_t connect,
                          std::optional<uint32_t> no_rfc7540) {
  for (const Setting& setting : settings) {
    if (setting.id == SettingId::kEnableConnectProtocol) {
      // RFC 8441 §3: "A sender MUST NOT send a SETTINGS_ENABLE_CONNECT_PROTOCOL
      // parameter with the value of 0 after previously sending a value of 1."
      if (connect == 1 && setting.value == 0) {
        return ConnectionFault(ErrorKind::kInvalidSettingsValue,
                               "ENABLE_CONNECT_PROTOCOL was 1 and may not "
                               "become 0 (RFC 8441 3)");
      }
      connect = setting.value;
    } else if (setting.id == SettingId::kNoRfc7540Priorities &&
               setting.value != no_rfc7540.value_or(setting.value)) {
      return ConnectionFault(
          ErrorKind::kInvalidSettingsValue, "NO_RFC7540_PRIORITIES was ",
          *no_rfc7540,
          " in the first SETTINGS and may not change (RFC 9218 2.1)");
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Setting> ParseSettings(absl::string_view payload) {
  std::vector<Setting> settings;
  settings.reserve(payload.size() / kSettingSize);
  for (; !payload.empty(); payload.remove_prefix(kSettingSize)) {
    settings.push_back(
        {static_cast<SettingId>(LoadU16(payload)), LoadU32(payload.substr(2))});
  }
  return settings;
}

// --- SettingsTable ---------------------------------------------------------

SettingsTable::SettingsTable(Side sender) : known_{} {
  for (const SettingId limit :
       {SettingId::kMaxConcurrentStreams, SettingId::kMaxHeaderListSize}) {
    known_[static_cast<size_t>(limit)] = kUnlimited;
  }
  for (const Rule& rule : kRules) {
    const auto index = static_cast<size_t>(rule.id);
    known_[index] = ForbidsPush(sender, rule.id) ? 0 : rule.initial;
    has_value_[index] = true;
  }
}

std::optional<uint32_t> SettingsTable::Find(SettingId id) const {
  const size_t index = static_cast<size_t>(id);
  if (index < kKnown) {
    if (!has_value_[index]) return std::nullopt;
    return known_[index];
  }
  for (const Setting& setting : unknown_) {
    if (setting.id == id) return setting.value;
  }
  return std::nullopt;
}

absl::Status SettingsTable::Validate(Side sender, const Setting& setting) {
  for (const Rule& rule : kRules) {
    if (rule.id != setting.id) continue;
    const uint32_t most = ForbidsPush(sender, rule.id) ? 0 : rule.most;
    if (setting.value >= rule.least && setting.value <= most) break;
    return MakeError(
        ErrorKind::kInvalidSettingsValue,
        absl::StrCat(rule.name, " is ", setting.value, "; it must be ",
                     rule.least, " to ", most, " (", rule.section, ")"),
        kConnectionStreamId, rule.code);
  }
  return absl::OkStatus();
}

SettingChanges SettingsTable::Apply(absl::Span<const Setting> settings) {
  SettingChanges changed;
  for (const Setting& setting : settings) {
    const auto [it, inserted] = changed.try_emplace(
        setting.id, SettingChange{Find(setting.id), setting.value});
    it->second.new_value = setting.value;
    const size_t index = static_cast<size_t>(setting.id);
    if (index < kKnown) {
      known_[index] = setting.value;
      has_value_[index] = true;
      continue;
    }
    const auto kept = absl::c_find_if(
        unknown_, [&](const Setting& s) { return s.id == setting.id; });
    if (kept != unknown_.end()) {
      kept->value = setting.value;
    } else if (unknown_.size() < kMaxUnknown) {
      unknown_.push_back(setting);
    }
  }
  return changed;
}

// --- SettingsExchange ------------------------------------------------------

SettingsExchange::SettingsExchange(Side side)
    : side_(side),
      local_(side),
      remote_(PeerOf(side)),
      max_inbound_streams_(local_.Get(SettingId::kMaxConcurrentStreams)) {}

std::vector<Setting> SettingsExchange::Initial(
    const ConnectionOptions& options) {
  std::vector<Setting> settings = {
      {SettingId::kHeaderTableSize, 4096},
      {SettingId::kMaxConcurrentStreams, 100},
      {SettingId::kInitialWindowSize, kDefaultWindow},
      {SettingId::kMaxFrameSize, kMinMaxFrameSize},
      {SettingId::kMaxHeaderListSize,
       static_cast<uint32_t>(
           std::min<size_t>(options.limits.max_header_list_size, kUnlimited))},
  };
  if (options.side == Side::kClient) {
    settings.push_back({SettingId::kEnablePush, 1});
  }
  for (const Setting& wanted : options.settings) {
    const auto it = absl::c_find_if(
        settings, [&](const Setting& s) { return s.id == wanted.id; });
    if (it == settings.end()) {
      settings.push_back(wanted);
    } else {
      *it = wanted;
    }
  }
  return settings;
}

absl::Status SettingsExchange::CheckLocal(absl::Span<const Setting> settings,
                                          bool first) const {
  for (const Setting& setting : settings) {
    SLUICE_RETURN_IF_ERROR(SettingsTable::Validate(side_, setting));
  }
  std::optional<uint32_t> no_rfc7540;
  if (!first) no_rfc7540 = LastSent(SettingId::kNoRfc7540Priorities);
  return CheckChanges(settings, LastSent(SettingId::kEnableConnectProtocol),
                      no_rfc7540);
}

void SettingsExchange::Sent(std::vector<Setting> settings, absl::Duration now) {
  // MAX_CONCURRENT_STREAMS is enforced from now on. A peer that has not seen it
  // learns it by REFUSED_STREAM, after which it can try again.
  for (const Setting& setting : settings) {
    if (setting.id == SettingId::kMaxConcurrentStreams) {
      max_inbound_streams_ = setting.value;
    }
  }
  pending_.push_back({std::move(settings), now});
}

SettingChanges SettingsExchange::Acknowledge() {
  const std::vector<Setting> settings = std::move(pending_.front().settings);
  pending_.erase(pending_.begin());
  if (pending_.empty()) pending_.shrink_to_fit();
  return local_.Apply(settings);
}

uint32_t SettingsExchange::LastSent(SettingId id) const {
  uint32_t last = local_.Get(id);
  for (const Pending& pending : pending_) {
    for (const Setting& setting : pending.settings) {
      if (setting.id == id) last = setting.value;
    }
  }
  return last;
}

int64_t SettingsExchange::LimitUntilAcknowledged() const {
  const uint32_t acknowledged = local_.Get(SettingId::kInitialWindowSize);
  uint32_t largest = acknowledged;
  for (const Pending& pending : pending_) {
    for (const Setting& setting : pending.settings) {
      if (setting.id == SettingId::kInitialWindowSize) {
        largest = std::max(largest, setting.value);
      }
    }
  }
  return kMaxWindow - (largest - acknowledged);
}

absl::Status SettingsExchange::CheckRemote(
    absl::Span<const Setting> settings) const {
  for (const Setting& setting : settings) {
    SLUICE_RETURN_IF_ERROR(SettingsTable::Validate(PeerOf(side_), setting));
  }
  std::optional<uint32_t> no_rfc7540;
  if (remote_received_) {
    no_rfc7540 = remote_.Get(SettingId::kNoRfc7540Priorities);
  }
  return CheckChanges(settings, remote_.Get(SettingId::kEnableConnectProtocol),
                      no_rfc7540);
}

SettingChanges SettingsExchange::ApplyRemote(absl::Span<const Setting> settings,
                                             bool in_frame) {
  remote_received_ |= in_frame;
  return remote_.Apply(settings);
}

}  // namespace sluice::h2
