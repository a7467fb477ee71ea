// Files that were asked for lately, with the fields of their responses: a
// request for one of them needs no system call.
//
// A file is looked up again, by its name, when `check_interval` has passed
// since the last look. So a change shows after that time at the latest.
// docs/late-binding.md has the reasons for the sizes.
#ifndef SLUICE_EXAMPLES_SERVER_FILE_CACHE_H_
#define SLUICE_EXAMPLES_SERVER_FILE_CACHE_H_

#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/server/media_type.h"
#include "examples/server/served_folder.h"
#include "examples/server/unique_fd.h"

namespace sluice::examples {

struct FileCacheOptions {
  size_t max_files = 1000;
  // Files of at most so many bytes are kept in memory, larger ones open.
  size_t max_file_in_memory = 1024 * 1024;
  // Bytes of all files in memory. Bodies on their way hold their file beyond
  // that, and StaticFiles keeps all together below twice as much.
  size_t max_memory = 64 * 1024 * 1024;
  absl::Duration check_interval = absl::Seconds(1);
};

// One state of a file. Bodies share it.
struct CachedFile {
  ~CachedFile() {
    if (held != nullptr) *held -= content.size();
  }

  FileVersion version;
  MediaType type;
  uint64_t size = 0;                // bytes, as content-length says
  std::string content;              // all of it, unless `file` is open
  UniqueFd file;                    // not valid: the content is in memory
  std::vector<h2::Header> headers;  // of a response; `date` is the second
  int64_t date = 0;                 // the second that `date` shows
  // A body found the file shorter than `size`. The next request looks again.
  bool outdated = false;
  std::shared_ptr<size_t> held;  // FileCache::held(), which counts `content`
};

// Reads or opens the file. The result has no `headers` yet. Errors: those of
// ServedFolder::OpenForReading(), and those of read().
absl::StatusOr<std::shared_ptr<CachedFile>> LoadFile(const FoundFile& found,
                                                     size_t max_file_in_memory);

// Not thread-safe: each thread has its own.
class FileCache {
 public:
  explicit FileCache(FileCacheOptions options) : options_(options) {}

  const FileCacheOptions& options() const { return options_; }

  // The file of `key` if it was looked at lately; or null. O(1).
  std::shared_ptr<CachedFile> Find(absl::string_view key, absl::Time now);

  // The file of `key` if `version` is its state still; it counts as looked at
  // now. Or null: the key is forgotten. A file that was modified less than a
  // second before it was loaded may have changed since without a new `version`,
  // so it gives null too.
  std::shared_ptr<CachedFile> Confirm(absl::string_view key,
                                      const FileVersion& version,
                                      absl::Time now);

  // Keeps `file`, as loaded now. Drops the files that were not asked for the
  // longest until the limits hold.
  void Insert(absl::string_view key, std::shared_ptr<CachedFile> file,
              absl::Time now);

  void Erase(absl::string_view key);
  void Clear();

  size_t files() const { return entries_.size(); }
  size_t memory() const { return memory_; }  // bytes of content
  // Likewise, and of files that only bodies on their way hold.
  size_t held() const { return *held_; }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<CachedFile> file;
    absl::Time loaded;
    absl::Time checked;
  };
  using Entries = std::list<Entry>;

  void Drop(Entries::iterator entry);

  const FileCacheOptions options_;
  Entries entries_;  // asked for last: first
  absl::flat_hash_map<absl::string_view, Entries::iterator> by_key_;
  size_t memory_ = 0;
  const std::shared_ptr<size_t> held_ = std::make_shared<size_t>(0);
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_FILE_CACHE_H_
