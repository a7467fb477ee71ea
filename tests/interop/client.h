// A blocking HTTP/2 client over a real socket: h2::Connection at our end, the
// example server at the other. For tests that count arriving bytes.
#ifndef SLUICE_TESTS_INTEROP_CLIENT_H_
#define SLUICE_TESTS_INTEROP_CLIENT_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace sluice::interop {

struct ClientOptions {
  // Bytes of the whole connection and of each stream that the server may have
  // under way; what was received is given back at once.
  uint32_t connection_window = 65535;
  uint32_t stream_window = 0x7fffffff;
  // SO_RCVBUF in bytes; 0 leaves the system's.
  int receive_buffer = 0;
  // The most bytes that are read from the socket at once.
  size_t read_size = 65536;
};

class Client {
 public:
  // Connects to 127.0.0.1. Like every method here, it fails the running test
  // and ends the process's part in it by CHECK-like abort when the system
  // fails.
  Client(int port, const ClientOptions& options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Queues a GET; nothing is written before Next() waits.
  h2::StreamId Get(
      absl::string_view path,
      std::optional<signals::Rfc7540Priority> priority = std::nullopt);

  h2::Connection& connection() { return connection_; }

  // The server's next event, whose views end at the next call. Writes the
  // output and waits until there is one; nothing at the end of the connection.
  std::optional<h2::Event> Next();

 private:
  void Flush();

  const ClientOptions options_;
  int fd_ = -1;
  h2::Connection connection_;
  std::string buffer_;
  std::deque<h2::Event> events_;
};

}  // namespace sluice::interop

#endif  // SLUICE_TESTS_INTEROP_CLIENT_H_
