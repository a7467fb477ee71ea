// The folder that is served: a request comes in, a response goes out.
#ifndef SLUICE_EXAMPLES_SERVER_STATIC_FILES_H_
#define SLUICE_EXAMPLES_SERVER_STATIC_FILES_H_

#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/server/unique_fd.h"

namespace sluice::examples {

struct Response {
  int status = 0;
  std::vector<h2::Header> headers;              // :status first
  std::unique_ptr<scheduler::DataSource> body;  // null: no body
  scheduler::ResourceHints hints;
};

class StaticFiles {
 public:
  // Errors: NotFound, FailedPrecondition (not a folder), PermissionDenied; the
  // message is a sentence about `root`.
  static absl::StatusOr<StaticFiles> Open(const std::string& root);

  // The response to GET and HEAD of `path` (a request's :path); never fails:
  //   200  a regular file, or a folder's index.html
  //   301  a folder named without its last "/"
  //   400  a path that cannot be decoded
  //   403  a file that this process may not read
  //   404  no such file, or one outside of the root, by ".." or by a symbolic
  //        link (links that stay inside are followed)
  //   405  another method; `allow` names those two (RFC 9110 §15.5.6)
  //   503  no file descriptor is left
  // HEAD gives the fields of GET (RFC 9110 §9.3.2). `now` becomes `date`.
  Response Respond(absl::string_view method, absl::string_view path,
                   absl::Time now) const;

 private:
  explicit StaticFiles(UniqueFd root, std::string canonical_root);

  // Opens `name` below the root for reading. FailedPrecondition: it is a
  // folder.
  absl::StatusOr<UniqueFd> OpenFile(const std::string& name,
                                    uint64_t* size) const;

  UniqueFd root_;
  std::string canonical_root_;  // ends in '/'
};

}  // namespace sluice::examples

#endif  // SLUICE_EXAMPLES_SERVER_STATIC_FILES_H_
