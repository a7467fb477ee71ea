// Accepts connections, gives each a Session, and ends them in good order.
#ifndef SLUICE_EXAMPLES_SERVER_SERVER_H_
#define SLUICE_EXAMPLES_SERVER_SERVER_H_

#include <sluice/trace/trace_files.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "asio/io_context.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/signal_set.hpp"
#include "asio/steady_timer.hpp"
#include "examples/server/access_log.h"
#include "examples/server/priority_rules.h"
#include "examples/server/session.h"
#include "examples/server/static_files.h"
#include "examples/server/tls_context.h"

namespace sluice::examples {

struct ServerOptions {
  std::string root = ".";
  std::string bind = "127.0.0.1";  // a numeric address
  int port = 0;                    // 0: the system picks a free one
  std::string policy = "rfc7540";  // see scheduler/registry.h
  std::string priority_rules;      // see priority_rules.h
  std::string tls_cert;            // PEM; with tls_key, or neither
  std::string tls_key;
  std::string trace;           // the first decision log's file; "": no logs
  int notsent_lowat = 16384;   // bytes; 0 leaves the system's own
  bool access_log = true;      // to standard error
  int max_connections = 1000;  // more wait in the kernel's queue
  absl::Duration setup_timeout = absl::Seconds(10);
  absl::Duration idle_timeout = absl::Seconds(60);
  absl::Duration drain_timeout = absl::Seconds(30);
};

class Server {
 public:
  // Checks the options, opens the root and listens. Errors: Unavailable (cannot
  // listen there); InvalidArgument, NotFound, PermissionDenied and
  // FailedPrecondition name the wrong option in a sentence. From now on Run()
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
  // returns their number.
  int Run();

 private:
  Server(ServerOptions options, StaticFiles files, PriorityRules rules,
         TlsContext tls);

  absl::Status Listen();
  void Accept();
  void StartSession(asio::ip::tcp::socket socket);
  void OnSessionClosed(Session* session);
  void WaitForSignal();
  void BeginDrain();
  void CutSessions();

  const ServerOptions options_;
  const StaticFiles files_;
  const PriorityRules rules_;
  const TlsContext tls_;  // null: cleartext
  std::optional<trace::TraceFiles> traces_;
  asio::io_context io_context_{1};
  AccessLog log_;
  asio::ip::tcp::acceptor acceptor_{io_context_};
  asio::signal_set signals_{io_context_};
  asio::steady_timer accept_timer_{io_context_};
  asio::steady_timer drain_timer_{io_context_};
  absl::flat_hash_map<Session*, std::shared_ptr<Session>> sessions_;
  std::array<char, 64 * 1024> buffer_;  // input, of any session
  bool accepting_ = false;
  bool draining_ = false;
  int cut_ = 0;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_SERVER_H_
