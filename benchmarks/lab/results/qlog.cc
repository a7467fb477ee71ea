#include "benchmarks/lab/results/qlog.h"

#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

// With quotes.
std::string JsonString(const std::string& text) {
  return nlohmann::json(text).dump();
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

// Builds the array of events: merges requests, signals and picks, each of them
// in the order of time.
class Events {
 public:
  Events(const Run& run, const PageLoad& load) : page_(*run.page), load_(load) {
    for (const ReceivedSignal& signal : load.signals) {
      if (signal.with_request) said_[signal.stream_id].push_back(&signal);
    }
  }

  // At one instant requests come first, then signals, then picks.
  std::string Text() {
    size_t request = 0;
    size_t signal = 0;
    for (const Pick& pick : load_.picks) {
      Received(pick.at_ns, &request, &signal);
      Sent(pick);
    }
    Received(std::numeric_limits<int64_t>::max(), &request, &signal);
    return std::move(text_);
  }

 private:
  // Requests and signals from `*request` and `*signal` on, until `until_ns`.
  void Received(int64_t until_ns, size_t* request, size_t* signal) {
    const auto next = [&](const auto& list, size_t index) {
      return index < list.size() && list[index].at_ns <= until_ns
                 ? list[index].at_ns
                 : std::numeric_limits<int64_t>::max();
    };
    for (;;) {
      const int64_t request_ns = next(load_.requests, *request);
      const int64_t signal_ns = next(load_.signals, *signal);
      if (request_ns == std::numeric_limits<int64_t>::max() &&
          signal_ns == request_ns) {
        return;
      }
      if (request_ns <= signal_ns) {
        Requested(load_.requests[(*request)++]);
      } else {
        Signalled(load_.signals[(*signal)++]);
      }
    }
  }

  void Begin(int64_t at_ns, absl::string_view name) {
    const int64_t us = (at_ns + 500) / 1000;
    absl::StrAppend(&text_, text_.empty() ? "\n" : ",\n",
                    "{\"time\":", us / 1000, ".",
                    absl::Dec(us % 1000, absl::kZeroPad3), ",\"name\":\"", name,
                    "\",\"data\":{");
  }

  void Packet(uint64_t* number, h2::StreamId id, uint64_t offset, size_t length,
              bool fin) {
    absl::StrAppend(&text_, "\"header\":{\"packet_number\":", (*number)++,
                    "},\"frames\":[{\"frame_type\":\"stream\",", Ids(id),
                    ",\"offset\":", offset, ",\"length\":", length,
                    ",\"fin\":", fin ? "true" : "false", "}]}}");
  }

  void Requested(const ReceivedRequest& request) {
    Begin(request.at_ns, "transport:packet_received");
    Packet(&received_, request.stream_id, 0, 0, /*fin=*/true);
    std::string headers = absl::StrCat(
        "{\"name\":\":method\",\"value\":\"GET\"},"
        "{\"name\":\":path\",\"value\":",
        JsonString(PathOf(page_.resources[request.resource])), "}");
    std::string dependency;
    for (const ReceivedSignal* signal : said_[request.stream_id]) {
      if (const auto* field =
              std::get_if<signals::Rfc9218Priority>(&signal->signal)) {
        absl::StrAppend(&headers, ",{\"name\":\"priority\",\"value\":\"",
                        signals::FormatRfc9218Priority(*field), "\"}");
      } else {
        dependency = absl::StrCat(
            ",\"priority\":{",
            Dependency(std::get<signals::Rfc7540Priority>(signal->signal)),
            "}");
      }
    }
    Begin(request.at_ns, "http:frame_parsed");
    absl::StrAppend(&text_, Ids(request.stream_id),
                    ",\"frame\":{\"frame_type\":\"headers\",\"headers\":[",
                    headers, "]", dependency, "}}}");
  }

  void Signalled(const ReceivedSignal& signal) {
    if (signal.with_request) return;
    Begin(signal.at_ns, "http:frame_parsed");
    if (const auto* field =
            std::get_if<signals::Rfc9218Priority>(&signal.signal)) {
      // On the control stream, which is 2 in HTTP/3, about another one.
      absl::StrAppend(
          &text_, "\"stream_id\":2,\"http2_stream_id\":0,\"frame\":{",
          "\"frame_type\":\"priority_update\",\"element_id\":",
          2 * (int64_t{signal.stream_id} - 1),
          ",\"http2_element_id\":", signal.stream_id, ",\"value\":\"",
          signals::FormatRfc9218Priority(*field), "\"}}}");
    } else {
      absl::StrAppend(
          &text_, Ids(signal.stream_id),
          ",\"frame\":{\"frame_type\":\"priority\",",
          Dependency(std::get<signals::Rfc7540Priority>(signal.signal)), "}}}");
    }
  }

  void Sent(const Pick& pick) {
    uint64_t& offset = sent_bytes_[pick.stream_id];
    Begin(pick.at_ns, "transport:packet_sent");
    Packet(&sent_, pick.stream_id, offset, pick.bytes,
           offset + pick.bytes == page_.resources[pick.resource].bytes);
    offset += pick.bytes;
  }

  const Page& page_;
  const PageLoad& load_;
  absl::flat_hash_map<h2::StreamId, std::vector<const ReceivedSignal*>> said_;
  absl::flat_hash_map<h2::StreamId, uint64_t> sent_bytes_;
  uint64_t received_ = 0;  // packets
  uint64_t sent_ = 0;
  std::string text_;
};

}  // namespace

std::string QlogText(const Run& run, const PageLoad& load) {
  const std::string title =
      JsonString(absl::StrCat(run.page->name, ": ", run.policy, ", ",
                              run.setting.signals, ", ", run.setting.network));
  // qvis looks for the names of formats in the first 1,024 bytes. So texts that
  // users chose come last.
  return absl::StrCat(
      "{\"qlog_version\":\"0.3\",\"qlog_format\":\"JSON\",\"traces\":[{",
      "\"vantage_point\":{\"type\":\"server\",\"name\":\"sluice lab\"},",
      "\"common_fields\":{\"time_format\":\"relative\",\"reference_time\":0,",
      "\"protocol_type\":[\"HTTP2\"]},",
      "\"configuration\":{\"time_units\":\"ms\",\"time_offset\":\"0\"},",
      "\"events\":[", Events(run, load).Text(), "\n],\"title\":", title,
      ",\"sluice_lab\":", RunParameters(run).dump(), "}],\"title\":", title,
      "}\n");
}

}  // namespace sluice::lab
