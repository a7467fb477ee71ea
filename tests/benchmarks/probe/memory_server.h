// Our own core as a server in memory, with a fault if you like, and what runs a
// client of the probe against it. Time is counted, not measured.
#ifndef SLUICE_TESTS_BENCHMARKS_PROBE_MEMORY_SERVER_H_
#define SLUICE_TESTS_BENCHMARKS_PROBE_MEMORY_SERVER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/bodies.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/registry.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/probe/client.h"
#include "gtest/gtest.h"

namespace sluice::probe {

inline constexpr size_t kBody = size_t{400} * 1024;

struct Response {
  std::string body;
  std::vector<h2::Header> fields = {};
  std::string status = "200";
  bool has_length = true;
};

struct ServerOptions {
  std::string policy = "auto";
  // May change an event on its way to the scheduler; false drops it.
  std::function<bool(h2::Event*)> fault = nullptr;
  // Puts everything that the windows allow on the wire at once.
  bool drains_early = false;
  // Begins no response while the connection's window is closed.
  bool holds_back = false;
  uint32_t most_streams = 100;
  int64_t* received = nullptr;  // counts the bytes that the client got
  std::map<std::string, Response> pages = {
      {"/big", {.body = std::string(kBody, 'x')}}};
};

class MemoryServer {
 public:
  explicit MemoryServer(const ServerOptions& options)
      : options_(options),
        connection_({.side = h2::Side::kServer,
                     .settings = {{h2::SettingId::kMaxConcurrentStreams,
                                   options.most_streams}}}),
        scheduler_(&connection_, *scheduler::CreatePolicy(options.policy)) {
    connection_.InitiateConnection().IgnoreError();
  }

  void Receive(absl::string_view bytes) {
    std::vector<h2::Event> events;
    ASSERT_TRUE(connection_.ReceiveData(bytes, &events).ok());
    for (h2::Event& event : events) {
      if (options_.fault != nullptr && !options_.fault(&event)) continue;
      scheduler_.OnEvent(event);
      if (auto* request = std::get_if<h2::RequestReceived>(&event)) {
        waiting_.emplace_back(request->stream_id,
                              *request->headers.Find(":path"));
      }
    }
    if (!options_.holds_back || connection_.CapacityFor(0).window > 0) {
      for (const auto& [id, path] : waiting_) Answer(id, path);
      waiting_.clear();
    }
  }

  // At most one DATA frame, and what else waits.
  std::string Send() {
    scheduler_.Pull(16384);
    return connection_.DataToSend();
  }

 private:
  void Answer(h2::StreamId id, const std::string& path) {
    const auto page = options_.pages.find(path);
    if (page == options_.pages.end()) {
      ASSERT_TRUE(
          connection_
              .SendHeaders(id, {{":status", "404"}}, {.end_stream = true})
              .ok());
      return;
    }
    const Response& response = page->second;
    std::vector<h2::Header> fields = {{":status", response.status},
                                      {"server", "memory"}};
    if (response.has_length) {
      fields.push_back({"content-length", absl::StrCat(response.body.size())});
    }
    fields.insert(fields.end(), response.fields.begin(), response.fields.end());
    ASSERT_TRUE(
        scheduler_
            .Submit(id, fields,
                    std::make_unique<scheduler::StringBody>(response.body))
            .ok());
  }

  const ServerOptions& options_;
  h2::Connection connection_;
  scheduler::DataScheduler scheduler_;
  std::vector<std::pair<h2::StreamId, std::string>> waiting_;
};

// A turn moves what was written, and takes a millisecond; a slow read takes its
// time. When nothing moves, the client's next time comes.
inline absl::Status Conduct(const ServerOptions& options, Client* client) {
  constexpr int kMostTurns = 20'000;
  MemoryServer server(options);
  const size_t most_read =
      client->slow_read_bytes() > 0 ? client->slow_read_bytes() : kBody;
  std::string wire;
  absl::Duration now = absl::ZeroDuration();
  absl::Status status = client->Start(now);
  for (int i = 0; i < kMostTurns && status.ok() && !client->done(); ++i) {
    server.Receive(client->connection().DataToSend());
    while (wire.size() < 16384 || options.drains_early) {
      const std::string sent = server.Send();
      if (sent.empty()) break;
      wire += sent;
    }
    if (wire.empty()) {
      now = std::max(now, client->wake_at());
      status = client->OnTime(now);
      continue;
    }
    now += client->slow_read_bytes() > 0 ? Client::kSlowRead
                                         : absl::Milliseconds(1);
    const std::string bytes = wire.substr(0, most_read);
    wire.erase(0, most_read);
    if (options.received != nullptr) {
      *options.received += static_cast<int64_t>(bytes.size());
    }
    status = client->Receive(bytes, now);
  }
  return status.ok() && !client->done()
             ? absl::DeadlineExceededError("it never ends")
             : status;
}

}  // namespace sluice::probe

#endif  // SLUICE_TESTS_BENCHMARKS_PROBE_MEMORY_SERVER_H_
