// A client and a server connection joined in memory, the server's bodies under
// a DataScheduler. The frames that the client gets are written down in short:
//
//   "1:16384 3:100. 1:20."   DATA of stream 1, of 3 with END_STREAM, of 1 …
//   "T1"                     trailers        "R1=8"   RST_STREAM with CANCEL
//   "H1" / "H1."             response headers, without and with END_STREAM
#ifndef SLUICE_TESTS_SCHEDULER_SESSION_H_
#define SLUICE_TESTS_SCHEDULER_SESSION_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler::testing {

// `size` bytes; END comes with the last of them, or alone.
class BytesSource : public DataSource {
 public:
  explicit BytesSource(uint64_t size, bool end_alone = false)
      : left_(size), end_alone_(end_alone) {}
  Chunk Read(size_t max_bytes) override;

 private:
  uint64_t left_;
  const bool end_alone_;
};

// Its chunks are those of a function. Sets `*destroyed` when it dies.
class ScriptSource : public DataSource {
 public:
  using Script = std::function<Chunk(size_t max_bytes)>;
  explicit ScriptSource(Script script, bool* destroyed = nullptr)
      : script_(std::move(script)), destroyed_(destroyed) {}
  ~ScriptSource() override {
    if (destroyed_ != nullptr) *destroyed_ = true;
  }
  Chunk Read(size_t max_bytes) override { return script_(max_bytes); }

 private:
  Script script_;
  bool* destroyed_;
};

DataSource::Chunk Bytes(size_t size, bool end = false);

struct SessionOptions {
  std::string policy = "rr";
  h2::ConnectionOptions client = {.side = h2::Side::kClient};
  h2::ConnectionOptions server = {.side = h2::Side::kServer};
  DataSchedulerOptions scheduler = {};
};

// With windows of `size` bytes for each stream.
SessionOptions StreamWindowsOf(uint32_t size, absl::string_view policy = "rr");

// Sends a GET; its stream.
h2::StreamId SendGet(
    h2::Connection& client,
    const std::optional<signals::Rfc7540Priority>& priority = std::nullopt,
    const std::vector<h2::Header>& more = {});

class Session {
 public:
  // The handshake is done.
  explicit Session(SessionOptions options = {});
  // With a policy of the test's own.
  Session(std::unique_ptr<Policy> policy, SessionOptions options);

  h2::Connection& client() { return client_; }
  h2::Connection& server() { return server_; }
  DataScheduler& scheduler() { return *scheduler_; }

  // Sends a GET, which reaches the server; its stream.
  h2::StreamId Request(
      std::optional<signals::Rfc7540Priority> priority = std::nullopt,
      std::vector<h2::Header> more = {});

  // Answers with 200 and a body.
  absl::Status Respond(h2::StreamId id, std::unique_ptr<DataSource> body,
                       SubmitOptions options = {});
  absl::Status Respond(h2::StreamId id, uint64_t bytes) {
    return Respond(id, std::make_unique<BytesSource>(bytes));
  }

  // Both: a GET that is answered with 200 and a body; its stream.
  h2::StreamId Serve(std::unique_ptr<DataSource> body,
                     SubmitOptions options = {});
  h2::StreamId Serve(uint64_t bytes) {
    return Serve(std::make_unique<BytesSource>(bytes));
  }

  // The client opens a window further, which reaches the server.
  void OpenWindow(h2::StreamId id, uint32_t increment);

  // Carries the client's output to the server and its scheduler.
  void ToServer();

  // Carries the server's output to the client.
  void ToClient();

  // Pulls into an output that the client empties at once, `rounds` times or
  // until nothing comes.
  void Drain(size_t rounds = 1000000, size_t max_bytes = 1 << 20);

  // The frames that the client got since the last call.
  std::string Take();

  // Payload bytes of the stream that the client got so far.
  uint64_t received(h2::StreamId id) const;

 private:
  h2::Connection client_;
  h2::Connection server_;
  std::unique_ptr<DataScheduler> scheduler_;
  std::string log_;
  std::vector<std::pair<h2::StreamId, uint64_t>> received_;
};

}  // namespace sluice::scheduler::testing

#endif  // SLUICE_TESTS_SCHEDULER_SESSION_H_
