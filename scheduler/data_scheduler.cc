#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/header_span.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_info.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "scheduler/data_scheduler_impl.h"
#include "scheduler/data_scheduler_message.h"

namespace sluice::scheduler {
namespace {

absl::Status NoSuchStream(h2::StreamId id) {
  return absl::NotFoundError(absl::StrCat("stream ", id, " is not open here"));
}

}  // namespace

// --- Events ------------------------------------------------------------------

void DataScheduler::Impl::Handle(const h2::RequestReceived& event) {
  if (Find(event.stream_id) != nullptr) return;
  Stream* const stream = Open(event.stream_id);
  if (stream == nullptr) return;
  const absl::string_view method = event.headers.Find(":method").value_or("");
  stream->head = method == "HEAD";
  const bool tunnel = method == "CONNECT";
  const bool via = event.headers.Find("via").has_value();
  if (tunnel || via) {
    book_.SetHints(&stream->record, {.tunnel = tunnel, .via = via});
  }
}

void DataScheduler::Impl::Handle(const h2::DataReceived& event) {
  if (!options_.acknowledge_received_data) return;
  // Of a stream that is gone, the connection's window alone gets credit. Fails
  // when the connection has ended, or the application has acknowledged it.
  connection_
      ->AcknowledgeReceivedData(event.stream_id, event.flow_controlled_length)
      .IgnoreError();
}

void DataScheduler::Impl::Handle(const h2::WindowUpdated& event) {
  if (event.stream_id == h2::kConnectionStreamId) {
    // Each Pull() asks how far it is open.
    small_frames_.OnCredit();
    window_held_ = false;
    return;
  }
  Stream* stream = Find(event.stream_id);
  if (stream == nullptr) return;
  // The pick finds out whether it is open enough: while the connection's window
  // is used up, the core cannot tell.
  stream->window_blocked = false;
  deferred_.remove(stream);
  if (!stream->ended && ends_.contains(stream)) {
    ends_.remove(stream);
    ExpectEnd(stream);
  }
  Refresh(stream);
}

void DataScheduler::Impl::Handle(const h2::RemoteSettingsChanged& event) {
  const auto no_rfc7540 =
      event.changed.find(h2::SettingId::kNoRfc7540Priorities);
  if (no_rfc7540 != event.changed.end() && no_rfc7540->second.new_value == 1) {
    book_.OnNoRfc7540Priorities();
  }
  if (event.changed.contains(h2::SettingId::kInitialWindowSize)) {
    // Every stream's window moved (RFC 9113 §6.9.2). One that shrank is blocked
    // when it is picked.
    for (const h2::StreamId id : streams_.SortedIds()) {
      Handle(h2::WindowUpdated{.stream_id = id});
    }
  }
}

void DataScheduler::Impl::Handle(const h2::StreamReset& event) {
  Stream* const stream = Find(event.stream_id);
  if (stream == nullptr) return;
  Close(stream,
        event.remote ? StreamOutcome::kResetByPeer : StreamOutcome::kReset,
        event.error_code, event.error);
}

// A signal that the book refuses (a limit) changes nothing.
void DataScheduler::Impl::Handle(const h2::PriorityUpdated& event) {
  book_.SetRfc7540(event.stream_id, RecordOf(event.stream_id), event.priority,
                   event.source);
}

void DataScheduler::Impl::Handle(const h2::PriorityFieldUpdated& event) {
  book_.SetRfc9218(event.stream_id, RecordOf(event.stream_id), event.priority,
                   event.source);
}

// GOAWAY with an error (RFC 9113 §6.8): the connection is gone. After one
// without, a StreamReset follows for each stream that the peer leaves out.
void DataScheduler::Impl::Handle(const h2::ConnectionTerminated& event) {
  if (event.error_code == h2::ErrorCode::kNoError) return;
  CloseAll(event.error_code);
}

// --- Streams -----------------------------------------------------------------

void DataScheduler::Impl::CloseAll(h2::ErrorCode code) {
  std::array<h2::StreamId, 128> ids;
  while (const size_t count = streams_.LowestIds(&ids)) {
    for (size_t i = 0; i < count; ++i) {
      Stream* const stream = Find(ids[i]);
      if (stream == nullptr) continue;
      Close(stream, StreamOutcome::kConnectionEnded, code);
    }
  }
}

void DataScheduler::Impl::CloseWithConnection(Stream* stream) {
  Close(stream, connection_->IsTerminated() ? StreamOutcome::kConnectionEnded
                                            : StreamOutcome::kReset);
}

DataScheduler::Impl::Stream* DataScheduler::Impl::Open(h2::StreamId id) {
  if (book_.CheckOpen(id) != absl::StatusCode::kOk) return nullptr;
  Stream& stream = streams_.Insert(id);
  book_.Open(id, &stream.record);
  return &stream;
}

void DataScheduler::Impl::Close(Stream* stream, StreamOutcome outcome,
                                h2::ErrorCode code, absl::Status status) {
  deferred_.remove(stream);
  may_end_.remove(stream);
  ends_.remove(stream);
  if (stream->source != nullptr) --active_bodies_;
  const bool finished = outcome == StreamOutcome::kFinished;
  ++(finished ? counters_.streams_finished : counters_.streams_reset);
  const h2::StreamId id = stream->record.id;
  if (finished && stream->surplus) {
    status = absl::OutOfRangeError(
        absl::StrCat("the body has more than the ", stream->sent,
                     " bytes of its content-length; they were not sent"));
    connection_->LogStreamError(id, status);
  }
  if (!stopped_) book_.Close(&stream->record);
  const uint64_t sent = stream->sent;
  // The application and the source's destructor may call back, so they run
  // last.
  std::unique_ptr<DataSource> source = std::move(stream->source);
  streams_.Erase(id);
  if (reading_ == stream) {
    reading_ = nullptr;  // another stream may get its place
    closed_in_read_ = std::move(source);
  }
  Report({id, outcome, sent, code, std::move(status)});
}

void DataScheduler::Impl::Refresh(Stream* stream) {
  const bool ready = stream->source != nullptr && !stream->waiting &&
                     !stream->window_blocked && !stream->ended &&
                     !deferred_.contains(stream);
  if (ready == stream->record.ready) return;
  if (ready) {
    book_.SetReady(&stream->record);
    // It may be able to send a full chunk: the small ones wait again.
    small_may_go_ = false;
  } else {
    book_.SetBlocked(&stream->record);
  }
}

void DataScheduler::Impl::Defer(Stream* stream) {
  if (deferred_.empty()) last_release_ = counters_.bytes;
  deferred_.push_back(stream);
  ++counters_.deferrals;
  AskWhileItWaits(stream);
}

void DataScheduler::Impl::UndeferAll() {
  while (Stream* stream = deferred_.front()) {
    deferred_.remove(stream);
    Refresh(stream);
  }
  small_may_go_ = true;
}

void DataScheduler::Impl::ReleaseDeferred() {
  constexpr uint64_t kHeldChunks = 64;
  Stream* const stream = deferred_.front();
  if (stream == nullptr ||
      counters_.bytes - last_release_ < kHeldChunks * options_.min_chunk) {
    return;
  }
  last_release_ = counters_.bytes;
  stream->released = true;
  deferred_.remove(stream);
  Refresh(stream);
}

absl::Status DataScheduler::Impl::CheckSubmit(h2::StreamId id,
                                              const Stream* stream,
                                              const MessageFacts& facts,
                                              const SubmitOptions& options) {
  if (IsInformational(facts.status)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the response on stream ", id,
                     " has a status of 100 to 199, which "
                     "SubmitInformational() sends"));
  }
  if (stream != nullptr && HasResponse(*stream)) {
    return absl::AlreadyExistsError(
        absl::StrCat("stream ", id, " has a response already"));
  }
  if (stream == nullptr) {
    const absl::StatusCode code = book_.CheckOpen(id);
    if (code != absl::StatusCode::kOk) return book_.ErrorOf(code);
  }
  FaultText text;
  if (options.server.has_value() &&
      FindFault(id, *options.server, &text) != nullptr) {
    return absl::InvalidArgumentError(text.data());
  }
  return facts.bad_length.has_value() ? BadLength(id, *facts.bad_length)
                                      : absl::OkStatus();
}

