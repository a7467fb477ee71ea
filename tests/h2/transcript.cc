#include "tests/h2/transcript.h"

#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/frame_text.h"

namespace sluice::h2::tests {
namespace {

using Json = nlohmann::json;

[[noreturn]] void Fail(const std::string& what) {
  std::cerr << "transcript: " << what << "\n";
  std::abort();
}

// "x:6869" is "hi".
std::string Bytes(const Json& json) {
  const std::string text = json.get<std::string>();
  if (text.substr(0, 2) != "x:") Fail("not bytes: " + text);
  return absl::HexStringToBytes(text.substr(2));
}

std::vector<Header> Headers(const Json& json) {
  std::vector<Header> headers;
  for (const Json& field : json) {
    headers.push_back({Bytes(field.at(0)), Bytes(field.at(1)),
                       field.size() == 3 && field.at(2) == "never"});
  }
  return headers;
}

signals::Rfc7540Priority Priority(const Json& json) {
  return {.depends_on = json.at("depends_on"),
          .weight = json.at("weight"),
          .exclusive = json.at("exclusive")};
}

std::map<SettingId, SettingChange> Changes(const Json& json) {
  std::map<SettingId, SettingChange> changes;
  for (const auto& [key, change] : json.at("changed_settings").items()) {
    SettingChange& into = changes[static_cast<SettingId>(std::stoi(key))];
    if (!change.at(0).is_null()) into.old_value = change.at(0);
    into.new_value = change.at(1);
  }
  return changes;
}

std::string BytesOrNothing(const Json& json) {
  return json.is_null() ? "" : Bytes(json);
}

// The text that an event views.
struct Viewed {
  HeaderList Fields(const Json& json) {
    headers = Headers(json);
    for (const Header& header : headers) {
      views.push_back({header.name, header.value, header.never_indexed});
    }
    return HeaderList(views);
  }

