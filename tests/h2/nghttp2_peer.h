// libnghttp2's own session as the peer of one of our connections, in memory.
#ifndef SLUICE_TESTS_H2_NGHTTP2_PEER_H_
#define SLUICE_TESTS_H2_NGHTTP2_PEER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/h2/driver.h"

struct nghttp2_session;

namespace sluice::h2::tests {

// A message to send: headers, body, and trailers unless there are none.
struct Message {
  std::vector<Header> headers;
  std::string body;
  std::vector<Header> trailers = {};
};

class Nghttp2Peer {
 public:
  // `side` is nghttp2's. `settings` are the first SETTINGS it sends.
  Nghttp2Peer(Side side, const std::vector<Setting>& settings = {});
  ~Nghttp2Peer();
  Nghttp2Peer(const Nghttp2Peer&) = delete;
  Nghttp2Peer& operator=(const Nghttp2Peer&) = delete;

  // Whether this libnghttp2 sends priorities in HEADERS, and both sends and
  // reports PRIORITY frames: up to 1.64.
  static bool HasRfc7540Priorities();

  // The arrivals, one line for each whole message or frame:
  //   HEADERS 1 {:status: 200}       TRAILERS 1 {x: y}
  //   DATA 1 END_STREAM              END 1 <body>   CLOSE 1 NO_ERROR
  //   PRIORITY 3 priority(dep 1, weight 5)
  //   SETTINGS, SETTINGS ACK, PING "12345678", PING ACK "12345678",
  //   GOAWAY last 1 NO_ERROR, RST_STREAM 1 CANCEL,
  //   PUSH_PROMISE 1 promises 2 {…}, INVALID FRAME …
  std::vector<std::string> TakeLog();

  // The body received on a stream so far.
  const std::string& body(StreamId id) { return bodies_[id]; }

  // All return the stream's id, and abort on misuse.
  StreamId Request(
      const Message& message,
      std::optional<signals::Rfc7540Priority> priority = std::nullopt);
  void Respond(StreamId id, const Message& message);
  void Inform(StreamId id, const std::vector<Header>& headers);
  StreamId Promise(StreamId parent, const std::vector<Header>& request);
  void Prioritize(StreamId id, const signals::Rfc7540Priority& priority);
  void Reset(StreamId id, ErrorCode code);
  void Settings(const std::vector<Setting>& settings);
  void Ping(absl::string_view data);
  void GoAway(StreamId last, ErrorCode code);
  void WindowUpdate(StreamId id, int increment);
  void PadEveryFrame(size_t pad_length) { pad_length_ = pad_length; }

  // Moves bytes both ways until neither has any. Expects no failure.
  void Exchange(Player* ours);

  // Our side sends `body` on `id`, as much as windows and output have room for
  // at a time.
  void ReceiveBody(Player* ours, StreamId id, absl::string_view body,
                   SendDataOptions options);

  // The bytes of this side on `id`; the peer acknowledges them as they arrive.
  // Returns the body.
  std::string SendBody(Player* ours, StreamId id);

  // Whether it has nothing more to read or write: the connection is done.
  bool done() const;

 private:
  friend struct Nghttp2Callbacks;

  struct Outgoing {
    std::string body;
    size_t sent = 0;
    std::vector<Header> trailers;
  };
  struct Delete {
    void operator()(nghttp2_session* session) const;
  };

  std::string TakeOutput();
  void Receive(absl::string_view bytes);

  std::unique_ptr<nghttp2_session, Delete> session_;
  size_t pad_length_ = 0;
  std::map<StreamId, Outgoing> outgoing_;
  std::map<StreamId, std::string> bodies_;
  std::vector<Header> headers_;
  std::vector<std::string> log_;
};

// Runs `body` once per feeding on a connection of ours and a session of
// nghttp2's that have shaken hands.
void AgainstNghttp2(
    const ConnectionOptions& options, const std::vector<Setting>& peer_settings,
    const std::function<void(Player& ours, Nghttp2Peer& peer)>& body);

// "abc…zabc…" of that length.
std::string Pattern(size_t size);

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_NGHTTP2_PEER_H_