absl::Status DataScheduler::Impl::Submit(h2::StreamId id,
                                         h2::HeaderSpan headers,
                                         std::unique_ptr<DataSource> body,
                                         SubmitOptions&& options) {
  if (stopped_) {
    return absl::FailedPreconditionError(
        "the DataScheduler is being destroyed");
  }
  MessageFacts facts = FactsOf(headers);
  Stream* stream = Find(id);
  if (absl::Status status = CheckSubmit(id, stream, facts, options);
      !status.ok()) {
    return status;
  }
  const bool is_response = facts.status != 0;
  const bool head = is_response && stream != nullptr && stream->head;
  const bool no_content = head || HasNoContent(facts.status);
  const bool tunnel =
      facts.connect || (stream != nullptr && stream->record.info.hints.tunnel &&
                        facts.status / 100 == 2);
  // RFC 9110 §8.6, §9.3.6: there it says nothing about this message. 205 may
  // announce 0 bytes alone (§15.3.6).
  if (head || tunnel || (no_content && facts.status != 205)) {
    facts.length = std::nullopt;
  }
  // Only of a stream whose request was not seen, a response without content may
  // be the one to a HEAD.
  if ((body == nullptr || no_content) && facts.length.value_or(0) > 0 &&
      (!is_response || stream != nullptr || no_content)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the message on stream ", id, " announces ", *facts.length,
                     " bytes by content-length, and has no body"));
  }
  const bool headers_only =
      no_content || (body == nullptr && options.trailers.empty());
  if (absl::Status status =
          connection_->SendHeaders(id, headers, {.end_stream = headers_only});
      !status.ok()) {
    return status;
  }
  if (headers_only) {
    if (stream == nullptr) {
      Report({id, StreamOutcome::kFinished});
    } else {
      Close(stream, StreamOutcome::kFinished);
    }
    return absl::OkStatus();
  }
  if (stream == nullptr) stream = Open(id);
  // The values were checked, and open streams are never refused.
  StreamRecord* const record = &stream->record;
  if (options.server.has_value()) {
    book_.SetServerPriority(record, options.server);
  }
  if (facts.has_priority) book_.SetResponse(record, ResponsePriority(headers));
  if (options.hints != ResourceHints()) book_.SetHints(record, options.hints);
  stream->trailers = std::move(options.trailers);
  if (body == nullptr) return Finish(stream);
  stream->left = facts.length.value_or(kAnyLength);
  stream->source = std::move(body);
  stream->waiting = false;
  ++active_bodies_;
  ExpectEnd(stream);
  Refresh(stream);
  return absl::OkStatus();
}

