#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <map>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace sluice::h2 {

SettingsTable::SettingsTable(Side sender) {
  const auto set = [this](SettingId id, uint32_t value) {
    known_[static_cast<size_t>(id)] = value;
  };
  set(SettingId::kHeaderTableSize, 4096);
  set(SettingId::kEnablePush, sender == Side::kClient ? 1 : 0);
  set(SettingId::kInitialWindowSize, kDefaultWindow);
  set(SettingId::kMaxFrameSize, kMinMaxFrameSize);
  set(SettingId::kEnableConnectProtocol, 0);
  set(SettingId::kNoRfc7540Priorities, 0);
}

std::optional<uint32_t> SettingsTable::Find(SettingId id) const {
  const size_t index = static_cast<size_t>(id);
  if (index < kKnown) return known_[index];
  for (const Setting& setting : unknown_) {
    if (setting.id == id) return setting.value;
  }
  return std::nullopt;
}

uint32_t SettingsTable::Get(SettingId id) const {
  const bool unlimited = id == SettingId::kMaxConcurrentStreams ||
                         id == SettingId::kMaxHeaderListSize;
  return Find(id).value_or(unlimited ? kUnlimited : 0);
}

absl::Status SettingsTable::Validate(Side sender, const Setting& setting) {
  const uint32_t value = setting.value;
  const auto refuse = [&](ErrorCode code) {
    return MakeError(ErrorKind::kInvalidSettingsValue,
                     absl::StrCat("setting ", static_cast<uint16_t>(setting.id),
                                  " may not be ", value),
                     kConnectionStreamId, code);
  };
  switch (setting.id) {
    case SettingId::kEnablePush:  // RFC 9113 §6.5.2, §8.4
      if (value > (sender == Side::kClient ? 1 : 0)) {
        return refuse(ErrorCode::kProtocolError);
      }
      break;
    case SettingId::kInitialWindowSize:  // RFC 9113 §6.5.2
      if (value > kMaxWindow) return refuse(ErrorCode::kFlowControlError);
      break;
    case SettingId::kMaxFrameSize:  // RFC 9113 §6.5.2
      if (value < kMinMaxFrameSize || value > kMaxMaxFrameSize) {
        return refuse(ErrorCode::kProtocolError);
      }
      break;
    case SettingId::kEnableConnectProtocol:  // RFC 8441 §3
    case SettingId::kNoRfc7540Priorities:    // RFC 9218 §2.1
      if (value > 1) return refuse(ErrorCode::kProtocolError);
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

std::map<SettingId, SettingChange> SettingsTable::Apply(
    absl::Span<const Setting> settings) {
  std::map<SettingId, SettingChange> changed;
  for (const Setting& setting : settings) {
    const auto [it, inserted] = changed.try_emplace(
        setting.id, SettingChange{Find(setting.id), setting.value});
    it->second.new_value = setting.value;
    const size_t index = static_cast<size_t>(setting.id);
    if (index < kKnown) {
      known_[index] = setting.value;
      continue;
    }
    bool found = false;
    for (Setting& kept : unknown_) {
      if (kept.id != setting.id) continue;
      kept.value = setting.value;
      found = true;
    }
    if (!found && unknown_.size() < kMaxUnknown) unknown_.push_back(setting);
  }
  return changed;
}

}  // namespace sluice::h2
