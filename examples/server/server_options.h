// The server's command line, see main.cc.
#ifndef SLUICE_EXAMPLES_SERVER_SERVER_OPTIONS_H_
#define SLUICE_EXAMPLES_SERVER_SERVER_OPTIONS_H_

#include <string>

#include "absl/time/time.h"

namespace sluice::examples {

struct ServerOptions {
  std::string root = ".";
  std::string bind = "127.0.0.1";  // a numeric address
  int port = 0;                    // 0: the system picks a free one
  std::string policy = "auto";     // see scheduler/registry.h
  std::string priority_rules;      // see priority_rules.h
  std::string tls_cert;            // PEM; with tls_key, or neither
  std::string tls_key;
  std::string trace;           // the first decision log's file; "": no logs
  int notsent_lowat = 16384;   // bytes; 0 leaves the system's own
  int max_frame_size = 16384;  // bytes of DATA payload
  bool access_log = true;      // to standard error
  int threads = 1;
  // Of all threads. More wait in the kernel's queue.
  int max_connections = 1000;
  absl::Duration setup_timeout = absl::Seconds(10);
  absl::Duration idle_timeout = absl::Seconds(60);
  absl::Duration drain_timeout = absl::Seconds(30);
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_SERVER_OPTIONS_H_
