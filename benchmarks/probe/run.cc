#include "benchmarks/probe/run.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/probe/result.h"
#include "benchmarks/probe/script.h"

namespace sluice::probe {
namespace {

// How long a server may take for its first bytes.
constexpr absl::Duration kPatience = absl::Seconds(5);
// A server that leaves an open window unused for so long gets a larger one.
constexpr absl::Duration kQuiet = absl::Milliseconds(300);
constexpr int kMostQuiet = 8;
// Between the last answer and the first choice: a server may read bodies in
// another thread than the one that answers. A multiple of the time that the
// answers took, within bounds.
constexpr absl::Duration kLeastSettling = absl::Milliseconds(10);
constexpr absl::Duration kMostSettling = absl::Milliseconds(200);
// So much of the first window, and of each later one, may stay unused, for so
// long: some servers send no small frame.
constexpr int64_t kFirstRest = 16384;
constexpr int64_t kRest = kGrant / 4;
constexpr absl::Duration kRestQuiet = absl::Milliseconds(30);

int64_t InitialWindow(const Script& script) {
  int64_t window = kFirstWindow;
  for (const Phase& phase : script.phases) {
    for (const Action& action : phase.actions) {
      if (const auto* ask = std::get_if<Ask>(&action)) {
        window = std::min(window, ask->window);
      }
    }
  }
  return window;
}

h2::ConnectionOptions OptionsFor(const Script& script) {
  h2::ConnectionOptions options = {
      .side = h2::Side::kClient,
      .settings = {{h2::SettingId::kEnablePush, 0},
                   {h2::SettingId::kInitialWindowSize,
                    static_cast<uint32_t>(InitialWindow(script))}}};
  if (script.no_rfc7540_priorities) {
    options.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
  }
  return options;
}

std::string TreeLabel(const signals::Rfc7540Priority& tree) {
  return absl::StrCat(tree.exclusive ? "exclusive, " : "", "weight ",
                      tree.weight);
}

// "weight 220, u=1, i".
std::string LabelOf(const Ask& ask) {
  std::vector<std::string> parts;
  if (ask.tree) parts.push_back(TreeLabel(*ask.tree));
  if (ask.field) parts.push_back(signals::FormatRfc9218Priority(*ask.field));
  if (parts.empty()) return "no signal";
  return parts.size() == 1 ? parts[0] : absl::StrCat(parts[0], ", ", parts[1]);
}

}  // namespace

std::vector<h2::Header> RequestFields(const Target& target,
                                      const std::string& path) {
  return {{":method", "GET"},
          {":scheme", target.scheme},
          {":path", path},
          {":authority", target.authority},
          {"user-agent", "sluice-probe"},
          {"accept", "*/*"}};
}

Run::Run(Target target, Script script, absl::Duration answer_patience)
    : target_(std::move(target)),
      script_(std::move(script)),
      answer_patience_(answer_patience),
      connection_(OptionsFor(script_)) {
  outcome_.bytes.resize(StreamsOf(script_));
  outcome_.priority_fields.resize(StreamsOf(script_));
}

absl::Status Run::Start(absl::Duration now) {
  wake_at_ = now + kPatience;
  absl::Status status = connection_.InitiateConnection();
  if (!status.ok()) return status;
  status = connection_.SendHeaders(kFirstStream,
                                   RequestFields(target_, target_.low_path),
                                   {.end_stream = true});
  const int64_t more = kFirstWindow - InitialWindow(script_);
  if (!status.ok() || more == 0) return status;
  return connection_.IncrementFlowControlWindow(kFirstStream,
                                                static_cast<uint32_t>(more));
}

absl::Status Run::Receive(absl::string_view bytes, absl::Duration now) {
  if (round_trip_ == absl::ZeroDuration()) round_trip_ = now;
  std::vector<h2::Event> events;
  absl::Status received = connection_.ReceiveData(bytes, &events);
  for (const h2::Event& event : events) {
    if (absl::Status status = OnEvent(event, now); !status.ok()) return status;
  }
  return received;
}

absl::Status Run::OnEvent(const h2::Event& event, absl::Duration now) {
  if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
    return OnData(*data, now);
  }
  if (const auto* response = std::get_if<h2::ResponseReceived>(&event)) {
    absl::Status status = OnResponse(*response);
    OnAnswer(now);
    return status;
  }
  if (std::holds_alternative<h2::PingAckReceived>(event)) {
    pinged_ = false;
    OnAnswer(now);
  } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
    if (!reset->remote) return reset->error;  // the server broke a rule
    return absl::UnavailableError(
        absl::StrCat("the server resets a request with ",
                     h2::ErrorCodeName(reset->error_code)));
  } else if (const auto* end = std::get_if<h2::StreamEnded>(&event)) {
    if (end->stream_id != kFirstStream) ++ended_;
    if (end->stream_id == kFirstStream && state_ == State::kFirstWindow) {
      return absl::UnavailableError(
          absl::StrCat("the body of ", target_.low_path, " ends after ",
                       kFirstWindow - credit_, " bytes"));
    }
  }
  return absl::OkStatus();
}

