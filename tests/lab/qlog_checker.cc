#include "tests/lab/qlog_checker.h"

#include <sluice/signals/rfc9218_priority.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

using Json = nlohmann::json;

constexpr size_t kHeadBytes = 1024;
constexpr int64_t kLeastFrames = 5;
constexpr size_t kLeastStreams = 2;

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

// A member of an object, or null.
const Json& Member(const Json& object, const char* name) {
  static const Json* const null = new Json;
  const auto found = object.find(name);
  return found == object.end() ? *null : *found;
}

bool IsText(const Json& value, absl::string_view expected) {
  return value.is_string() && value.get<std::string>() == expected;
}

// 0 or more, below 2^53: JavaScript's numbers are exact there.
bool IsCount(const Json& value) {
  return value.is_number_unsigned() && value.get<uint64_t>() < (1ull << 53);
}

bool IsRequestStream(const Json& id) {
  return IsCount(id) && id.get<uint64_t>() % 4 == 0;
}

class TraceChecker {
 public:
  absl::Status CheckTrace(const Json& trace) {
    const Json& seen_by = Member(Member(trace, "vantage_point"), "type");
    client_ = IsText(seen_by, "client");
    if (!client_ && !IsText(seen_by, "server")) {
      return Wrong("vantage_point.type is neither \"server\" nor \"client\"");
    }
    if (trace.contains("error_description")) {
      return Wrong("a trace of an error, which is not shown");
    }
    const Json& units = Member(Member(trace, "configuration"), "time_units");
    if (!units.is_null() && !IsText(units, "ms")) {
      return Wrong("times are not milliseconds");
    }
    const Json& offset = Member(Member(trace, "configuration"), "time_offset");
    if (double number;
        !offset.is_null() && !offset.is_number() &&
        !(offset.is_string() &&
          absl::SimpleAtod(offset.get<std::string>(), &number))) {
      return Wrong("time_offset is no number");
    }
    if (trace.contains("event_fields")) return Wrong("event_fields");
    const Json& common = Member(trace, "common_fields");
    // Its packets need header_length and payload_length, and TLS records.
    if (IsText(Member(common, "protocol_type"), "TCP_HTTP2")) {
      return Wrong("is taken for a capture of TCP");
    }
    const Json& format = Member(common, "time_format");
    if (IsText(format, "delta")) return Wrong("times are differences");
    if (IsText(format, "relative") &&
        !Member(common, "reference_time").is_number()) {
      return Wrong("relative times without a reference_time");
    }
    return absl::OkStatus();
  }

  absl::Status CheckEvent(const Json& event) {
    const Json& time = Member(event, "time");
    if (!time.is_number()) return Wrong("no time");
    if (time.get<double>() < time_) return Wrong("the time goes back");
    time_ = time.get<double>();
    const Json& name = Member(event, "name");
    const Json& data = Member(event, "data");
    if (!name.is_string()) return Wrong("no name");
    if (!data.is_object()) return Wrong("no data");
    if (event.contains("category")) {
      return Wrong("category hides that of the name");
    }
    if (event.contains("group_id")) return Wrong("group_id splits the trace");
    if (data.contains("packet_type")) return Wrong("packet_type in data");
    // "transport:packet_sent" and "packet_sent" are the same to qvis.
    const std::vector<std::string> parts =
        absl::StrSplit(name.get<std::string>(), ':');
    if (parts.size() > 2) return Wrong("a name of three parts");
    if (parts.back() == "packet_received") return CheckPacket(data, client_);
    if (parts.back() == "packet_sent") return CheckPacket(data, !client_);
    if (parts.back() == (client_ ? "frame_created" : "frame_parsed")) {
      return CheckFrame(data);
    }
    return absl::OkStatus();
  }

  absl::Status CheckEnd() const {
    if (streams_.size() < kLeastStreams) return Wrong("fewer than two streams");
    if (frames_sent_ < kLeastFrames)
      return Wrong("fewer than five DATA frames");
    return absl::OkStatus();
  }

 private:
  struct Stream {
    uint64_t sent = 0;
    bool ended = false;
  };

