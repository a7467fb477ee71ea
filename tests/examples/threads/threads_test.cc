// Both ways to share a connection among threads, with bodies that other threads
// write while they are sent. Meant for ThreadSanitizer (--config=tsan);
// Debian's Abseil is not instrumented, so the locks are std::mutex.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "examples/threads/locked_session.h"
#include "examples/threads/mailbox_session.h"
#include "examples/threads/pipe_body.h"
#include "gtest/gtest.h"

namespace sluice::examples {
namespace {

constexpr int kStreams = 24;
constexpr int kWriters = 4;
constexpr size_t kPiece = 700;
constexpr size_t kPieces = 60;

// The peer of the session under test.
class Client {
 public:
  Client() {
    EXPECT_TRUE(connection_.InitiateConnection().ok());
    for (int i = 0; i < kStreams; ++i) {
      EXPECT_TRUE(connection_
                      .SendHeaders(2 * i + 1,
                                   {{":method", "GET"},
                                    {":scheme", "https"},
                                    {":authority", "example.org"},
                                    {":path", "/"}},
                                   {.end_stream = true})
                      .ok());
    }
  }

  void Receive(absl::string_view bytes) {
    std::vector<h2::Event> events;
    EXPECT_TRUE(connection_.ReceiveData(bytes, &events).ok());
    for (const h2::Event& event : events) {
      const auto* data = std::get_if<h2::DataReceived>(&event);
      if (data == nullptr) continue;
      received_[data->stream_id] += data->data.size();
      ended_ += data->stream_ended;
      EXPECT_TRUE(connection_
                      .AcknowledgeReceivedData(data->stream_id,
                                               data->flow_controlled_length)
                      .ok());
    }
  }

  std::string Output() { return connection_.DataToSend(); }
  bool Done() const { return ended_ == kStreams; }

  void ExpectEverything() const {
    EXPECT_EQ(received_.size(), size_t{kStreams});
    for (const auto& [id, bytes] : received_) {
      EXPECT_EQ(bytes, kPiece * kPieces) << id;
    }
  }

 private:
  h2::Connection connection_{{.side = h2::Side::kClient}};
  std::map<h2::StreamId, uint64_t> received_;
  int ended_ = 0;
};

// Threads that each write the bodies of some streams, piece by piece.
class Writers {
 public:
  Writers(const std::map<h2::StreamId, std::shared_ptr<Pipe>>& pipes,
          const std::function<void(h2::StreamId)>& resume) {
    for (int writer = 0; writer < kWriters; ++writer) {
      threads_.emplace_back([&pipes, resume, writer] {
        const std::string piece(kPiece, 'x');
        for (size_t i = 0; i < kPieces; ++i) {
          for (const auto& [id, pipe] : pipes) {
            if (static_cast<int>(id / 2) % kWriters != writer) continue;
            pipe->Write(piece, i + 1 == kPieces);
            resume(id);
          }
        }
      });
    }
  }
  ~Writers() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::vector<std::thread> threads_;
};

std::map<h2::StreamId, std::shared_ptr<Pipe>> Pipes() {
  std::map<h2::StreamId, std::shared_ptr<Pipe>> pipes;
  for (int i = 0; i < kStreams; ++i) {
    pipes[2 * i + 1] = std::make_shared<Pipe>();
  }
  return pipes;
}

TEST(ThreadsTest, ManyThreadsWriteThroughOneLockedSession) {
  Client client;
  LockedSession session(*scheduler::CreatePolicy("rr"));
  const auto pipes = Pipes();
  for (const h2::StreamId id : session.Receive(client.Output())) {
    ASSERT_TRUE(
        session.Respond(id, std::make_unique<PipeBody>(pipes.at(id))).ok());
  }
  {
    const Writers writers(pipes,
                          [&session](h2::StreamId id) { session.Resume(id); });
    while (!client.Done()) {
      client.Receive(session.TakeOutput(65536));
      session.Receive(client.Output());
    }
  }
  client.ExpectEverything();
}

TEST(ThreadsTest, ManyThreadsPostToTheOwnerOfOneSession) {
  Client client;
  const auto pipes = Pipes();
  std::mutex mutex;
  std::string wire;  // from the session to the client; guarded by mutex
  MailboxSession session(*scheduler::CreatePolicy("rr"),
                         [&mutex, &wire](std::string output) {
                           const std::lock_guard<std::mutex> lock(mutex);
                           wire += output;
                         });
  const auto send = [&session, &pipes](std::string bytes) {
    session.Post([bytes = std::move(bytes), &pipes](
                     h2::Connection& connection,
                     scheduler::DataScheduler& scheduler) {
      std::vector<h2::Event> events;
      connection.ReceiveData(bytes, &events).IgnoreError();
      for (const h2::Event& event : events) {
        scheduler.OnEvent(event);
        if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
          EXPECT_TRUE(scheduler
                          .Submit(request->stream_id, {{":status", "200"}},
                                  std::make_unique<PipeBody>(
                                      pipes.at(request->stream_id)))
                          .ok());
        }
      }
    });
  };
  send(client.Output());
  {
    const Writers writers(pipes, [&session](h2::StreamId id) {
      session.Post([id](h2::Connection&, scheduler::DataScheduler& scheduler) {
        scheduler.Resume(id);
      });
    });
    while (!client.Done()) {
      std::string bytes;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        bytes.swap(wire);
      }
      if (bytes.empty()) {
        std::this_thread::yield();
        continue;
      }
      client.Receive(bytes);
      std::string answer = client.Output();
      if (!answer.empty()) send(std::move(answer));
    }
  }
  client.ExpectEverything();
}

}  // namespace
}  // namespace sluice::examples
