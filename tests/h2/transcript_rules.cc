#include "tests/h2/transcript_rules.h"

#include <sluice/h2/types.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/frame_text.h"

namespace sluice::h2::tests {
namespace {

using Outcome = std::vector<std::string>;

// The stream that the last frame of `bytes` is about: the promised one of
// PUSH_PROMISE.
StreamId LastStream(std::string bytes) {
  const std::vector<Frame> frames = TakeFrames(&bytes);
  if (frames.empty()) return 0;
  const Frame& frame = frames.back();
  if (frame.type != kPushPromise) return frame.stream_id;
  StreamId id = 0;
  for (const unsigned char byte : frame.payload.substr(0, 4)) {
    id = id << 8 | byte;
  }
  return id;
}

bool IsError(absl::string_view line) {
  return absl::StartsWith(line, "error ");
}
bool IsGoAway(absl::string_view line) {
  return absl::StartsWith(line, "wrote GOAWAY ");
}

bool Erase(Outcome* outcome, absl::string_view line) {
  return std::erase(*outcome, line) > 0;
}

// A connection error becomes a stream error with `code`.
bool BecomesStreamError(const RecordedCall& call, Outcome* outcome,
                        absl::string_view code) {
  if (call.name != "receive_data" || outcome->size() < 2 ||
      !IsError(outcome->end()[-2]) || !IsGoAway(outcome->back())) {
    return false;
  }
  const StreamId id = LastStream(call.data);
  const std::vector<std::string> error =
      absl::StrSplit(outcome->end()[-2], ' ');  // error CLASS CODE
  outcome->end()[-2] =
      absl::StrCat("StreamReset ", id, " ", code, " by us: ", error[1]);
  outcome->back() = absl::StrCat("wrote RST_STREAM ", id, " ", code);
  return true;
}

bool BecomesStreamProtocolError(const RecordedCall& call, Side,
                                Outcome* outcome) {
  return BecomesStreamError(call, outcome, "PROTOCOL_ERROR");
}

bool RefusesTheStream(const RecordedCall& call, Side, Outcome* outcome) {
  return BecomesStreamError(call, outcome, "REFUSED_STREAM");
}

// PROTOCOL_ERROR, in the error and in GOAWAY, becomes `code`.
bool ChangesCode(Outcome* outcome, absl::string_view code) {
  bool changed = false;
  for (std::string& line : *outcome) {
    if (IsError(line) || IsGoAway(line)) {
      changed |= absl::StrReplaceAll({{"PROTOCOL_ERROR", code}}, &line) > 0;
    }
  }
  return changed;
}

bool SaysCompressionError(const RecordedCall&, Side, Outcome* outcome) {
  return ChangesCode(outcome, "COMPRESSION_ERROR");
}

bool SaysRefusedStream(const RecordedCall&, Side, Outcome* outcome) {
  return ChangesCode(outcome, "REFUSED_STREAM");
}

bool SaysStreamClosed(const RecordedCall&, Side, Outcome* outcome) {
  return ChangesCode(outcome, "STREAM_CLOSED");
}

bool StaysSilent(const RecordedCall& call, Side, Outcome* outcome) {
  return call.name == "receive_data" &&
         Erase(outcome, absl::StrCat("wrote RST_STREAM ", LastStream(call.data),
                                     " STREAM_CLOSED"));
}

// Of the RST_STREAM frames of one stream the first of all is left. The call
// before brought it already if `outcome` has no event for it.
bool AnswersOnce(const RecordedCall& call, Side, Outcome* outcome) {
  if (call.name != "receive_data") return false;
  const std::string answer = "wrote RST_STREAM 1 STREAM_CLOSED";
  const auto first = std::find(outcome->begin(), outcome->end(), answer);
  if (first == outcome->end()) return false;
  const bool is_first_answer =
      absl::StartsWith(outcome->front(), "StreamReset 1 STREAM_CLOSED");
  outcome->erase(
      std::remove(is_first_answer ? first + 1 : first, outcome->end(), answer),
      outcome->end());
  return true;
}

bool KeepsOutput(const RecordedCall&, Side, Outcome* outcome) {
  return Erase(outcome, "cleared output");
}

bool SaysAllFirstSettings(const RecordedCall&, Side side, Outcome* outcome) {
  for (std::string& line : *outcome) {
    if (line != "SettingsAcknowledged {}") continue;
    line = absl::StrCat("SettingsAcknowledged {1: 4096 → 4096, 2: ",
                        side == Side::kServer ? "0 → 0" : "1 → 1",
                        ", 3: unset → 100, 4: 65535 → 65535, 5: 16384 → "
                        "16384, 6: unset → 65536, 8: 0 → 0}");
    return true;
  }
  return false;
}

bool SendsGoAway(const RecordedCall& call, Side, Outcome* outcome) {
  if (call.name != "receive_data") return false;
  outcome->push_back("wrote GOAWAY last 0 PROTOCOL_ERROR");
  return true;
}

// The recorded frame of type 0x10 is on stream 0 and has an empty payload,
// or is on another stream: wrong both ways.
bool ReadsPriorityUpdate(const RecordedCall&, Side, Outcome* outcome) {
  if (*outcome != Outcome{"UnknownFrameReceived"}) return false;
  *outcome = {"error Protocol PROTOCOL_ERROR",
              "wrote GOAWAY last 0 PROTOCOL_ERROR"};
  return true;
}

bool TakesAltSvc(const RecordedCall& call, Side, Outcome* outcome) {
  if (call.name != "receive_data" || !outcome->empty() ||
      call.data[3] != kAltSvc) {
    return false;
  }
  *outcome = {
      "AlternativeServiceAvailable \"example.com\" \"h2=\\\":8000\\\"; "
      "ma=60\""};
  return true;
}

bool RefusesExtendedConnect(const RecordedCall& call, Side side,
                            Outcome* outcome) {
  if (side != Side::kServer || call.name != "receive_data") return false;
  for (std::string& line : *outcome) {
    if (!absl::StrContains(line, ":protocol: ")) continue;
    line = "StreamReset 1 PROTOCOL_ERROR by us";
    Erase(outcome, "StreamEnded 1");
    outcome->push_back("wrote RST_STREAM 1 PROTOCOL_ERROR");
    return true;
  }
  return false;
}

bool Refuses101(const RecordedCall&, Side, Outcome* outcome) {
  for (std::string& line : *outcome) {
    if (line != "InformationalResponseReceived 1 {:status: 101}") continue;
    line = "StreamReset 1 PROTOCOL_ERROR by us";
    outcome->push_back("wrote RST_STREAM 1 PROTOCOL_ERROR");
    return true;
  }
  return false;
}

}  // namespace

const std::vector<DifferenceRule>& DifferenceRules() {
  static const auto& rules = *new std::vector<DifferenceRule>{
      {"a malformed message resets its stream", "RFC 9113 §8.1.1",
       "test_reject_trailers_not_ending_stream|"
       "test_receive_provisional_response_with_end_stream|"
       "test_receiving_out_of_order_headers|TestInvalidContentLengths|"
       "test_data_before_headers|test_headers_event|test_push_promise_event|"
       "test_pseudo_headers_rejected_in_trailer",
       BecomesStreamProtocolError, 76},
      {"a window increment of 0 resets its stream", "RFC 9113 §6.9",
       "test_reject_bad_remote_increments", BecomesStreamProtocolError, 1},
      {"a self-dependency resets its stream", "RFC 7540 §5.3.1",
       "test_streams_may_not_depend_on_themselves", BecomesStreamProtocolError,
       1},
      {"a stream beyond MAX_CONCURRENT_STREAMS is refused", "RFC 9113 §5.1.2",
       "test_cannot_receive_new_streams_over_limit", RefusesTheStream, 1},
      {"a call beyond MAX_CONCURRENT_STREAMS fails with the code of a refusal",
       "RFC 9113 §5.1.2", "test_cannot_create_new_outbound_stream_over_limit",
       SaysRefusedStream, 1},
      {"a call on a closed stream fails with STREAM_CLOSED", "RFC 9113 §5.1",
       "test_cannot_send_on_closed_stream|"
       "TestClientUpgrade::test_cannot_send_",
       SaysStreamClosed, 3},
      {"HPACK that does not decode is a COMPRESSION_ERROR",
       "RFC 9113 §4.3, §4.3.1",
       "test_invalid_header_data_protocol_error|"
       "test_invalid_push_promise_data_protocol_error|"
       "test_reject_headers_when_table_size_shrunk|"
       "test_reject_headers_exceeding_table_size",
       SaysCompressionError, 4},
      {"frames on a stream that we reset are discarded in silence",
       "RFC 9113 §5.1",
       "test_resets_further_data_frames_after_send_reset|"
       "test_send_update_on_closed_streams|"
       "test_reset_stream_keeps_header_state_correct|"
       "test_reset_stream_keeps_flow_control_correct",
       StaysSilent, 5},
      {"frames on a stream that the peer reset are answered once",
       "RFC 9113 §5.1", "after_recv_reset|test_one_one_stream_reset",
       AnswersOnce, 4},
      {"GOAWAY of the peer leaves our output alone", "RFC 9113 §6.8",
       "test_receiving_goaway_frame", KeepsOutput, 2},
      {"the first SETTINGS are acknowledged with their values",
       "RFC 9113 §6.5.3", "", SaysAllFirstSettings, 8},
      {"a wrong preface is answered by GOAWAY", "RFC 9113 §3.4",
       "test_missing_preamble_errors", SendsGoAway, 1},
      {"frame type 0x10 is PRIORITY_UPDATE, and here a wrong one",
       "RFC 9218 §7.1", "test_unknown_frames_are_ignored[16]",
       ReadsPriorityUpdate, 1},
      {"a 101 response is malformed", "RFC 9113 §8.6",
       "test_receiving_multiple_informational_responses", Refuses101, 2},
      {"ALTSVC counts after the response's headers too", "RFC 7838 §4",
       "test_receiving_altsvc_after_receiving_headers", TakesAltSvc, 1},
      {"an extended CONNECT that we did not enable is malformed", "RFC 8441 §3",
       "TestRFC8441::test_can_send_headers|test_roundtrip_extended_connect",
       RefusesExtendedConnect, 2},
  };
  return rules;
}

}  // namespace sluice::h2::tests
