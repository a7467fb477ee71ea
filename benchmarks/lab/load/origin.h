// The server of a page load: h2::Connection, DataScheduler and a policy, as any
// server would join them. It answers each request with the page's bytes and
// pulls DATA only when the transport has room for it, one grant at a time.
//
// A grant fits one segment with its frame header, even if the send buffer would
// take more: so the send buffer alone decides how late a choice takes effect,
// and arrivals are exact to the segment (the browser sees a DATA frame when it
// is whole). Policies get the same limit, so that they are fair to the segment.
#ifndef SLUICE_BENCHMARKS_LAB_LOAD_ORIGIN_H_
#define SLUICE_BENCHMARKS_LAB_LOAD_ORIGIN_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/net/transport.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// RFC 9113 §4.1.
inline constexpr size_t kFrameHeaderBytes = 9;

// The largest grant, in bytes: PolicyOptions::max_grant of every lab policy.
inline constexpr size_t kMaxGrant = kSegmentBytes - kFrameHeaderBytes;

// The choice of one DATA frame.
struct Pick {
  size_t resource = 0;  // index in the page
  h2::StreamId stream_id = 0;
  size_t bytes = 0;
  int64_t at_ns = 0;
};

// A request as it reaches the server.
struct ReceivedRequest {
  size_t resource = 0;  // index in the page
  h2::StreamId stream_id = 0;
  int64_t at_ns = 0;
};

// A priority signal as it reaches the server: the fields of HEADERS or PRIORITY
// (RFC 7540 §5.3), or a `priority` header or PRIORITY_UPDATE (RFC 9218).
struct ReceivedSignal {
  h2::StreamId stream_id = 0;
  int64_t at_ns = 0;
  std::variant<signals::Rfc7540Priority, signals::Rfc9218Priority> signal;
  bool with_request =
      false;  // in the HEADERS of its stream, no frame for itself
};

class Origin {
 public:
  // `page` and `transport` must outlive this. `max_streams` is the value of
  // SETTINGS_MAX_CONCURRENT_STREAMS. `on_answer` as in PageLoadOptions.
  Origin(const Page& page, std::unique_ptr<scheduler::Policy> policy,
         Transport& transport, uint32_t max_streams,
         std::function<void(h2::StreamId, size_t)> on_answer);
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  // Sends SETTINGS. Once, before the transport runs.
  void Start();

  // Sends and receives nothing from now on.
  void Stop() { stopped_ = true; }

  // The first error.
  const absl::Status& status() const { return status_; }

  // Every frame of DATA with bytes, in order.
  std::vector<Pick> TakePicks() { return std::move(picks_); }

  // Every request, in order.
  std::vector<ReceivedRequest> TakeRequests() { return std::move(requests_); }

  // Every priority signal as the client sent it, in order.
  std::vector<ReceivedSignal> TakeSignals() { return std::move(signals_); }

 private:
  void OnBytes(absl::string_view bytes);
  void Answer(const h2::RequestReceived& request);
  void Flush();
  void Check(const absl::Status& status);

  const Page& page_;
  Transport& transport_;
  const std::function<void(h2::StreamId, size_t)> on_answer_;
  bool stopped_ = false;
  h2::Connection connection_;
  scheduler::DataScheduler scheduler_;
  absl::flat_hash_map<std::string, size_t> resource_by_path_;
  absl::flat_hash_map<h2::StreamId, size_t> resource_by_stream_;
  std::vector<h2::Event> events_;
  std::vector<Pick> picks_;
  std::vector<ReceivedRequest> requests_;
  std::vector<ReceivedSignal> signals_;
  absl::Status status_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_LOAD_ORIGIN_H_
