// A static file server over HTTP/2, to copy from. Asio moves the bytes, OpenSSL
// encrypts them, h2::Connection reads them, and scheduler::DataScheduler
// decides whose body goes next, by the policy that the command line names.
//
//   server --root site --port 8080 --policy rfc7540
//   server --root site --port 8443 --tls_cert cert.pem --tls_key key.pem
//
// The first line on standard output has the address:
//   listening on http://127.0.0.1:8080/
// Standard error has one line for each request (see access_log.h). Exit status:
// 0 after SIGINT or SIGTERM, 1 when it cannot listen, 2 for a bad command line.
#include <sluice/scheduler/registry.h>

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/server/server.h"
#include "examples/server/server_options.h"
#include "support/command_line.h"
#include "support/paths.h"

ABSL_FLAG(std::string, root, ".", "the folder whose files are served");
ABSL_FLAG(int, port, 8080, "the TCP port to listen on; 0 picks a free one");
ABSL_FLAG(std::string, bind, "127.0.0.1",
          "the numeric address to listen on; 0.0.0.0 or :: for every one");
ABSL_FLAG(std::string, policy, "auto",
          "the policy, which picks the stream to send next: NAME, or "
          "NAME:OPTION=VALUE,…");
ABSL_FLAG(
    std::string, priority_rules, "",
    "the server's priorities over the clients', as in \"type text/css: u=0, "
    "weight=256; path /img/: u=6, i, weight=8\"");
ABSL_FLAG(std::string, tls_cert, "",
          "PEM file with the certificate chain; without it, cleartext HTTP/2 "
          "by prior knowledge");
ABSL_FLAG(std::string, tls_key, "", "PEM file with the certificate's key");
ABSL_FLAG(int, notsent_lowat, 16384,
          "TCP_NOTSENT_LOWAT: with as many bytes unsent in the kernel, no more "
          "are chosen; 0 leaves the system's setting");
ABSL_FLAG(int, max_frame_size, 16384,
          "the largest DATA frame's payload, in bytes: a policy that takes "
          "turns takes them by frames");
ABSL_FLAG(std::string, trace, "",
          "writes the first connection's decision log to this file, the next "
          "ones' to FILE.2, FILE.3, …, for `sluice replay`; files that exist "
          "stay, and their numbers are passed over; without it, SLUICE_TRACE "
          "in the environment names the file");
ABSL_FLAG(bool, access_log, true, "a line on standard error for each request");
ABSL_FLAG(int, threads, 1,
          "threads that serve; the kernel spreads the connections over them");
ABSL_FLAG(int, max_connections, 1000,
          "the most connections at once; more wait in the kernel");
ABSL_FLAG(absl::Duration, setup_timeout, absl::Seconds(10),
          "the longest time until a new connection acknowledges our SETTINGS");
ABSL_FLAG(absl::Duration, idle_timeout, absl::Seconds(60),
          "the longest silence of a connection, in both directions");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(30),
          "the longest time for responses to finish after SIGINT or SIGTERM");

namespace {

constexpr char kProgram[] = "server";

std::string Usage() {
  std::string text =
      "Serves the files of a folder over HTTP/2.\n\n"
      "  server --root DIR --port N [--policy NAME] [--tls_cert F --tls_key F]"
      "\n\nPolicies:\n";
  for (const auto& entry : sluice::scheduler::RegisteredPolicies()) {
    absl::StrAppend(&text, "  ", entry.name, ": ", entry.summary, "\n");
  }
  return text;
}

// Each connection needs a descriptor, and each file that is too large for
// memory. The usual soft limit is 1,024.
void RaiseDescriptorLimit() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur,
                                    std::min<rlim_t>(limit.rlim_max, 1 << 18));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sluice::examples;  // NOLINT: this is its main()
  using namespace sluice::support;   // NOLINT
  const std::vector<std::string> rest = ParseFlagsOrExit(argc, argv, Usage());
  if (!rest.empty()) {
    ExitBadCommandLine(
        kProgram, absl::StrCat("'", rest.front(), "' is no flag, see --help"));
  }
  ServerOptions options;
  options.root = ResolveUserPath(absl::GetFlag(FLAGS_root));
  options.bind = absl::GetFlag(FLAGS_bind);
  options.port = absl::GetFlag(FLAGS_port);
  options.policy = absl::GetFlag(FLAGS_policy);
  options.priority_rules = absl::GetFlag(FLAGS_priority_rules);
  options.tls_cert = ResolveUserPath(absl::GetFlag(FLAGS_tls_cert));
  options.tls_key = ResolveUserPath(absl::GetFlag(FLAGS_tls_key));
  options.trace = ResolveUserPath(absl::GetFlag(FLAGS_trace));
  options.notsent_lowat = absl::GetFlag(FLAGS_notsent_lowat);
  options.max_frame_size = absl::GetFlag(FLAGS_max_frame_size);
  options.access_log = absl::GetFlag(FLAGS_access_log);
  options.threads = absl::GetFlag(FLAGS_threads);
  options.max_connections = absl::GetFlag(FLAGS_max_connections);
  options.setup_timeout = absl::GetFlag(FLAGS_setup_timeout);
  options.idle_timeout = absl::GetFlag(FLAGS_idle_timeout);
  options.drain_timeout = absl::GetFlag(FLAGS_drain_timeout);

  // A log must not end the server: one whose reader goes, or one that reaches a
  // limit on the size of files.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  RaiseDescriptorLimit();
  try {
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Create(std::move(options));
    if (absl::IsUnavailable(server.status())) {
      std::cerr << kProgram << ": " << server.status().message() << "\n";
      return EXIT_FAILURE;
    }
    if (!server.ok()) {
      ExitBadCommandLine(kProgram, server.status().message());
    }
    std::cout << "listening on " << (*server)->Url() << std::endl;
    if (const int cut = (*server)->Run(); cut > 0) {
      std::cerr << kProgram << ": stopped with " << cut
                << (cut == 1 ? " connection" : " connections")
                << " unfinished\n";
    }
  } catch (const std::system_error& error) {
    std::cerr << kProgram << ": " << error.what() << "\n";
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
