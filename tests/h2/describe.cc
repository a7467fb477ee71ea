#include "tests/h2/describe.h"

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "h2/events.h"
#include "h2/types.h"

namespace sluice::h2::testing {
namespace {

std::string Text(absl::string_view bytes) {
  if (bytes.size() > 60) {
    return absl::StrCat(absl::CHexEscape(bytes.substr(0, 20)), "…",
                        bytes.size());
  }
  return absl::CHexEscape(bytes);
}

std::string Text(const std::vector<Header>& headers) {
  std::string out;
  for (const Header& header : headers) {
    absl::StrAppend(&out, ", ", Text(header.name), "=", Text(header.value),
                    header.never_indexed ? " (never)" : "");
  }
  return out;
}

std::string Text(const StreamPriority& priority) {
  return absl::StrCat("on ", priority.depends_on, " weight ", priority.weight,
                      priority.exclusive ? " exclusive" : "");
}

std::string Text(const PriorityField& priority) {
  return absl::StrCat("u=", priority.urgency, priority.incremental ? " i" : "");
}

template <typename T>
std::string Optional(absl::string_view label, const std::optional<T>& value) {
  return value.has_value() ? absl::StrCat(", ", label, " ", Text(*value)) : "";
}

std::string Text(const std::map<SettingId, SettingChange>& changed) {
  std::string out;
  for (const auto& [id, change] : changed) {
    absl::StrAppend(
        &out, out.empty() ? "" : ", ", static_cast<uint16_t>(id), ": ",
        change.old_value.has_value() ? absl::StrCat(*change.old_value) : "none",
        " to ", change.new_value);
  }
  return out;
}

struct Describer {
  std::string operator()(const RequestReceived& e) {
    return absl::StrCat("Request(", e.stream_id, Text(e.headers),
                        e.stream_ended ? ", ended" : "",
                        Optional("priority", e.priority),
                        Optional("field", e.priority_field), ")");
  }
  std::string operator()(const ResponseReceived& e) {
    return absl::StrCat("Response(", e.stream_id, Text(e.headers),
                        e.stream_ended ? ", ended" : "",
                        Optional("priority", e.priority),
                        Optional("field", e.priority_field), ")");
  }
  std::string operator()(const InformationalResponseReceived& e) {
    return absl::StrCat("Informational(", e.stream_id, Text(e.headers),
                        Optional("priority", e.priority), ")");
  }
  std::string operator()(const TrailersReceived& e) {
    return absl::StrCat("Trailers(", e.stream_id, Text(e.headers),
                        Optional("priority", e.priority), ")");
  }
  std::string operator()(const DataReceived& e) {
    return absl::StrCat("Data(", e.stream_id, ", ", Text(e.data), ", flow ",
                        e.flow_controlled_length,
                        e.stream_ended ? ", ended" : "", ")");
  }
  std::string operator()(const WindowUpdated& e) {
    return absl::StrCat("Window(", e.stream_id, ", ", e.delta, ")");
  }
  std::string operator()(const RemoteSettingsChanged& e) {
    return absl::StrCat("Settings(", Text(e.changed), ")");
  }
  std::string operator()(const SettingsAcknowledged& e) {
    return absl::StrCat("Acknowledged(", Text(e.changed), ")");
  }
  std::string operator()(const PingReceived& e) {
    return absl::StrCat("Ping(", Text(e.opaque_data), ")");
  }
  std::string operator()(const PingAckReceived& e) {
    return absl::StrCat("PingAck(", Text(e.opaque_data), ")");
  }
  std::string operator()(const StreamEnded& e) {
    return absl::StrCat("Ended(", e.stream_id, ")");
  }
  std::string operator()(const StreamReset& e) {
    return absl::StrCat("Reset(", e.stream_id, ", ",
                        ErrorCodeName(e.error_code),
                        e.remote ? ", remote" : ", ours", ")");
  }
  std::string operator()(const PushedStreamReceived& e) {
    return absl::StrCat("Push(", e.pushed_stream_id, " on ", e.parent_stream_id,
                        Text(e.headers), ")");
  }
  std::string operator()(const PriorityUpdated& e) {
    return absl::StrCat("Priority(", e.stream_id, ", ", Text(e.priority), ")");
  }
  std::string operator()(const PriorityFieldUpdated& e) {
    const bool frame = e.source == PriorityFieldUpdated::Source::kFrame;
    return absl::StrCat("PriorityField(", e.stream_id, ", ", Text(e.priority),
                        frame ? ", frame" : ", header", ")");
  }
  std::string operator()(const ConnectionTerminated& e) {
    return absl::StrCat("GoAway(", ErrorCodeName(e.error_code), ", last ",
                        e.last_stream_id, ", ", Text(e.additional_data), ")");
  }
  std::string operator()(const AlternativeServiceAvailable& e) {
    return absl::StrCat("AltSvc(", Text(e.origin), ", ", Text(e.field_value),
                        ")");
  }
  std::string operator()(const UnknownFrameReceived& e) {
    return absl::StrCat("Unknown(type ", e.type, ", flags ", e.flags, ", ",
                        e.stream_id, ", ", Text(e.payload), ")");
  }
};

uint32_t Load(absl::string_view bytes, size_t at, int count) {
  uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::string Code(uint32_t code) {
  return std::string(ErrorCodeName(static_cast<ErrorCode>(code)));
}

}  // namespace

std::string Describe(const Event& event) {
  return std::visit(Describer(), event);
}

std::vector<std::string> Describe(absl::Span<const Event> events) {
  std::vector<std::string> lines;
  for (const Event& event : events) lines.push_back(Describe(event));
  return lines;
}

// --- Frames ----------------------------------------------------------------

struct FrameReader::State {
  nghttp2_hd_inflater* inflater = nullptr;
  std::string pending;      // bytes of a frame that is not complete
  std::string block;        // of a header block that is not complete
  std::string block_title;  // what stood in its first frame
  bool preface_checked = false;

