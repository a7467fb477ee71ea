// A server on a C++ stack of its own asks a policy for the stream to send next.
// The stack is a sketch: no sockets, and frames are lines on standard output.
// Your stack has the functions of Server already; the calls on book_ are new.
//
//   ./bazelw run //examples/own_stack -- rfc7540
//   c++ -std=c++20 own_stack.cc $(pkg-config --cflags --libs sluice)
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/signal_source.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

using ::sluice::scheduler::Grant;
using ::sluice::scheduler::Policy;
using ::sluice::scheduler::StreamBook;
using ::sluice::scheduler::StreamRecord;
using ::sluice::signals::Rfc7540Priority;
using ::sluice::signals::SignalSource;

namespace {

// Bytes that the socket takes at a time.
constexpr size_t kRoom = 4096;

class Server {
 public:
  explicit Server(std::unique_ptr<Policy> policy)
      : policy_(std::move(policy)), book_(policy_.get()) {}

  // HEADERS came, with this priority. False: reset the stream.
  bool OnRequest(uint32_t id, const Rfc7540Priority& priority, size_t size) {
    if (book_.CheckOpen(id) != absl::StatusCode::kOk) return false;
    Response& response = responses_[id];
    response.left = size;
    StreamRecord* record = &response.record;
    book_.Open(id, record);
    if (book_.SetRfc7540(id, record, priority, SignalSource::kHeader) !=
        absl::StatusCode::kOk) {
      Close(id);
      return false;
    }
    book_.SetReady(record);
    return true;
  }

  // A PRIORITY frame came. If the book refuses it, nothing changes.
  void OnPriority(uint32_t id, const Rfc7540Priority& priority) {
    const auto found = responses_.find(id);
    book_.SetRfc7540(
        id, found == responses_.end() ? nullptr : &found->second.record,
        priority, SignalSource::kFrame);
  }

  // WINDOW_UPDATE came.
  void OnWindowUpdate(uint32_t id, size_t bytes) {
    const auto found = responses_.find(id);
    if (found == responses_.end()) return;
    found->second.window += bytes;
    book_.SetReady(&found->second.record);
  }

  // The socket takes `room` bytes. Only now the policy decides whose.
  void OnWritable(size_t room) {
    while (room > 0) {
      const std::optional<Grant> grant = book_.Pick();
      if (!grant.has_value()) return;
      room -= SendData(grant->stream_id, std::min(room, grant->max_bytes));
    }
  }

  bool idle() const { return responses_.empty(); }

 private:
  struct Response {
    StreamRecord record;     // the book's
    size_t left = 0;         // of the body, in bytes
    size_t window = 65'535;  // of the stream
  };

  // One DATA frame. A ready stream has both bytes and window, so the frame is
  // never empty.
  size_t SendData(uint32_t id, size_t max_bytes) {
    Response& response = responses_[id];
    const size_t bytes = std::min({max_bytes, response.left, response.window});
    response.left -= bytes;
    response.window -= bytes;
    std::printf("stream %u: %zu bytes\n", id, bytes);
    book_.Charge(id, &response.record, bytes);
    if (response.left == 0) {
      Close(id);
    } else if (response.window == 0) {
      book_.SetBlocked(&response.record);
    }
    return bytes;
  }

  void Close(uint32_t id) {
    book_.Close(&responses_[id].record);
    responses_.erase(id);
  }

  std::unique_ptr<Policy> policy_;
  StreamBook book_;
  std::map<uint32_t, Response> responses_;
};

}  // namespace

int main(int argc, char** argv) {
  sluice::scheduler::PolicyOptions options;
  // No frame is larger, so no stream waits for a larger frame of another.
  options.max_grant = kRoom;
  absl::StatusOr<std::unique_ptr<Policy>> policy =
      sluice::scheduler::CreatePolicy(argc > 1 ? argv[1] : "rfc7540", options);
  if (!policy.ok()) {
    std::fprintf(stderr, "own_stack: %s\n",
                 std::string(policy.status().message()).c_str());
    return 2;
  }
  Server server(*std::move(policy));
  // Two images share 1:7, until a script goes before both.
  bool accepted = server.OnRequest(1, {.weight = 32}, 40'000) &&
                  server.OnRequest(3, {.weight = 224}, 80'000);
  for (int i = 0; i < 16; ++i) server.OnWritable(kRoom);
  accepted &= server.OnRequest(5, {.weight = 256, .exclusive = true}, 10'000);
  for (int i = 0; i < 3; ++i) server.OnWritable(kRoom);
  // The client lets the second image wait for the first.
  server.OnPriority(3, {.depends_on = 1});
  for (int i = 0; i < 10; ++i) server.OnWritable(kRoom);
  // The rest of the second image is longer than its window.
  server.OnWindowUpdate(3, 65'535);
  while (!server.idle()) server.OnWritable(kRoom);
  return accepted ? 0 : 1;
}
