#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/file_body.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {

std::shared_ptr<BlockPool::Block> BlockPool::Take() {
  if (!blocks_.empty()) {
    // Blocks come back about in the order in which they were taken.
    const std::shared_ptr<Block>& oldest = blocks_[next_];
    next_ = (next_ + 1) % blocks_.size();
    if (oldest.use_count() == 1) return oldest;
  }
  auto block = std::make_shared<Block>();
  if (blocks_.size() < most_) blocks_.push_back(block);
  return block;
}

FileBody::FileBody(int file, uint64_t size, FileBodyOptions options)
    : file_(file),
      owns_file_(options.owns_file),
      own_(/*most=*/1),
      blocks_(options.blocks != nullptr ? options.blocks : &own_),
      offset_(options.offset),
      end_(options.offset +
           std::min(size,
                    std::numeric_limits<uint64_t>::max() - options.offset)) {}

FileBody::~FileBody() {
  if (owns_file_) ::close(file_);
}

DataSource::Chunk FileBody::Read(size_t max_bytes) {
  Chunk chunk;
  const size_t wanted =
      std::min<uint64_t>({max_bytes, BlockPool::kBlockSize, end_ - offset_});
  if (wanted > 0) {
    std::shared_ptr<BlockPool::Block> block = blocks_->Take();
    ssize_t got;
    do {
      got = ::pread(file_, block->data(), wanted, static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
      chunk.status = absl::ErrnoToStatus(errno, "cannot read the file");
      return chunk;
    }
    if (got == 0) {
      chunk.status = absl::DataLossError(
          absl::StrCat("the file became shorter: it has no byte ", offset_,
                       " of ", end_, " any more"));
      return chunk;
    }
    chunk.shared.bytes = absl::string_view(block->data(), got);
    chunk.shared.owner = std::move(block);
    offset_ += static_cast<uint64_t>(got);
  }
  chunk.end = offset_ == end_;
  return chunk;
}

}  // namespace sluice::scheduler