void DataScheduler::Impl::ResetRefused(h2::StreamId id, absl::Status why) {
  Stream* const stream = Find(id);
  if (stream != nullptr && HasResponse(*stream)) {
    return connection_->LogStreamError(id, why);
  }
  // It had its outcome, and may live on: for an upload, or for the response of
  // the peer's.
  if (stream == nullptr && (stopped_ || !connection_->AwaitsResponse(id))) {
    return;
  }
  // Fails when the stream is gone: then it has its outcome, or a StreamReset is
  // on its way to OnEvent().
  constexpr h2::ErrorCode kCode = h2::ErrorCode::kInternalError;
  if (!connection_->ResetStream(id, kCode).ok()) return;
  connection_->LogStreamError(id, why);
  if (stream == nullptr) {
    Report({id, StreamOutcome::kFailed, /*bytes=*/0, kCode, std::move(why)});
  } else {
    Close(stream, StreamOutcome::kFailed, kCode, std::move(why));
  }
}

void DataScheduler::Impl::Resume(h2::StreamId id) {
  Stream* stream = Find(id);
  if (stream == nullptr || stream->source == nullptr) return;
  if (stream == reading_) {
    resumed_while_read_ = true;
    return;
  }
  if (pulling_ && stream->idle_pull == pulls_) return ResumeAfterPull(stream);
  stream->waiting = false;
  ExpectEnd(stream);
  Refresh(stream);
}

