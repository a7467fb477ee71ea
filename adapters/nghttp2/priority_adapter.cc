#include <sluice/adapters/nghttp2/priority_adapter.h>
#include <sluice/adapters/nghttp2/priority_frame_reader.h>
#include <sluice/adapters/policy_host.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/trace_files.h>

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sluice::adapters {

using ::sluice::scheduler::PolicyOptions;
using ::sluice::scheduler::ResourceHints;
using ::sluice::scheduler::ServerPriority;
using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Priority;
using ::sluice::trace::LoggedPolicy;
using ::sluice::trace::TraceFiles;

namespace {

// The largest PRIORITY_UPDATE that is read, in bytes. nghttp2's own limit is of
// this order.
constexpr size_t kMaxPriorityUpdate = 1024;

Rfc7540Priority FromSpec(const nghttp2_priority_spec& spec) {
  return {.depends_on = static_cast<uint32_t>(spec.stream_id),
          .weight = spec.weight,
          .exclusive = spec.exclusive != 0};
}

scheduler::StreamId Id(int32_t stream_id) {
  return static_cast<scheduler::StreamId>(stream_id);
}

// Whether the HEADERS of this pushed response are still to be sent. The client
// sends no even id.
bool IsReserved(nghttp2_session* session, int32_t stream_id) {
  return stream_id % 2 == 0 &&
         nghttp2_stream_get_state(nghttp2_session_find_stream(
             session, stream_id)) == NGHTTP2_STREAM_STATE_RESERVED_LOCAL;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PriorityAdapter>> PriorityAdapter::Create(
    StringView spec, PolicyOptions options, TraceFiles* logs) {
  const size_t max_streams = options.max_streams;
  absl::StatusOr<LoggedPolicy> policy =
      trace::CreateLoggedPolicy(spec, options, logs);
  if (!policy.ok()) return policy.status();
  return std::unique_ptr<PriorityAdapter>(
      new PriorityAdapter(*std::move(policy), max_streams));
}

PriorityAdapter::PriorityAdapter(LoggedPolicy policy, size_t max_streams)
    : host_(std::move(policy), max_streams) {}

// --- What the session receives and reports -----------------------------------

// nghttp2 gets the bytes up to the end of a PRIORITY or PRIORITY_UPDATE frame,
// and then the policy gets the signal. So nghttp2 has reported all events
// before the frame, and none after it. Where a callback pauses nghttp2, the
// rest comes again, and is read already.
ssize_t PriorityAdapter::Receive(nghttp2_session* session, const uint8_t* data,
                                 size_t length) {
  reads_frames_ = true;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), length);
  size_t done = 0;
  do {
    if (!signal_ahead_.has_value() && read_ahead_ < length - done) {
      read_ahead_ +=
          frames_.Take(bytes.substr(done + read_ahead_), &signal_ahead_);
    }
    const size_t size = std::min(read_ahead_, length - done);
    const ssize_t taken = nghttp2_session_mem_recv(session, data + done, size);
    if (taken < 0) return taken;
    done += static_cast<size_t>(taken);
    read_ahead_ -= static_cast<size_t>(taken);
    if (static_cast<size_t>(taken) < size) break;
    if (read_ahead_ == 0 && signal_ahead_.has_value()) {
      TakeSignal(*signal_ahead_);
      signal_ahead_.reset();
    }
  } while (done < length);
  return static_cast<ssize_t>(done);
}

void PriorityAdapter::OnPriorityField(int32_t stream_id, StringView value) {
  // Lines of one field are one list (RFC 9110 §5.2).
  if (field_stream_ == stream_id && !field_.empty()) {
    field_ += ", ";
  } else {
    field_.clear();
  }
  field_stream_ = stream_id;
  field_.append(value.data(), value.size());
}

void PriorityAdapter::OnFrameRecv(nghttp2_session* session,
                                  const nghttp2_frame* frame) {
  const int32_t id = frame->hd.stream_id;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS: {
      RequestSignals said;
      if ((frame->hd.flags & NGHTTP2_FLAG_PRIORITY) != 0) {
        said.rfc7540 = FromSpec(frame->headers.pri_spec);
      }
      // With the opening, not after it: an earlier PRIORITY_UPDATE holds over
      // the field (RFC 9218 §7).
      if (field_stream_ == id) {
        said.rfc9218 = signals::ParseRfc9218Priority(field_);
      }
      field_stream_ = 0;
      said.tunnel = is_connect_;
      said.via = has_via_;
      Stream* stream = Open(id, said);
      if (!stream->requested && stream->body.read == nullptr) {
        // New, so nothing was sent on it.
        stream->window = nghttp2_session_get_remote_settings(
            session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
      }
      stream->requested = true;
      break;
    }
    case NGHTTP2_PRIORITY:
      if (!reads_frames_) {
        TakePriority(id, FromSpec(frame->priority.pri_spec));
      }
      break;
    case NGHTTP2_PRIORITY_UPDATE: {
      const auto* update =
          static_cast<const nghttp2_ext_priority_update*>(frame->ext.payload);
      if (reads_frames_ || update == nullptr) break;
      const auto said = signals::ParseRfc9218Priority(
          absl::string_view(reinterpret_cast<const char*>(update->field_value),
                            update->field_value_len));
      if (said.has_value()) TakePriority(update->stream_id, *said);
      break;
    }
    case NGHTTP2_WINDOW_UPDATE:
      if (Stream* stream = Find(id)) WindowMayHaveOpened(session, stream);
      break;
    case NGHTTP2_SETTINGS:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) break;
      for (size_t i = 0; i < frame->settings.niv; ++i) {
        const nghttp2_settings_entry& entry = frame->settings.iv[i];
        if (entry.settings_id == NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES &&
            entry.value == 1) {
          host_.OnNoRfc7540Priorities();
        }
      }
      // Windows may have opened, and the one of asked_next_ may have closed
      // (RFC 9113 §6.9.2).
      WindowsMayHaveChanged(session);
      ++changes_;
      asked_next_ = 0;
      break;
    default:
      break;
  }
  EnsureAsked(session);
}

