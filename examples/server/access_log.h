// One line for each request, and one for each connection that broke.
#ifndef SLUICE_EXAMPLES_SERVER_ACCESS_LOG_H_
#define SLUICE_EXAMPLES_SERVER_ACCESS_LOG_H_

#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace sluice::examples {

struct AccessLogEntry {
  absl::Time finished;
  absl::Duration
      took;  // from the request's last header to the body's last byte
  absl::string_view peer;  // address:port
  h2::StreamId stream_id = 0;
  std::string method;  // see CutForLog()
  std::string path;
  int status = 0;
  uint64_t body_bytes = 0;  // handed to the transport
  std::string outcome;      // "complete", "reset CANCEL", "closed"
};

// The first 1,024 bytes of a peer's text, and "..." for the rest. HPACK names a
// path of 4,000 bytes by one: without a bound a client would write a log a
// thousand times as long as its requests.
inline constexpr size_t kMostLogged = 1024;
std::string CutForLog(absl::string_view text);

// `2026-03-01T12:00:00.250Z 127.0.0.1:5000 1 "GET /a" 200 1024 3.2ms complete`
// and a line feed. The peer's bytes are escaped, so a request makes one line
// only.
std::string FormatAccessLogEntry(const AccessLogEntry& entry);

// `2026-03-01T12:00:00.250Z 127.0.0.1:5000 - connection error: …`.
std::string FormatConnectionError(absl::Time when, absl::string_view peer,
                                  absl::string_view error);

// Gathers lines and writes them in one piece. Writing blocks as the descriptor
// does. Not thread-safe, but the logs of several threads may have the same
// descriptor: all write in turn, so that lines stay whole.
class AccessLog {
 public:
  // `fd` is not owned; −1 drops everything. `on_first_line` is called when
  // there are lines to flush again; it should have Flush() called soon.
  AccessLog(int fd, std::function<void()> on_first_line);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // Whether lines go anywhere.
  bool enabled() const { return fd_ >= 0; }

  void Add(const AccessLogEntry& entry);
  void AddConnectionError(absl::Time when, absl::string_view peer,
                          absl::string_view error);

  // Writes the gathered lines. They are lost when the descriptor fails.
  void Flush();

 private:
  void AddLine(std::string line);

  const int fd_;
  const std::function<void()> on_first_line_;
  std::string lines_;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_ACCESS_LOG_H_
