#include "benchmarks/servers/prober.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sluice::servers {
namespace {

constexpr uint32_t kInitialConnectionWindow = 65535;
// Servers may keep so small a rest of a window back for as long as other
// streams can send larger frames.
constexpr uint32_t kSmallRest = 4096;

// It stays idle: requests do not reach its id, which would close it (RFC 9113
// §5.1.1).
constexpr h2::StreamId kLowGroup = 2001;
constexpr signals::Rfc7540Priority kGroupPriority = {.weight = 1};
constexpr signals::Rfc7540Priority kLow7540 = {.depends_on = kLowGroup};
constexpr signals::Rfc7540Priority kUrgent7540 = {.weight = signals::kMaxWeight,
                                                  .exclusive = true};
constexpr signals::Rfc9218Priority kLow9218 = {.urgency = 6,
                                               .incremental = true};
constexpr signals::Rfc9218Priority kUrgent9218 = {.urgency = 0};

bool Sends7540(Signals signals) {
  return signals == Signals::kRfc7540 || signals == Signals::kBoth;
}

bool Sends9218(Signals signals) { return signals != Signals::kRfc7540; }

}  // namespace

absl::string_view SignalsName(Signals signals) {
  switch (signals) {
    case Signals::kRfc7540:
      return "7540";
    case Signals::kRfc9218:
      return "9218";
    case Signals::kBoth:
      return "both";
    case Signals::kPriorityUpdate:
      return "update";
  }
  return "";
}

std::optional<Signals> SignalsNamed(absl::string_view name) {
  for (const Signals signals : kAllSignals) {
    if (SignalsName(signals) == name) return signals;
  }
  return std::nullopt;
}

h2::ConnectionOptions GreedyClientOptions(bool rfc7540,
                                          uint32_t stream_window) {
  h2::ConnectionOptions options = {
      .side = h2::Side::kClient,
      .settings = {{h2::SettingId::kEnablePush, 0},
                   {h2::SettingId::kInitialWindowSize, stream_window}}};
  if (!rfc7540) {
    options.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
  }
  return options;
}

absl::Status StartGreedily(h2::Connection* connection) {
  absl::Status status = connection->InitiateConnection();
  if (!status.ok()) return status;
  return connection->IncrementFlowControlWindow(
      h2::kConnectionStreamId, kGreedyWindow - kInitialConnectionWindow);
}

absl::Status CheckAnswer(const h2::Event& event) {
  if (const auto* response = std::get_if<h2::ResponseReceived>(&event)) {
    const absl::string_view status = response->headers.front().value;
    if (status != "200") {
      return absl::UnavailableError(
          absl::StrCat("the server answers with status ", status, ", not 200"));
    }
  } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
    return absl::UnavailableError(
        absl::StrCat("the server resets stream ", reset->stream_id, " with ",
                     h2::ErrorCodeName(reset->error_code)));
  }
  return absl::OkStatus();
}

Prober::Prober(ProberOptions options)
    : options_(std::move(options)),
      connection_(GreedyClientOptions(Sends7540(options_.signals),
                                      options_.most_body_bytes > 0
                                          ? options_.most_body_bytes
                                          : kGreedyWindow)) {}

absl::Status Prober::Start() {
  absl::Status status = StartGreedily(&connection_);
  if (status.ok() && Sends7540(options_.signals)) {
    status = connection_.Prioritize(kLowGroup, kGroupPriority);
  }
  return status.ok() ? AskForLowBodies() : status;
}

absl::Status Prober::OnSettings(const h2::RemoteSettingsChanged& settings) {
  const auto limit =
      settings.changed.find(h2::SettingId::kMaxConcurrentStreams);
  if (limit != settings.changed.end()) {
    most_streams_ = std::max<uint32_t>(limit->second.new_value, 2) - 1;
  } else if (!has_settings_) {
    most_streams_ = static_cast<size_t>(options_.low_requests);
  }
  has_settings_ = true;
  return AskForLowBodies();
}