void PriorityAdapter::OnStreamClose(nghttp2_session* session,
                                    int32_t stream_id) {
  if (Stream* stream = Find(stream_id)) Forget(stream);
  if (fresh_.size() >= most_fresh_) ForgetLateAnswers(session);
  if (asked_next_ == stream_id) asked_next_ = 0;
  // The stream was reset with its frame under way: OnFrameSend() may never
  // come.
  if (served_.has_value() && grant_->stream_id == Id(stream_id)) {
    const size_t bytes = *std::exchange(served_, std::nullopt);
    Finish(session, bytes);
  }
  EnsureAsked(session);
}

void PriorityAdapter::OnFrameSend(nghttp2_session* session,
                                  const nghttp2_frame* frame) {
  // HEADERS go out before any DATA, so this is set in time.
  hears_of_sends_ = true;
  if (frame->hd.type != NGHTTP2_DATA) return;
  if (!served_.has_value() || grant_->stream_id != Id(frame->hd.stream_id)) {
    // Padding alone, at an end without END_STREAM; or a body that is not the
    // adapter's. How much of the window is left is for nghttp2 to say.
    if (Stream* stream = Find(frame->hd.stream_id)) stream->window = 0;
    return;
  }
  served_.reset();
  const auto length = static_cast<int64_t>(frame->hd.length);
  if (picked_ != nullptr && (picked_->window -= length) <= 0) {
    picked_->window = nghttp2_session_get_stream_remote_window_size(
        session, frame->hd.stream_id);
  }
  Finish(session, frame->hd.length);
}

// nghttp2 has dropped the body that came with the HEADERS, or it holds one of
// before: as the adapter cannot tell, it waits until nghttp2 asks. Of a body
// that the adapter defers nghttp2 has sent the HEADERS.
void PriorityAdapter::OnFrameNotSend(nghttp2_session* session,
                                     const nghttp2_frame* frame) {
  if (frame->hd.type != NGHTTP2_HEADERS) return;
  const int32_t id = frame->hd.stream_id;
  Stream* stream = Find(id);
  if (stream == nullptr || stream->body.read == nullptr) return;
  if (!stream->queued && stream->ready_at != kNotListed) return;
  stream->queued = false;
  stream->waiting = true;
  SetBlocked(stream);
  if (asked_next_ == id) asked_next_ = 0;
  EnsureAsked(session);
}

int PriorityAdapter::OnExtensionChunk(const nghttp2_frame_hd& hd,
                                      const uint8_t* data, size_t length) {
  if (hd.length > kMaxPriorityUpdate) return NGHTTP2_ERR_CANCEL;
  extension_.append(reinterpret_cast<const char*>(data), length);
  return 0;
}

