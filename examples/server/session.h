// One accepted connection: its socket, its deadlines, and its end.
//
// Pull late. A session chooses body bytes only when the socket can take them
// (with TCP_NOTSENT_LOWAT: when little is unsent in the kernel), and as many as
// the link takes at once (late_binding.h), so that a more urgent response can
// still go first. All requests of one read are answered by one write.
#ifndef SLUICE_EXAMPLES_SERVER_SESSION_H_
#define SLUICE_EXAMPLES_SERVER_SESSION_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "asio/io_context.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/steady_timer.hpp"
#include "examples/server/http_connection.h"
#include "examples/server/late_binding.h"
#include "examples/server/transport.h"

namespace sluice::examples {

struct SessionTimeouts {
  // From the accepted connection to the peer's acknowledgement of our SETTINGS:
  // TLS handshake and preface. Not shorter than the connection's own
  // settings_timeout.
  std::chrono::milliseconds setup;
  // The longest silence in both directions.
  std::chrono::milliseconds idle;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `max_frame` is the payload of the largest DATA frame. Sessions of one
  // thread share `buffer` as scratch space. `on_closed` runs once, when the
  // socket is closed; it may drop the last reference.
  Session(asio::ip::tcp::socket socket, std::unique_ptr<Transport> transport,
          std::unique_ptr<HttpConnection> http, size_t max_frame,
          SessionTimeouts timeouts, absl::Span<char> buffer,
          std::function<void(Session*)> on_closed);

  // Call once, through a shared_ptr.
  void Start();

  // Finishes the responses and takes no more requests. Closes a connection that
  // is not set up yet.
  void Drain();

  // Closes now.
  void Abort();

 private:
  enum class State {
    kHandshake,  // of TLS
    kOpen,       // requests and responses
    kFlushing,   // writing the last of the output; input is dropped
    kLingering,  // our side is shut; waiting for the peer to close its own
    kClosed,
  };

  void OnReadable();
  void OnWritable();
  void WaitReadable();
  // Calls OnReadable() after the other handlers that are ready.
  void ReadSoon();
  // One of both, after a read that emptied the socket.
  void WaitForRequests();
  void WaitWritable();

  void ContinueHandshake();
  void ReadRequests();
  void DiscardInput();
  void Write();
  // Chooses what the next write carries.
  void ChooseBodies();
  // If the last answer is too old.
  void AskAboutLink();

  // Writes the rest of the output, shuts our side, and waits a little for the
  // peer's end. A socket that is closed with unread bytes in it sends RST,
  // which would destroy a GOAWAY on its way to the peer.
  void Finish();
  void Linger();

  // Tells the connection the time since the last call. An error ends the
  // session.
  absl::Status AdvanceTime();
  void Touch();
  void WaitForDeadline();
  void OnDeadline();

  asio::ip::tcp::socket socket_;
  const std::unique_ptr<Transport> transport_;
  const std::unique_ptr<HttpConnection> http_;
  const SessionTimeouts timeouts_;
  const absl::Span<char> buffer_;
  const std::function<void(Session*)> on_closed_;
  asio::steady_timer timer_;
  // Moves with every byte. The timer reads it only when it expires, so a move
  // costs nothing.
  std::chrono::steady_clock::time_point deadline_;
  // The time as told to the connection, once a turn.
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  LateBinding binding_;
  State state_ = State::kHandshake;
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
  bool reading_paused_ = false;
  bool refused_ = false;     // the socket did not take all of the last write
  bool early_read_ = false;  // the next read comes without a wait
  int waits_ = 0;            // before the next early read
  int backoff_ = 0;          // waits after the next early read in vain
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_SESSION_H_
