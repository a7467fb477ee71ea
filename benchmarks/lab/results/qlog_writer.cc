#include "benchmarks/lab/results/qlog_writer.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

// With quotes. A server's bytes may be no UTF-8.
std::string JsonString(absl::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The ids of a stream, as the members of an object.
std::string Ids(h2::StreamId id) {
  return absl::StrCat("\"stream_id\":", 2 * (int64_t{id} - 1),
                      ",\"http2_stream_id\":", id);
}

std::string Dependency(const signals::Rfc7540Priority& priority) {
  return absl::StrCat("\"http2_dependency\":", priority.depends_on,
                      ",\"weight\":", priority.weight,
                      ",\"exclusive\":", priority.exclusive ? "true" : "false");
}

}  // namespace

void QlogWriter::Begin(int64_t at_ns, absl::string_view name) {
  const int64_t us = (at_ns + 500) / 1000;
  absl::StrAppend(&events_, events_.empty() ? "\n" : ",\n",
                  "{\"time\":", us / 1000, ".",
                  absl::Dec(us % 1000, absl::kZeroPad3), ",\"name\":\"", name,
                  "\",\"data\":{");
}

void QlogWriter::BeginFrame(int64_t at_ns) {
  Begin(at_ns, client_ ? "http:frame_created" : "http:frame_parsed");
}

void QlogWriter::Packet(int64_t at_ns, bool request, h2::StreamId id,
                        uint64_t offset, size_t length, bool fin) {
  Begin(at_ns, request == client_ ? "transport:packet_sent"
                                  : "transport:packet_received");
  uint64_t& number = request ? requests_ : data_;
  absl::StrAppend(&events_, "\"header\":{\"packet_number\":", number++,
                  "},\"frames\":[{\"frame_type\":\"stream\",", Ids(id),
                  ",\"offset\":", offset, ",\"length\":", length,
                  ",\"fin\":", fin ? "true" : "false", "}]}}");
}

void QlogWriter::Request(int64_t at_ns, h2::StreamId id, absl::string_view path,
                         absl::Span<const Signal> signals) {
  Packet(at_ns, /*request=*/true, id, 0, 0, /*fin=*/true);
  std::string headers = absl::StrCat(
      "{\"name\":\":method\",\"value\":\"GET\"},"
      "{\"name\":\":path\",\"value\":",
      JsonString(path), "}");
  std::string dependency;
  for (const Signal& signal : signals) {
    if (const auto* field = std::get_if<signals::Rfc9218Priority>(&signal)) {
      absl::StrAppend(&headers, ",{\"name\":\"priority\",\"value\":\"",
                      signals::FormatRfc9218Priority(*field), "\"}");
    } else {
      dependency = absl::StrCat(
          ",\"priority\":{",
          Dependency(std::get<signals::Rfc7540Priority>(signal)), "}");
    }
  }
  BeginFrame(at_ns);
  absl::StrAppend(&events_, Ids(id),
                  ",\"frame\":{\"frame_type\":\"headers\",\"headers\":[",
                  headers, "]", dependency, "}}}");
}

void QlogWriter::Signalled(int64_t at_ns, h2::StreamId id,
                           const Signal& signal) {
  BeginFrame(at_ns);
  if (const auto* field = std::get_if<signals::Rfc9218Priority>(&signal)) {
    // On the control stream, which is 2 in HTTP/3, about another one.
    absl::StrAppend(&events_, "\"stream_id\":2,\"http2_stream_id\":0,",
                    "\"frame\":{\"frame_type\":\"priority_update\",",
                    "\"element_id\":", 2 * (int64_t{id} - 1),
                    ",\"http2_element_id\":", id, ",\"value\":\"",
                    signals::FormatRfc9218Priority(*field), "\"}}}");
  } else {
    absl::StrAppend(
        &events_, Ids(id), ",\"frame\":{\"frame_type\":\"priority\",",
        Dependency(std::get<signals::Rfc7540Priority>(signal)), "}}}");
  }
}

void QlogWriter::Data(int64_t at_ns, h2::StreamId id, size_t bytes, bool fin) {
  uint64_t& offset = bytes_[id];
  Packet(at_ns, /*request=*/false, id, offset, bytes, fin);
  offset += bytes;
}

std::string QlogWriter::Text(absl::string_view who, absl::string_view title,
                             absl::string_view more) const {
  const std::string title_text = JsonString(title);
  // qvis looks for the names of formats in the first 1,024 bytes. So texts that
  // users chose come last.
  return absl::StrCat(
      "{\"qlog_version\":\"0.3\",\"qlog_format\":\"JSON\",\"traces\":[{",
      "\"vantage_point\":{\"type\":\"", client_ ? "client" : "server",
      "\",\"name\":", JsonString(who), "},",
      "\"common_fields\":{\"time_format\":\"relative\",\"reference_time\":0,",
      "\"protocol_type\":[\"HTTP2\"]},",
      "\"configuration\":{\"time_units\":\"ms\",\"time_offset\":\"0\"},",
      "\"events\":[", events_, "\n],\"title\":", title_text, more,
      "}],\"title\":", title_text, "}\n");
}

}  // namespace sluice::lab
