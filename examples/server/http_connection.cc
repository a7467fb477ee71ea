#include "examples/server/http_connection.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/trace.h>
#include <sluice/trace/trace_files.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/server/access_log.h"
#include "examples/server/priority_rules.h"
#include "examples/server/static_files.h"

namespace sluice::examples {
namespace {

// Bytes that a client may upload after its whole response. Then the stream is
// reset; not at once, since some clients that still send take the RST_STREAM of
// RFC 9113 §8.1 for an error.
constexpr size_t kMostDiscarded = 64 * 1024;

// Room for events that stays for the next read of any connection.
constexpr size_t kMostEventsKept = 1000;

absl::string_view HeaderValue(absl::Span<const h2::Header> headers,
                              absl::string_view name) {
  for (const h2::Header& header : headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

// For the log. What we reset was refused: no one else here cancels a stream.
std::string OutcomeOf(const scheduler::StreamDone& done) {
  using Outcome = scheduler::StreamOutcome;
  switch (done.outcome) {
    case Outcome::kFinished:
      return "complete";
    case Outcome::kResetByPeer:
      return absl::StrCat("reset ", h2::ErrorCodeName(done.code));
    case Outcome::kReset:
      return absl::StrCat("refused ", h2::ErrorCodeName(done.code));
    case Outcome::kFailed:
      return absl::StrCat("failed: ", done.status.message());
    case Outcome::kConnectionEnded:
      break;
  }
  return "closed";
}

}  // namespace

HttpConnection::HttpConnection(
    StaticFiles* files, const PriorityRules* rules, AccessLog* log,
    std::string peer, h2::ConnectionOptions connection_options,
    trace::LoggedPolicy policy,
    scheduler::DataSchedulerOptions scheduler_options)
    : files_(files),
      rules_(rules),
      log_(log),
      peer_(std::move(peer)),
      trace_(std::move(policy.log)),
      connection_(std::move(connection_options)),
      scheduler_(&connection_, std::move(policy.policy),
                 WithSinks(std::move(scheduler_options))) {
  connection_.InitiateConnection().IgnoreError();  // fails the second time only
}

scheduler::DataSchedulerOptions HttpConnection::WithSinks(
    scheduler::DataSchedulerOptions options) {
  options.trace = trace_.get();
  options.on_stream_done = [this](const scheduler::StreamDone& done) {
    FinishExchange(done);
  };
  return options;
}

absl::Status HttpConnection::Receive(absl::string_view bytes) {
  // Not a member: a peer that filled it once would hold megabytes of ours on
  // each of its connections.
  thread_local std::vector<h2::Event> events;
  const absl::Status status = connection_.ReceiveData(bytes, &events);
  // Events before an error are valid, and requests among them are logged.
  for (const h2::Event& event : events) {
    scheduler_.OnEvent(event);
    HandleEvent(event);
  }
  events.clear();
  connection_.EndViews();
  if (events.capacity() > kMostEventsKept) events.shrink_to_fit();
  return Checked(status);
}

absl::Status HttpConnection::AdvanceTime(absl::Duration elapsed) {
  now_ = absl::Now();
  if (trace_ != nullptr) trace_->AdvanceTime(elapsed);
  return Checked(connection_.AdvanceTime(elapsed));
}

// Logs a connection error.
absl::Status HttpConnection::Checked(const absl::Status& status) {
  if (!status.ok()) {
    log_->AddConnectionError(now_, peer_, status.message());
  }
  return status;
}

void HttpConnection::HandleEvent(const h2::Event& event) {
  if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
    HandleRequest(*request);
  } else if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
    CountUpload(*data);
  } else if (const auto* ended = std::get_if<h2::StreamEnded>(&event)) {
    const auto it = exchanges_.find(ended->stream_id);
    if (it != exchanges_.end()) it->second.request_ended = true;
    uploads_.erase(ended->stream_id);
  } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
    uploads_.erase(reset->stream_id);
  } else if (std::holds_alternative<h2::SettingsAcknowledged>(event)) {
    established_ = true;
  } else if (std::holds_alternative<h2::ConnectionTerminated>(event)) {
    peer_goes_away_ = true;
  }
}

void HttpConnection::HandleRequest(const h2::RequestReceived& request) {
  const h2::StreamId id = request.stream_id;
  const absl::string_view method = request.headers.Find(":method").value_or("");
  const absl::string_view path = request.headers.Find(":path").value_or("");
  Response response = files_->Respond(method, path, now_);
  scheduler::SubmitOptions options;
  options.hints = response.hints;
  options.server =
      rules_->Match(HeaderValue(response.headers, "content-type"), path);

  Exchange& exchange = exchanges_[id];
  exchange.started = now_;
  exchange.request_ended = request.stream_ended;
  exchange.entry.peer = peer_;
  exchange.entry.stream_id = id;
  exchange.entry.status = response.status;
  if (log_->enabled()) {
    exchange.entry.method = CutForLog(method);
    exchange.entry.path = CutForLog(path);
  }
  scheduler_.SubmitOrReset(id, response.headers, std::move(response.body),
                           std::move(options));
}

void HttpConnection::CountUpload(const h2::DataReceived& data) {
  const auto it = uploads_.find(data.stream_id);
  if (it == uploads_.end()) return;
  it->second += data.flow_controlled_length;
  if (it->second <= kMostDiscarded) return;
  uploads_.erase(it);
  connection_.ResetStream(data.stream_id, h2::ErrorCode::kNoError)
      .IgnoreError();
}

void HttpConnection::FinishExchange(const scheduler::StreamDone& done) {
  const auto it = exchanges_.find(done.stream_id);
  if (it == exchanges_.end()) return;
  Exchange& exchange = it->second;
  if (done.outcome == scheduler::StreamOutcome::kFinished &&
      !exchange.request_ended) {
    uploads_.emplace(done.stream_id, 0);
  }
  if (log_->enabled()) {
    AccessLogEntry& entry = exchange.entry;
    entry.body_bytes = done.bytes;
    entry.finished = now_;
    entry.took = now_ - exchange.started;
    entry.outcome = OutcomeOf(done);
    log_->Add(entry);
  }
  exchanges_.erase(it);
}

bool HttpConnection::HasWork() const {
  return connection_.OutputSize() > 0 || scheduler_.HasReady();
}

void HttpConnection::Drain() {
  // The server as a whole has a deadline. Fails when the connection is over.
  connection_.Drain(absl::InfiniteDuration()).IgnoreError();
}

void HttpConnection::Close(h2::ErrorCode code) {
  connection_.CloseConnection(code).IgnoreError();
}

bool HttpConnection::Finished() const {
  return connection_.IsTerminated() ||
         ((peer_goes_away_ || connection_.IsDrained()) && exchanges_.empty());
}

}  // namespace sluice::examples
