#include "tests/scheduler/session.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sluice::scheduler::testing {

DataSource::Chunk Bytes(size_t size, bool end) {
  DataSource::Chunk chunk;
  chunk.data = absl::Cord(std::string(size, 'x'));
  chunk.end = end;
  return chunk;
}

DataSource::Chunk BytesSource::Read(size_t max_bytes) {
  const uint64_t size = std::min<uint64_t>(left_, max_bytes);
  const bool end = end_alone_ ? left_ == 0 : size == left_;
  left_ -= size;
  return Bytes(size, end);
}

Session::Session(SessionOptions options)
    : Session(*CreatePolicy(options.policy), options) {}

Session::Session(std::unique_ptr<Policy> policy, SessionOptions options)
    : client_(options.client),
      server_(options.server),
      scheduler_(std::make_unique<DataScheduler>(&server_, std::move(policy),
                                                 options.scheduler)) {
  EXPECT_TRUE(client_.InitiateConnection().ok());
  EXPECT_TRUE(server_.InitiateConnection().ok());
  ToServer();
  ToClient();
  ToServer();
  Take();
}

SessionOptions StreamWindowsOf(uint32_t size, absl::string_view policy) {
  SessionOptions options;
  options.policy = std::string(policy);
  options.client.settings = {{h2::SettingId::kInitialWindowSize, size}};
  return options;
}

h2::StreamId SendGet(h2::Connection& client,
                     const std::optional<signals::Rfc7540Priority>& priority,
                     const std::vector<h2::Header>& more) {
  const absl::StatusOr<h2::StreamId> id = client.GetNextAvailableStreamId();
  EXPECT_TRUE(id.ok());
  std::vector<h2::Header> headers = {{":method", "GET"},
                                     {":scheme", "https"},
                                     {":authority", "example.org"},
                                     {":path", "/"}};
  headers.insert(headers.end(), more.begin(), more.end());
  EXPECT_TRUE(
      client
          .SendHeaders(*id, headers, {.end_stream = true, .priority = priority})
          .ok());
  return *id;
}

h2::StreamId Session::Request(std::optional<signals::Rfc7540Priority> priority,
                              std::vector<h2::Header> more) {
  const h2::StreamId id = SendGet(client_, priority, more);
  ToServer();
  return id;
}

h2::StreamId Session::Serve(std::unique_ptr<DataSource> body,
                            SubmitOptions options) {
  const h2::StreamId id = Request();
  EXPECT_TRUE(Respond(id, std::move(body), std::move(options)).ok());
  return id;
}

void Session::OpenWindow(h2::StreamId id, uint32_t increment) {
  EXPECT_TRUE(client_.IncrementFlowControlWindow(id, increment).ok());
  ToServer();
}

absl::Status Session::Respond(h2::StreamId id, std::unique_ptr<DataSource> body,
                              SubmitOptions options) {
  return scheduler_->Submit(id, {{":status", "200"}}, std::move(body),
                            std::move(options));
}

void Session::ToServer() {
  std::vector<h2::Event> events;
  server_.ReceiveData(client_.DataToSend(), &events).IgnoreError();
  for (const h2::Event& event : events) scheduler_->OnEvent(event);
}

void Session::ToClient() {
  std::vector<h2::Event> events;
  const absl::Status status =
      client_.ReceiveData(server_.DataToSend(), &events);
  EXPECT_TRUE(status.ok()) << status;
  for (const h2::Event& event : events) {
    if (const auto* headers = std::get_if<h2::ResponseReceived>(&event)) {
      absl::StrAppend(&log_, " H", headers->stream_id,
                      headers->stream_ended ? "." : "");
    } else if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
      absl::StrAppend(&log_, " ", data->stream_id, ":", data->data.size(),
                      data->stream_ended ? "." : "");
      received_.emplace_back(data->stream_id, data->data.size());
    } else if (const auto* trailers =
                   std::get_if<h2::TrailersReceived>(&event)) {
      absl::StrAppend(&log_, " T", trailers->stream_id);
    } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
      absl::StrAppend(&log_, " R", reset->stream_id, "=",
                      static_cast<uint32_t>(reset->error_code));
    }
  }
}

void Session::Drain(size_t rounds, size_t max_bytes) {
  for (size_t round = 0; round < rounds; ++round) {
    const uint64_t frames = scheduler_->counters().frames;
    scheduler_->Pull(max_bytes);
    const bool moved = scheduler_->counters().frames > frames;
    ToClient();
    if (!moved) break;
  }
}

std::string Session::Take() {
  std::string log = std::move(log_);
  log_.clear();
  return log.empty() ? log : log.substr(1);
}

uint64_t Session::received(h2::StreamId id) const {
  uint64_t sum = 0;
  for (const auto& [stream, bytes] : received_) {
    if (stream == id) sum += bytes;
  }
  return sum;
}

}  // namespace sluice::scheduler::testing
