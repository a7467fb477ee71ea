// A response body that other threads write while the connection sends it.
#ifndef SLUICE_EXAMPLES_THREADS_PIPE_BODY_H_
#define SLUICE_EXAMPLES_THREADS_PIPE_BODY_H_

#include <sluice/scheduler/data_scheduler.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace sluice::examples {

// Its own lock is held for a copy, and never while a thread takes the
// connection's lock, so writers cannot deadlock with the sender.
class Pipe {
 public:
  // From any thread. Call DataScheduler::Resume() for the stream after it.
  void Write(absl::string_view bytes, bool end = false) {
    const std::lock_guard<std::mutex> lock(mutex_);
    data_.Append(bytes);
    end_ = end;
  }

  scheduler::DataSource::Chunk Read(size_t max_bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    scheduler::DataSource::Chunk chunk;
    const size_t size = std::min(max_bytes, data_.size());
    chunk.data = data_.Subcord(0, size);
    data_.RemovePrefix(size);
    chunk.end = end_ && data_.empty();
    return chunk;
  }

 private:
  std::mutex mutex_;
  absl::Cord data_;
  bool end_ = false;
};

class PipeBody : public scheduler::DataSource {
 public:
  explicit PipeBody(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  Chunk Read(size_t max_bytes) override { return pipe_->Read(max_bytes); }

 private:
  const std::shared_ptr<Pipe> pipe_;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_THREADS_PIPE_BODY_H_
