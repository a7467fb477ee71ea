// Keeps bytes outside of memory until all runs are over: in a buffer, and once
// that is full in a temporary file without a name, which ends with the process.
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_SPILL_FILE_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_SPILL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sluice::lab {

// All errors are Unavailable, a sentence: the folder for temporary files
// (TMPDIR, else /tmp) is full or not writable.
class SpillFile {
 public:
  explicit SpillFile(size_t buffer_bytes = 1 << 16)
      : buffer_bytes_(buffer_bytes) {
    buffer_.reserve(buffer_bytes);
  }
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  ~SpillFile();

  uint64_t size() const { return written_ + buffer_.size(); }

  absl::Status Append(absl::string_view bytes);

  // `size` bytes from `offset` on; one call must have appended them.
  absl::StatusOr<std::string> Read(uint64_t offset, size_t size) const;

 private:
  absl::Status Flush();

  const size_t buffer_bytes_;
  int file_ = -1;  // a descriptor
  uint64_t written_ = 0;
  std::string buffer_;  // the bytes after those
};

// The same for values of one type, numbered from 0.
template <typename Record>
class SpilledRecords {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  uint64_t size() const { return bytes_.size() / sizeof(Record); }

  absl::Status Append(const Record& record) {
    return bytes_.Append(absl::string_view(
        reinterpret_cast<const char*>(&record), sizeof(Record)));
  }

  absl::StatusOr<Record> Read(uint64_t number) const {
    const absl::StatusOr<std::string> bytes =
        bytes_.Read(number * sizeof(Record), sizeof(Record));
    if (!bytes.ok()) return bytes.status();
    Record record;
    bytes->copy(reinterpret_cast<char*>(&record), sizeof(Record));
    return record;
  }

 private:
  SpillFile bytes_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_SPILL_FILE_H_
