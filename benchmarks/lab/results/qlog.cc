#include "benchmarks/lab/results/qlog.h"

#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/load/origin.h"
#include "benchmarks/lab/page/page.h"
#include "benchmarks/lab/results/lines.h"
#include "benchmarks/lab/results/qlog_writer.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {
namespace {

// Merges requests, signals and picks, each of them in the order of time.
class Events {
 public:
  Events(const Run& run, const PageLoad& load) : page_(*run.page), load_(load) {
    for (const ReceivedSignal& signal : load.signals) {
      if (signal.with_request) said_[signal.stream_id].push_back(signal.signal);
    }
  }

  // At one instant requests come first, then signals, then picks.
  const QlogWriter& Merged() {
    size_t request = 0;
    size_t signal = 0;
    for (const Pick& pick : load_.picks) {
      Received(pick.at_ns, &request, &signal);
      Sent(pick);
    }
    Received(std::numeric_limits<int64_t>::max(), &request, &signal);
    return writer_;
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

  void Requested(const ReceivedRequest& request) {
    writer_.Request(request.at_ns, request.stream_id,
                    PathOf(page_.resources[request.resource]),
                    said_[request.stream_id]);
  }

  void Signalled(const ReceivedSignal& signal) {
    if (signal.with_request) return;
    writer_.Signalled(signal.at_ns, signal.stream_id, signal.signal);
  }

  void Sent(const Pick& pick) {
    uint64_t& sent = sent_bytes_[pick.stream_id];
    sent += pick.bytes;
    writer_.Data(pick.at_ns, pick.stream_id, pick.bytes,
                 sent == page_.resources[pick.resource].bytes);
  }

  const Page& page_;
  const PageLoad& load_;
  absl::flat_hash_map<h2::StreamId, std::vector<QlogWriter::Signal>> said_;
  absl::flat_hash_map<h2::StreamId, uint64_t> sent_bytes_;
  QlogWriter writer_{QlogWriter::Seen::kByServer};
};

}  // namespace

std::string QlogText(const Run& run, const PageLoad& load) {
  const std::string title =
      absl::StrCat(run.page->name, ": ", run.policy, ", ", run.setting.signals,
                   ", ", run.setting.network);
  return Events(run, load).Merged().Text(
      "sluice lab", title,
      absl::StrCat(",\"sluice_lab\":", RunParameters(run).dump()));
}

}  // namespace sluice::lab
