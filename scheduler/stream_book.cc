#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace sluice::scheduler {

using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::Rfc9218Parameters;
using ::sluice::signals::Rfc9218Priority;
using ::sluice::signals::SignalSource;

// --- The client --------------------------------------------------------------

absl::StatusCode StreamBook::CheckOpen(StreamId id) {
  if (FindFault(id, &error_text_) != nullptr) {
    return absl::StatusCode::kInvalidArgument;
  }
  if (id < kFirstReservedId || id % 2 == 1) return absl::StatusCode::kOk;
  absl::SNPrintF(error_text_.data(), error_text_.size(),
                 "stream %u: even ids from %u on are reserved", id,
                 kFirstReservedId);
  return absl::StatusCode::kInvalidArgument;
}

absl::StatusCode StreamBook::Open(StreamId id, StreamRecord* record) {
  const absl::StatusCode code = CheckOpen(id);
  if (code != absl::StatusCode::kOk) return code;
  record->id = id;
  Settle();
  StreamId& highest = highest_opened_[id & 1];
  highest = std::max(highest, id);
  ++open_streams_;
  opening_ = record;
  if (idle_count() > 0) TakeIdle(id, record);
  return absl::StatusCode::kOk;
}

void StreamBook::TakeIdle(StreamId id, StreamRecord* record) {
  IdleStreams& idle = idle_[id & 1];
  if (const auto found = idle.find(id); found != idle.end()) {
    record->info.rfc7540 = found->second.rfc7540;
    record->info.rfc7540_before_open = found->second.rfc7540.has_value();
    record->info.rfc9218 = found->second.rfc9218;
    record->updated_by_frame = found->second.rfc9218.has_value();
  }
  // The lower ids of the same side are closed now (RFC 9113 §5.1.1).
  idle.erase(idle.begin(), idle.upper_bound(highest_opened_[id & 1]));
  ShrinkIdle();
}

absl::StatusCode StreamBook::SetRfc7540(StreamId id, StreamRecord* record,
                                        const Rfc7540Priority& priority,
                                        SignalSource source) {
  if (FindFault(id, priority, &error_text_) != nullptr) {
    return absl::StatusCode::kInvalidArgument;
  }
  if (record == nullptr) {
    const absl::StatusCode can_open = CheckOpen(id);
    if (can_open != absl::StatusCode::kOk) return can_open;
    Settle();
    const absl::StatusCode room = CheckRoom(id);
    if (room != absl::StatusCode::kOk) return room;
    if (!policy_->OnIdlePriority(id, priority).ok()) {
      absl::SNPrintF(error_text_.data(), error_text_.size(),
                     "no room in the tree for stream %u, which is not open",
                     id);
      return absl::StatusCode::kResourceExhausted;
    }
    if (!Passed(id)) idle_[id & 1][id].rfc7540 = priority;
    return absl::StatusCode::kOk;
  }
  // A frame is a step of its own: an exclusive one acts on what it finds.
  SettleUnless(source == SignalSource::kHeader ? record : nullptr);
  record->info.rfc7540 = priority;
  record->info.rfc7540_before_open = false;
  if (source == SignalSource::kFrame) record->info.moved = uses_rfc9218_;
  Tell(record, Signal::kRfc7540);
  return absl::StatusCode::kOk;
}

absl::StatusCode StreamBook::SetRfc9218(StreamId id, StreamRecord* record,
                                        const Rfc9218Priority& priority,
                                        SignalSource source) {
  if (FindFault(id, priority, &error_text_) != nullptr) {
    return absl::StatusCode::kInvalidArgument;
  }
  if (record == nullptr) {
    const absl::StatusCode can_open = CheckOpen(id);
    if (can_open != absl::StatusCode::kOk) return can_open;
  }
  SettleUnless(record);
  if (record == nullptr) {
    const absl::StatusCode room = CheckRoom(id);
    if (room != absl::StatusCode::kOk) return room;
    UseRfc9218();
    if (!Passed(id)) idle_[id & 1][id].rfc9218 = priority;
    return absl::StatusCode::kOk;
  }
  UseRfc9218();
  if (source == SignalSource::kFrame) {
    record->updated_by_frame = true;
  } else if (record->updated_by_frame) {
    return absl::StatusCode::kOk;
  }
  record->info.rfc9218 = priority;
  record->info.moved = false;
  if (record->response.has_value()) record->info.server = ServerWord(*record);
  Tell(record, Signal::kRfc9218);
  return absl::StatusCode::kOk;
}

