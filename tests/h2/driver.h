// Drives connections without sockets.
//
// Replay() gives one connection a sequence of bytes three times: whole, one
// byte at a time, and cut at random; a test that uses it fails when the three
// differ in events, output or error. Pair joins a client and a server by two
// byte pipes with the same kinds of cuts.
#ifndef SLUICE_TESTS_H2_DRIVER_H_
#define SLUICE_TESTS_H2_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "h2/connection.h"
#include "h2/events.h"
#include "h2/options.h"
#include "tests/h2/describe.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::testing {

// Where a pipe cuts what goes through it.
class Cuts {
 public:
  enum class Kind { kWhole, kEveryByte, kRandom };
  explicit Cuts(Kind kind, uint32_t seed = 1) : kind_(kind), random_(seed) {}

  // The size of the next piece of `available` bytes, at least 1.
  size_t Next(size_t available);

 private:
  Kind kind_;
  std::mt19937 random_;
};

// One connection and everything it said.
class Endpoint {
 public:
  explicit Endpoint(ConnectionOptions options);

  Connection& operator*() { return *connection_; }
  Connection* operator->() { return connection_.get(); }

  // Feeds `bytes` in pieces; keeps the events and the first error.
  void Receive(absl::string_view bytes, Cuts cuts = Cuts(Cuts::Kind::kWhole));

  // Events since the last call, as values and as texts.
  std::vector<Event> TakeEvents();
  std::vector<std::string> TakeEventTexts();

  // Frames sent since the last call; consumes the output.
  std::vector<std::string> TakeFrames();

  // Consumes the output; TakeFrames() still knows about these bytes.
  std::string TakeOutput();

  const absl::Status& status() const { return status_; }

 private:
  std::unique_ptr<Connection> connection_;
  std::vector<Event> events_;
  absl::Status status_;
  FrameReader reader_;
  std::vector<std::string> frames_;
};

struct ReplayResult {
  std::vector<std::string> events;
  std::vector<std::string> frames;
  absl::Status status;
};

// Runs `prepare` (may be null) on a fresh connection, then feeds `bytes` whole,
// byte by byte, and cut at random, and expects the same each time. Frames and
// events of `prepare` are dropped.
ReplayResult Replay(const ConnectionOptions& options,
                    const std::function<void(Endpoint&)>& prepare,
                    absl::string_view bytes);

// Options of a server / a client.
ConnectionOptions ServerOptions();
ConnectionOptions ClientOptions();

// Has initiated, and got a preface and SETTINGS from its peer and an
// acknowledgement; all that is taken out of `endpoint` again.
void Handshake(Endpoint& endpoint, bool is_client);

class Pair {
 public:
  explicit Pair(ConnectionOptions client = ClientOptions(),
                ConnectionOptions server = ServerOptions(),
                Cuts cuts = Cuts(Cuts::Kind::kWhole));

  // Carries bytes to and fro until neither has any. Initiates both at first.
  void Pump();

  Endpoint client;
  Endpoint server;

 private:
  Cuts cuts_;
};

}  // namespace sluice::h2::testing

#endif  // SLUICE_TESTS_H2_DRIVER_H_
