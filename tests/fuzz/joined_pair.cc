#include "tests/fuzz/joined_pair.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/fuzz_input.h"

namespace sluice::fuzz {

JoinedPair::JoinedPair(Input* input, bool uploads, bool patient)
    : uploads(uploads),
      patient(patient),
      client(Options(input, h2::Side::kClient)),
      server(Options(input, h2::Side::kServer)),
      sender(uploads ? client : server),
      receiver(uploads ? server : client) {}

h2::ConnectionOptions JoinedPair::Options(Input* input, h2::Side side) {
  h2::ConnectionOptions options{.side = side};
  options.settings = DrawSettings(*input, side);
  if (input->Byte() % 4 == 1) {
    options.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
  }
  DrawHarmlessLimits(*input, &options.limits);
  options.limits.budgets = AmpleBudgets();
  options.limits.max_unread_control_bytes = size_t{1} << 30;
  options.limits.max_queued_answers = size_t{1} << 30;
  if (!patient) DrawHarmfulLimits(*input, &options.limits);
  if ((side == h2::Side::kClient) == uploads) {
    control_mark = options.limits.output_control_high_water_mark;
    data_mark = options.limits.output_high_water_mark;
  }
  return options;
}

void JoinedPair::ToSender(
    const std::function<void(const h2::Event&)>& on_event) {
  std::vector<h2::Event> events;
  CheckPeer(sender, sender.ReceiveData(receiver.DataToSend(), &events));
  for (const h2::Event& event : events) {
    CheckFault(event);
    if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
      bodies[reset->stream_id].reset = true;
    } else if (const auto* tree = std::get_if<h2::PriorityUpdated>(&event)) {
      said[tree->stream_id].rfc7540.push_back(tree->priority);
    } else if (const auto* field =
                   std::get_if<h2::PriorityFieldUpdated>(&event)) {
      said[field->stream_id].rfc9218.push_back(field->priority);
    }
    on_event(event);
  }
}

void JoinedPair::ToReceiver(size_t bytes) {
  std::vector<h2::Event> events;
  const std::string wire = sender.DataToSend(bytes);
  CheckPeer(receiver, receiver.ReceiveData(wire, &events));
  for (const h2::Event& event : events) {
    CheckFault(event);
    if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
      Body& body = bodies[data->stream_id];
      for (const char c : data->data) {
        Check(c == ByteAt(data->stream_id, body.received++), "other bytes");
      }
    } else if (const auto* ended = std::get_if<h2::StreamEnded>(&event)) {
      Body& body = bodies[ended->stream_id];
      Check(body.received == body.size, "an end before the last byte");
      body.ended = true;
    } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
      Body& body = bodies[reset->stream_id];
      Check(body.reset || body.failed || !reset->remote ||
                reset->error_code == h2::ErrorCode::kRefusedStream ||
                (!patient &&
                 reset->error_code == h2::ErrorCode::kEnhanceYourCalm),
            absl::StrCat("stream ", reset->stream_id,
                         " was reset without a reason: ",
                         h2::ErrorCodeName(reset->error_code)));
      body.reset = true;
    }
  }
}

// `connection` took what the other one wrote.
void JoinedPair::CheckPeer(const h2::Connection& connection,
                           const absl::Status& status) {
  if (status.ok()) return;
  const bool known =
      std::exchange(&connection == &client ? client_over_ : server_over_, true);
  if (known || closed || client_over_ + server_over_ == 2) return;
  Check(!patient && h2::ErrorCodeOf(status) == h2::ErrorCode::kEnhanceYourCalm,
        absl::StrCat("a connection ends: ", status.ToString()));
}

// A stream that one of ours resets for an error of the other's.
void JoinedPair::CheckFault(const h2::Event& event) const {
  const auto* reset = std::get_if<h2::StreamReset>(&event);
  if (reset == nullptr || reset->remote) return;
  Check(reset->error_code == h2::ErrorCode::kRefusedStream ||
            (!patient && reset->error_code == h2::ErrorCode::kEnhanceYourCalm),
        absl::StrCat("one of ours is at fault: ", reset->error.ToString()));
}

}  // namespace sluice::fuzz
