// The bodies of the server's files.
#ifndef SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_
#define SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_

#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/file_body.h>

#include <cstddef>
#include <memory>
#include <utility>

#include "examples/server/file_cache.h"

namespace sluice::examples {

// Of an open file, which the cache opens anew when it cannot be read to its
// end.
class FileSource : public scheduler::DataSource {
 public:
  // `blocks` must outlive this object.
  FileSource(std::shared_ptr<CachedFile> file, scheduler::BlockPool* blocks)
      : file_(std::move(file)),
        body_(file_->file.get(), file_->size,
              {.owns_file = false, .blocks = blocks}) {}

  Chunk Read(size_t max_bytes) override {
    Chunk chunk = body_.Read(max_bytes);
    if (!chunk.status.ok()) file_->outdated = true;
    return chunk;
  }

 private:
  const std::shared_ptr<CachedFile> file_;
  scheduler::FileBody body_;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_
