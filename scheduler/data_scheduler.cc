#include "scheduler/data_scheduler.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/base/macros.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "h2/connection.h"
#include "h2/events.h"
#include "h2/header_span.h"
#include "h2/priority_field.h"
#include "priority/rfc9218_priority.h"
#include "scheduler/data_scheduler_impl.h"
#include "scheduler/policy.h"
#include "scheduler/stream_info.h"

namespace sluice::scheduler {
namespace {

priority::Rfc7540Priority FromWire(const h2::StreamPriority& priority) {
  return {priority.depends_on, priority.weight, priority.exclusive};
}

priority::Rfc9218Priority FromWire(const h2::PriorityField& priority) {
  return {priority.urgency, priority.incremental};
}

// What the `priority` field of a response names (RFC 9218 §8), if anything. Its
// lines are one dictionary (RFC 8941 §4.2); names are put into lower case when
// they are sent.
std::optional<h2::PriorityParameters> ResponsePriority(
    const h2::HeaderSpan& headers) {
  std::optional<std::string> value;
  for (const h2::Header& header : headers) {
    if (!absl::EqualsIgnoreCase(header.name, "priority")) continue;
    value = value.has_value() ? absl::StrCat(*value, ", ", header.value)
                              : std::string(header.value);
  }
  if (!value.has_value()) return std::nullopt;
  const std::optional<h2::PriorityParameters> named =
      h2::ParsePriorityParameters(*value);
  const bool any = named.has_value() && (named->urgency || named->incremental);
  return any ? named : std::nullopt;
}

// The core reads the value without the spaces around it too.
bool IsInformational(const h2::HeaderSpan& headers) {
  for (const h2::Header& header : headers) {
    if (!absl::EqualsIgnoreCase(header.name, ":status")) continue;
    const absl::string_view status = absl::StripAsciiWhitespace(header.value);
    return status.size() == 3 && status[0] == '1';
  }
  return false;
}

// Whether it is a tunnel is the request's to say.
void MergeHints(const ResourceHints& hints, StreamInfo* info) {
  const bool tunnel = info->hints.tunnel;
  info->hints = hints;
  info->hints.tunnel |= tunnel;
}

absl::Status NoSuchStream(h2::StreamId id) {
  return absl::NotFoundError(absl::StrCat("stream ", id, " is not open here"));
}

}  // namespace

// --- Events ------------------------------------------------------------------

void DataScheduler::Impl::Handle(const h2::RequestReceived& event) {
  if (Find(event.stream_id) != nullptr) return;
  StreamInfo info;
  if (event.priority.has_value()) info.rfc7540 = FromWire(*event.priority);
  if (event.priority_field.has_value()) {
    info.rfc9218 = FromWire(*event.priority_field);
  }
  info.hints.tunnel =
      absl::c_any_of(event.headers, [](const h2::Header& header) {
        return header.name == ":method" && header.value == "CONNECT";
      });
  Stream* stream = Open(event.stream_id, info);
  stream->priority_echo = event.priority.has_value();
}

void DataScheduler::Impl::Handle(const h2::WindowUpdated& event) {
  if (event.stream_id == h2::kConnectionStreamId) {
    // How far it is open is asked for at each Pull().
    small_frames_.OnCredit();
    window_held_ = false;
    return;
  }
  Stream* stream = Find(event.stream_id);
  if (stream == nullptr) return;
  // Whether it is open enough now is found out when the stream is picked: with
  // the connection's window used up it cannot be asked for.
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
    policy_->OnNoRfc7540Priorities();
  }
  if (event.changed.contains(h2::SettingId::kInitialWindowSize)) {
    // Every stream's window moved (RFC 9113 §6.9.2). One that shrank is blocked
    // when it is picked.
    for (const h2::StreamId id : SortedIds()) {
      Handle(h2::WindowUpdated{.stream_id = id});
    }
  }
}

void DataScheduler::Impl::Handle(const h2::PriorityUpdated& event) {
  const priority::Rfc7540Priority priority = FromWire(event.priority);
  Stream* stream = Find(event.stream_id);
  if (stream != nullptr && std::exchange(stream->priority_echo, false) &&
      stream->info.rfc7540 == priority) {
    return;
  }
  StreamInfo info = KnownInfo(event.stream_id);
  info.rfc7540 = priority;
  TakeSignal(event.stream_id, info, Signal::kRfc7540);
}

void DataScheduler::Impl::Handle(const h2::PriorityFieldUpdated& event) {
  // That of a header repeats what came with the request.
  if (event.source == h2::PriorityFieldUpdated::Source::kHeader) return;
  StreamInfo info = KnownInfo(event.stream_id);
  info.rfc9218 = FromWire(event.priority);
  if (const Stream* stream = Find(event.stream_id)) {
    info.server = ServerWord(*stream, stream->application, info);
  }
  TakeSignal(event.stream_id, info, Signal::kRfc9218);
}

// GOAWAY with an error (RFC 9113 §6.8): the connection is gone. After one
// without, a StreamReset follows for each stream that the peer leaves out.
void DataScheduler::Impl::Handle(const h2::ConnectionTerminated& event) {
  if (event.error_code == h2::ErrorCode::kNoError) return;
  CloseAll();
}

