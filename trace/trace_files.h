// The decision logs of a program's connections: one file each, in the format of
// trace/json_lines.h, for `sluice replay`.
//
//   TraceFiles files("calls.jsonl", [](StringView fault) { … });
//   // for each connection:
//   absl::StatusOr<LoggedPolicy> logged =
//       CreateLoggedPolicy("rfc7540", options, &files);
//   … logged->policy as any other; logged->log->AdvanceTime(elapsed) …
//
// The first connection writes to calls.jsonl, the next ones to calls.jsonl.2,
// calls.jsonl.3, …: each to the first of these that does not exist, so that no
// log is overwritten and several processes may be given the same name.
//
// A log never disturbs serving. When a file cannot be created or written, the
// fault is reported, once for all files; that log ends with its last whole
// line, and no further one begins. (Ignore SIGXFSZ in a program whose files are
// limited in size.)
#ifndef SLUICE_TRACE_TRACE_FILES_H_
#define SLUICE_TRACE_TRACE_FILES_H_

#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/trace.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace sluice::trace {

using scheduler::CreatePolicy;
using scheduler::Policy;
using scheduler::PolicyOptions;
using scheduler::StringView;
using scheduler::TraceEvent;
using scheduler::TraceSink;

class TraceFile;

// Whether a log can begin at `path`. Error: InvalidArgument, a sentence: its
// folder cannot be written, or what is there is not a regular file.
absl::Status CheckTracePath(const std::string& path);

// Thread-safe.
class TraceFiles {
 public:
  using Report = std::function<void(StringView fault)>;

  TraceFiles(std::string path, Report report)
      : path_(std::move(path)), report_(std::move(report)) {}

  // The files that the environment variable SLUICE_TRACE names when it is first
  // called, with faults reported on standard error; null when it names none.
  // Never destroyed.
  static TraceFiles* FromEnvironment();

  // The next connection's log; null after a fault. `*this` must outlive it.
  std::unique_ptr<TraceFile> Create();

 private:
  friend class TraceFile;
  void Fail(const std::string& path);

  const std::string path_;
  const Report report_;
  std::atomic<uint64_t> next_{1};
  std::atomic<bool> failed_{false};
};

// Not thread-safe: it belongs to its connection. Lines reach the file when 64
// events have gathered, with the first time that is a second later than the
// last lines', and at the end.
class TraceFile : public TraceSink {
 public:
  ~TraceFile() override;
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  // So much time went by, by the caller's clock. Nothing when it is not
  // positive.
  void AdvanceTime(absl::Duration elapsed);

  void Flush();

 private:
  friend class TraceFiles;
  TraceFile(TraceFiles* files, std::string path, std::FILE* file);
  absl::Span<TraceEvent> Room() override;

  TraceFiles& files_;
  const std::string path_;
  std::FILE* file_;          // null: it failed
  uintmax_t file_size_ = 0;  // of whole lines
  std::vector<TraceEvent> room_;
  size_t written_ = 0;  // events of room_ that are in the file
  absl::Duration now_;
  absl::Duration flushed_at_;
};

// A policy and its log, which is null when there is none.
struct LoggedPolicy {
  std::unique_ptr<TraceFile> log;  // outlives the policy
  std::unique_ptr<Policy> policy;
};

// CreatePolicy(), recorded in full in the next of `files` unless that is null.
// Errors: those of CreatePolicy().
absl::StatusOr<LoggedPolicy> CreateLoggedPolicy(StringView spec,
                                                const PolicyOptions& options,
                                                TraceFiles* files);

}  // namespace sluice::trace

#endif  // SLUICE_TRACE_TRACE_FILES_H_
