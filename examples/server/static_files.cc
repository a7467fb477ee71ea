#include "examples/server/static_files.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/server/file_source.h"
#include "examples/server/media_type.h"
#include "examples/server/second_formatter.h"
#include "examples/server/url_path.h"

namespace sluice::examples {
namespace {

// The text of an error, for the person at the browser.
class TextSource : public scheduler::DataSource {
 public:
  explicit TextSource(absl::string_view text) : text_(text) {}

  Chunk Read(size_t max_bytes) override {
    Chunk chunk;
    chunk.data = text_.Subcord(0, max_bytes);
    text_.RemovePrefix(chunk.data.size());
    chunk.end = text_.empty();
    return chunk;
  }

 private:
  absl::Cord text_;
};

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 301:
      return "Moved Permanently";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

// :status, date (RFC 9110 §6.6.1), content-type and content-length.
std::vector<h2::Header> CommonHeaders(int status, absl::Time now,
                                      absl::string_view content_type,
                                      uint64_t content_length) {
  thread_local SecondFormatter date("%a, %d %b %Y %H:%M:%S GMT");
  std::vector<h2::Header> headers;
  headers.reserve(5);  // and one that some responses add
  headers.push_back({":status", absl::StrCat(status)});
  headers.push_back({"date", std::string(date.Format(now))});
  headers.push_back({"content-type", std::string(content_type)});
  headers.push_back({"content-length", absl::StrCat(content_length)});
  return headers;
}

Response TextResponse(int status, absl::Time now, bool with_body,
                      std::vector<h2::Header> more = {}) {
  const std::string text =
      absl::StrCat(status, " ", ReasonPhrase(status), "\n");
  Response response;
  response.status = status;
  response.headers =
      CommonHeaders(status, now, "text/plain; charset=utf-8", text.size());
  for (h2::Header& header : more) response.headers.push_back(std::move(header));
  if (with_body) response.body = std::make_unique<TextSource>(text);
  return response;
}

int StatusCodeFor(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 503;
    default:
      return 500;
  }
}

// The status for `errno` after a failed open(). Names with ELOOP and
// ENAMETOOLONG can name no file.
absl::Status OpenError(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::NotFoundError("no such file");
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError("not readable");
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError("out of file descriptors");
    default:
      return absl::InternalError(std::strerror(error));
  }
}

std::string DescriptorPath(int fd) {
  return absl::StrCat("/proc/self/fd/", fd);
}

}  // namespace

StaticFiles::StaticFiles(UniqueFd root, std::string canonical_root)
    : root_(std::move(root)), canonical_root_(std::move(canonical_root)) {}

absl::StatusOr<StaticFiles> StaticFiles::Open(const std::string& root) {
  const std::unique_ptr<char, decltype(&std::free)> canonical(
      ::realpath(root.c_str(), nullptr), &std::free);
  if (canonical == nullptr) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot serve '", root, "'"));
  }
  UniqueFd fd(::open(canonical.get(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot serve '", root, "'"));
  }
  std::string prefix = canonical.get();
  if (!absl::EndsWith(prefix, "/")) prefix.push_back('/');
  return StaticFiles(std::move(fd), std::move(prefix));
}

absl::StatusOr<UniqueFd> StaticFiles::OpenFile(const std::string& name,
                                               uint64_t* size) const {
  // O_PATH first, since opening a device or a pipe for reading may have
  // effects.
  const UniqueFd found(::openat(root_.get(), name.empty() ? "." : name.c_str(),
                                O_PATH | O_CLOEXEC));
  if (!found.valid()) return OpenError(errno);
  struct stat info;
  if (::fstat(found.get(), &info) != 0) return OpenError(errno);
  // The kernel knows the place of the opened file, after all symbolic links. No
  // later change of the folder makes that wrong.
  const std::string by_descriptor = DescriptorPath(found.get());
  char where[PATH_MAX];
  const ssize_t length =
      ::readlink(by_descriptor.c_str(), where, sizeof(where));
  if (length < 0) return OpenError(errno);
  // A folder's name gets the '/' that the root's prefix ends in.
  const std::string real = absl::StrCat(absl::string_view(where, length),
                                        S_ISDIR(info.st_mode) ? "/" : "");
  if (!absl::StartsWith(real, canonical_root_)) {
    return absl::NotFoundError("outside of the root");
  }
  if (S_ISDIR(info.st_mode)) return absl::FailedPreconditionError("a folder");
  if (!S_ISREG(info.st_mode)) return absl::NotFoundError("not a file");
  UniqueFd file(::open(by_descriptor.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return OpenError(errno);
  *size = info.st_size;
  return file;
}

Response StaticFiles::Respond(absl::string_view method, absl::string_view path,
                              absl::Time now) const {
  const bool head = method == "HEAD";
  if (method != "GET" && !head) {
    return TextResponse(405, now, /*with_body=*/true, {{"allow", "GET, HEAD"}});
  }
  absl::StatusOr<UrlPath> url = ParseUrlPath(path);
  if (!url.ok()) return TextResponse(StatusCodeFor(url.status()), now, !head);

  uint64_t size = 0;
  std::string name = url->name;
  absl::StatusOr<UniqueFd> file = OpenFile(name, &size);
  const bool is_folder = absl::IsFailedPrecondition(file.status());
  if (is_folder && !url->folder) {
    // Relative links of its index.html would miss the folder otherwise.
    return TextResponse(
        301, now, !head,
        {{"location", absl::StrCat("/", EncodeUrlPath(name), "/")}});
  }
  if (is_folder) {
    name = name.empty() ? "index.html" : absl::StrCat(name, "/index.html");
    file = OpenFile(name, &size);
    if (absl::IsFailedPrecondition(file.status())) {
      file = absl::NotFoundError("index.html is a folder");
    }
  } else if (file.ok() && url->folder) {
    file = absl::NotFoundError("a file is no folder");
  }
  if (!file.ok()) return TextResponse(StatusCodeFor(file.status()), now, !head);

  const MediaType type = MediaTypeOf(name);
  Response response;
  response.status = 200;
  response.headers = CommonHeaders(200, now, type.content_type, size);
  response.hints.resource_class = type.resource_class;
  response.hints.bytes_remaining = size;
  if (!head && size > 0) {
    response.body = std::make_unique<FileSource>(*std::move(file), size);
  }
  return response;
}

}  // namespace sluice::examples