// The frame's payload is a stream id of 31 bits and a field (RFC 9218 §7.1).
int PriorityAdapter::UnpackExtension(const nghttp2_frame_hd& hd,
                                     void** payload) {
  *payload = nullptr;
  const std::string received = std::exchange(extension_, std::string());
  if (hd.type != NGHTTP2_PRIORITY_UPDATE || hd.stream_id != 0 ||
      received.size() < 4) {
    return NGHTTP2_ERR_CANCEL;
  }
  uint32_t id = 0;
  for (size_t i = 0; i < 4; ++i) {
    id = (id << 8) | static_cast<uint8_t>(received[i]);
  }
  field_ = received.substr(4);
  field_stream_ = 0;
  update_.stream_id = static_cast<int32_t>(id & 0x7fffffffu);
  update_.field_value = reinterpret_cast<uint8_t*>(field_.data());
  update_.field_value_len = field_.size();
  *payload = &update_;
  return 0;
}

PriorityAdapter::Stream* PriorityAdapter::Open(int32_t stream_id,
                                               const RequestSignals& said) {
  ++changes_;
  if (Stream* stream = Find(stream_id)) return stream;  // trailers
  Stream& stream = streams_.Insert(Id(stream_id));
  stream.id = Id(stream_id);
  host_.Open(stream.id, &stream.record, said);
  return &stream;
}

scheduler::StreamRecord* PriorityAdapter::FindRecord(int32_t stream_id) {
  Stream* stream = Find(stream_id);
  return stream == nullptr ? nullptr : &stream->record;
}

void PriorityAdapter::TakeSignal(const PrioritySignal& signal) {
  std::visit(
      [&](const auto& priority) {
        TakePriority(static_cast<int32_t>(signal.stream_id), priority);
      },
      signal.priority);
}

// A signal that is refused (a limit) changes nothing.
void PriorityAdapter::TakePriority(int32_t stream_id,
                                   const Rfc7540Priority& priority) {
  host_.SetRfc7540(Id(stream_id), FindRecord(stream_id), priority);
  ++changes_;
}

void PriorityAdapter::TakePriority(int32_t stream_id,
                                   const Rfc9218Priority& priority) {
  host_.SetRfc9218(Id(stream_id), FindRecord(stream_id), priority);
  ++changes_;
}

// --- What the server does ----------------------------------------------------

void PriorityAdapter::OnPushPromise(int32_t stream_id, int32_t promised_id) {
  const Rfc7540Priority child = {.depends_on =
                                     static_cast<uint32_t>(stream_id)};
  Open(promised_id, {.rfc7540 = child});
}

void PriorityAdapter::OnResume(int32_t stream_id) {
  Stream* stream = Find(stream_id);
  if (stream == nullptr) return;
  stream->queued = true;  // also when it was the adapter that deferred it
  if (!stream->waiting) return;
  stream->waiting = false;
  SetReady(stream);
}

void PriorityAdapter::Keep(int32_t stream_id, const Body& body) {
  if (stream_id == 0) return;  // nghttp2 refuses it
  Stream* stream = Find(stream_id);
  if (stream == nullptr) stream = Open(stream_id, {});
  if (stream->body.read != nullptr) {
    SetBlocked(stream);
    stream->queued = stream->waiting = stream->window_blocked = false;
    stream->done = false;
  }
  stream->body = body;
  fresh_.push_back(stream_id);
}

absl::Status PriorityAdapter::SetServerPriority(
    int32_t stream_id, std::optional<ServerPriority> server) {
  ++changes_;
  return host_.StatusOf(
      host_.SetServerPriority(Id(stream_id), FindRecord(stream_id), server));
}

absl::Status PriorityAdapter::SetHints(int32_t stream_id,
                                       const ResourceHints& hints) {
  ++changes_;
  return host_.StatusOf(
      host_.SetHints(Id(stream_id), FindRecord(stream_id), hints));
}

absl::Status PriorityAdapter::SetResponse(int32_t stream_id, StringView field) {
  ++changes_;
  return host_.StatusOf(
      host_.SetResponse(Id(stream_id), FindRecord(stream_id),
                        signals::ParseRfc9218Parameters(field)));
}

// --- What nghttp2 asks -------------------------------------------------------

ssize_t PriorityAdapter::ReadCallback(nghttp2_session* session,
                                      int32_t stream_id, uint8_t* buffer,
                                      size_t length, uint32_t* data_flags,
                                      nghttp2_data_source* source,
                                      void* user_data) {
  return static_cast<PriorityAdapter*>(source->ptr)
      ->Read(session, stream_id, buffer, length, data_flags, user_data);
}

