#include <sluice/adapters/policy_host.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/faults.h>
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

using ::absl::StatusCode;
using ::sluice::scheduler::Grant;
using ::sluice::scheduler::ResourceHints;
using ::sluice::scheduler::ServerPriority;
using ::sluice::scheduler::StreamId;
using ::sluice::signals::FaultText;
using ::sluice::signals::FindFault;
using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Parameters;
using ::sluice::signals::Rfc9218Priority;
using ::sluice::signals::SignalSource;
using ::sluice::trace::LoggedPolicy;

template <class... Args>
absl::StatusCode PolicyHost::Refuse(absl::StatusCode code,
                                    const absl::FormatSpec<Args...>& format,
                                    const Args&... args) {
  ++stats_.refused;
  absl::SNPrintF(error_text_.data(), error_text_.size(), format, args...);
  return code;
}

void PolicyHost::SetObserver(std::function<void(const Decision&)> observer) {
  observer_ = std::move(observer);
}

StatusCode PolicyHost::Open(StreamId id, StreamRecord* record,
                            const RequestSignals& said) {
  const StatusCode opened = book_.Open(id, record);
  if (opened != StatusCode::kOk) return RefuseAsBook(opened);
  if (said.tunnel || said.via) {
    book_.SetHints(record, {.tunnel = said.tunnel, .via = said.via});
  }
  if (said.rfc9218.has_value()) {
    Answer(book_.SetRfc9218(id, record, *said.rfc9218, SignalSource::kHeader));
  }
  if (said.rfc7540.has_value()) {
    Answer(book_.SetRfc7540(id, record, *said.rfc7540, SignalSource::kHeader));
  }
  book_.Settle();
  ++stats_.opened;
  return StatusCode::kOk;
}

StatusCode PolicyHost::CheckOpen(StreamId id, const RequestSignals& said) {
  FaultText text;
  const char* fault = FindFault(id, &text);
  if (fault == nullptr && said.rfc7540.has_value()) {
    fault = FindFault(id, *said.rfc7540, &text);
  }
  if (fault == nullptr && said.rfc9218.has_value()) {
    fault = FindFault(id, *said.rfc9218, &text);
  }
  if (fault != nullptr) {
    return Refuse(StatusCode::kInvalidArgument, "%s", fault);
  }
  return Answer(book_.CheckOpen(id));
}

StatusCode PolicyHost::SetRfc7540(StreamId id, StreamRecord* record,
                                  const Rfc7540Priority& priority) {
  return Answer(book_.SetRfc7540(id, IsOpen(record) ? record : nullptr,
                                 priority, SignalSource::kFrame));
}

StatusCode PolicyHost::SetRfc9218(StreamId id, StreamRecord* record,
                                  const Rfc9218Priority& priority) {
  return Answer(book_.SetRfc9218(id, IsOpen(record) ? record : nullptr,
                                 priority, SignalSource::kFrame));
}

StatusCode PolicyHost::SetServerPriority(
    StreamId id, StreamRecord* record,
    const std::optional<ServerPriority>& server) {
  if (!IsOpen(record)) return NotOpen(id);
  return Answer(book_.SetServerPriority(record, server));
}

StatusCode PolicyHost::SetHints(StreamId id, StreamRecord* record,
                                const ResourceHints& hints) {
  if (!IsOpen(record)) return NotOpen(id);
  book_.SetHints(record, hints);
  return StatusCode::kOk;
}

StatusCode PolicyHost::SetResponse(
    StreamId id, StreamRecord* record,
    const std::optional<Rfc9218Parameters>& response) {
  if (!IsOpen(record)) return NotOpen(id);
  book_.SetResponse(record, response);
  return StatusCode::kOk;
}

StatusCode PolicyHost::RefuseCharge(StreamId id, size_t bytes) {
  if (!grant_.has_value() || grant_->stream_id != id) {
    return grant_.has_value()
               ? Refuse(StatusCode::kFailedPrecondition,
                        "stream %u holds no grant; stream %u does", id,
                        grant_->stream_id)
               : Refuse(StatusCode::kFailedPrecondition,
                        "stream %u holds no grant; pick one before the charge",
                        id);
  }
  return Refuse(StatusCode::kInvalidArgument,
                "%zu bytes charged to stream %u, at most %zu were granted",
                bytes, id, grant_->max_bytes);
}

void PolicyHost::Observe(size_t bytes) {
  const Decision decision{stats_.picks - 1, *grant_, bytes};
  grant_.reset();
  // A copy, since the observer may replace itself.
  const auto observer = observer_;
  observer(decision);
}

PolicyHost::Stats PolicyHost::stats() const {
  Stats stats = stats_;
  stats.open_streams = book_.open_streams();
  stats.ready_streams = book_.ready_streams();
  return stats;
}

StatusCode PolicyHost::NotOpen(StreamId id) {
  return Refuse(StatusCode::kNotFound,
                "stream %u is not open; the call is for open streams", id);
}

StatusCode PolicyHost::RefuseAsBook(StatusCode code) {
  return Refuse(code, "%s", book_.error_text());
}

absl::Status PolicyHost::StatusOf(StatusCode code) const {
  return code == StatusCode::kOk ? absl::OkStatus()
                                 : absl::Status(code, error_text());
}

}  // namespace sluice::adapters
