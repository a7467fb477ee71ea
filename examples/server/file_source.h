// A file as a body that is read when its stream is picked, and not before.
#ifndef SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_
#define SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_

#include <sluice/scheduler/data_scheduler.h>

#include <cstddef>
#include <cstdint>

#include "examples/server/unique_fd.h"

namespace sluice::examples {

// Holds the open file and an offset, nothing else: a body of any size costs the
// memory of the frame that is being made. Reads block on the disk.
class FileSource : public scheduler::DataSource {
 public:
  // `size` is the content-length that was announced, in bytes: what the file
  // gains later is not sent, and when it shrinks the body fails with DataLoss.
  FileSource(UniqueFd file, uint64_t size);

  Chunk Read(size_t max_bytes) override;

 private:
  const UniqueFd file_;
  const uint64_t size_;
  uint64_t offset_ = 0;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_FILE_SOURCE_H_
