#include "tests/h2/event_text.h"

#include <sluice/h2/errors.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstdint>
#include <map>
#include <optional>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace sluice::h2::tests {
namespace {

std::string ChangesText(const std::map<SettingId, SettingChange>& changed) {
  std::vector<std::string> parts;
  for (const auto& [id, change] : changed) {
    parts.push_back(absl::StrCat(
        static_cast<int>(id), ": ",
        change.old_value ? absl::StrCat(*change.old_value) : "unset", " → ",
        change.new_value));
  }
  return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

std::string FieldText(const signals::Rfc9218Priority& field) {
  return absl::StrCat("field(u=", field.urgency,
                      field.incremental ? ", i)" : ")");
}

const char* SourceText(SignalSource source) {
  return source == SignalSource::kFrame ? " by frame" : " by header";
}

struct Text {
  std::string operator()(const RequestReceived& e) const {
    return absl::StrCat("RequestReceived ", e.stream_id, " ",
                        HeadersText(e.headers), e.stream_ended ? " ended" : "");
  }
  std::string operator()(const ResponseReceived& e) const {
    return absl::StrCat("ResponseReceived ", e.stream_id, " ",
                        HeadersText(e.headers), e.stream_ended ? " ended" : "");
  }
  std::string operator()(const InformationalResponseReceived& e) const {
    return absl::StrCat("InformationalResponseReceived ", e.stream_id, " ",
                        HeadersText(e.headers));
  }
  std::string operator()(const TrailersReceived& e) const {
    return absl::StrCat("TrailersReceived ", e.stream_id, " ",
                        HeadersText(e.headers));
  }
  std::string operator()(const DataReceived& e) const {
    return absl::StrCat(
        "DataReceived ", e.stream_id, " ", PayloadText(e.data), " flow ",
        e.flow_controlled_length, e.stream_ended ? " ended" : "",
        e.frame_bytes_left == 0
            ? ""
            : absl::StrCat(" (", e.frame_bytes_left, " to come)"));
  }
  std::string operator()(const WindowUpdated& e) const {
    return absl::StrCat("WindowUpdated ", e.stream_id, " +", e.delta);
  }
  std::string operator()(const RemoteSettingsChanged& e) const {
    return absl::StrCat("RemoteSettingsChanged ", ChangesText(e.changed));
  }
  std::string operator()(const SettingsAcknowledged& e) const {
    return absl::StrCat("SettingsAcknowledged ", ChangesText(e.changed));
  }
  std::string operator()(const PingReceived& e) const {
    return absl::StrCat("PingReceived ", PayloadText(e.opaque_data));
  }
  std::string operator()(const PingAckReceived& e) const {
    return absl::StrCat("PingAckReceived ", PayloadText(e.opaque_data));
  }
  std::string operator()(const StreamEnded& e) const {
    return absl::StrCat("StreamEnded ", e.stream_id);
  }
  std::string operator()(const StreamReset& e) const {
    std::string text =
        absl::StrCat("StreamReset ", e.stream_id, " ", CodeText(e.error_code),
                     e.remote ? " by peer" : " by us");
    if (const auto kind = ErrorKindOf(e.error)) {
      absl::StrAppend(&text, ": ", ErrorKindName(*kind));
    }
    return text;
  }
  std::string operator()(const PushedStreamReceived& e) const {
    return absl::StrCat("PushedStreamReceived ", e.pushed_stream_id, " on ",
                        e.parent_stream_id, " ", HeadersText(e.headers));
  }
  std::string operator()(const PriorityUpdated& e) const {
    return absl::StrCat("PriorityUpdated ", e.stream_id, " ",
                        PriorityText(e.priority), SourceText(e.source));
  }
  std::string operator()(const PriorityFieldUpdated& e) const {
    return absl::StrCat("PriorityFieldUpdated ", e.stream_id, " ",
                        FieldText(e.priority), SourceText(e.source));
  }
  std::string operator()(const ConnectionTerminated& e) const {
    return absl::StrCat("ConnectionTerminated ", CodeText(e.error_code),
                        " last ", e.last_stream_id, " ",
                        PayloadText(e.additional_data));
  }
  std::string operator()(const AlternativeServiceAvailable& e) const {
    return absl::StrCat("AlternativeServiceAvailable ", PayloadText(e.origin),
                        " ", PayloadText(e.field_value));
  }
  std::string operator()(const UnknownFrameReceived& e) const {
    return absl::StrFormat(
        "UnknownFrameReceived type 0x%02x flags 0x%02x %d %s", e.type, e.flags,
        e.stream_id, PayloadText(e.payload));
  }
};

}  // namespace

std::string EventText(const Event& event) { return std::visit(Text{}, event); }

std::vector<std::string> EventTexts(absl::Span<const Event> events) {
  std::vector<std::string> texts;
  for (const Event& event : events) texts.push_back(EventText(event));
  return texts;
}

std::string PayloadText(absl::string_view payload) {
  if (payload.size() <= 64) {
    return absl::StrCat("\"", absl::CHexEscape(payload), "\"");
  }
  uint32_t hash = 2166136261u;
  for (const unsigned char byte : payload) hash = (hash ^ byte) * 16777619u;
  return absl::StrFormat("<%d bytes, FNV %08x>", payload.size(), hash);
}

std::string HeadersText(absl::Span<const Header> headers) {
  return absl::StrCat(
      "{",
      absl::StrJoin(headers, ", ",
                    [](std::string* out, const Header& header) {
                      absl::StrAppend(out, absl::CHexEscape(header.name), ": ",
                                      absl::CHexEscape(header.value),
                                      header.never_indexed ? " (never)" : "");
                    }),
      "}");
}

std::string HeadersText(const HeaderList& headers) {
  return HeadersText(headers.ToHeaders());
}

std::string PriorityText(const signals::Rfc7540Priority& priority) {
  return absl::StrCat("priority(dep ", priority.depends_on, ", weight ",
                      priority.weight,
                      priority.exclusive ? ", exclusive)" : ")");
}

std::string CodeText(ErrorCode code) {
  if (static_cast<uint32_t>(code) > 0xd) {
    return absl::StrCat(static_cast<uint32_t>(code));
  }
  return std::string(ErrorCodeName(code));
}

}  // namespace sluice::h2::tests
