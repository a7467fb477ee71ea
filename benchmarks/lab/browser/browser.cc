#include "benchmarks/lab/browser/browser.h"

#include <sluice/h2/header_span.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <memory>
#include <variant>

#include "absl/strings/str_cat.h"
#include "benchmarks/lab/browser/blink.h"

namespace sluice::lab {
namespace {

constexpr uint32_t kStreamWindow = 6'291'456;
constexpr uint32_t kConnectionWindow = 15'728'640;
constexpr uint32_t kDefaultWindow = 65'535;  // RFC 9113 §6.9.2

h2::ConnectionOptions ClientOptions() {
  h2::ConnectionOptions options;
  options.side = h2::Side::kClient;
  options.settings = {{h2::SettingId::kHeaderTableSize, 65536},
                      {h2::SettingId::kEnablePush, 0},
                      {h2::SettingId::kInitialWindowSize, kStreamWindow},
                      {h2::SettingId::kMaxHeaderListSize, 262144}};
  return options;
}

}  // namespace

Browser::Browser(const Page& page, Signals& signals, Transport& transport,
                 uint32_t max_streams)
    : page_(page),
      signals_(signals),
      transport_(transport),
      max_streams_(max_streams),
      connection_(ClientOptions()),
      next_stream_id_(signals.FirstStreamId()),
      states_(page.resources.size()),
      timings_(page.resources.size()) {
  for (size_t i = 0; i < page.resources.size(); ++i) {
    const Resource& resource = page.resources[i];
    if (resource.trigger.has_value()) {
      roles_[resource.trigger->role].waiting.push_back(i);
    } else if (resource.initiator.has_value()) {
      State& initiator = states_[*resource.initiator];
      if (resource.discovered_at_byte.has_value()) {
        initiator.by_bytes.emplace_back(*resource.discovered_at_byte, i);
      } else {
        initiator.by_end.push_back(i);
      }
    }
    if (resource.change_of_mind.has_value()) {
      for (size_t after : resource.change_of_mind->after) {
        states_[after].unblocks.push_back(i);
      }
      // One more for its own request.
      states_[i].change_waits = resource.change_of_mind->after.size() + 1;
    }
  }
  for (State& state : states_) {
    std::sort(state.by_bytes.begin(), state.by_bytes.end());
  }
  if (signals.LoadsAsBlink()) {
    blink_ = std::make_unique<Blink>(page);
    // As Blink::LayOut().
    for (State& state : states_) {
      std::reverse(state.unblocks.begin(), state.unblocks.end());
    }
  }
  transport.SetHandlers(
      End::kClient, {.on_bytes = [this](absl::string_view b) { OnBytes(b); },
                     .on_writable = [this] { Flush(); }});
}

Browser::~Browser() = default;

void Browser::Check(const absl::Status& status) {
  if (status_.ok() && !status.ok()) status_ = status;
}

void Browser::Start() {
  Check(connection_.InitiateConnection());
  Check(connection_.IncrementFlowControlWindow(
      h2::kConnectionStreamId, kConnectionWindow - kDefaultWindow));
  Prioritize(signals_.OnConnect());
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    const Resource& resource = page_.resources[i];
    if (!resource.initiator.has_value() && !resource.trigger.has_value()) {
      Discover(i);
    }
  }
  Flush();
}

void Browser::Discover(size_t index) {
  if (blink_ != nullptr && blink_->HoldsBack(index)) return;
  Pause(index);
}

void Browser::Pause(size_t index) {
  transport_.Schedule(page_.resources[index].discovery_delay_ns, [this, index] {
    Request(index);
    Flush();
  });
}

void Browser::Request(size_t index) {
  if (stopped_) return;
  const Resource& resource = page_.resources[index];
  if (resource.redirect) {
    timings_[index].requested_ns = transport_.Now();
    Complete(index);
    return;
  }
  if (blink_ != nullptr) {
    blink_->OnFound(index);
    ObeyBlink();
    return;
  }
  states_[index].level = states_[index].found_at = resource.level;
  Ask(index);
}

void Browser::Ask(size_t index) {
  waiting_.emplace(states_[index].level, requests_++, index);
  SendWaiting();
}

void Browser::ObeyBlink() {
  for (const Blink::Action& action : blink_->TakeActions()) {
    switch (action.kind) {
      case Blink::Action::kRequest:
        if (handed_over_.empty()) {
          transport_.Schedule(0, [this] { TakeOver(); });
        }
        handed_over_.push_back(action.resource);
        states_[action.resource].level = action.level;
        states_[action.resource].found_at = action.found_at;
        break;
      case Blink::Action::kChange:
        ChangeLevel(action.resource, action.level);
        break;
      case Blink::Action::kPause:
        Pause(action.resource);
        break;
    }
  }
}

