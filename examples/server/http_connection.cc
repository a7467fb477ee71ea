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

// The eight bytes of the PING behind the first GOAWAY of a drain.
constexpr absl::string_view kDrainPing = "drainpng";

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

scheduler::DataSchedulerOptions WithTrace(
    scheduler::DataSchedulerOptions options, scheduler::TraceSink* trace) {
  options.trace = trace;
  return options;
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
                 WithTrace(scheduler_options, trace_.get())) {
  scheduler_.SetObserver(
      [this](const scheduler::DataScheduler::Decision& decision) {
        const auto it = exchanges_.find(decision.stream_id);
        if (it == exchanges_.end()) return;
        it->second.entry.body_bytes += decision.bytes;
        if (decision.end_stream) completed_.push_back(decision.stream_id);
      });
  connection_.InitiateConnection().IgnoreError();  // fails the second time only
}

HttpConnection::~HttpConnection() {
  std::vector<h2::StreamId> unfinished;
  for (const auto& [id, exchange] : exchanges_) unfinished.push_back(id);
  for (const h2::StreamId id : unfinished) FinishExchange(id, "closed");
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
    Discard(*data);
  } else if (const auto* ended = std::get_if<h2::StreamEnded>(&event)) {
    const auto it = exchanges_.find(ended->stream_id);
    if (it != exchanges_.end()) it->second.request_ended = true;
    uploads_.erase(ended->stream_id);
  } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
    HandleReset(*reset);
  } else if (std::holds_alternative<h2::SettingsAcknowledged>(event)) {
    established_ = true;
  } else if (std::holds_alternative<h2::ConnectionTerminated>(event)) {
    no_more_requests_ = true;
  } else if (const auto* ping = std::get_if<h2::PingAckReceived>(&event)) {
    if (draining_ && ping->opaque_data == kDrainPing) {
      no_more_requests_ = true;
      Close(h2::ErrorCode::kNoError);
    }
  }
}

void HttpConnection::HandleRequest(const h2::RequestReceived& request) {
  const h2::StreamId id = request.stream_id;
  const absl::string_view method = request.headers.Find(":method").value_or("");
  const absl::string_view path = request.headers.Find(":path").value_or("");
  Response response = files_->Respond(method, path, now_);
  const bool has_body = response.body != nullptr;
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
    exchange.entry.method = std::string(method);
    exchange.entry.path = std::string(path);
  }
  const absl::Status status = scheduler_.Submit(
      id, response.headers, std::move(response.body), std::move(options));
  if (!status.ok()) {
    // The output is full, or the stream ended within the same read (its
    // StreamReset event comes before or after), or the connection did.
    scheduler_.Cancel(id, h2::ErrorCode::kInternalError);
    FinishExchange(id, absl::StrCat("failed: ", status.message()));
  } else if (!has_body) {
    CompleteExchange(id);
  }
}

void HttpConnection::Discard(const h2::DataReceived& data) {
  // If the stream is gone, only the connection's window gets credit.
  connection_
      .AcknowledgeReceivedData(data.stream_id, data.flow_controlled_length)
      .IgnoreError();
  const auto it = uploads_.find(data.stream_id);
  if (it == uploads_.end()) return;
  it->second += data.flow_controlled_length;
  if (it->second <= kMostDiscarded) return;
  uploads_.erase(it);
  connection_.ResetStream(data.stream_id, h2::ErrorCode::kNoError)
      .IgnoreError();
}

void HttpConnection::HandleReset(const h2::StreamReset& reset) {
  uploads_.erase(reset.stream_id);
  const absl::string_view name = h2::ErrorCodeName(reset.error_code);
  FinishExchange(reset.stream_id,
                 absl::StrCat(reset.remote ? "reset " : "refused ", name));
}

size_t HttpConnection::Pull(size_t max_bytes) {
  completed_.clear();
  const size_t moved = scheduler_.Pull(max_bytes);
  for (const h2::StreamId id : completed_) CompleteExchange(id);
  if (scheduler_.ActiveBodies() == exchanges_.size()) return moved;
  // The scheduler could not read a body, and reset its stream.
  std::vector<h2::StreamId> failed;
  for (const auto& [id, exchange] : exchanges_) {
    if (!connection_.CanSendData(id)) failed.push_back(id);
  }
  for (const h2::StreamId id : failed) {
    FinishExchange(id, "reset INTERNAL_ERROR");
  }
  return moved;
}

void HttpConnection::CompleteExchange(h2::StreamId id) {
  const auto it = exchanges_.find(id);
  if (it == exchanges_.end()) return;
  if (!it->second.request_ended) uploads_.emplace(id, 0);
  FinishExchange(id, "complete");
}

void HttpConnection::FinishExchange(h2::StreamId id,
                                    absl::string_view outcome) {
  const auto it = exchanges_.find(id);
  if (it == exchanges_.end()) return;
  if (log_->enabled()) {
    AccessLogEntry& entry = it->second.entry;
    entry.finished = now_;
    entry.took = now_ - it->second.started;
    entry.outcome = std::string(outcome);
    log_->Add(entry);
  }
  exchanges_.erase(it);
}

bool HttpConnection::HasWork() const {
  return connection_.OutputSize() > 0 || scheduler_.HasReady();
}

void HttpConnection::Drain() {
  if (draining_ || connection_.IsTerminated()) return;
  draining_ = true;
  // Neither fails on a connection that lives.
  connection_.StartGracefulShutdown().IgnoreError();
  connection_.Ping(kDrainPing).IgnoreError();
}

void HttpConnection::Close(h2::ErrorCode code) {
  connection_.CloseConnection(code).IgnoreError();
}

bool HttpConnection::Finished() const {
  return connection_.IsTerminated() ||
         (no_more_requests_ && exchanges_.empty());
}

}  // namespace sluice::examples