inline ssize_t PriorityAdapter::Read(nghttp2_session* session,
                                     int32_t stream_id, uint8_t* buffer,
                                     size_t length, uint32_t* data_flags,
                                     void* user_data) {
  if (!fresh_.empty()) MakeFreshReady(session);
  Stream* stream = Find(stream_id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (stream->body.read == nullptr) {
    *data_flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return 0;
  }
  stream->queued = true;
  if (stream->waiting || stream->window_blocked) {
    // nghttp2 asks, so the server resumed it, or its window opened.
    stream->waiting = false;
    stream->window_blocked = false;
    SetReady(stream);
  }
  asked_next_ = 0;
  while (Pick(session, stream_id)) {
    if (picked_->id == Id(stream_id)) {
      return Serve(session, picked_, buffer, length, data_flags, user_data);
    }
    if (Queue(session, picked_)) break;
    DropGrant();
  }
  // An observer may have closed it.
  if ((stream = Find(stream_id)) != nullptr) stream->queued = false;
  return NGHTTP2_ERR_DEFERRED;
}

inline ssize_t PriorityAdapter::Serve(nghttp2_session* session, Stream* stream,
                                      uint8_t* buffer, size_t length,
                                      uint32_t* data_flags, void* user_data) {
  const auto stream_id = static_cast<int32_t>(stream->id);
  // Before the source is read, which may cause frames.
  if (stream->window <= static_cast<int64_t>(length)) {
    stream->window =
        nghttp2_session_get_stream_remote_window_size(session, stream_id);
  }
  const ssize_t result = stream->body.read(
      session, stream_id, buffer, std::min(length, grant_->max_bytes),
      data_flags, &stream->body.source, user_data);
  if (result == NGHTTP2_ERR_PAUSE) {
    // nghttp2 will ask for the same stream again.
    asked_next_ = stream_id;
    return result;
  }
  const size_t bytes = result > 0 ? static_cast<size_t>(result) : 0;
  const bool ends = (*data_flags & NGHTTP2_DATA_FLAG_EOF) != 0;
  stream->waiting = result == NGHTTP2_ERR_DEFERRED;
  stream->done = (result < 0 && !stream->waiting) || ends;
  if (stream->waiting || stream->done) stream->queued = false;
  // nghttp2 makes no frame for an end without END_STREAM, but one of padding:
  // trailers follow.
  const bool has_frame =
      bytes > 0 || (result == 0 &&
                    !(ends && (*data_flags & NGHTTP2_DATA_FLAG_NO_END_STREAM)));
  if (hears_of_sends_ && has_frame) {
    served_ = bytes;
  } else {
    stream->window -= static_cast<int64_t>(bytes);
    Finish(session, bytes);
  }
  return result;
}

inline PriorityAdapter::Stream* PriorityAdapter::Charge(size_t bytes) {
  const scheduler::Grant& grant = *std::exchange(grant_, nullptr);
  host_.Charge(grant.stream_id, picked_ == nullptr ? nullptr : &picked_->record,
               std::min(bytes, grant.max_bytes));
  // The observer may have closed it.
  return std::exchange(picked_, nullptr);
}

void PriorityAdapter::Finish(nghttp2_session* session, size_t bytes) {
  if (Stream* stream = Charge(bytes)) {
    if (stream->waiting || stream->done) {
      SetBlocked(stream);
    } else if (stream->window <= 0) {
      // nghttp2 will not ask for it before its window opens.
      stream->window_blocked = true;
      SetBlocked(stream);
    } else {
      if (bytes == 0) SetReady(stream);  // the source asked for an empty frame
      asked_next_ = static_cast<int32_t>(stream->id);
    }
  }
  EnsureAsked(session);
}

void PriorityAdapter::Forget(Stream* stream) {
  Unlist(stream);
  // NotFound when it never opened here (its id was refused).
  host_.Close(stream->id, &stream->record);
  if (picked_ == stream) picked_ = nullptr;
  if (found_ == stream) found_ = nullptr;
  streams_.Erase(stream->id);
  ++changes_;
}

// nghttp2 sends all HEADERS before it asks for DATA, and queues a response's
// body when its HEADERS are sent. So every body that it got before it asks is
// queued, unless the stream is gone, its HEADERS were refused, or the peer's
// stream limit holds them back, or did: then nghttp2 may have lost the body.
void PriorityAdapter::MakeFreshReady(nghttp2_session* session) {
  for (const int32_t id : fresh_) {
    Stream* stream = Find(id);
    if (stream == nullptr || stream->body.read == nullptr) continue;
    const bool exists =
        stream->requested ||
        nghttp2_session_get_stream_remote_window_size(session, id) >= 0;
    if (!exists && nghttp2_session_check_server_session(session) != 0) {
      Forget(stream);  // closed before it was answered
    } else if (!exists || IsReserved(session, id)) {
      stream->waiting = true;
    } else if (id % 2 == 0 && !HoldsBody(session, id)) {
      stream->body = {};
    } else if (!stream->waiting) {
      stream->queued = true;
      SetReady(stream);
    }
  }
  fresh_.clear();
}

// nghttp2_submit_data() queues the body of a pushed stream at once, and nghttp2
// drops it when it comes to it before the HEADERS. It refuses a second body, so
// it tells by one whether it has the first. If it has none, it takes this one,
// which Read() ends without a frame.
bool PriorityAdapter::HoldsBody(nghttp2_session* session, int32_t stream_id) {
  const auto body = Scheduled<nghttp2_data_provider>();
  return nghttp2_submit_data(session, NGHTTP2_FLAG_NONE, stream_id, &body) ==
         NGHTTP2_ERR_DATA_EXIST;
}

// MakeFreshReady() forgets them too, but it never runs while the peer resets
// every stream or opens no window: nghttp2 asks for no body then.
void PriorityAdapter::ForgetLateAnswers(nghttp2_session* session) {
  const bool serves = nghttp2_session_check_server_session(session) != 0;
  std::erase_if(fresh_, [&](int32_t id) {
    Stream* stream = Find(id);
    if (stream == nullptr) return true;
    // A pushed stream does not exist before its PUSH_PROMISE is sent.
    if (!serves || id % 2 == 0 ||
        nghttp2_session_get_stream_remote_window_size(session, id) >= 0) {
      return false;
    }
    Forget(stream);
    return true;
  });
  most_fresh_ = 2 * fresh_.size() + kFewFresh;
}

void PriorityAdapter::SetReady(Stream* stream) {
  if (stream->ready_at == kNotListed) {
    stream->ready_at = static_cast<uint32_t>(ready_.size());
    ready_.push_back(stream);
  }
  host_.SetReady(stream->id, &stream->record);
  ++changes_;
}

void PriorityAdapter::SetBlocked(Stream* stream) {
  Unlist(stream);
  host_.SetBlocked(stream->id, &stream->record);
  ++changes_;
}

// The last one moves to its place.
inline void PriorityAdapter::Unlist(Stream* stream) {
  if (stream->ready_at == kNotListed) return;
  ready_.back()->ready_at = stream->ready_at;
  ready_[stream->ready_at] = ready_.back();
  ready_.pop_back();
  stream->ready_at = kNotListed;
}

void PriorityAdapter::WindowMayHaveOpened(nghttp2_session* session,
                                          Stream* stream) {
  if (!stream->window_blocked || !HasWindow(session, *stream)) return;
  stream->window_blocked = false;
  SetReady(stream);
}

// In the order of ids, so that a policy's order is the same in each run.
void PriorityAdapter::WindowsMayHaveChanged(nghttp2_session* session) {
  for (const scheduler::StreamId id : streams_.SortedIds()) {
    Stream* stream = streams_.Find(id);
    stream->window = 0;
    WindowMayHaveOpened(session, stream);
  }
}

inline bool PriorityAdapter::Pick(nghttp2_session* session, int32_t asked) {
  if (grant_ != nullptr) {
    if (grant_made_at_ == changes_) return true;
    DropGrant();
  }
  while ((grant_ = host_.Pick()) != nullptr) {
    const auto id = static_cast<int32_t>(grant_->stream_id);
    picked_ = Find(id);
    if (id == asked || HasWindow(session, *picked_)) {
      grant_made_at_ = changes_;
      return true;
    }
    picked_->window_blocked = true;
    SetBlocked(picked_);
    DropGrant();
  }
  return false;
}

// Takes the pick back. A charge of 0 bytes may block a stream, so a stream that
// can send is made ready again.
void PriorityAdapter::DropGrant() {
  Stream* stream = Charge(0);
  if (stream != nullptr && stream->ready_at != kNotListed) {
    host_.SetReady(stream->id, &stream->record);
  }
}

bool PriorityAdapter::Queue(nghttp2_session* session, Stream* stream) {
  const auto id = static_cast<int32_t>(stream->id);
  if (!stream->queued) {
    stream->queued = nghttp2_session_resume_data(session, id) == 0;
  }
  if (stream->queued) {
    asked_next_ = id;
    return true;
  }
  // nghttp2 holds no body of it (the response was refused), so it waits until
  // nghttp2 asks.
  stream->waiting = true;
  SetBlocked(stream);
  return false;
}

void PriorityAdapter::AskForAny(nghttp2_session* session) {
  while (!ready_.empty()) {
    Stream* stream = ready_.back();
    if (!HasWindow(session, *stream)) {
      stream->window_blocked = true;
      SetBlocked(stream);
    } else if (Queue(session, stream)) {
      return;
    }
  }
}

}  // namespace sluice::adapters