void StreamBook::UseRfc9218() {
  if (!std::exchange(uses_rfc9218_, true)) policy_->OnClientUsesRfc9218();
}

// --- The application ---------------------------------------------------------

absl::StatusCode StreamBook::SetServerPriority(
    StreamRecord* record, const std::optional<ServerPriority>& server) {
  if (server.has_value() &&
      FindFault(record->id, *server, &error_text_) != nullptr) {
    return absl::StatusCode::kInvalidArgument;
  }
  SettleUnless(record);
  record->application = server;
  UpdateServerWord(record);
  return absl::StatusCode::kOk;
}

void StreamBook::SetResponse(StreamRecord* record,
                             const std::optional<Rfc9218Parameters>& response) {
  if (record->response == response) return;
  SettleUnless(record);
  record->response = response;
  UpdateServerWord(record);
}

std::optional<ServerPriority> StreamBook::ServerWord(
    const StreamRecord& record) {
  std::optional<ServerPriority> word = record.application;
  if (record.response.has_value()) {
    if (!word.has_value()) word.emplace();
    if (!word->rfc9218.has_value()) {
      word->rfc9218 = signals::MergeResponse(
          record.info.rfc9218.value_or(Rfc9218Priority()), *record.response);
    }
  }
  return word;
}

void StreamBook::UpdateServerWord(StreamRecord* record) {
  const ServerPriority before = record->info.server.value_or(ServerPriority());
  record->info.server = ServerWord(*record);
  const ServerPriority now = record->info.server.value_or(ServerPriority());
  if (before.rfc7540 != now.rfc7540) Tell(record, Signal::kServerRfc7540);
  if (before.rfc9218 != now.rfc9218) Tell(record, Signal::kRfc9218);
}

void StreamBook::SetHints(StreamRecord* record, const ResourceHints& hints) {
  ResourceHints merged = hints;
  merged.tunnel |= record->info.hints.tunnel;  // these are the request's to say
  merged.via |= record->info.hints.via;
  if (merged == record->info.hints) return;
  SettleUnless(record);
  record->info.hints = merged;
  record->has_length = merged.bytes_remaining.has_value();
  Tell(record, Signal::kHints);
}

// --- Telling the policy ------------------------------------------------------

void StreamBook::TellOpening() {
  StreamRecord* const record = std::exchange(opening_, nullptr);
  // The client's dependency acts before the application's, as when that comes
  // later: an exclusive one moves other streams (RFC 7540 §5.3.1).
  std::optional<Rfc7540Priority> server;
  if (record->info.server.has_value()) {
    std::swap(server, record->info.server->rfc7540);
  }
  policy_->OnOpen(record->id, record->info);
  if (server.has_value()) {
    record->info.server->rfc7540 = server;
    Tell(record, Signal::kServerRfc7540);
  }
  if (record->ready) policy_->SetReady(record->id);
}

void StreamBook::Tell(StreamRecord* record, Signal changed) {
  if (opening_ != record)
    policy_->OnPriority(record->id, record->info, changed);
}

// --- Ids that are not open ---------------------------------------------------

absl::StatusCode StreamBook::CheckRoom(StreamId id) {
  const size_t room = max_streams_ - std::min(max_streams_, open_streams_);
  if (Passed(id) || idle_[id & 1].contains(id) || idle_count() < room) {
    return absl::StatusCode::kOk;
  }
  absl::SNPrintF(error_text_.data(), error_text_.size(),
                 "no room for signals of stream %u, which is not open: %zu "
                 "streams are known, the limit is %zu",
                 id, idle_count() + open_streams_, max_streams_);
  return absl::StatusCode::kResourceExhausted;
}

// The lowest ids have waited longest.
void StreamBook::ShrinkIdle() {
  const size_t room = max_streams_ - std::min(max_streams_, open_streams_);
  while (idle_count() > room) {
    const bool first_is_empty = idle_[0].empty();
    const size_t side =
        first_is_empty || (!idle_[1].empty() &&
                           idle_[1].begin()->first < idle_[0].begin()->first);
    idle_[side].erase(idle_[side].begin());
  }
}

absl::Status StreamBook::ErrorOf(absl::StatusCode code) const {
  return code == absl::StatusCode::kOk ? absl::OkStatus()
                                       : absl::Status(code, error_text());
}

}  // namespace sluice::scheduler
