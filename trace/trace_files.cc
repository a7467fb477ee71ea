#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/record.h>
#include <sluice/trace/trace_files.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace sluice::trace {
namespace {

using scheduler::kMaxTraceTime;
using scheduler::TraceTime;

constexpr size_t kRoom = 64;  // events

// A folder, or a device. An older log is a file, and stays.
bool IsNoFile(const std::string& path) {
  std::error_code error;
  const auto there = std::filesystem::status(path, error);
  return std::filesystem::exists(there) &&
         !std::filesystem::is_regular_file(there);
}

}  // namespace

absl::Status CheckTracePath(const std::string& path) {
  const std::filesystem::path folder =
      std::filesystem::path(path).parent_path();
  std::error_code error;
  if (access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  } else if (IsNoFile(path)) {
    error = std::make_error_code(std::errc::file_exists);
  }
  if (!error) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("cannot write ", path, ": ", error.message()));
}

TraceFiles* TraceFiles::FromEnvironment() {
  static TraceFiles* const files = []() -> TraceFiles* {
    // Null for a program that runs with more rights than its caller.
    const char* path = ::secure_getenv("SLUICE_TRACE");
    if (path == nullptr || *path == '\0') return nullptr;
    return new TraceFiles(path, [](StringView fault) {
      std::fprintf(stderr, "sluice: %.*s\n", static_cast<int>(fault.size()),
                   fault.data());
    });
  }();
  return files;
}

std::unique_ptr<TraceFile> TraceFiles::Create() {
  while (!failed_) {
    const uint64_t number = next_++;
    std::string path = number == 1 ? path_ : absl::StrCat(path_, ".", number);
    // 'x': fails when the file exists. 'e': programs that this one starts do
    // not inherit it.
    std::FILE* file = std::fopen(path.c_str(), "wxe");
    if (file != nullptr) {
      return std::unique_ptr<TraceFile>(
          new TraceFile(this, std::move(path), file));
    }
    if (errno != EEXIST || IsNoFile(path)) Fail(path);
  }
  return nullptr;
}

void TraceFiles::Fail(const std::string& path) {
  const int error = errno;
  if (failed_.exchange(true)) return;
  report_(absl::StrCat("cannot write the decision log ", path, ": ",
                       std::strerror(error), "; no further log begins"));
}

TraceFile::TraceFile(TraceFiles* files, std::string path, std::FILE* file)
    : files_(*files), path_(std::move(path)), file_(file), room_(kRoom) {
  std::setbuf(file_, nullptr);  // Flush() writes whole lines, or nothing
}

TraceFile::~TraceFile() {
  Flush();
  if (file_ != nullptr) std::fclose(file_);
}

absl::Span<TraceEvent> TraceFile::Room() {
  Flush();
  written_ = 0;
  return absl::MakeSpan(room_);
}

void TraceFile::AdvanceTime(absl::Duration elapsed) {
  if (elapsed <= absl::ZeroDuration()) return;
  now_ = std::min(now_ + elapsed, absl::Nanoseconds(kMaxTraceTime));
  Write(TraceTime{absl::ToInt64Nanoseconds(now_)});
  if (now_ - flushed_at_ >= absl::Seconds(1)) Flush();
}

void TraceFile::Flush() {
  flushed_at_ = now_;
  if (file_ == nullptr) return;
  std::string lines;
  for (; written_ < handed_out(); ++written_) {
    const TraceEvent& event = room_[written_];
    // Of times in a row the last one counts.
    if (std::holds_alternative<TraceTime>(event) &&
        written_ + 1 < handed_out() &&
        std::holds_alternative<TraceTime>(room_[written_ + 1])) {
      continue;
    }
    absl::StrAppend(&lines, TraceEventToJson(event), "\n");
  }
  if (std::fwrite(lines.data(), 1, lines.size(), file_) == lines.size()) {
    file_size_ += lines.size();
    return;
  }
  files_.Fail(path_);
  // Half a line is worse than none.
  static_cast<void>(!ftruncate(fileno(file_), static_cast<off_t>(file_size_)));
  std::fclose(std::exchange(file_, nullptr));
}

absl::StatusOr<LoggedPolicy> CreateLoggedPolicy(StringView spec,
                                                const PolicyOptions& options,
                                                TraceFiles* files) {
  // A spec that is refused leaves no file behind.
  absl::StatusOr<std::unique_ptr<Policy>> policy = CreatePolicy(spec, options);
  if (!policy.ok()) return policy.status();
  LoggedPolicy logged;
  if (files != nullptr) logged.log = files->Create();
  if (logged.log != nullptr) {
    policy = CreateRecordedPolicy(spec, options, logged.log.get());
    if (!policy.ok()) return policy.status();
  }
  logged.policy = *std::move(policy);
  return logged;
}

}  // namespace sluice::trace
