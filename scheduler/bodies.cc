#include <sluice/scheduler/bodies.h>
#include <sluice/scheduler/data_scheduler.h>

#include <algorithm>
#include <cstddef>

namespace sluice::scheduler {

DataSource::Chunk SharedBody::Read(size_t max_bytes) {
  Chunk chunk;
  chunk.shared = {rest_.bytes.substr(0, max_bytes), rest_.owner};
  rest_.bytes.remove_prefix(chunk.shared.bytes.size());
  chunk.end = rest_.bytes.empty();
  return chunk;
}

DataSource::Chunk CordBody::Read(size_t max_bytes) {
  Chunk chunk;
  const size_t size = std::min(max_bytes, rest_.size());
  chunk.data = rest_.Subcord(0, size);
  rest_.RemovePrefix(size);
  chunk.end = rest_.empty();
  return chunk;
}

}  // namespace sluice::scheduler
