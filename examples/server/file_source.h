// A file as a body that is read when its stream is picked, and not before.
#ifndef SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_
#define SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_

#include <sluice/scheduler/data_scheduler.h>

#include <cstddef>
#include <cstdint>

#include "examples/server/unique_fd.h"

namespace sluice::examples {

// Holds the open file and an offset. So a body of any size costs the memory of
// one frame, while it is made. Reads block on the disk.
class FileSource : public scheduler::DataSource {
 public:
  // `size` is the announced content-length, in bytes. Bytes that the file gains
  // later are not sent. If it shrinks, the body fails with DataLoss.
  FileSource(UniqueFd file, uint64_t size);

  Chunk Read(size_t max_bytes) override;

 private:
  const UniqueFd file_;
  const uint64_t size_;
  uint64_t offset_ = 0;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_
