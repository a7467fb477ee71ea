#include "examples/server/file_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/cord_buffer.h"
#include "absl/types/span.h"

namespace sluice::examples {
namespace {

// Room for the largest grant and CordBuffer's own header in one block.
constexpr size_t kBlockSize = 32 * 1024;

}  // namespace

FileSource::FileSource(UniqueFd file, uint64_t size)
    : file_(std::move(file)), size_(size) {}

scheduler::DataSource::Chunk FileSource::Read(size_t max_bytes) {
  Chunk chunk;
  const size_t wanted = std::min<uint64_t>(max_bytes, size_ - offset_);
  if (wanted > 0) {
    absl::CordBuffer buffer =
        absl::CordBuffer::CreateWithCustomLimit(kBlockSize, wanted);
    const absl::Span<char> room = buffer.available_up_to(wanted);
    ssize_t got;
    do {
      got = ::pread(file_.get(), room.data(), room.size(),
                    static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
      chunk.status = absl::ErrnoToStatus(errno, "cannot read the file");
      return chunk;
    }
    if (got == 0) {
      chunk.status = absl::DataLossError("the file became shorter");
      return chunk;
    }
    buffer.IncreaseLengthBy(got);
    chunk.data.Append(std::move(buffer));
    offset_ += got;
  }
  chunk.end = offset_ == size_;
  return chunk;
}

}  // namespace sluice::examples