absl::Status Run::OnResponse(const h2::ResponseReceived& response) {
  const absl::string_view status = response.headers.front().value;
  if (status != "200") {
    return absl::UnavailableError(
        absl::StrCat("the server answers with status ", status, ", not 200"));
  }
  if (response.stream_id == kFirstStream) return absl::OkStatus();
  ++answered_;
  const std::optional<h2::StringView> field = response.headers.Find("priority");
  if (field) {
    outcome_.priority_fields[(response.stream_id - StreamOf(0)) / 2] =
        std::string(*field);
  }
  return absl::OkStatus();
}

absl::Status Run::OnData(const h2::DataReceived& data, absl::Duration now) {
  const auto bytes = static_cast<int64_t>(data.flow_controlled_length);
  credit_ -= bytes;
  quiet_ = 0;
  if (data.stream_id != kFirstStream && bytes > 0) {
    Note(now, Arrived{.stream = data.stream_id,
                      .bytes = bytes,
                      .end = data.stream_ended});
    if (phase_ + 1 == script_.phases.size()) {
      outcome_.bytes[(data.stream_id - StreamOf(0)) / 2] += bytes;
    }
  }
  if (state_ == State::kFirstWindow) {
    wake_at_ = now + (credit_ > kFirstRest ? kPatience
                                           : std::max(kRestQuiet, 2 * now));
    return credit_ > 0 ? absl::OkStatus() : BeginPhase(now);
  }
  if (data.stream_id == kFirstStream) rest_ += bytes;
  if (state_ != State::kChoosing) return absl::OkStatus();
  wake_at_ = now + (credit_ > kRest ? Quiet() : kRestQuiet);
  return credit_ > 0 ? absl::OkStatus() : Grant(now);
}

absl::Status Run::BeginPhase(absl::Duration now) {
  for (const Action& action : phase().actions) {
    absl::Status status =
        std::visit([&](const auto& what) { return Do(what, now); }, action);
    if (!status.ok()) return status;
  }
  choices_left_ = phase().choices;
  state_ = State::kAnswers;
  phase_began_ = now;
  pinged_ = true;
  wake_at_ = now + answer_patience_;
  return connection_.Ping("probing.");
}