absl::Status Prober::AskForLowBodies() {
  while (low_asked_ < options_.low_requests && urgent_stream_ == 0 &&
         connection_.OpenOutboundStreams() < most_streams_) {
    absl::Status status = Get(options_.low_path, /*urgent=*/false).status();
    if (!status.ok()) return status;
    ++low_asked_;
  }
  return absl::OkStatus();
}

absl::StatusOr<h2::StreamId> Prober::Get(const std::string& path, bool urgent) {
  const absl::StatusOr<h2::StreamId> id =
      connection_.GetNextAvailableStreamId();
  if (!id.ok()) return id.status();
  std::vector<h2::Header> fields = {{":method", "GET"},
                                    {":scheme", options_.scheme},
                                    {":path", path},
                                    {":authority", options_.authority}};
  h2::SendHeadersOptions how = {.end_stream = true};
  if (Sends7540(options_.signals)) {
    how.priority = urgent ? kUrgent7540 : kLow7540;
  }
  if (Sends9218(options_.signals)) {
    const bool says_urgent =
        urgent && options_.signals != Signals::kPriorityUpdate;
    fields.push_back({"priority", signals::FormatRfc9218Priority(
                                      says_urgent ? kUrgent9218 : kLow9218)});
  }
  absl::Status status = connection_.SendHeaders(*id, fields, how);
  if (status.ok() && urgent && options_.signals == Signals::kPriorityUpdate) {
    status = connection_.SendPriorityUpdate(*id, kUrgent9218);
  }
  if (!status.ok()) return status;
  return *id;
}

absl::Status Prober::Receive(absl::string_view bytes, absl::Duration now) {
  std::vector<h2::Event> events;
  absl::Status received = connection_.ReceiveData(bytes, &events);
  for (const h2::Event& event : events) {
    if (absl::Status status = OnEvent(event, now); !status.ok()) return status;
  }
  if (!received.ok()) return received;
  if (urgent_stream_ == 0 && low_bytes_ >= options_.ask_after_bytes) {
    return AskUrgently(now);
  }
  if (urgent_stream_ == 0 && low_asked_ > 0 &&
      connection_.OpenOutboundStreams() == 0) {
    return absl::UnavailableError(
        absl::StrCat("all low-priority bodies ended after ", low_bytes_,
                     " bytes, and the urgent request follows after ",
                     options_.ask_after_bytes));
  }
  return absl::OkStatus();
}

absl::Status Prober::AskUrgently(absl::Duration now) {
  const absl::StatusOr<h2::StreamId> id =
      Get(options_.urgent_path, /*urgent=*/true);
  if (!id.ok()) return id.status();
  urgent_stream_ = *id;
  meter_.OnAsked(now);
  return absl::OkStatus();
}

absl::Status Prober::OnEvent(const h2::Event& event, absl::Duration now) {
  if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
    return OnData(*data, now);
  }
  if (const auto* settings = std::get_if<h2::RemoteSettingsChanged>(&event)) {
    return OnSettings(*settings);
  }
  if (const auto* end = std::get_if<h2::StreamEnded>(&event)) {
    done_ = done_ || (urgent_stream_ != 0 && end->stream_id == urgent_stream_);
    return AskForLowBodies();
  }
  return CheckAnswer(event);
}

absl::Status Prober::OnData(const h2::DataReceived& data, absl::Duration now) {
  const auto bytes = static_cast<int64_t>(data.data.size());
  if (options_.on_data != nullptr) options_.on_data(data, now);
  if (data.stream_id == urgent_stream_) {
    meter_.OnUrgentData(now, bytes);
    urgent_bytes_ += bytes;
  } else {
    meter_.OnLowData(bytes);
    low_bytes_ += bytes;
  }
  if (options_.most_body_bytes > 0) {
    done_ = done_ || urgent_bytes_ + kSmallRest > options_.most_body_bytes;
    return absl::OkStatus();
  }
  return connection_.AcknowledgeReceivedData(data.stream_id,
                                             data.flow_controlled_length);
}

}  // namespace sluice::servers