// --- The public face ---------------------------------------------------------

DataScheduler::DataScheduler(h2::Connection* connection,
                             std::unique_ptr<Policy> policy,
                             DataSchedulerOptions options)
    : impl_(std::make_unique<Impl>(connection, std::move(policy),
                                   std::move(options))) {}

DataScheduler::~DataScheduler() {
  impl_->stopped_ = true;
  impl_->CloseAll(h2::ErrorCode::kNoError);
}

void DataScheduler::OnEvent(const h2::Event& event) {
  std::visit([this](const auto& value) { impl_->Handle(value); }, event);
}

absl::Status DataScheduler::Submit(h2::StreamId id, h2::HeaderSpan headers,
                                   std::unique_ptr<DataSource> body,
                                   SubmitOptions options) {
  return impl_->Submit(id, headers, std::move(body), std::move(options));
}

void DataScheduler::SubmitOrReset(h2::StreamId id, h2::HeaderSpan headers,
                                  std::unique_ptr<DataSource> body,
                                  SubmitOptions options) {
  absl::Status status =
      impl_->Submit(id, headers, std::move(body), std::move(options));
  if (!status.ok()) impl_->ResetRefused(id, std::move(status));
}

absl::Status DataScheduler::SubmitInformational(h2::StreamId id,
                                                h2::HeaderSpan headers) {
  if (!IsInformational(StatusOf(headers))) {
    return absl::InvalidArgumentError(
        absl::StrCat("the informational response on stream ", id,
                     " has no status of 100 to 199"));
  }
  if (impl_->connection_->CanSendData(id)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the response on stream ", id, " has begun already"));
  }
  return impl_->connection_->SendHeaders(id, headers);
}

void DataScheduler::Resume(h2::StreamId id) { impl_->Resume(id); }

void DataScheduler::Cancel(h2::StreamId id, h2::ErrorCode code) {
  Impl::Stream* const stream = impl_->Find(id);
  if (stream == nullptr) return;
  // Fails when the stream or the connection is closed already.
  if (!impl_->connection_->ResetStream(id, code).ok()) {
    return impl_->CloseWithConnection(stream);
  }
  impl_->Close(stream, StreamOutcome::kReset, code);
}

absl::Status DataScheduler::SetServerPriority(
    h2::StreamId id, std::optional<ServerPriority> server) {
  StreamRecord* const record = impl_->RecordOf(id);
  if (record == nullptr) return NoSuchStream(id);
  return impl_->book_.ErrorOf(impl_->book_.SetServerPriority(record, server));
}

absl::Status DataScheduler::SetHints(h2::StreamId id,
                                     const ResourceHints& hints) {
  StreamRecord* const record = impl_->RecordOf(id);
  if (record == nullptr) return NoSuchStream(id);
  impl_->book_.SetHints(record, hints);
  return absl::OkStatus();
}

size_t DataScheduler::Pull(size_t max_bytes) { return impl_->Pull(max_bytes); }

bool DataScheduler::HasReady() const {
  if (impl_->stopped_ || impl_->connection_->IsTerminated()) return false;
  if (!impl_->ends_.empty()) return true;
  const bool may_end = !impl_->may_end_.empty();
  const bool may_send =
      impl_->book_.ready_streams() > 0 || !impl_->deferred_.empty();
  if (may_end == may_send) return may_send;  // whatever the window is
  // An end needs no window.
  return impl_->WindowIsOpen() ? may_send : may_end;
}

size_t DataScheduler::ActiveBodies() const { return impl_->active_bodies_; }

const DataSchedulerCounters& DataScheduler::counters() const {
  return impl_->counters_;
}

void DataScheduler::SetObserver(std::function<void(const Decision&)> observer) {
  impl_->observer_ = std::move(observer);
}

}  // namespace sluice::scheduler
