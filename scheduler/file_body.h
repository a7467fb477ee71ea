// A file as a body: its bytes are read when its stream is picked, and not
// before. So a body of any size costs the memory of the frames that wait.
//
//   scheduler.SubmitOrReset(id, headers, std::make_unique<FileBody>(fd, size));
//
// Reads block on the disk. pread(), not mmap(): with a mapping, a file that
// becomes shorter would end the server by SIGBUS.
#ifndef SLUICE_SCHEDULER_FILE_BODY_H_
#define SLUICE_SCHEDULER_FILE_BODY_H_

#include <sluice/scheduler/data_scheduler.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::scheduler {

// Memory for parts of files on their way to the socket. A block is used again
// when nobody else holds it. Not thread-safe.
class BlockPool {
 public:
  static constexpr size_t kBlockSize = 16384;
  using Block = std::array<char, kBlockSize>;

  // At most `most` blocks are kept; others are freed after their use.
  explicit BlockPool(size_t most = 64) : most_(most) {}

  std::shared_ptr<Block> Take();

 private:
  const size_t most_;
  std::vector<std::shared_ptr<Block>> blocks_;
  size_t next_ = 0;  // the one that has been in use the longest
};

struct FileBodyOptions {
  uint64_t offset = 0;    // of the first byte
  bool owns_file = true;  // closes it at the end
  // Many bodies may share one, which must outlive them; null: each keeps a
  // block of its own.
  BlockPool* blocks = nullptr;
};

class FileBody : public DataSource {
 public:
  // Sends `size` bytes of the open `file`; those that it gains later are not
  // sent. If it becomes shorter, the body fails with DataLoss, and with the
  // error of pread() if that fails. The descriptor's own offset stays. A Read()
  // gives at most 16 KiB.
  FileBody(int file, uint64_t size, FileBodyOptions options = {});
  ~FileBody() override;
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;

  Chunk Read(size_t max_bytes) override;

 private:
  const int file_;
  const bool owns_file_;
  BlockPool own_;
  BlockPool* const blocks_;
  uint64_t offset_;
  const uint64_t end_;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_FILE_BODY_H_