StreamInfo DataScheduler::Impl::KnownInfo(h2::StreamId id) const {
  if (const Stream* stream = Find(id)) return stream->info;
  if (const StreamInfo* idle = idle_.Find(id)) return *idle;
  return StreamInfo();
}

std::optional<ServerPriority> DataScheduler::Impl::ServerWord(
    const Stream& stream, const std::optional<ServerPriority>& application,
    const StreamInfo& info) {
  std::optional<ServerPriority> server = application;
  if (stream.response.has_value() &&
      !(server.has_value() && server->rfc9218.has_value())) {
    const priority::Rfc9218Priority client =
        info.rfc9218.value_or(priority::Rfc9218Priority());
    if (!server.has_value()) server.emplace();
    server->rfc9218 = FromWire(h2::MergePriority(
        {client.urgency, client.incremental}, *stream.response));
  }
  return server;
}

void DataScheduler::Impl::TakeSignal(h2::StreamId id, const StreamInfo& info,
                                     Signal changed) {
  Stream* const stream = Find(id);
  const size_t max_idle = options_.max_idle_signals;
  // What is beyond the limit here or a limit of the policy's changes nothing.
  if (stream == nullptr && !idle_.CheckRoom(id, max_idle).ok()) return;
  if (!policy_->OnPriority(id, info, changed).ok()) return;
  if (stream != nullptr) {
    stream->info = info;
  } else {
    idle_.Remember(id, info, max_idle).IgnoreError();  // there is room
  }
}

// --- Streams -----------------------------------------------------------------

