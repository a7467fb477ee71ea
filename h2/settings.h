// The settings of both sides of a connection (RFC 9113 §6.5): the rules for
// their values, the values in force, and the frames of ours that the peer has
// not acknowledged.
#ifndef SLUICE_H2_SETTINGS_H_
#define SLUICE_H2_SETTINGS_H_

#include <sluice/h2/events.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace sluice::h2 {

inline constexpr uint32_t kUnlimited = 0xffffffff;
inline constexpr uint32_t kMinMaxFrameSize = 16384;     // RFC 9113 §6.5.2
inline constexpr uint32_t kMaxMaxFrameSize = 16777215;  // RFC 9113 §6.5.2
inline constexpr size_t kSettingSize = 6;               // bytes in a frame

inline Side PeerOf(Side side) {
  return side == Side::kClient ? Side::kServer : Side::kClient;
}

using SettingChanges = std::map<SettingId, SettingChange>;

// `payload` is a multiple of kSettingSize.
std::vector<Setting> ParseSettings(absl::string_view payload);

// The values in force of the side `sender`.
class SettingsTable {
 public:
  explicit SettingsTable(Side sender);

  // The value that was set, or the default; nothing where neither exists.
  std::optional<uint32_t> Find(SettingId id) const;

  // The same; where nothing is set, kUnlimited for MAX_CONCURRENT_STREAMS and
  // MAX_HEADER_LIST_SIZE, and 0 for the others.
  uint32_t Get(SettingId id) const {
    const auto index = static_cast<size_t>(id);
    return index < kKnown ? known_[index] : Find(id).value_or(0);
  }

  // Checks a value by itself (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1).
  // `sender`: a server may not enable push. Error: InvalidSettingsValue.
  static absl::Status Validate(Side sender, const Setting& setting);

  // Takes the values, in order, and returns old and new ones. Keeps at most
  // kMaxUnknown unknown settings.
  SettingChanges Apply(absl::Span<const Setting> settings);

  static constexpr size_t kMaxUnknown = 32;

 private:
  static constexpr size_t kKnown = 10;  // ids below this stand in `known_`

  uint32_t known_[kKnown];       // what Get() returns
  bool has_value_[kKnown] = {};  // was set, or has a default
  std::vector<Setting> unknown_;
};

// The settings of both sides, and our frames on their way.
class SettingsExchange {
 public:
  explicit SettingsExchange(Side side);

  const SettingsTable& local() const { return local_; }
  const SettingsTable& remote() const { return remote_; }

  // --- Ours ----------------------------------------------------------------

  // The first SETTINGS: defaults, and over them the options'.
  static std::vector<Setting> Initial(const ConnectionOptions& options);

  // Whether we may send `settings` now; `first`: in the first SETTINGS. Error:
  // InvalidSettingsValue.
  absl::Status CheckLocal(absl::Span<const Setting> settings, bool first) const;

  // The frame is queued: it waits for its acknowledgement from `now` on.
  void Sent(std::vector<Setting> settings, absl::Duration now);

  bool waits_for_ack() const { return !pending_.empty(); }
  // When the oldest frame that waits was sent. There is one.
  absl::Duration oldest_sent_at() const { return pending_.front().sent_at; }

  // The peer acknowledges the oldest frame. There is one.
  SettingChanges Acknowledge();

  // The value of `id` once the peer has acknowledged all frames.
  uint32_t LastSent(SettingId id) const;

  // Our MAX_CONCURRENT_STREAMS as sent, acknowledged or not.
  uint32_t max_inbound_streams() const { return max_inbound_streams_; }

  // The most that a stream's receive window may be now. The peer may have
  // applied settings already that it has not acknowledged (RFC 9113 §6.9.2).
  int64_t ReceiveWindowLimit() const {
    return pending_.empty() ? kMaxWindow : LimitUntilAcknowledged();
  }

  // --- The peer's ----------------------------------------------------------

  // Whether the peer's first SETTINGS frame came.
  bool remote_received() const { return remote_received_; }

  // Whether the peer may send `settings` now. Error: InvalidSettingsValue.
  absl::Status CheckRemote(absl::Span<const Setting> settings) const;

  // `in_frame`: they are not those of an HTTP2-Settings field.
  SettingChanges ApplyRemote(absl::Span<const Setting> settings, bool in_frame);

 private:
  struct Pending {
    std::vector<Setting> settings;
    absl::Duration sent_at;
  };

  int64_t LimitUntilAcknowledged() const;

  Side side_;
  SettingsTable local_;
  SettingsTable remote_;
  std::vector<Pending> pending_;  // oldest first
  uint32_t max_inbound_streams_;
  bool remote_received_ = false;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_SETTINGS_H_
