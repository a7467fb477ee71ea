// One thread's share of the server: it accepts connections and serves them.
#ifndef SLUICE_EXAMPLES_SERVER_WORKER_H_
#define SLUICE_EXAMPLES_SERVER_WORKER_H_

#include <sluice/trace/trace_files.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "asio/io_context.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/steady_timer.hpp"
#include "examples/server/access_log.h"
#include "examples/server/priority_rules.h"
#include "examples/server/server_options.h"
#include "examples/server/session.h"
#include "examples/server/static_files.h"
#include "examples/server/tls_context.h"
#include "examples/server/transport.h"

namespace sluice::examples {

// All workers read it. It outlives them.
struct SharedByWorkers {
  ServerOptions options;
  PriorityRules rules;
  TlsContext tls;  // null: cleartext
  trace::TraceFiles* traces = nullptr;
};

// Shares nothing that changes with other workers: it has its own sockets, its
// own files in memory and its own log lines. So threads need no locks. Each
// method but the constructor runs on the worker's thread, as does `on_drained`;
// use context() to get there.
class Worker {
 public:
  // `max_connections` and `files` are this worker's share.
  Worker(const SharedByWorkers* shared, std::unique_ptr<StaticFiles> files,
         int max_connections);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before the thread runs. With `share_port` other workers may listen at the
  // same endpoint, and the kernel spreads the connections (SO_REUSEPORT).
  // Error: Unavailable.
  absl::Status Listen(const asio::ip::tcp::endpoint& endpoint, bool share_port);
  asio::ip::tcp::endpoint Endpoint() const;

  void Accept();

  // Takes no new connections, sends GOAWAY on the open ones, and finishes their
  // responses. `on_drained` runs when none is left.
  void Drain(std::function<void()> on_drained);

  // Closes all connections now, and returns their number.
  int CutSessions();

  asio::io_context& context() { return io_context_; }

 private:
  void StartSession(asio::ip::tcp::socket socket);
  void OnSessionClosed(Session* session);
  std::vector<std::shared_ptr<Session>> OpenSessions() const;

  const SharedByWorkers& shared_;
  const std::unique_ptr<StaticFiles> files_;
  const size_t max_connections_;
  asio::io_context io_context_{1};
  AccessLog log_;
  asio::ip::tcp::acceptor acceptor_{io_context_};
  asio::steady_timer accept_timer_{io_context_};
  absl::flat_hash_map<Session*, std::shared_ptr<Session>> sessions_;
  std::array<char, 64 * 1024> buffer_;  // input, of any session
  TransportScratch scratch_;            // of any session
  std::function<void()> on_drained_;    // not null: draining
  bool accepting_ = false;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_WORKER_H_
