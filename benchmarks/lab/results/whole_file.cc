#include "benchmarks/lab/results/whole_file.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::lab {

WholeFile::WholeFile(std::string path) : path_(std::move(path)) {
  std::error_code ignored;
  const std::filesystem::file_status there =
      std::filesystem::symlink_status(path_, ignored);
  const bool special = std::filesystem::exists(there) &&
                       !std::filesystem::is_regular_file(there);
  partial_ = special ? path_ : path_ + ".part";
  stream_.open(partial_, std::ios::binary | std::ios::trunc);
}

WholeFile::~WholeFile() {
  std::error_code ignored;
  if (partial_ != path_) std::filesystem::remove(partial_, ignored);
}

bool WholeFile::Close() {
  stream_.close();
  if (!stream_) return false;
  std::error_code error;
  if (partial_ != path_) std::filesystem::rename(partial_, path_, error);
  if (error) return false;
  partial_ = path_;
  return true;
}

}  // namespace sluice::lab
