// One HTTP/2 connection of the server: requests in, files out, no sockets.
//
// It is the loop of scheduler/data_scheduler.h with a body behind each request.
// Give bytes that arrived to Receive(), call Pull() when the transport can take
// bytes, and write the output of wire() after both.
#ifndef SLUICE_EXAMPLES_SERVER_HTTP_CONNECTION_H_
#define SLUICE_EXAMPLES_SERVER_HTTP_CONNECTION_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/trace/trace_files.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/server/access_log.h"
#include "examples/server/priority_rules.h"
#include "examples/server/static_files.h"

namespace sluice::examples {

class HttpConnection {
 public:
  // `files`, `rules` and `log` must outlive this object; the log shows `peer`.
  HttpConnection(StaticFiles* files, const PriorityRules* rules, AccessLog* log,
                 std::string peer, h2::ConnectionOptions connection_options,
                 trace::LoggedPolicy policy,
                 scheduler::DataSchedulerOptions scheduler_options);
  // Logs requests that were not answered in full as "closed".
  ~HttpConnection() = default;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Reads the peer's bytes and answers the requests in them. After an error,
  // write the output of wire() (it holds the GOAWAY), then close.
  absl::Status Receive(absl::string_view bytes);

  // `elapsed` went by since the last call. Call it before Receive() and Pull():
  // the connection's budgets against floods refill with time, both logs show
  // it, and responses have its `date`. An error (SETTINGS_TIMEOUT) is as one of
  // Receive().
  absl::Status AdvanceTime(absl::Duration elapsed);

  // Moves up to `max_bytes` of body into the output, as the policy decides.
  // Returns how many.
  size_t Pull(size_t max_bytes) { return scheduler_.Pull(max_bytes); }

  // Whether Pull() has more to move.
  bool HasBodies() const { return scheduler_.HasReady(); }

  // Whether there is anything to write, now or by Pull().
  bool HasWork() const;

  // The graceful end: see h2::Connection::Drain().
  void Drain();

  // GOAWAY now.
  void Close(h2::ErrorCode code);

  // Every response is in the output, and no request can follow, since the drain
  // is over or the peer sent GOAWAY. Or a side sent GOAWAY with an error.
  bool Finished() const;

  // The peer acknowledged our SETTINGS, so it speaks HTTP/2.
  bool Established() const { return established_; }

  h2::Connection& wire() { return connection_; }

 private:
  struct Exchange {
    AccessLogEntry entry;  // without method and path if nothing is logged
    absl::Time started;
    bool request_ended = false;
  };

  absl::Status Checked(const absl::Status& status);
  void HandleEvent(const h2::Event& event);
  void HandleRequest(const h2::RequestReceived& request);
  // The response is in the output, or will never be.
  void FinishExchange(const scheduler::StreamDone& done);
  // No method here uses the body of a request.
  void CountUpload(const h2::DataReceived& data);
  scheduler::DataSchedulerOptions WithSinks(
      scheduler::DataSchedulerOptions options);

  StaticFiles* const files_;
  const PriorityRules* const rules_;
  AccessLog* const log_;
  const std::string peer_;
  const std::unique_ptr<trace::TraceFile> trace_;  // null: none
  h2::Connection connection_;
  // Requests without their whole response in the output.
  absl::flat_hash_map<h2::StreamId, Exchange> exchanges_;
  // Bytes of request bodies that still arrive after their response.
  absl::flat_hash_map<h2::StreamId, size_t> uploads_;
  absl::Time now_ = absl::Now();  // at the last AdvanceTime()
  bool established_ = false;
  bool peer_goes_away_ = false;
  scheduler::DataScheduler scheduler_;  // the last: its end finishes exchanges
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_HTTP_CONNECTION_H_