  std::vector<Header> headers;
  std::vector<HeaderView> views;
  std::string data;
};

template <typename MessageEvent>
MessageEvent Message(const Json& json, Viewed* viewed) {
  MessageEvent event;
  event.stream_id = json.at("stream_id");
  event.headers = viewed->Fields(json.at("headers"));
  return event;
}

// hyper's PriorityUpdated does not say how the signal came; the message event
// that it belongs to names it.
Event ReadEvent(const std::string& type, const Json& json,
                SignalSource* priority_source, Viewed* viewed) {
  if (json.contains("priority_updated")) {
    *priority_source = json.at("priority_updated").is_null()
                           ? SignalSource::kFrame
                           : SignalSource::kHeader;
  }
  const auto ended = [&] { return !json.at("stream_ended").is_null(); };
  if (type == "RequestReceived") {
    auto event = Message<RequestReceived>(json, viewed);
    event.stream_ended = ended();
    return event;
  }
  if (type == "ResponseReceived") {
    auto event = Message<ResponseReceived>(json, viewed);
    event.stream_ended = ended();
    return event;
  }
  if (type == "InformationalResponseReceived") {
    return Message<InformationalResponseReceived>(json, viewed);
  }
  if (type == "TrailersReceived")
    return Message<TrailersReceived>(json, viewed);
  if (type == "DataReceived") {
    viewed->data = Bytes(json.at("data"));
    return DataReceived{
        .stream_id = json.at("stream_id"),
        .data = viewed->data,
        .flow_controlled_length = json.at("flow_controlled_length"),
        .stream_ended = ended()};
  }
  if (type == "WindowUpdated") {
    return WindowUpdated{json.at("stream_id"), json.at("delta")};
  }
  if (type == "RemoteSettingsChanged")
    return RemoteSettingsChanged{Changes(json)};
  if (type == "SettingsAcknowledged")
    return SettingsAcknowledged{Changes(json)};
  if (type == "PingReceived") return PingReceived{Bytes(json.at("ping_data"))};
  if (type == "PingAckReceived") {
    return PingAckReceived{Bytes(json.at("ping_data"))};
  }
  if (type == "StreamEnded") return StreamEnded{json.at("stream_id")};
  if (type == "StreamReset") {
    return StreamReset{
        .stream_id = json.at("stream_id"),
        .error_code = static_cast<ErrorCode>(json.at("error_code").get<int>()),
        .remote = json.at("remote_reset")};
  }
  if (type == "PushedStreamReceived") {
    return PushedStreamReceived{.pushed_stream_id = json.at("pushed_stream_id"),
                                .parent_stream_id = json.at("parent_stream_id"),
                                .headers = viewed->Fields(json.at("headers"))};
  }
  if (type == "PriorityUpdated") {
    return PriorityUpdated{
        json.at("stream_id"), Priority(json),
        std::exchange(*priority_source, SignalSource::kFrame)};
  }
  if (type == "ConnectionTerminated") {
    return ConnectionTerminated{
        .error_code = static_cast<ErrorCode>(json.at("error_code").get<int>()),
        .last_stream_id = json.at("last_stream_id"),
        .additional_data = BytesOrNothing(json.at("additional_data"))};
  }
  if (type == "AlternativeServiceAvailable") {
    return AlternativeServiceAvailable{BytesOrNothing(json.at("origin")),
                                       BytesOrNothing(json.at("field_value"))};
  }
  Fail("unknown event " + type);
}

void ReadArguments(const Json& args, RecordedCall* call) {
  for (const auto& [key, value] : args.items()) {
    if (value.is_null()) continue;
    if (key == "stream_id") {
      call->stream_id = value;
      call->has_stream_id = true;
    } else if (key == "promised_stream_id") {
      call->promised_stream_id = value;
    } else if (key == "headers" || key == "request_headers") {
      call->headers = Headers(value);
    } else if (key == "data" || key == "opaque_data" || key == "field_value" ||
               key == "settings_header") {
      call->data = Bytes(value);
    } else if (key == "origin") {
      call->origin = Bytes(value);
    } else if (key == "additional_data") {
      call->additional_data = Bytes(value);
    } else if (key == "last_stream_id") {
      call->last_stream_id = value;
    } else if (key == "end_stream") {
      call->end_stream = value;
    } else if (key == "pad_length") {
      call->pad_length = value;
    } else if (key == "priority_weight" || key == "weight") {
      call->weight = value;
    } else if (key == "priority_depends_on") {
      call->depends_on = value;
    } else if (key == "priority_exclusive") {
      call->exclusive = value;
    } else if (key == "error_code") {
      call->error_code = value;
    } else if (key == "increment" || key == "acknowledged_size" ||
               key == "amount") {
      call->amount = value;
      call->has_amount = true;
    } else if (key == "new_settings") {
      for (const auto& [id, setting] : value.items()) {
        call->settings.push_back(
            {static_cast<SettingId>(std::stoi(id)), setting});
      }
    } else {
      Fail("unknown argument " + key);
    }
  }
}

// `waiting`: bytes in the recorded output that nobody has taken.
RecordedCall ReadCall(const Json& json, FrameReader* written, size_t* waiting) {
  RecordedCall call;
  call.name = json.at("op");
  if (json.contains("args")) ReadArguments(json.at("args"), &call);
  if (json.contains("events")) {
    SignalSource priority_source = SignalSource::kFrame;
    for (const Json& event : json.at("events")) {
      Viewed viewed;
      // The recording holds no fields of unknown frames.
      call.outcome.push_back(
          event.at(0) == "UnknownFrameReceived"
              ? "UnknownFrameReceived"
              : EventText(ReadEvent(event.at(0), event.at(1), &priority_source,
                                    &viewed)));
    }
  }
  if (json.contains("error")) {
    call.outcome.push_back(
        absl::StrCat("error ", json.at("error").get<std::string>(),
                     json.contains("error_code")
                         ? " " + CodeText(static_cast<ErrorCode>(
                                     json.at("error_code").get<int>()))
                         : ""));
  }
  if (call.name == "clear_outbound_data_buffer") *waiting = 0;
  if (call.name == "data_to_send") {
    const size_t taken = Bytes(json.at("ret")).size();
    if (call.has_amount) {
      call.outcome.push_back(absl::StrCat("returned ", taken, " bytes"));
    }
    *waiting -= taken;
  } else if (json.contains("ret") && !json.at("ret").is_null()) {
    const Json& ret = json.at("ret");
    call.outcome.push_back(absl::StrCat(
        "returned ", ret.is_string() ? UpgradeSettingsText(Bytes(ret))
                                     : absl::StrCat(ret.get<int64_t>())));
  }
  if (json.contains("out")) {
    const std::string bytes =
        absl::HexStringToBytes(json.at("out").get<std::string>());
    *waiting += bytes.size();
    for (const std::string& frame : written->Read(bytes)) {
      call.outcome.push_back("wrote " + frame);
    }
  }
  if (json.value("cleared", false)) {
    if (*waiting > 0) call.outcome.push_back("cleared output");
    *waiting = 0;
  }
  return call;
}

ConnectionOptions ReadOptions(const Json& config) {
  ConnectionOptions options;
  options.side = config.at("client_side") ? Side::kClient : Side::kServer;
  // hyper says these defaults, which we leave unsaid.
  options.settings = {{SettingId::kEnableConnectProtocol, 0}};
  if (options.side == Side::kServer) {
    options.settings.push_back({SettingId::kEnablePush, 0});
  }
  options.validate_inbound = config.at("validate_inbound_headers");
  options.validate_outbound = config.at("validate_outbound_headers");
  options.normalize_inbound = config.at("normalize_inbound_headers");
  options.normalize_outbound = config.at("normalize_outbound_headers");
  options.split_outbound_cookies = config.at("split_outbound_cookies");
  return options;
}

}  // namespace

std::string UpgradeSettingsText(absl::string_view http2_settings) {
  std::string payload;
  if (!absl::WebSafeBase64Unescape(http2_settings, &payload)) {
    return absl::StrCat("not base64url: ", http2_settings);
  }
  return FrameReader().Read(RawFrame(kSettings, 0, 0, payload)).at(0);
}

std::vector<Transcript> LoadTranscripts(const std::string& path) {
  std::ifstream file(path);
  if (!file) Fail("cannot read " + path);
  std::vector<Transcript> transcripts;
  for (std::string line; std::getline(file, line);) {
    const Json json = Json::parse(line);
    Transcript transcript;
    transcript.test = json.at("test");
    transcript.options = ReadOptions(json.at("config"));
    FrameReader written;
    size_t waiting = 0;
    for (const Json& call : json.at("ops")) {
      transcript.calls.push_back(ReadCall(call, &written, &waiting));
    }
    transcripts.push_back(std::move(transcript));
  }
  return transcripts;
}

}  // namespace sluice::h2::tests
