// Binds an h2::Connection, a Policy and the bodies: which stream's DATA goes
// into the output buffer next, decided as late as it can be.
//
//   DataScheduler scheduler(&connection, std::move(policy));
//   // after every read from the socket:
//   connection.ReceiveData(bytes, &events);
//   for (const h2::Event& event : events) {
//     scheduler.OnEvent(event);        // keep windows and priorities in step
//     … scheduler.Submit(id, headers, std::move(body));
//   }
//   // when the socket can take bytes, and only then:
//   scheduler.Pull(room); … write connection's output …
//
// Not thread-safe: it belongs to whoever owns the connection.
#ifndef SLUICE_SCHEDULER_DATA_SCHEDULER_H_
#define SLUICE_SCHEDULER_DATA_SCHEDULER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "h2/connection.h"
#include "h2/events.h"
#include "scheduler/policy.h"

namespace sluice::scheduler {

// A body that is read when its stream is picked, and not before.
class DataSource {
 public:
  struct Chunk {
    absl::Cord data;   // at most the bytes asked for
    bool end = false;  // nothing follows; `data` may be empty
    // Non-OK: the body cannot be finished. The stream is reset with
    // INTERNAL_ERROR and the source destroyed.
    absl::Status status;
  };

  virtual ~DataSource() = default;

  // At most `max_bytes` (≥ 1). Empty and not `end` means "nothing now": the
  // stream is blocked until DataScheduler::Resume(). May call back into the
  // DataScheduler that reads it (Submit, Resume, Cancel, …), its own stream
  // included; it is not destroyed before Read() returns.
  virtual Chunk Read(size_t max_bytes) = 0;
};

struct SubmitOptions {
  ResourceHints hints;
  std::optional<ServerPriority> server;
  std::vector<h2::Header> trailers;  // sent after the last byte of the body
};

struct DataSchedulerOptions {
  // The largest DATA payload of one frame, in bytes; the policy's max_grant,
  // the peer's MAX_FRAME_SIZE and the windows bound it too.
  size_t max_frame_size = 16384;
};

class DataScheduler {
 public:
  // `connection` must outlive this object.
  DataScheduler(h2::Connection* connection, std::unique_ptr<Policy> policy,
                DataSchedulerOptions options = {});
  ~DataScheduler();
  DataScheduler(const DataScheduler&) = delete;
  DataScheduler& operator=(const DataScheduler&) = delete;

  // Give every event of the connection here, in order, before acting on it.
  void OnEvent(const h2::Event& event);

  // Sends `headers` on stream `id` at once and its body as the policy decides.
  // `body` null: headers with END_STREAM. On an error (the connection's own,
  // see Connection::SendHeaders) nothing is sent and the body is destroyed.
  absl::Status Submit(h2::StreamId id, h2::HeaderSpan headers,
                      std::unique_ptr<DataSource> body,
                      SubmitOptions options = {});

  // The body of `id` has bytes again. Unknown ids are ignored.
  void Resume(h2::StreamId id);

  // Resets the stream and drops its body. Unknown ids are ignored.
  void Cancel(h2::StreamId id, h2::ErrorCode code = h2::ErrorCode::kCancel);

  // The application's own priority over the client's; nothing: takes it back.
  absl::Status SetServerPriority(h2::StreamId id,
                                 std::optional<ServerPriority> server);

  // Later knowledge about a response.
  absl::Status SetHints(h2::StreamId id, const ResourceHints& hints);

  // Picks streams and moves DATA frames into the connection's output, until
  // the output's high-water mark, `max_bytes` of payload, or nothing being
  // ready. Call it when the socket can take bytes, and only then. Returns the
  // payload bytes moved; an END_STREAM frame without payload counts 0.
  size_t Pull(size_t max_bytes);

  // Whether Pull() would do something now, given room in the output.
  bool HasReady() const;

  // Streams that were submitted with a body and are not finished.
  size_t ActiveBodies() const;

  // Called once for each DATA frame, after it went into the output: for
  // traces, reports and tests. Not re-entrant.
  struct Decision {
    h2::StreamId stream_id = 0;
    size_t bytes = 0;
    bool end_stream = false;
    PickReason reason;
  };
  void SetObserver(std::function<void(const Decision&)> observer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_DATA_SCHEDULER_H_