  std::string Inflate(absl::string_view bytes) {
    std::string out;
    auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
    size_t left = bytes.size();
    while (true) {
      nghttp2_nv nv;
      int flags = 0;
      const ssize_t used =
          nghttp2_hd_inflate_hd2(inflater, &nv, &flags, in, left, 1);
      if (used < 0) return out + ", HPACK ERROR";
      in += used;
      left -= static_cast<size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        const std::string name(reinterpret_cast<char*>(nv.name), nv.namelen);
        const std::string value(reinterpret_cast<char*>(nv.value), nv.valuelen);
        absl::StrAppend(
            &out, ", ", Text(name), "=", Text(value),
            (nv.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0 ? " (never)" : "");
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
        nghttp2_hd_inflate_end_headers(inflater);
        return out;
      }
    }
  }

  // A piece of a header block; its text when it is the last.
  std::string AddBlock(std::string title, absl::string_view piece, bool last) {
    if (!title.empty()) block_title = title;
    absl::StrAppend(&block, piece);
    if (!last) return "";
    std::string out = absl::StrCat(block_title, Inflate(block), ")");
    block.clear();
    return out;
  }

  std::string DescribeFrame(uint8_t type, uint8_t flags, uint32_t id,
                            absl::string_view payload) {
    const char* end = (flags & 0x1) != 0 ? ", END_STREAM" : "";
    std::string pad;
    if ((type == 0 || type == 1 || type == 5) && (flags & 0x8) != 0) {
      const size_t padding = Load(payload, 0, 1);
      payload = payload.substr(1, payload.size() - 1 - padding);
      pad = absl::StrCat(", padded ", padding);
    }
    switch (type) {
      case 0x0:
        return absl::StrCat("DATA(", id, end, pad, ", ", Text(payload), ")");
      case 0x1: {
        std::string title = absl::StrCat("HEADERS(", id, end, pad);
        if ((flags & 0x20) != 0) {
          absl::StrAppend(&title, ", on ", Load(payload, 0, 4) & 0x7fffffff,
                          " weight ", Load(payload, 4, 1) + 1,
                          Load(payload, 0, 1) >= 128 ? " exclusive" : "");
          payload.remove_prefix(5);
        }
        return AddBlock(title, payload, (flags & 0x4) != 0);
      }
      case 0x2:
        return absl::StrCat(
            "PRIORITY(", id, ", on ", Load(payload, 0, 4) & 0x7fffffff,
            " weight ", Load(payload, 4, 1) + 1,
            Load(payload, 0, 1) >= 128 ? " exclusive" : "", ")");
      case 0x3:
        return absl::StrCat("RST_STREAM(", id, ", ", Code(Load(payload, 0, 4)),
                            ")");
      case 0x4: {
        if ((flags & 0x1) != 0) return "SETTINGS(ACK)";
        std::map<uint32_t, uint32_t> sorted;
        for (size_t at = 0; at + 6 <= payload.size(); at += 6) {
          sorted[Load(payload, at, 2)] = Load(payload, at + 2, 4);
        }
        std::string out = "SETTINGS(";
        for (const auto& [setting, value] : sorted) {
          absl::StrAppend(&out, out.back() == '(' ? "" : ", ", setting, "=",
                          value);
        }
        return out + ")";
      }
      case 0x5:
        return AddBlock(absl::StrCat("PUSH_PROMISE(", id, ", promises ",
                                     Load(payload, 0, 4) & 0x7fffffff),
                        payload.substr(4), (flags & 0x4) != 0);
      case 0x6:
        return absl::StrCat("PING(", (flags & 0x1) != 0 ? "ACK, " : "",
                            Text(payload), ")");
      case 0x7:
        return absl::StrCat(
            "GOAWAY(", Load(payload, 0, 4), ", ", Code(Load(payload, 4, 4)),
            payload.size() > 8 ? ", " : "", Text(payload.substr(8)), ")");
      case 0x8:
        return absl::StrCat("WINDOW_UPDATE(", id, ", ", Load(payload, 0, 4),
                            ")");
      case 0x9:
        return AddBlock("", payload, (flags & 0x4) != 0);
      case 0xa: {
        const size_t origin = Load(payload, 0, 2);
        return absl::StrCat("ALTSVC(", id, ", ", payload.substr(2, origin),
                            ", ", payload.substr(2 + origin), ")");
      }
      case 0x10:
        return absl::StrCat("PRIORITY_UPDATE(", Load(payload, 0, 4), ", ",
                            Text(payload.substr(4)), ")");
      default:
        return absl::StrCat("UNKNOWN(", type, ")");
    }
  }
};

FrameReader::FrameReader() : state_(new State) {
  nghttp2_hd_inflate_new(&state_->inflater);
}

FrameReader::~FrameReader() {
  nghttp2_hd_inflate_del(state_->inflater);
  delete state_;
}

std::vector<std::string> FrameReader::Read(absl::string_view bytes) {
  std::vector<std::string> frames;
  absl::StrAppend(&state_->pending, bytes);
  if (!state_->preface_checked && !state_->pending.empty()) {
    state_->preface_checked = true;
    if (absl::StartsWith(state_->pending, "PRI *"))
      state_->pending.erase(0, 24);
  }
  absl::string_view rest = state_->pending;
  while (rest.size() >= 9 && rest.size() - 9 >= Load(rest, 0, 3)) {
    const size_t length = Load(rest, 0, 3);
    std::string frame = state_->DescribeFrame(
        static_cast<uint8_t>(Load(rest, 3, 1)),
        static_cast<uint8_t>(Load(rest, 4, 1)), Load(rest, 5, 4) & 0x7fffffff,
        rest.substr(9, length));
    if (!frame.empty()) frames.push_back(std::move(frame));
    rest.remove_prefix(9 + length);
  }
  state_->pending = std::string(rest);
  return frames;
}

}  // namespace sluice::h2::testing
