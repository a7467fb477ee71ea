// One way to share a connection among threads: a mutex around it.
//
// h2::Connection and scheduler::DataScheduler are not thread-safe, on purpose.
// Here every call takes the same lock, so any thread may submit and resume, and
// one thread carries the bytes. That is simple, and enough while calls are
// short: a body's Read() runs under the lock, so it must not wait.
//
// The other way is examples/threads/mailbox_session.h.
#ifndef SLUICE_EXAMPLES_THREADS_LOCKED_SESSION_H_
#define SLUICE_EXAMPLES_THREADS_LOCKED_SESSION_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::examples {

class LockedSession {
 public:
  explicit LockedSession(std::unique_ptr<scheduler::Policy> policy)
      : connection_({.side = h2::Side::kServer}),
        scheduler_(&connection_, std::move(policy)) {
    connection_.InitiateConnection().IgnoreError();
  }

  // The thread that reads the socket. Returns the streams of new requests.
  std::vector<h2::StreamId> Receive(absl::string_view bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<h2::Event> events;
    // After an error the output holds a GOAWAY with the reason.
    connection_.ReceiveData(bytes, &events).IgnoreError();
    std::vector<h2::StreamId> requests;
    for (const h2::Event& event : events) {
      scheduler_.OnEvent(event);
      if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
        requests.push_back(request->stream_id);
      }
    }
    connection_.EndViews();
    return requests;
  }

  // The thread that writes to the socket. Returns the bytes to write now.
  std::string TakeOutput(size_t max_bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    scheduler_.Pull(max_bytes);
    return connection_.DataToSend();
  }

  // Any thread.
  absl::Status Respond(h2::StreamId id,
                       std::unique_ptr<scheduler::DataSource> body) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return scheduler_.Submit(id, {{":status", "200"}}, std::move(body));
  }
  void Resume(h2::StreamId id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    scheduler_.Resume(id);
  }

 private:
  std::mutex mutex_;
  h2::Connection connection_;
  scheduler::DataScheduler scheduler_;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_THREADS_LOCKED_SESSION_H_