// The network gets what the engine asks for at one instant together. There the
// most urgent level goes first.
void Browser::TakeOver() {
  std::stable_partition(handed_over_.begin(), handed_over_.end(),
                        [this](size_t index) {
                          return states_[index].level == ChromeLevel::kVeryHigh;
                        });
  for (size_t index : std::exchange(handed_over_, {})) Ask(index);
  Flush();
}

// At the first bytes of the document, or at the end of an empty one.
void Browser::CommitLater(size_t index) {
  if (index != blink_->document() || commits_) return;
  commits_ = true;
  transport_.Schedule(Blink::kCommitNs, [this] {
    blink_->OnCommit();
    ObeyBlink();
    Flush();
  });
}

void Browser::SendWaiting() {
  while (
      !stopped_ && !waiting_.empty() && status_.ok() &&
      connection_.OpenOutboundStreams() <
          std::min(max_streams_, connection_.RemoteSetting(
                                     h2::SettingId::kMaxConcurrentStreams))) {
    const size_t index = std::get<2>(*waiting_.begin());
    waiting_.erase(waiting_.begin());
    SendRequest(index);
    if (blink_ != nullptr) {
      // Chromium's network stack writes each frame of a request by itself.
      Flush();
      transport_.Cut(End::kClient);
    }
  }
}

RequestSignals Browser::SignalsOf(size_t index, h2::StreamId id) {
  const Resource& resource = page_.resources[index];
  const State& state = states_[index];
  if (state.level == resource.level && state.level == state.found_at) {
    return signals_.OnRequest(id, resource);
  }
  Resource asked = resource;
  asked.level = state.level;
  return state.level == state.found_at
             ? signals_.OnRequest(id, asked)
             : signals_.OnRaisedRequest(id, asked, state.found_at);
}

void Browser::SendRequest(size_t index) {
  const Resource& resource = page_.resources[index];
  const h2::StreamId id = next_stream_id_;
  next_stream_id_ += 2;
  std::vector<h2::Header> headers = {
      {":method", "GET"},           {":scheme", "https"},
      {":authority", page_.name},   {":path", PathOf(resource)},
      {"user-agent", "sluice-lab"},
  };
  RequestSignals said = SignalsOf(index, id);
  if (!said.header.empty()) headers.push_back({"priority", said.header});
  if (said.update.has_value()) {
    Check(connection_.SendPriorityUpdate(id, *said.update));
  }
  resource_by_stream_[id] = index;
  timings_[index].stream_id = id;
  timings_[index].requested_ns = transport_.Now();
  Check(connection_.SendHeaders(
      id, headers, {.end_stream = true, .priority = said.dependency}));
  Prioritize(said.afterwards);
  if (resource.change_of_mind.has_value()) CountDownChange(index);
}

void Browser::OnBytes(absl::string_view bytes) {
  if (stopped_) return;
  events_.clear();
  Check(connection_.ReceiveData(bytes, &events_));
  for (const h2::Event& event : events_) {
    if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
      if (stopped_) return;
      OnPiece(*data);
    } else if (const auto* ended = std::get_if<h2::StreamEnded>(&event)) {
      // The last arrival may be the end of its resource.
      auto found = resource_by_stream_.find(ended->stream_id);
      if (found != resource_by_stream_.end()) Complete(found->second);
    } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
      Check(absl::InternalError(
          absl::StrCat("stream ", reset->stream_id, " was reset")));
    } else if (std::holds_alternative<h2::ConnectionTerminated>(event)) {
      Check(absl::InternalError("the server ended the connection"));
    }
  }
  SendWaiting();
  Flush();
}

void Browser::OnPiece(const h2::DataReceived& piece) {
  frame_.data += piece.data.size();
  frame_.flow_controlled += piece.flow_controlled_length;
  if (piece.frame_bytes_left > 0) return;
  OnData(piece.stream_id, std::exchange(frame_, {}));
}