  absl::Status CheckPacket(const Json& data, bool by_server) {
    const Json& header = Member(data, "header");
    const Json& number = Member(header, "packet_number");
    if (!IsCount(number)) return Wrong("no packet_number");
    if (header.contains("packet_size") || header.contains("payload_length")) {
      return Wrong("a size in the header");
    }
    int64_t& last = by_server ? last_of_server_ : last_of_client_;
    if (number.get<int64_t>() <= last) return Wrong("packet_number goes back");
    last = number.get<int64_t>();
    const Json& frames = Member(data, "frames");
    if (!frames.is_array()) return Wrong("no frames");
    for (const Json& frame : frames) {
      if (!Member(frame, "frame_type").is_string())
        return Wrong("no frame_type");
      if (!IsText(Member(frame, "frame_type"), "stream")) continue;
      absl::Status status = CheckStreamFrame(frame, by_server);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status CheckStreamFrame(const Json& frame, bool by_server) {
    const Json& id = Member(frame, "stream_id");
    const Json& offset = Member(frame, "offset");
    const Json& length = Member(frame, "length");
    if (!IsRequestStream(id)) return Wrong("no stream_id that 4 divides");
    if (!IsCount(offset) || !IsCount(length))
      return Wrong("no offset or length");
    if (!by_server) {
      streams_.try_emplace(id.get<uint64_t>());
      return absl::OkStatus();
    }
    const auto found = streams_.find(id.get<uint64_t>());
    if (found == streams_.end()) return Wrong("data before the request");
    Stream& stream = found->second;
    if (stream.ended) return Wrong("data after the end");
    if (offset.get<uint64_t>() != stream.sent)
      return Wrong("a hole in a stream");
    if (length.get<uint64_t>() == 0) return Wrong("an empty DATA frame");
    stream.sent += length.get<uint64_t>();
    const Json& fin = Member(frame, "fin");
    stream.ended = fin.is_boolean() && fin.get<bool>();
    ++frames_sent_;
    return absl::OkStatus();
  }

  absl::Status CheckFrame(const Json& data) const {
    const Json& frame = Member(data, "frame");
    const Json& type = Member(frame, "frame_type");
    if (!type.is_string()) return Wrong("no frame_type");
    if (IsText(type, "priority_update")) {
      if (!IsRequestStream(Member(frame, "element_id"))) {
        return Wrong("no element_id that 4 divides");
      }
      return CheckPriority(Member(frame, "value"));
    }
    if (!IsText(type, "headers")) return absl::OkStatus();
    if (!IsRequestStream(Member(data, "stream_id"))) {
      return Wrong("headers of no stream");
    }
    const Json& headers = Member(frame, "headers");
    if (!headers.is_array()) return Wrong("no headers");
    for (const Json& header : headers) {
      const Json& name = Member(header, "name");
      const Json& value = Member(header, "value");
      if (!name.is_string() || !value.is_string())
        return Wrong("half a header");
      if (!IsText(name, "priority")) continue;
      absl::Status status = CheckPriority(value);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  static absl::Status CheckPriority(const Json& value) {
    if (!value.is_string() ||
        !signals::ParseRfc9218Priority(value.get<std::string>()).has_value()) {
      return Wrong("a priority that does not parse");
    }
    return absl::OkStatus();
  }

  bool client_ = false;  // who saw the trace
  double time_ = 0;
  int64_t last_of_server_ = -1;
  int64_t last_of_client_ = -1;
  int64_t frames_sent_ = 0;
  std::map<uint64_t, Stream> streams_;
};

absl::Status CheckEvents(const Json& trace, const Json& events) {
  TraceChecker checker;
  absl::Status status = checker.CheckTrace(trace);
  if (!status.ok()) return status;
  if (!events.empty() && events.back().empty()) {
    return Wrong("an empty event at the end, which is cut off");
  }
  size_t number = 0;
  for (const Json& event : events) {
    status = checker.CheckEvent(event);
    if (!status.ok()) {
      return Wrong(absl::StrCat("event ", number, ": ", status.message()));
    }
    ++number;
  }
  return checker.CheckEnd();
}

absl::Status CheckDocument(absl::string_view text) {
  const Json file = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (file.is_discarded()) return Wrong("is not complete JSON");
  if (!IsText(Member(file, "qlog_version"), "0.3")) {
    return Wrong("qlog_version is not 0.3");
  }
  const Json& traces = Member(file, "traces");
  if (!traces.is_array() || traces.size() != 1) return Wrong("not one trace");
  const Json& events = Member(traces[0], "events");
  if (!events.is_array()) return Wrong("no events");
  return CheckEvents(traces[0], events);
}

// RFC 7464: each text after a record separator, and a line feed at its end.
absl::Status CheckSequence(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "\x1e")) return Wrong("no record separator");
  Json header;
  Json events = Json::array();
  for (const absl::string_view record : absl::StrSplit(text, '\x1e')) {
    Json value = Json::parse(record, nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded() || !absl::EndsWith(record, "\n")) {
      return Wrong("a record is cut off");
    }
    if (header.is_null()) {
      header = std::move(value);
    } else {
      events.push_back(std::move(value));
    }
  }
  if (!IsText(Member(header, "qlog_version"), "0.3")) {
    return Wrong("qlog_version is not 0.3");
  }
  return CheckEvents(Member(header, "trace"), events);
}

}  // namespace

absl::Status CheckQlog(absl::string_view text) {
  const absl::string_view head = text.substr(0, kHeadBytes);
  if (!absl::StrContains(head, "qlog_version") ||
      !absl::StrContains(head, "qlog_format")) {
    return Wrong("qlog_version and qlog_format are not at the beginning");
  }
  if (absl::StrContains(head, "NDJSON")) return Wrong("is taken for NDJSON");
  if (absl::StrContains(head, "JSON-SEQ")) return CheckSequence(text);
  if (!absl::StrContains(head, "JSON")) return Wrong("the format is unknown");
  return CheckDocument(text);
}

}  // namespace sluice::lab
