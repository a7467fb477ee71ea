// The folder that is served: a request comes in, a response goes out.
#ifndef SLUICE_EXAMPLES_SERVER_STATIC_FILES_H_
#define SLUICE_EXAMPLES_SERVER_STATIC_FILES_H_

#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/file_body.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "examples/server/file_cache.h"
#include "examples/server/file_source.h"
#include "examples/server/served_folder.h"
#include "examples/server/url_path.h"

namespace sluice::examples {

struct Response {
  int status = 0;
  // :status first. Valid until the next Respond().
  absl::Span<const h2::Header> headers;
  std::unique_ptr<scheduler::DataSource> body;  // null: no body
  scheduler::ResourceHints hints;
};

// Not thread-safe: each thread has its own.
class StaticFiles {
 public:
  // Errors: those of ServedFolder::Open().
  static absl::StatusOr<std::unique_ptr<StaticFiles>> Open(
      const std::string& root, FileCacheOptions options = {});

  // The response to GET and HEAD of `path` (a request's :path); never fails:
  //   200  a regular file, or a folder's index.html
  //   301  a folder named without its last "/"
  //   400  a path that cannot be decoded
  //   403  a file that this process may not read
  //   404  no such file, or one outside of the root, by ".." or by a symbolic
  //        link (links that stay inside are followed)
  //   405  another method; `allow` names those two (RFC 9110 §15.5.6)
  //   503  no file descriptor is left
  // HEAD gives the fields of GET (RFC 9110 §9.3.2). `now` becomes `date`, and
  // decides which files of the cache are looked at again. The bodies must not
  // outlive this object.
  Response Respond(absl::string_view method, absl::string_view path,
                   absl::Time now);

  // Forgets the files that no body needs: it must not hold the descriptors that
  // connections and responses need.
  void ReleaseFiles() {
    cache_.Clear();
    current_.reset();
  }

  const FileCache& cache() const { return cache_; }

 private:
  StaticFiles(ServedFolder folder, FileCacheOptions options)
      : folder_(std::move(folder)), cache_(options) {}

  // The file of `url`, by the cache or from the disk. `key` names it in the
  // cache. Without a body it is not read: else each HEAD could cost a mebibyte.
  // Errors: FailedPrecondition (the URL of a folder lacks its last "/"), and
  // those of ServedFolder.
  absl::StatusOr<std::shared_ptr<CachedFile>> FindFile(const UrlPath& url,
                                                       absl::string_view key,
                                                       absl::Time now,
                                                       bool with_body);
  absl::StatusOr<std::shared_ptr<CachedFile>> Load(const FoundFile& found,
                                                   bool with_body);
  Response FileResponse(std::shared_ptr<CachedFile> file, absl::Time now,
                        bool with_body);
  Response TextResponse(int status, absl::Time now, bool with_body,
                        std::vector<h2::Header> more = {});

  const ServedFolder folder_;
  FileCache cache_;
  scheduler::BlockPool blocks_;
  // Keep the fields of the last response.
  std::shared_ptr<const CachedFile> current_;
  std::vector<h2::Header> text_headers_;
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_STATIC_FILES_H_
