// A file as a body: its bytes are chosen when its stream is picked, and not
// before.
#ifndef SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_
#define SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_

#include <sluice/scheduler/data_scheduler.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "examples/server/file_cache.h"

namespace sluice::examples {

// Memory for parts of files on their way to the socket. A block is used again
// when nobody else holds it. Not thread-safe.
class BlockPool {
 public:
  // The largest payload of a DATA frame here.
  static constexpr size_t kBlockSize = 16384;
  using Block = std::array<char, kBlockSize>;

  std::shared_ptr<Block> Take();

 private:
  // 1 MB. Blocks beyond these are freed after their use.
  static constexpr size_t kMostBlocks = 64;

  std::vector<std::shared_ptr<Block>> blocks_;
  size_t next_ = 0;  // the one that has been in use the longest
};

// Of a file in memory: gives views of the content. Copies nothing.
class MemorySource : public scheduler::DataSource {
 public:
  explicit MemorySource(std::shared_ptr<const CachedFile> file)
      : file_(std::move(file)) {}

  Chunk Read(size_t max_bytes) override;

 private:
  const std::shared_ptr<const CachedFile> file_;
  size_t offset_ = 0;
};

// Of an open file, read a frame at a time. So a body of any size costs the
// memory of one frame, while it is made. Reads block on the disk.
//
// pread(), not mmap(): with a mapping, a file that becomes shorter would end
// the server by SIGBUS.
class FileSource : public scheduler::DataSource {
 public:
  // Sends `file->size` bytes; those that the file gains later are not sent. If
  // it becomes shorter, the body fails with DataLoss. `blocks` must outlive
  // this object.
  FileSource(std::shared_ptr<CachedFile> file, BlockPool* blocks)
      : file_(std::move(file)), blocks_(blocks) {}

  Chunk Read(size_t max_bytes) override;

 private:
  const std::shared_ptr<CachedFile> file_;
  BlockPool* const blocks_;
  uint64_t offset_ = 0;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_
