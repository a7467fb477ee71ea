#include "benchmarks/probe/finder.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

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
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/probe/run.h"
#include "benchmarks/probe/url.h"

namespace sluice::probe {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr int64_t kKb = 1024;
// Bytes of a server's text in an error, which is shown on a terminal.
constexpr size_t kMostShown = 200;

// Streams are reset whether they have ended or not: an error is that they have.

}  // namespace

Finder::Finder(Url low, std::optional<Url> high)
    : low_(std::move(low)),
      high_(std::move(high)),
      connection_({.side = h2::Side::kClient,
                   .settings = {{h2::SettingId::kEnablePush, 0},
                                {h2::SettingId::kInitialWindowSize,
                                 static_cast<uint32_t>(kFindWindow)}}}) {
  queue_.push_back(low_);
  if (high_) queue_.push_back(*high_);
  target_.scheme = low_.scheme;
  target_.authority = low_.Authority();
}

absl::Status Finder::Start(absl::Duration now) {
  absl::Status status = connection_.InitiateConnection();
  if (!status.ok()) return status;
  status = connection_.IncrementFlowControlWindow(
      h2::kConnectionStreamId, static_cast<uint32_t>(kMostFindBytes));
  return status.ok() ? AskNext(now) : status;
}

absl::Status Finder::AskNext(absl::Duration now) {
  const absl::StatusOr<h2::StreamId> id =
      connection_.GetNextAvailableStreamId();
  if (!id.ok()) return id.status();
  stream_ = *id;
  answer_ = {};
  wake_at_ = now + kPatience;
  return connection_.SendHeaders(stream_,
                                 RequestFields(target_, queue_.front().path),
                                 {.end_stream = true});
}

absl::Status Finder::Receive(absl::string_view bytes, absl::Duration now) {
  wake_at_ = has_settings_ ? now + kPatience : wake_at_;
  std::vector<h2::Event> events;
  absl::Status received = connection_.ReceiveData(bytes, &events);
  for (const h2::Event& event : events) {
    if (done_) break;
    if (absl::Status status = OnEvent(event, now); !status.ok()) return status;
  }
  return received;
}

absl::Status Finder::OnTime(absl::Duration) {
  if (!has_settings_) {
    return absl::UnavailableError("the server sends no SETTINGS for 5 s");
  }
  return absl::UnavailableError(absl::StrCat("the server does not answer ",
                                             queue_.front().path, " for 5 s"));
}

absl::Status Finder::OnEvent(const h2::Event& event, absl::Duration now) {
  if (const auto* changed = std::get_if<h2::RemoteSettingsChanged>(&event)) {
    has_settings_ = true;
    for (const auto& [id, change] : changed->changed) {
      settings_[id] = change.new_value;
    }
  } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
    if (reset->stream_id != stream_) return absl::OkStatus();
    if (!reset->remote) return reset->error;  // the server broke a rule
    return absl::UnavailableError(
        absl::StrCat("the server resets a request with ",
                     h2::ErrorCodeName(reset->error_code)));
  } else if (const auto* response = std::get_if<h2::ResponseReceived>(&event)) {
    return OnResponse(*response, now);
  } else if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
    return data->stream_id == stream_ ? OnData(*data, now) : absl::OkStatus();
  } else if (const auto* end = std::get_if<h2::StreamEnded>(&event)) {
    return end->stream_id == stream_ ? OnEnd(now) : absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status Finder::OnResponse(const h2::ResponseReceived& response,
                                absl::Duration now) {
  const auto text = [&](absl::string_view name) {
    return std::string(response.headers.Find(name).value_or(""));
  };
  if (software_.empty()) software_ = text("server");
  if (via_.empty()) via_ = text("via");
  const absl::string_view status = response.headers.front().value;
  if (status.front() == '3' && !linked_) {
    return OnRedirect(text("location"), now);
  }
  if (status != "200") {
    if (linked_) return Leave(now);
    return absl::UnavailableError(
        absl::StrCat("the server answers ", queue_.front().path,
                     " with status ", status, ", not 200"));
  }
  answer_.html = absl::StartsWith(text("content-type"), "text/html");
  int64_t length = 0;
  if (absl::SimpleAtoi(text("content-length"), &length)) {
    answer_.length = length;
  }
  if (answer_.length && *answer_.length >= kLeastBody) return Take(now);
  const bool counts = !answer_.length || WantsLinks();
  if (!counts) return Leave(now);
  // Refused where the body has ended already: its events follow this one.
  connection_
      .IncrementFlowControlWindow(
          stream_, static_cast<uint32_t>(kLeastBody - kFindWindow))
      .IgnoreError();
  return absl::OkStatus();
}

absl::Status Finder::OnRedirect(absl::string_view location,
                                absl::Duration now) {
  const absl::StatusOr<Url> url = Resolve(location, queue_.front());
  if (!url.ok() || !url->SameOrigin(low_) || ++redirects_ > kMostRedirects) {
    return absl::UnavailableError(
        absl::StrCat("the server redirects ", queue_.front().path, " to '",
                     absl::CHexEscape(location.substr(0, kMostShown)),
                     "'; name a URL that it answers itself"));
  }
  queue_.front() = *url;
  return AskNext(now);
}

absl::Status Finder::OnData(const h2::DataReceived& data, absl::Duration now) {
  answer_.received += static_cast<int64_t>(data.data.size());
  if (WantsLinks()) answer_.page.append(data.data);
  return answer_.received >= kLeastBody ? Take(now) : absl::OkStatus();
}

absl::Status Finder::OnEnd(absl::Duration now) {
  if (!WantsLinks()) return Leave(now);
  const Url page = queue_.front();
  largest_ = answer_.received;
  linked_ = true;
  queue_.clear();
  for (Url& link : LinksOf(answer_.page, page)) {
    if (queue_.size() < kMostLinks) queue_.push_back(std::move(link));
  }
  links_ = queue_.size();
  queue_.push_front(page);
  return Leave(now);
}

absl::Status Finder::Take(absl::Duration now) {
  std::string& path = has_low_ ? target_.high_path : target_.low_path;
  path = queue_.front().path;
  if (!has_low_ && !high_) target_.high_path = path;
  done_ = has_low_ || !high_;
  has_low_ = true;
  queue_.pop_front();
  connection_.ResetStream(stream_, h2::ErrorCode::kCancel).IgnoreError();
  return done_ ? absl::OkStatus() : AskNext(now);
}

absl::Status Finder::Leave(absl::Duration now) {
  largest_ = std::max({largest_, answer_.received, answer_.length.value_or(0)});
  const std::string path = queue_.front().path;
  queue_.pop_front();
  connection_.ResetStream(stream_, h2::ErrorCode::kCancel).IgnoreError();
  if (linked_ && !queue_.empty()) return AskNext(now);
  const std::string largest = absl::StrCat(
      (largest_ + kKb - 1) / kKb, " KB, and the probe needs ", kLeastBody / kKb,
      " KB; name larger ones with --low and --high");
  if (!linked_) {
    return absl::NotFoundError(
        absl::StrCat("the body of ", path, " has ", largest));
  }
  return absl::NotFoundError(
      absl::StrCat("the largest body of the page and ", links_,
                   " links of it to the same server has ", largest));
}

}  // namespace sluice::probe
