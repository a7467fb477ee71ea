#include "benchmarks/lab/measure/spill_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace sluice::lab {
namespace {

absl::Status Failed(absl::string_view what, const std::error_code& error) {
  return absl::UnavailableError(
      absl::StrCat(what, " a temporary file failed: ", error.message()));
}

std::error_code LastError() { return {errno, std::generic_category()}; }

}  // namespace

SpillFile::~SpillFile() {
  if (file_ >= 0) close(file_);
}

absl::Status SpillFile::Append(absl::string_view bytes) {
  if (!buffer_.empty() && buffer_.size() + bytes.size() > buffer_bytes_) {
    if (absl::Status status = Flush(); !status.ok()) return status;
  }
  buffer_.append(bytes.data(), bytes.size());
  return absl::OkStatus();
}

absl::Status SpillFile::Flush() {
  if (file_ < 0) {
    std::error_code error;
    std::string path = std::filesystem::temp_directory_path(error).string();
    if (error) return Failed("making", error);
    path += "/sluice_lab_XXXXXX";
    file_ = mkstemp(path.data());
    if (file_ < 0) return Failed("making", LastError());
    unlink(path.c_str());
  }
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t step =
        write(file_, buffer_.data() + done, buffer_.size() - done);
    if (step < 0) return Failed("writing", LastError());
    done += static_cast<size_t>(step);
  }
  written_ += done;
  buffer_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::string> SpillFile::Read(uint64_t offset,
                                            size_t size) const {
  if (offset >= written_) return buffer_.substr(offset - written_, size);
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t step = pread(file_, bytes.data() + done, size - done,
                               static_cast<off_t>(offset + done));
    if (step <= 0) return Failed("reading", LastError());
    done += static_cast<size_t>(step);
  }
  return bytes;
}

}  // namespace sluice::lab