void Browser::OnData(h2::StreamId id, const Frame& frame) {
  auto found = resource_by_stream_.find(id);
  if (found == resource_by_stream_.end()) {
    Check(absl::InternalError("DATA on a stream that was not requested"));
    return;
  }
  const size_t index = found->second;
  State& state = states_[index];
  const Resource& resource = page_.resources[index];
  Check(connection_.AcknowledgeReceivedData(id, frame.flow_controlled));
  if (frame.data > 0) {
    arrivals_.push_back({index, frame.data, transport_.Now()});
    if (on_arrival_) on_arrival_(arrivals_.back());
  }
  state.received += frame.data;
  if (blink_ != nullptr) {
    CommitLater(index);
    blink_->OnBytes(index, state.received);
    ObeyBlink();
  }
  while (state.discovered < state.by_bytes.size() &&
         state.by_bytes[state.discovered].first <= state.received) {
    Discover(state.by_bytes[state.discovered++].second);
  }
  if (!resource.role.empty()) {
    RoleProgress& role = roles_[resource.role];
    role.bytes += frame.data;
    FireTriggers(role);
  }
}

void Browser::Complete(size_t index) {
  State& state = states_[index];
  const Resource& resource = page_.resources[index];
  state.complete = true;
  timings_[index].completed_ns = transport_.Now();
  if (!resource.redirect) signals_.OnStreamClosed(timings_[index].stream_id);
  if (blink_ != nullptr) {
    CommitLater(index);
    blink_->OnComplete(index);
    ObeyBlink();
  }
  // A redirect and an empty body end without DATA.
  while (state.discovered < state.by_bytes.size()) {
    Discover(state.by_bytes[state.discovered++].second);
  }
  for (size_t child : state.by_end) Discover(child);
  for (size_t other : state.unblocks) CountDownChange(other);
  if (!resource.role.empty()) {
    RoleProgress& role = roles_[resource.role];
    ++role.completed;
    FireTriggers(role);
  }
}

void Browser::FireTriggers(RoleProgress& role) {
  auto fired = std::stable_partition(
      role.waiting.begin(), role.waiting.end(), [&](size_t index) {
        const Trigger& trigger = *page_.resources[index].trigger;
        return role.bytes < trigger.bytes || role.completed < trigger.completed;
      });
  for (auto it = fired; it != role.waiting.end(); ++it) Discover(*it);
  role.waiting.erase(fired, role.waiting.end());
}

void Browser::CountDownChange(size_t index) {
  if (--states_[index].change_waits > 0) return;
  transport_.Schedule(page_.resources[index].change_of_mind->delay_ns,
                      [this, index] { ChangeMind(index); });
}

void Browser::ChangeMind(size_t index) {
  if (states_[index].complete) return;
  if (blink_ != nullptr) {
    blink_->OnChangeDue(index);
    ObeyBlink();
  } else {
    ChangeLevel(index, page_.resources[index].change_of_mind->level);
  }
  Flush();
}

void Browser::ChangeLevel(size_t index, ChromeLevel level) {
  State& state = states_[index];
  state.level = level;
  if (timings_[index].stream_id != 0) {
    Prioritize(signals_.OnChangeOfMind(timings_[index].stream_id, level));
    return;
  }
  // It waits for a stream, or is about to.
  for (auto waits = waiting_.begin(); waits != waiting_.end(); ++waits) {
    if (std::get<2>(*waits) != index) continue;
    const auto [_, order, resource] = *waits;
    waiting_.erase(waits);
    waiting_.emplace(level, order, resource);
    return;
  }
}

void Browser::Prioritize(const std::vector<SignalFrame>& frames) {
  for (const SignalFrame& frame : frames) {
    if (const auto* field =
            std::get_if<signals::Rfc9218Priority>(&frame.signal)) {
      Check(connection_.SendPriorityUpdate(frame.stream_id, *field));
    } else {
      Check(connection_.Prioritize(
          frame.stream_id, std::get<signals::Rfc7540Priority>(frame.signal)));
    }
  }
}

void Browser::Flush() {
  const size_t room = transport_.Room(End::kClient);
  transport_.Write(End::kClient, connection_.DataToSend(room));
}

absl::Status Browser::Finish() const {
  if (!status_.ok() || stopped_) return status_;
  for (size_t i = 0; i < states_.size(); ++i) {
    const Resource& resource = page_.resources[i];
    const bool whole =
        resource.redirect || states_[i].received == resource.bytes;
    if (states_[i].complete && whole) continue;
    return absl::InternalError(absl::StrCat(
        page_.name, ": ", resource.label, " has ", states_[i].received, " of ",
        resource.bytes, " bytes when nothing is left to happen"));
  }
  return absl::OkStatus();
}

}  // namespace sluice::lab
