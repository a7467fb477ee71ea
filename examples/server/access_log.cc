#include "examples/server/access_log.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/server/second_formatter.h"

namespace sluice::examples {
namespace {

constexpr size_t kFlushAt = 64 * 1024;

std::string FormatTimestamp(absl::Time time) {
  thread_local SecondFormatter seconds("%Y-%m-%dT%H:%M:%S");
  const absl::string_view until_second = seconds.Format(time);
  const int64_t milliseconds = absl::ToUnixMillis(time) % 1000;
  return absl::StrCat(until_second, ".",
                      absl::Dec(milliseconds, absl::kZeroPad3), "Z");
}

}  // namespace

std::string CutForLog(absl::string_view text) {
  return absl::StrCat(text.substr(0, kMostLogged),
                      text.size() > kMostLogged ? "..." : "");
}

std::string FormatAccessLogEntry(const AccessLogEntry& entry) {
  const int64_t tenths = entry.took / absl::Microseconds(100);
  return absl::StrCat(FormatTimestamp(entry.finished), " ", entry.peer, " ",
                      entry.stream_id, " \"", absl::CHexEscape(entry.method),
                      " ", absl::CHexEscape(entry.path), "\" ", entry.status,
                      " ", entry.body_bytes, " ", tenths / 10, ".", tenths % 10,
                      "ms ", entry.outcome, "\n");
}

std::string FormatConnectionError(absl::Time when, absl::string_view peer,
                                  absl::string_view error) {
  return absl::StrCat(FormatTimestamp(when), " ", peer,
                      " - connection error: ", absl::CHexEscape(error), "\n");
}

AccessLog::AccessLog(int fd, std::function<void()> on_first_line)
    : fd_(fd), on_first_line_(std::move(on_first_line)) {}

AccessLog::~AccessLog() { Flush(); }

void AccessLog::Add(const AccessLogEntry& entry) {
  if (fd_ >= 0) AddLine(FormatAccessLogEntry(entry));
}

void AccessLog::AddConnectionError(absl::Time when, absl::string_view peer,
                                   absl::string_view error) {
  if (fd_ >= 0) AddLine(FormatConnectionError(when, peer, error));
}

void AccessLog::AddLine(std::string line) {
  const bool first = lines_.empty();
  lines_ += line;
  if (lines_.size() >= kFlushAt) {
    Flush();
  } else if (first) {
    on_first_line_();
  }
}

void AccessLog::Flush() {
  // A pipe takes long texts in pieces.
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  absl::string_view rest = lines_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(written);
  }
  lines_.clear();
}

}  // namespace sluice::examples