// Hash order differs from run to run; the policy must not see it.
std::vector<h2::StreamId> DataScheduler::Impl::SortedIds() const {
  std::vector<h2::StreamId> ids;
  ids.reserve(streams_.size());
  for (const auto& [id, stream] : streams_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

void DataScheduler::Impl::CloseAll() {
  for (const h2::StreamId id : SortedIds()) CloseIfOpen(id);
}

DataScheduler::Impl::Stream* DataScheduler::Impl::Open(h2::StreamId id,
                                                       const StreamInfo& info) {
  auto stream = std::make_unique<Stream>();
  stream->id = id;
  stream->info = info;
  idle_.Open(id, &stream->info);
  // What was said before the policy knows; to say it again would act again, and
  // undo what was said of other streams since.
  if (!policy_->OnOpen(id, info).ok()) {
    // Signals that a policy cannot take never keep a stream from being served.
    stream->info = StreamInfo();
    const absl::Status status = policy_->OnOpen(id, stream->info);
    ABSL_ASSERT(status.ok());
    static_cast<void>(status);
  }
  Stream* result = stream.get();
  streams_[id] = std::move(stream);
  return result;
}

void DataScheduler::Impl::Close(Stream* stream, bool finished) {
  deferred_.remove(stream);
  may_end_.remove(stream);
  ends_.remove(stream);
  if (stream->ready) --ready_streams_;
  if (stream->source != nullptr) --active_bodies_;
  ++(finished ? counters_.streams_finished : counters_.streams_reset);
  policy_->OnClose(stream->id);
  const auto found = streams_.find(stream->id);
  // The source's destructor may call back, so it runs last.
  std::unique_ptr<Stream> owned = std::move(found->second);
  streams_.erase(found);
  if (reading_ == stream) closed_in_read_ = std::move(owned);
}

void DataScheduler::Impl::Refresh(Stream* stream) {
  const bool ready = stream->source != nullptr && !stream->waiting &&
                     !stream->window_blocked && !stream->ended &&
                     !deferred_.contains(stream);
  if (ready == stream->ready) return;
  stream->ready = ready;
  if (ready) {
    ++ready_streams_;
    policy_->SetReady(stream->id);
    // It may be able to send a full chunk: the small ones wait again.
    small_may_go_ = false;
  } else {
    --ready_streams_;
    policy_->SetBlocked(stream->id);
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

absl::Status DataScheduler::Impl::SubmitInformational(h2::StreamId id,
                                                      h2::HeaderSpan headers) {
  if (!IsInformational(headers)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the informational response on stream ", id,
                     " has no status of 100 to 199"));
  }
  if (connection_->CanSendData(id)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the response on stream ", id, " has begun already"));
  }
  return connection_->SendHeaders(id, headers);
}

absl::Status DataScheduler::Impl::Submit(h2::StreamId id,
                                         h2::HeaderSpan headers,
                                         std::unique_ptr<DataSource> body,
                                         SubmitOptions options) {
  if (stopped_) {
    return absl::FailedPreconditionError(
        "the DataScheduler is being destroyed");
  }
  if (IsInformational(headers)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the response on stream ", id,
                     " has a status of 100 to 199, which "
                     "SubmitInformational() sends"));
  }
  Stream* stream = Find(id);
  if (stream != nullptr && (stream->source != nullptr || stream->ended)) {
    return absl::AlreadyExistsError(
        absl::StrCat("stream ", id, " has a response already"));
  }
  StreamInfo info = stream != nullptr ? stream->info : StreamInfo();
  if (options.server.has_value()) info.server = options.server;
  if (options.hints != ResourceHints()) MergeHints(options.hints, &info);
  if (absl::Status status = ValidateStreamInfo(id, info); !status.ok()) {
    return status;
  }
  const bool headers_only = body == nullptr && options.trailers.empty();
  if (absl::Status status =
          connection_->SendHeaders(id, headers, {.end_stream = headers_only});
      !status.ok()) {
    return status;
  }
  if (headers_only) {
    if (stream != nullptr) Close(stream, /*finished=*/true);
    return absl::OkStatus();
  }
  if (stream == nullptr) stream = Open(id, StreamInfo());
  if (options.server.has_value()) stream->application = options.server;
  stream->response = ResponsePriority(headers);
  info.server = ServerWord(*stream, stream->application, stream->info);
  const bool new_server = stream->info.server != info.server;
  const bool new_hints = stream->info.hints != info.hints;
  stream->info.server = info.server;
  stream->info.hints = info.hints;
  // Open streams are never refused, and the values were checked.
  if (new_server) {
    policy_->OnPriority(id, stream->info, Signal::kServer).IgnoreError();
  }
  if (new_hints) {
    policy_->OnPriority(id, stream->info, Signal::kHints).IgnoreError();
  }
  stream->trailers = std::move(options.trailers);
  if (body == nullptr) return Finish(stream);
  stream->source = std::move(body);
  stream->waiting = false;
  ++active_bodies_;
  ExpectEnd(stream);
  Refresh(stream);
  return absl::OkStatus();
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

void DataScheduler::Impl::Cancel(h2::StreamId id, h2::ErrorCode code) {
  Stream* stream = Find(id);
  if (stream == nullptr) return;
  // Fails only when the stream is closed already, which is what is wanted.
  connection_->ResetStream(id, code).IgnoreError();
  Close(stream, /*finished=*/false);
}

absl::Status DataScheduler::Impl::SetServerPriority(
    h2::StreamId id, std::optional<ServerPriority> server) {
  Stream* stream = Find(id);
  if (stream == nullptr) return NoSuchStream(id);
  StreamInfo info = stream->info;
  info.server = ServerWord(*stream, server, info);
  if (info.server != stream->info.server) {
    if (absl::Status status = policy_->OnPriority(id, info, Signal::kServer);
        !status.ok()) {
      return status;
    }
    stream->info = info;
  }
  stream->application = server;
  return absl::OkStatus();
}

absl::Status DataScheduler::Impl::SetHints(h2::StreamId id,
                                           const ResourceHints& hints) {
  Stream* stream = Find(id);
  if (stream == nullptr) return NoSuchStream(id);
  StreamInfo info = stream->info;
  MergeHints(hints, &info);
  if (info.hints == stream->info.hints) return absl::OkStatus();
  absl::Status status = policy_->OnPriority(id, info, Signal::kHints);
  if (status.ok()) stream->info = info;
  return status;
}

// --- The public face ---------------------------------------------------------

DataScheduler::DataScheduler(h2::Connection* connection,
                             std::unique_ptr<Policy> policy,
                             DataSchedulerOptions options)
    : impl_(std::make_unique<Impl>(connection, std::move(policy), options)) {}

DataScheduler::~DataScheduler() { impl_->Stop(); }

void DataScheduler::OnEvent(const h2::Event& event) { impl_->OnEvent(event); }

absl::Status DataScheduler::Submit(h2::StreamId id, h2::HeaderSpan headers,
                                   std::unique_ptr<DataSource> body,
                                   SubmitOptions options) {
  return impl_->Submit(id, headers, std::move(body), std::move(options));
}

absl::Status DataScheduler::SubmitInformational(h2::StreamId id,
                                                h2::HeaderSpan headers) {
  return impl_->SubmitInformational(id, headers);
}

void DataScheduler::Resume(h2::StreamId id) { impl_->Resume(id); }

void DataScheduler::Cancel(h2::StreamId id, h2::ErrorCode code) {
  impl_->Cancel(id, code);
}

absl::Status DataScheduler::SetServerPriority(
    h2::StreamId id, std::optional<ServerPriority> server) {
  return impl_->SetServerPriority(id, server);
}

absl::Status DataScheduler::SetHints(h2::StreamId id,
                                     const ResourceHints& hints) {
  return impl_->SetHints(id, hints);
}

size_t DataScheduler::Pull(size_t max_bytes) { return impl_->Pull(max_bytes); }

bool DataScheduler::HasReady() const { return impl_->HasReady(); }

size_t DataScheduler::ActiveBodies() const { return impl_->ActiveBodies(); }

const DataSchedulerCounters& DataScheduler::counters() const {
  return impl_->counters();
}

std::optional<StreamCounters> DataScheduler::CountersOf(h2::StreamId id) const {
  return impl_->CountersOf(id);
}

void DataScheduler::SetObserver(std::function<void(const Decision&)> observer) {
  impl_->SetObserver(std::move(observer));
}

}  // namespace sluice::scheduler
