#include <sluice/adapters/policy_host.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>
#include <sluice/trace/trace_files.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace sluice::adapters {

using ::sluice::scheduler::FaultText;
using ::sluice::scheduler::Grant;
using ::sluice::scheduler::ResourceHints;
using ::sluice::scheduler::ServerPriority;
using ::sluice::scheduler::StreamId;
using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Priority;
using ::sluice::signals::SignalSource;
using ::sluice::trace::LoggedPolicy;

template <class... Args>
absl::Status PolicyHost::Refuse(absl::StatusCode code,
                                const absl::FormatSpec<Args...>& format,
                                const Args&... args) {
  ++stats_.refused;
  absl::SNPrintF(error_text_.data(), error_text_.size(), format, args...);
  return absl::Status(code, "");
}

void PolicyHost::SetObserver(std::function<void(const Decision&)> observer) {
  observer_ = std::move(observer);
}

absl::Status PolicyHost::Open(StreamId id, const RequestSignals& said) {
  if (IsOpen(id)) {
    return Refuse(absl::StatusCode::kAlreadyExists, "stream %u is open already",
                  id);
  }
  FaultText text;
  const char* fault =
      FindFault(id, ServerPriority{said.rfc7540, said.rfc9218}, &text);
  if (fault != nullptr) {
    return Refuse(absl::StatusCode::kInvalidArgument, "%s", fault);
  }
  if (absl::StatusCode code = book_.CheckOpen(id);
      code != absl::StatusCode::kOk) {
    return Answer(code);
  }
  StreamRecord* record = &streams_[id];
  book_.Open(id, record);
  // All of these succeed: the values are checked, and the stream is open.
  if (said.tunnel) book_.SetHints(record, {.tunnel = true});
  if (said.rfc9218.has_value()) {
    book_.SetRfc9218(id, record, *said.rfc9218, SignalSource::kHeader);
  }
  if (said.rfc7540.has_value()) {
    book_.SetRfc7540(id, record, *said.rfc7540, SignalSource::kHeader);
  }
  book_.Settle();
  ++stats_.opened;
  return absl::OkStatus();
}

absl::Status PolicyHost::SetRfc7540(StreamId id,
                                    const Rfc7540Priority& priority) {
  return Answer(book_.SetRfc7540(id, Find(id), priority, SignalSource::kFrame));
}

absl::Status PolicyHost::SetRfc9218(StreamId id,
                                    const Rfc9218Priority& priority) {
  return Answer(book_.SetRfc9218(id, Find(id), priority, SignalSource::kFrame));
}

absl::Status PolicyHost::SetServerPriority(
    StreamId id, std::optional<ServerPriority> server) {
  StreamRecord* record = Find(id);
  if (record == nullptr) return NotOpen(id);
  return Answer(book_.SetServerPriority(record, server));
}

absl::Status PolicyHost::SetHints(StreamId id, const ResourceHints& hints) {
  StreamRecord* record = Find(id);
  if (record == nullptr) return NotOpen(id);
  book_.SetHints(record, hints);
  return absl::OkStatus();
}

absl::Status PolicyHost::SetReady(StreamId id) {
  StreamRecord* record = Find(id);
  if (record == nullptr) return NotOpen(id);
  book_.SetReady(record);
  return absl::OkStatus();
}

absl::Status PolicyHost::SetBlocked(StreamId id) {
  StreamRecord* record = Find(id);
  if (record == nullptr) return NotOpen(id);
  book_.SetBlocked(record);
  return absl::OkStatus();
}

absl::Status PolicyHost::Close(StreamId id) {
  StreamRecord* record = Find(id);
  if (record == nullptr) return NotOpen(id);
  book_.Close(record);
  streams_.erase(id);
  ++stats_.closed;
  return absl::OkStatus();
}

std::optional<Grant> PolicyHost::Pick() {
  if (grant_.has_value()) return std::nullopt;
  grant_ = book_.Pick();
  ++(grant_.has_value() ? stats_.picks : stats_.empty_picks);
  return grant_;
}

absl::Status PolicyHost::Charge(StreamId id, size_t bytes) {
  if (!grant_.has_value() || grant_->stream_id != id) {
    return Refuse(absl::StatusCode::kFailedPrecondition,
                  "stream %u holds no grant", id);
  }
  if (bytes > grant_->max_bytes) {
    return Refuse(absl::StatusCode::kInvalidArgument,
                  "%zu bytes charged to stream %u, %zu were granted", bytes, id,
                  grant_->max_bytes);
  }
  book_.Charge(id, Find(id), bytes);
  const Decision decision{stats_.picks - 1, *grant_, bytes};
  grant_.reset();
  stats_.bytes += bytes;
  if (bytes == 0) ++stats_.empty_grants;
  // A copy, since the observer may replace itself.
  if (const auto observer = observer_) observer(decision);
  return absl::OkStatus();
}

PolicyHost::Stats PolicyHost::stats() const {
  Stats stats = stats_;
  stats.open_streams = book_.open_streams();
  stats.ready_streams = book_.ready_streams();
  return stats;
}

absl::Status PolicyHost::NotOpen(StreamId id) {
  return Refuse(absl::StatusCode::kNotFound, "stream %u is not open", id);
}

absl::Status PolicyHost::Answer(absl::StatusCode code) {
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  return Refuse(code, "%s", book_.error_text());
}

absl::Status PolicyHost::WithText(const absl::Status& status) const {
  return status.ok() ? status : absl::Status(status.code(), error_text());
}

}  // namespace sluice::adapters