absl::Status Run::Do(const Ask& ask, absl::Duration now) {
  const h2::StreamId id = StreamOf(asked_);
  const std::string& path = ask.high ? target_.high_path : target_.low_path;
  std::vector<h2::Header> fields = RequestFields(target_, path);
  if (ask.via) fields.push_back({"via", "1.1 sluice-probe"});
  std::vector<Signal> signals;
  if (ask.tree) signals.push_back(*ask.tree);
  if (ask.field) {
    signals.push_back(*ask.field);
    fields.push_back({"priority", signals::FormatRfc9218Priority(*ask.field)});
  }
  absl::Status status = connection_.SendHeaders(
      id, fields, {.end_stream = true, .priority = ask.tree});
  if (!status.ok()) return status;
  outcome_.strip.streams.push_back(
      {.id = id,
       .label = absl::StrCat(LabelOf(ask), moved_[id]),
       .path = path,
       .rank = absl::c_linear_search(script_.favoured, asked_) ||
                       script_.favoured.empty()
                   ? 0
                   : 1});
  Note(now, Requested{.stream = id, .signals = std::move(signals)});
  ++asked_;
  const int64_t more = ask.window - InitialWindow(script_);
  if (more <= 0) return absl::OkStatus();
  return connection_.IncrementFlowControlWindow(id,
                                                static_cast<uint32_t>(more));
}

absl::Status Run::Do(const Prioritise& prioritise, absl::Duration now) {
  Note(now, Signalled{.stream = prioritise.stream, .signal = prioritise.tree});
  Move(prioritise.stream, TreeLabel(prioritise.tree));
  return connection_.Prioritize(prioritise.stream, prioritise.tree);
}

absl::Status Run::Do(const Update& update, absl::Duration now) {
  Note(now, Signalled{.stream = update.stream, .signal = update.field});
  Move(update.stream, signals::FormatRfc9218Priority(update.field));
  return connection_.SendPriorityUpdate(update.stream, update.field);
}

void Run::OnAnswer(absl::Duration now) {
  if (state_ != State::kAnswers || pinged_ || answered_ < asked_) return;
  state_ = State::kSettling;
  wake_at_ =
      now + std::clamp(2 * (now - phase_began_), kLeastSettling, kMostSettling);
}

absl::Status Run::Grant(absl::Duration now) {
  if (rest_ > 0) {  // stream 1 had a choice that was not for it
    rest_ -= kGrant;
    return OpenWindow(now);
  }
  if (choices_left_ > 0) {
    --choices_left_;
    state_ = State::kChoosing;
    return OpenWindow(now);
  }
  ++phase_;
  if (phase_ < script_.phases.size()) return BeginPhase(now);
  outcome_.complete = true;
  state_ = State::kDone;
  return absl::OkStatus();
}

absl::Status Run::OpenWindow(absl::Duration now) {
  credit_ += kGrant;
  wake_at_ = now + Quiet();
  return connection_.IncrementFlowControlWindow(h2::kConnectionStreamId,
                                                kGrant);
}

absl::Status Run::OnTime(absl::Duration now) {
  switch (state_) {
    case State::kFirstWindow:
      if (credit_ <= kFirstRest) return BeginPhase(now);
      return absl::UnavailableError(absl::StrCat(
          "the server sends ", kFirstWindow - credit_,
          " bytes of the first body and then nothing, though the window has ",
          kFirstWindow));
    case State::kAnswers:
      held_back_ = true;
      return Grant(now);
    case State::kSettling:
      return Grant(now);
    case State::kChoosing:
      return OnQuiet(now);
    case State::kDone:
      break;
  }
  return absl::OkStatus();
}

absl::Status Run::OnQuiet(absl::Duration now) {
  if (ended_ == asked_) {
    state_ = State::kDone;
    return absl::OkStatus();
  }
  if (credit_ <= kRest) return Grant(now);
  if (++quiet_ > kMostQuiet) {
    return absl::UnavailableError(absl::StrCat(
        "the server sends nothing into a window of ", credit_, " bytes"));
  }
  return OpenWindow(now);
}

void Run::Move(h2::StreamId id, const std::string& to) {
  absl::StrAppend(&moved_[id], " → ", to);
  for (StripStream& stream : outcome_.strip.streams) {
    if (stream.id == id) absl::StrAppend(&stream.label, " → ", to);
  }
}

absl::Duration Run::Quiet() const { return std::max(kQuiet, 3 * round_trip_); }

void Run::Note(absl::Duration now, decltype(StripEvent::what) what) {
  outcome_.strip.events.push_back({.at = now, .what = std::move(what)});
}

}  // namespace sluice::probe
