// A client and a server connection joined in memory, of which one sends bodies:
// carries bytes between them, and checks what arrives.
#ifndef SLUICE_TESTS_FUZZ_JOINED_PAIR_H_
#define SLUICE_TESTS_FUZZ_JOINED_PAIR_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>

#include "absl/status/status.h"
#include "tests/fuzz/checked_policy.h"
#include "tests/fuzz/fuzz_input.h"

namespace sluice::fuzz {

// The byte of stream `id` at `offset`.
inline char ByteAt(h2::StreamId id, uint64_t offset) {
  return static_cast<char>(id * 31 + offset * 7 + (offset >> 8));
}

struct Body {
  uint64_t size = 0;
  uint64_t read = 0;
  uint64_t received = 0;
  bool stalled = false;  // gave nothing, and was not resumed since
  bool alive = false;
  bool ended = false;   // END_STREAM, or trailers, reached the peer
  bool reset = false;   // by a call on either side, or seen by the peer
  bool failed = false;  // its source cannot go on, or broke its contract
};

struct JoinedPair {
  // The client sends bodies if `uploads`, else the server does. A `patient`
  // connection has no limit that the other one, which keeps the rules, could
  // break.
  JoinedPair(Input* input, bool uploads, bool patient);

  // Carries what one wrote to the other. The sender's events go to `on_event`.
  void ToSender(const std::function<void(const h2::Event&)>& on_event);
  void ToReceiver(size_t bytes);

  bool Over() const { return server.IsTerminated() || client.IsTerminated(); }

  const bool uploads;
  const bool patient;
  size_t control_mark = 0;  // of the sender
  size_t data_mark = 0;
  h2::Connection client;
  h2::Connection server;
  h2::Connection& sender;
  h2::Connection& receiver;
  std::map<h2::StreamId, Body> bodies;
  std::map<h2::StreamId, Said> said;
  bool closed = false;  // by a call, with an error

 private:
  h2::ConnectionOptions Options(Input* input, h2::Side side);
  void CheckPeer(const h2::Connection& connection, const absl::Status& status);
  void CheckFault(const h2::Event& event) const;

  bool client_over_ = false;
  bool server_over_ = false;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_TESTS_FUZZ_JOINED_PAIR_H_
