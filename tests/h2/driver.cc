#include "tests/h2/driver.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "h2/connection.h"
#include "h2/events.h"
#include "h2/options.h"
#include "tests/h2/describe.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::testing {

size_t Cuts::Next(size_t available) {
  switch (kind_) {
    case Kind::kWhole:
      return available;
    case Kind::kEveryByte:
      return 1;
    case Kind::kRandom:
      break;
  }
  std::uniform_int_distribution<size_t> size(1,
                                             std::min<size_t>(available, 40));
  return size(random_);
}

Endpoint::Endpoint(ConnectionOptions options)
    : connection_(std::make_unique<Connection>(std::move(options))) {}

void Endpoint::Receive(absl::string_view bytes, Cuts cuts) {
  while (!bytes.empty()) {
    const size_t size = cuts.Next(bytes.size());
    // A copy of exactly these bytes, so that a sanitizer sees a read beyond.
    const std::vector<char> piece(bytes.begin(), bytes.begin() + size);
    const absl::Status status =
        connection_->ReceiveData({piece.data(), piece.size()}, &events_);
    if (status_.ok()) status_ = status;
    bytes.remove_prefix(size);
  }
}

std::vector<Event> Endpoint::TakeEvents() { return std::exchange(events_, {}); }

std::vector<std::string> Endpoint::TakeEventTexts() {
  return Describe(TakeEvents());
}

std::string Endpoint::TakeOutput() {
  std::string output = connection_->DataToSend();
  for (std::string& frame : reader_.Read(output)) {
    frames_.push_back(std::move(frame));
  }
  return output;
}

std::vector<std::string> Endpoint::TakeFrames() {
  TakeOutput();
  return std::exchange(frames_, {});
}

ReplayResult Replay(const ConnectionOptions& options,
                    const std::function<void(Endpoint&)>& prepare,
                    absl::string_view bytes) {
  const auto run = [&](Cuts cuts) {
    Endpoint endpoint(options);
    if (prepare) prepare(endpoint);
    endpoint.TakeEvents();
    endpoint.TakeFrames();
    endpoint.Receive(bytes, cuts);
    return ReplayResult{endpoint.TakeEventTexts(), endpoint.TakeFrames(),
                        endpoint.status()};
  };
  const ReplayResult whole = run(Cuts(Cuts::Kind::kWhole));
  const auto expect_same = [&](Cuts cuts, const char* how) {
    const ReplayResult other = run(cuts);
    EXPECT_EQ(other.events, whole.events) << how;
    EXPECT_EQ(other.frames, whole.frames) << how;
    EXPECT_EQ(other.status, whole.status) << how;
  };
  expect_same(Cuts(Cuts::Kind::kEveryByte), "fed byte by byte");
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    expect_same(Cuts(Cuts::Kind::kRandom, seed), "cut at random");
  }
  return whole;
}

ConnectionOptions ServerOptions() {
  ConnectionOptions options;
  options.side = Side::kServer;
  return options;
}

ConnectionOptions ClientOptions() {
  ConnectionOptions options;
  options.side = Side::kClient;
  return options;
}

void Handshake(Endpoint& endpoint, bool is_client) {
  ASSERT_TRUE(endpoint->InitiateConnection().ok());
  if (!is_client) endpoint.Receive(Preface());
  endpoint.Receive(Settings({}));
  endpoint.Receive(SettingsAck());
  ASSERT_TRUE(endpoint.status().ok()) << endpoint.status();
  endpoint.TakeEvents();
  endpoint.TakeFrames();
}

Pair::Pair(ConnectionOptions client_options, ConnectionOptions server_options,
           Cuts cuts)
    : client(std::move(client_options)),
      server(std::move(server_options)),
      cuts_(cuts) {
  EXPECT_TRUE(client->InitiateConnection().ok());
  EXPECT_TRUE(server->InitiateConnection().ok());
  Pump();
}

void Pair::Pump() {
  while (client->OutputSize() > 0 || server->OutputSize() > 0) {
    server.Receive(client.TakeOutput(), cuts_);
    client.Receive(server.TakeOutput(), cuts_);
  }
}

}  // namespace sluice::h2::testing
