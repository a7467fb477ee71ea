// Drives connections without sockets, cutting the bytes at chosen places.
//
// A test of one connection plays the peer's bytes and its own calls under every
// feeding (all at once, byte by byte, random cuts); events, frames written and
// statuses must be the same each time:
//
//   UnderEveryFeeding(ServerOptions(), [](Player& server) {
//     server.Handshake();
//     server.Receive(HeadersFrame(1, Block(Get())));
//     EXPECT_THAT(server.TakeEvents(), ElementsAre(…));
//     ASSERT_TRUE(server->SendHeaders(1, Status("200")).ok());
//     EXPECT_THAT(server.TakeFrames(), ElementsAre("HEADERS 1 {…}"));
//   });
//
// A test of two joins them by a Pipe, under every feeding too.
#ifndef SLUICE_TESTS_H2_DRIVER_H_
#define SLUICE_TESTS_H2_DRIVER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tests/h2/frame_text.h"
#include "tests/h2/kept_events.h"

namespace sluice::h2::tests {

// How bytes are cut on their way into a connection.
class Feeding {
 public:
  static Feeding Whole();
  static Feeding OneByte();
  // Pieces of 1 to 64 bytes, sometimes up to 4096.
  static Feeding Random(uint32_t seed);
  // The three ways, with three seeds.
  static std::vector<Feeding> All();
  // One of All(), another in each round of a test program that its BUILD rule
  // runs with `args = EVERY_FEEDING`: for tests whose fixture or loop leaves no
  // place for UnderEveryFeeding().
  static Feeding OfThisRound();

  const std::string& name() const { return name_; }

  // The length of the next piece of `available` (≥ 1) bytes.
  size_t Next(size_t available);

 private:
  enum class Kind { kWhole, kOneByte, kRandom };
  Feeding(Kind kind, std::string name, uint32_t seed);

  Kind kind_;
  std::string name_;
  std::mt19937 random_;
};

// The defaults.
ConnectionOptions ServerOptions();
ConnectionOptions ClientOptions();

// A connection whose peer is the test.
class Player {
 public:
  Player(const ConnectionOptions& options, Feeding feeding);

  Connection* operator->() { return &connection_; }
  Connection& operator*() { return connection_; }
  Side side() const { return side_; }

  // InitiateConnection(), the peer's preface and SETTINGS and its ACK of ours;
  // what came of it is dropped.
  void Handshake(const std::vector<Setting>& peer_settings = {});

  // Feeds `bytes` in pieces. Where they cut a DATA frame, its events become
  // one. After a failure the rest is not fed; the status is noted (see
  // TakeEvents()) and returned.
  absl::Status Receive(absl::string_view bytes);

  // The texts of the events since the last call. A failed Receive() stands
  // among them, as `ERROR FlowControl FLOW_CONTROL_ERROR stream 1`.
  std::vector<std::string> TakeEvents();

  // The same events as they are, without errors.
  KeptEvents TakeRawEvents();

  // Takes the output and returns its frames' texts.
  std::vector<std::string> TakeFrames();

  // Reads what the connection writes.
  FrameReader& reader() { return reader_; }

  // Everything so far, for comparing one feeding with another.
  const std::vector<std::string>& log() const { return log_; }

 private:
  void Note(std::string line);

  Connection connection_;
  Side side_;
  Feeding feeding_;
  FrameReader reader_;
  KeptEvents raw_events_;
  std::vector<std::string> events_;
  std::vector<std::string> log_;
};

// `ERROR FlowControl FLOW_CONTROL_ERROR stream 1`, or `OK`.
std::string StatusText(const absl::Status& status);

// Runs `body` once per feeding on a fresh connection, stops at the first one
// that fails an expectation, and expects the same log of each.
void UnderEveryFeeding(const ConnectionOptions& options,
                       const std::function<void(Player&)>& body);
// The same after the handshake.
void Ready(const ConnectionOptions& options,
           const std::function<void(Player&)>& body);

// Two connections joined by a byte pipe.
class Pipe {
 public:
  Pipe(const ConnectionOptions& client_options,
       const ConnectionOptions& server_options, Feeding feeding);

  Player& client() { return client_; }
  Player& server() { return server_; }

  // InitiateConnection() of both, and Run(); the events are dropped.
  void Handshake();

  // Moves output both ways until there is none. Expects no failure.
  void Run();

 private:
  bool Move(Player* from, Player* to);

  Player client_;
  Player server_;
};

void UnderEveryFeeding(const ConnectionOptions& client_options,
                       const ConnectionOptions& server_options,
                       const std::function<void(Pipe&)>& body);

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_DRIVER_H_
