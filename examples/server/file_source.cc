#include "examples/server/file_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sluice::examples {

std::shared_ptr<BlockPool::Block> BlockPool::Take() {
  if (!blocks_.empty()) {
    // Blocks come back about in the order in which they were taken.
    const std::shared_ptr<Block>& oldest = blocks_[next_];
    next_ = (next_ + 1) % blocks_.size();
    if (oldest.use_count() == 1) return oldest;
  }
  auto block = std::make_shared<Block>();
  if (blocks_.size() < kMostBlocks) blocks_.push_back(block);
  return block;
}

scheduler::DataSource::Chunk MemorySource::Read(size_t max_bytes) {
  const absl::string_view content = file_->content;
  Chunk chunk;
  chunk.shared = {content.substr(offset_, max_bytes), file_};
  offset_ += chunk.shared.bytes.size();
  chunk.end = offset_ == content.size();
  return chunk;
}

scheduler::DataSource::Chunk FileSource::Read(size_t max_bytes) {
  Chunk chunk;
  const size_t wanted = std::min<uint64_t>(
      {max_bytes, BlockPool::kBlockSize, file_->size - offset_});
  if (wanted > 0) {
    std::shared_ptr<BlockPool::Block> block = blocks_->Take();
    ssize_t got;
    do {
      got = ::pread(file_->file.get(), block->data(), wanted,
                    static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
      file_->outdated = true;
      chunk.status = got == 0
                         ? absl::DataLossError("the file became shorter")
                         : absl::ErrnoToStatus(errno, "cannot read the file");
      return chunk;
    }
    chunk.shared.bytes = absl::string_view(block->data(), got);
    chunk.shared.owner = std::move(block);
    offset_ += got;
  }
  chunk.end = offset_ == file_->size;
  return chunk;
}

}  // namespace sluice::examples
