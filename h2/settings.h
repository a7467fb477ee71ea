// The settings of one side of a connection (RFC 9113 §6.5), and what is legal
// about them.
#ifndef SLUICE_H2_SETTINGS_H_
#define SLUICE_H2_SETTINGS_H_

#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace sluice::h2 {

inline constexpr uint32_t kUnlimited = 0xffffffff;
inline constexpr uint32_t kMinMaxFrameSize = 16384;     // RFC 9113 §6.5.2
inline constexpr uint32_t kMaxMaxFrameSize = 16777215;  // RFC 9113 §6.5.2

// The values in force of the side `sender`.
class SettingsTable {
 public:
  explicit SettingsTable(Side sender);

  // What was set, or the default; nothing where neither exists.
  std::optional<uint32_t> Find(SettingId id) const;

  // The same, with kUnlimited for MAX_CONCURRENT_STREAMS and
  // MAX_HEADER_LIST_SIZE, 0 for the others, where nothing is set.
  uint32_t Get(SettingId id) const;

  // What must hold of a value whatever was set before (RFC 9113 §6.5.2, RFC
  // 8441 §3, RFC 9218 §2.1). `sender`: a server may not enable push.
  static absl::Status Validate(Side sender, const Setting& setting);

  // Takes the values, in order, and says what they were. An unknown setting is
  // kept while fewer than kMaxUnknown are.
  std::map<SettingId, SettingChange> Apply(absl::Span<const Setting> settings);

  static constexpr size_t kMaxUnknown = 32;

 private:
  static constexpr size_t kKnown = 10;  // ids below this stand in `known_`

  std::optional<uint32_t> known_[kKnown];
  std::vector<Setting> unknown_;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_SETTINGS_H_
