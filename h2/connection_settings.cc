// The beginning of a connection and SETTINGS (RFC 9113 §3.4, §6.5; RFC 7540
// §3.2 for the upgrade from HTTP/1.1).
#include <sluice/h2/byte_order.h>
#include <sluice/h2/connection_state.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/flow_window.h>
#include <sluice/h2/frame.h>
#include <sluice/h2/frame_encoder.h>
#include <sluice/h2/options.h>
#include <sluice/h2/settings.h>
#include <sluice/h2/stream_state.h>
#include <sluice/h2/stream_table.h>
#include <sluice/h2/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "h2/connection_impl.h"

namespace sluice::h2 {
namespace {

constexpr size_t kSettingSize = 6;

// `payload` is a multiple of kSettingSize.
std::vector<Setting> ParseSettings(absl::string_view payload) {
  std::vector<Setting> settings;
  settings.reserve(payload.size() / kSettingSize);
  for (; !payload.empty(); payload.remove_prefix(kSettingSize)) {
    settings.push_back(
        {static_cast<SettingId>(LoadU16(payload)), LoadU32(payload.substr(2))});
  }
  return settings;
}

}  // namespace

std::vector<Setting> Connection::Impl::InitialSettings() const {
  std::vector<Setting> settings = {
      {SettingId::kHeaderTableSize, 4096},
      {SettingId::kMaxConcurrentStreams, 100},
      {SettingId::kInitialWindowSize, kDefaultWindow},
      {SettingId::kMaxFrameSize, kMinMaxFrameSize},
      {SettingId::kMaxHeaderListSize,
       static_cast<uint32_t>(
           std::min<size_t>(options_.limits.max_header_list_size, kUnlimited))},
  };
  if (is_client()) settings.push_back({SettingId::kEnablePush, 1});
  for (const Setting& wanted : options_.settings) {
    const auto it = std::find_if(
        settings.begin(), settings.end(),
        [&](const Setting& setting) { return setting.id == wanted.id; });
    if (it == settings.end()) {
      settings.push_back(wanted);
    } else {
      *it = wanted;
    }
  }
  return settings;
}

bool Connection::Impl::LocalSettingSent(SettingId id, uint32_t value) const {
  uint32_t sent = local_.Get(id);
  for (const PendingSettings& pending : pending_settings_) {
    for (const Setting& setting : pending.settings) {
      if (setting.id == id) sent = setting.value;
    }
  }
  return sent == value;
}

absl::Status Connection::Impl::CheckLocalSettings(
    absl::Span<const Setting> settings) const {
  for (const Setting& setting : settings) {
    absl::Status status = SettingsTable::Validate(options_.side, setting);
    if (!status.ok()) return status;
    // RFC 8441 §3: "A sender MUST NOT send a SETTINGS_ENABLE_CONNECT_PROTOCOL
    // parameter with the value of 0 after previously sending a value of 1."
    if (setting.id == SettingId::kEnableConnectProtocol && setting.value == 0 &&
        LocalSettingSent(setting.id, 1)) {
      return MakeError(ErrorKind::kInvalidSettingsValue,
                       "ENABLE_CONNECT_PROTOCOL does not go back to 0");
    }
    // RFC 9218 §2.1: not changed after the first SETTINGS.
    if (initiated_ && setting.id == SettingId::kNoRfc7540Priorities &&
        !LocalSettingSent(setting.id, setting.value)) {
      return MakeError(ErrorKind::kInvalidSettingsValue,
                       "NO_RFC7540_PRIORITIES belongs to the first SETTINGS");
    }
  }
  return absl::OkStatus();
}

absl::Status Connection::Impl::CheckReceiveWindows(
    absl::Span<const Setting> settings) {
  const int64_t acknowledged = local_.Get(SettingId::kInitialWindowSize);
  for (const Setting& setting : settings) {
    if (setting.id != SettingId::kInitialWindowSize) continue;
    int64_t largest = 0;
    streams_.ForEach([&](const Stream& stream) {
      largest = std::max(largest, stream.receive_window.size());
    });
    if (largest - acknowledged + setting.value > kMaxWindow) {
      return MakeError(
          ErrorKind::kFlowControl,
          absl::StrCat("INITIAL_WINDOW_SIZE ", setting.value,
                       " makes a window exceed 2^31-1: one has ", largest,
                       " bytes at ", acknowledged, " (RFC 9113 6.9.2)"));
    }
  }
  return absl::OkStatus();
}

int64_t Connection::Impl::ReceiveWindowLimit() const {
  const uint32_t acknowledged = local_.Get(SettingId::kInitialWindowSize);
  uint32_t largest = acknowledged;
  for (const PendingSettings& pending : pending_settings_) {
    for (const Setting& setting : pending.settings) {
      if (setting.id == SettingId::kInitialWindowSize) {
        largest = std::max(largest, setting.value);
      }
    }
  }
  return kMaxWindow - (largest - acknowledged);
}

void Connection::Impl::SendSettings(std::vector<Setting> settings) {
  // MAX_CONCURRENT_STREAMS is enforced from now on: the peer may not have seen
  // it, and then learns it by REFUSED_STREAM, after which it can try again.
  for (const Setting& setting : settings) {
    if (setting.id == SettingId::kMaxConcurrentStreams) {
      max_inbound_streams_ = setting.value;
    }
  }
  output_.AppendControl(EncodeSettings(settings));
  pending_settings_.push_back({std::move(settings), now_});
}

absl::Status Connection::Impl::InitiateConnection() {
  if (initiated_) {
    return MakeError(ErrorKind::kProtocol, "the connection was initiated");
  }
  std::vector<Setting> settings = InitialSettings();
  if (absl::Status status = CheckLocalSettings(settings); !status.ok()) {
    return status;
  }
  if (is_client()) output_.AppendControl(kClientPreface);
  SendSettings(std::move(settings));
  initiated_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::string> Connection::Impl::InitiateUpgrade(
    absl::string_view http2_settings) {
  if (initiated_) {
    return MakeError(ErrorKind::kProtocol, "the connection was initiated");
  }
  std::vector<Setting> clients;
  if (!is_client()) {
    std::string payload;
    if (!absl::WebSafeBase64Unescape(http2_settings, &payload) ||
        payload.size() % kSettingSize != 0) {
      return MakeError(ErrorKind::kInvalidArgument,
                       "HTTP2-Settings is no SETTINGS payload in base64url "
                       "(RFC 7540 3.2.1)");
    }
    clients = ParseSettings(payload);
    for (const Setting& setting : clients) {
      absl::Status status = SettingsTable::Validate(Side::kClient, setting);
      if (!status.ok()) return status;
    }
  }
  const std::vector<Setting> ours = InitialSettings();
  if (absl::Status status = CheckLocalSettings(ours); !status.ok()) {
    return status;
  }
  // The header counts as the client's SETTINGS and is acknowledged by the 101
  // response; the client sends SETTINGS with its preface all the same.
  std::vector<Event> none;
  if (absl::Status status = ApplyRemoteSettings(clients, &none); !status.ok()) {
    return status;
  }
  if (absl::Status status = InitiateConnection(); !status.ok()) return status;
  if (!is_client()) {
    Stream* stream = streams_.Open(1, StreamState::kHalfClosedRemote,
                                   remote_.Get(SettingId::kInitialWindowSize),
                                   local_.Get(SettingId::kInitialWindowSize));
    stream->received = MessagePhase::kComplete;
    return std::string();
  }
  Stream* stream = streams_.Open(1, StreamState::kHalfClosedLocal,
                                 remote_.Get(SettingId::kInitialWindowSize),
                                 local_.Get(SettingId::kInitialWindowSize));
  stream->sent = MessagePhase::kComplete;
  // What was asked in HTTP/1.1 is not known here, HEAD for example.
  stream->unchecked_length = true;
  return absl::WebSafeBase64Escape(EncodeSettingsPayload(ours));
}

absl::Status Connection::Impl::UpdateSettings(
    absl::Span<const Setting> settings) {
  if (absl::Status status = CheckMaySend(true); !status.ok()) return status;
  if (absl::Status status = CheckLocalSettings(settings); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckReceiveWindows(settings); !status.ok()) {
    return status;
  }
  if (settings.size() * kSettingSize > MaxOutboundFrameSize()) {
    return MakeError(ErrorKind::kFrameTooLarge, "too many settings");
  }
  SendSettings({settings.begin(), settings.end()});
  return absl::OkStatus();
}

absl::Status Connection::Impl::OnSettings(const FrameHeader& header,
                                          absl::string_view payload,
                                          std::vector<Event>* events) {
  if (header.Has(kFlagAck) && !pending_settings_.empty()) {
    OnSettingsAck(events);
    return absl::OkStatus();
  }
  if (absl::Status status = Spend(&budgets_.settings, "SETTINGS");
      !status.ok()) {
    return status;
  }
  if (header.Has(kFlagAck)) return absl::OkStatus();  // it answers nothing
  const std::vector<Setting> settings = ParseSettings(payload);
  for (const Setting& setting : settings) {
    absl::Status status = SettingsTable::Validate(peer_side(), setting);
    if (!status.ok()) return status;
  }
  if (absl::Status status = ApplyRemoteSettings(settings, events);
      !status.ok()) {
    return status;
  }
  return QueueAnswer(EncodeSettingsAck());
}

absl::Status Connection::Impl::ApplyRemoteSettings(
    absl::Span<const Setting> settings, std::vector<Event>* events) {
  const int64_t old_window = remote_.Get(SettingId::kInitialWindowSize);
  int64_t new_window = old_window;
  int64_t largest_window = old_window;
  uint32_t connect = remote_.Get(SettingId::kEnableConnectProtocol);
  for (const Setting& setting : settings) {
    switch (setting.id) {
      case SettingId::kInitialWindowSize:
        new_window = setting.value;
        largest_window = std::max(largest_window, new_window);
        break;
      case SettingId::kEnableConnectProtocol:
        if (connect == 1 && setting.value == 0) {  // RFC 8441 §3
          return MakeError(ErrorKind::kInvalidSettingsValue,
                           "ENABLE_CONNECT_PROTOCOL went back to 0");
        }
        connect = setting.value;
        break;
      case SettingId::kNoRfc7540Priorities:
        // RFC 9218 §2.1: a value that differs from the first SETTINGS' one.
        if (receiving_ != Receiving::kFirstSettings &&
            setting.value != remote_.Get(setting.id)) {
          return MakeError(ErrorKind::kInvalidSettingsValue,
                           "NO_RFC7540_PRIORITIES changed");
        }
        break;
      default:
        break;
    }
  }
  // RFC 9113 §6.9.2: every stream's window moves, the connection's does not. A
  // window that would exceed 2^31−1, at any value of the frame, is an error.
  bool overflow = false;
  streams_.ForEach([&](const Stream& stream) {
    overflow |=
        stream.send_window.size() + largest_window - old_window > kMaxWindow;
  });
  if (overflow) {
    return MakeError(ErrorKind::kFlowControl,
                     "INITIAL_WINDOW_SIZE makes a window exceed 2^31-1");
  }
  streams_.ForEach([&](Stream& stream) {
    stream.send_window.Open(new_window - old_window);
  });
  // RFC 7541 §4.2: the smallest of several sizes counts too; the peer's decoder
  // dropped its entries at that one.
  for (const Setting& setting : settings) {
    if (setting.id == SettingId::kHeaderTableSize) {
      encoder_.SetTableSize(setting.value);
    }
  }
  events->push_back(RemoteSettingsChanged{remote_.Apply(settings)});
  return absl::OkStatus();
}

void Connection::Impl::OnSettingsAck(std::vector<Event>* events) {
  const std::vector<Setting> settings =
      std::move(pending_settings_.front().settings);
  pending_settings_.erase(pending_settings_.begin());
  if (pending_settings_.empty()) pending_settings_.shrink_to_fit();
  const int64_t old_window = local_.Get(SettingId::kInitialWindowSize);
  SettingsAcknowledged acknowledged{local_.Apply(settings)};
  const int64_t new_window = local_.Get(SettingId::kInitialWindowSize);
  if (new_window != old_window) ChangeReceiveWindows(new_window - old_window);
  const auto table = acknowledged.changed.find(SettingId::kHeaderTableSize);
  if (table != acknowledged.changed.end()) {
    hpack_.SetTableSize(table->second.new_value);
  }
  events->push_back(std::move(acknowledged));
}

// A smaller window makes an update due that was not worth a frame before; no
// later byte may come to ask for it.
void Connection::Impl::ChangeReceiveWindows(int64_t delta) {
  const int64_t limit = ReceiveWindowLimit();
  std::map<StreamId, uint32_t> due;  // sorted: hash order differs by run
  streams_.ForEach([&](Stream& stream) {
    stream.receive_window.ChangeInitialSize(delta);
    if (stream.received == MessagePhase::kComplete) return;
    const uint32_t increment = stream.receive_window.Process(0, limit);
    if (increment > 0) due[stream.id] = increment;
  });
  for (const auto& [id, increment] : due) {
    output_.AppendControl(EncodeWindowUpdate(id, increment));
  }
}

}  // namespace sluice::h2
