// The server: its options, its threads, and its end in good order.
#ifndef SLUICE_EXAMPLES_SERVER_SERVER_H_
#define SLUICE_EXAMPLES_SERVER_SERVER_H_

#include <sluice/trace/trace_files.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "asio/io_context.hpp"
#include "asio/signal_set.hpp"
#include "asio/steady_timer.hpp"
#include "examples/server/priority_rules.h"
#include "examples/server/server_options.h"
#include "examples/server/tls_context.h"
#include "examples/server/worker.h"

namespace sluice::examples {

class Server {
 public:
  // Checks the options, opens the root and listens. Errors: Unavailable (cannot
  // listen there); InvalidArgument, NotFound, PermissionDenied and
  // FailedPrecondition name the wrong option in a sentence. Throws
  // std::system_error when the system has no descriptor left. From now on Run()
  // handles SIGINT and SIGTERM.
  static absl::StatusOr<std::unique_ptr<Server>> Create(ServerOptions options);

  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "http://127.0.0.1:8080/".
  std::string Url() const;

  // Serves until SIGINT or SIGTERM, then drains: takes no new connections,
  // sends GOAWAY on the open ones, and finishes their responses. Cuts the
  // connections that are left after drain_timeout or at the second signal, and
  // returns their number. Throws std::system_error, before it serves anybody to
  // the end, when the system gives no thread.
  int Run();

 private:
  Server(ServerOptions options, PriorityRules rules, TlsContext tls);

  absl::Status AddWorkers();
  absl::Status Listen();
  void WaitForSignal();
  void BeginDrain();
  void OnWorkerDrained();
  void CutSessions();

  std::optional<trace::TraceFiles> traces_;
  SharedByWorkers shared_;
  // The first one runs on the thread of Run(), and handles the signals.
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<asio::signal_set> signals_;
  std::optional<asio::steady_timer> drain_timer_;
  bool draining_ = false;
  size_t drained_ = 0;  // workers
  std::atomic<int> cut_ = 0;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_SERVER_H_
