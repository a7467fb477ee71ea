#include "examples/server/file_cache.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/server/served_folder.h"
#include "examples/server/unique_fd.h"

namespace sluice::examples {
namespace {

// File systems note the time of a change in steps. A change in the same step
// as the load leaves the version as it is.
constexpr absl::Duration kTimestampStep = absl::Seconds(1);

absl::Status ReadAll(int fd, uint64_t size, std::string* content) {
  content->resize(size);
  size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(fd, content->data() + filled, size - filled,
                                static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "cannot read the file");
    if (got == 0) break;  // it became shorter just now
    filled += got;
  }
  content->resize(filled);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<CachedFile>> LoadFile(
    const FoundFile& found, size_t max_file_in_memory) {
  absl::StatusOr<UniqueFd> fd = ServedFolder::OpenForReading(found);
  if (!fd.ok()) return fd.status();
  auto file = std::make_shared<CachedFile>();
  file->version = found.version;
  file->size = found.version.size;
  if (file->size > max_file_in_memory) {
    file->file = *std::move(fd);
    return file;
  }
  const absl::Status read = ReadAll(fd->get(), file->size, &file->content);
  if (!read.ok()) return read;
  file->size = file->content.size();
  return file;
}

std::shared_ptr<CachedFile> FileCache::Find(absl::string_view key,
                                            absl::Time now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Entries::iterator entry = found->second;
  // Also when the clock was set back.
  const absl::Duration age = now - entry->checked;
  const bool fresh =
      age >= absl::ZeroDuration() && age < options_.check_interval;
  if (!fresh || entry->file->outdated) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->file;
}

std::shared_ptr<CachedFile> FileCache::Confirm(absl::string_view key,
                                               const FileVersion& version,
                                               absl::Time now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Entries::iterator entry = found->second;
  const absl::Time modified = absl::FromUnixNanos(version.modified);
  if (entry->file->version != version || entry->file->outdated ||
      entry->loaded - modified < kTimestampStep) {
    Drop(entry);
    return nullptr;
  }
  entry->checked = now;
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->file;
}

void FileCache::Insert(absl::string_view key, std::shared_ptr<CachedFile> file,
                       absl::Time now) {
  Erase(key);
  memory_ += file->content.size();
  *held_ += file->content.size();
  file->held = held_;
  entries_.push_front({std::string(key), std::move(file), now, now});
  by_key_.emplace(entries_.front().key, entries_.begin());
  while (entries_.size() > options_.max_files ||
         memory_ > options_.max_memory) {
    Drop(std::prev(entries_.end()));
  }
}

void FileCache::Erase(absl::string_view key) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) Drop(found->second);
}

void FileCache::Clear() {
  by_key_.clear();
  entries_.clear();
  memory_ = 0;
}

void FileCache::Drop(Entries::iterator entry) {
  memory_ -= entry->file->content.size();
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace sluice::examples
