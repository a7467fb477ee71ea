#include "examples/server/static_files.h"

#include <sluice/h2/types.h>
#include <sluice/scheduler/bodies.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/server/file_cache.h"
#include "examples/server/file_source.h"
#include "examples/server/media_type.h"
#include "examples/server/second_formatter.h"
#include "examples/server/served_folder.h"
#include "examples/server/url_path.h"

namespace sluice::examples {
namespace {

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

// The place of `date` in CommonHeaders().
constexpr size_t kDateIndex = 1;

std::string FormatDate(absl::Time now) {
  thread_local SecondFormatter date("%a, %d %b %Y %H:%M:%S GMT");
  return std::string(date.Format(now));
}

// :status, date (RFC 9110 §6.6.1), content-type and content-length.
std::vector<h2::Header> CommonHeaders(int status, absl::Time now,
                                      absl::string_view content_type,
                                      uint64_t content_length) {
  std::vector<h2::Header> headers;
  headers.reserve(5);  // and one that some responses add
  headers.push_back({":status", absl::StrCat(status)});
  headers.push_back({"date", FormatDate(now)});
  headers.push_back({"content-type", std::string(content_type)});
  headers.push_back({"content-length", absl::StrCat(content_length)});
  return headers;
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

// Without escapes and query: ParseUrlPath() decodes nothing in it.
bool IsPlain(absl::string_view path) {
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') return false;
  }
  return true;
}

// The same for every path that names the same file. A plain path is its own key
// if it names a file at all.
std::string CacheKey(const UrlPath& url) {
  const bool slash = url.folder && !url.name.empty();
  return absl::StrCat("/", url.name, slash ? "/" : "");
}

}  // namespace

absl::StatusOr<std::unique_ptr<StaticFiles>> StaticFiles::Open(
    const std::string& root, FileCacheOptions options) {
  absl::StatusOr<ServedFolder> folder = ServedFolder::Open(root);
  if (!folder.ok()) return folder.status();
  return std::unique_ptr<StaticFiles>(
      new StaticFiles(*std::move(folder), options));
}

Response StaticFiles::Respond(absl::string_view method, absl::string_view path,
                              absl::Time now) {
  const bool head = method == "HEAD";
  if (method != "GET" && !head) {
    return TextResponse(405, now, /*with_body=*/true, {{"allow", "GET, HEAD"}});
  }
  if (IsPlain(path)) {
    if (std::shared_ptr<CachedFile> file = cache_.Find(path, now)) {
      return FileResponse(std::move(file), now, !head);
    }
  }
  const absl::StatusOr<UrlPath> url = ParseUrlPath(path);
  if (!url.ok()) return TextResponse(StatusCodeFor(url.status()), now, !head);
  const std::string key = CacheKey(*url);
  absl::StatusOr<std::shared_ptr<CachedFile>> file = cache_.Find(key, now);
  if (*file == nullptr) file = FindFile(*url, key, now, !head);
  if (absl::IsFailedPrecondition(file.status())) {
    // Relative links of its index.html would miss the folder otherwise.
    return TextResponse(
        301, now, !head,
        {{"location", absl::StrCat("/", EncodeUrlPath(url->name), "/")}});
  }
  if (!file.ok()) return TextResponse(StatusCodeFor(file.status()), now, !head);
  return FileResponse(*std::move(file), now, !head);
}

absl::StatusOr<std::shared_ptr<CachedFile>> StaticFiles::FindFile(
    const UrlPath& url, absl::string_view key, absl::Time now, bool with_body) {
  std::string name = url.name;
  absl::StatusOr<FoundFile> found = folder_.Find(name);
  if (absl::IsResourceExhausted(found.status())) {
    ReleaseFiles();
    found = folder_.Find(name);
  }
  if (absl::IsFailedPrecondition(found.status()) && url.folder) {
    name = name.empty() ? "index.html" : absl::StrCat(name, "/index.html");
    found = folder_.Find(name);
    if (absl::IsFailedPrecondition(found.status())) {
      found = absl::NotFoundError("index.html is a folder");
    }
  } else if (found.ok() && url.folder) {
    found = absl::NotFoundError("a file is no folder");
  }
  if (!found.ok()) {
    cache_.Erase(key);
    return found.status();
  }
  if (std::shared_ptr<CachedFile> same =
          cache_.Confirm(key, found->version, now)) {
    return same;
  }
  absl::StatusOr<std::shared_ptr<CachedFile>> file = Load(*found, with_body);
  if (!file.ok()) return file.status();
  (*file)->type = MediaTypeOf(name);
  (*file)->headers =
      CommonHeaders(200, now, (*file)->type.content_type, (*file)->size);
  (*file)->date = absl::ToUnixSeconds(now);
  if (with_body) cache_.Insert(key, *file, now);
  return file;
}

absl::StatusOr<std::shared_ptr<CachedFile>> StaticFiles::Load(
    const FoundFile& found, bool with_body) {
  // Bodies that a client does not read hold files that the cache has dropped.
  // With too many of them, more files are opened, and not read.
  const FileCacheOptions& limits = cache_.options();
  const bool room = cache_.held() + found.version.size <= 2 * limits.max_memory;
  const size_t most = with_body && room ? limits.max_file_in_memory : 0;
  absl::StatusOr<std::shared_ptr<CachedFile>> file = LoadFile(found, most);
  if (!absl::IsResourceExhausted(file.status())) return file;
  ReleaseFiles();
  return LoadFile(found, most);
}

Response StaticFiles::FileResponse(std::shared_ptr<CachedFile> file,
                                   absl::Time now, bool with_body) {
  const int64_t second = absl::ToUnixSeconds(now);
  if (second != file->date) {
    file->headers[kDateIndex].value = FormatDate(now);
    file->date = second;
  }
  Response response;
  response.status = 200;
  response.headers = file->headers;
  response.hints.resource_class = file->type.resource_class;
  response.hints.bytes_remaining = file->size;
  current_ = file;
  if (!with_body || file->size == 0) return response;
  if (file->file.valid()) {
    response.body = std::make_unique<FileSource>(std::move(file), &blocks_);
  } else {
    response.body = std::make_unique<scheduler::SharedBody>(
        h2::SharedBytes{file->content, file});
  }
  return response;
}

Response StaticFiles::TextResponse(int status, absl::Time now, bool with_body,
                                   std::vector<h2::Header> more) {
  const std::string text =
      absl::StrCat(status, " ", ReasonPhrase(status), "\n");
  text_headers_ =
      CommonHeaders(status, now, "text/plain; charset=utf-8", text.size());
  for (h2::Header& header : more) text_headers_.push_back(std::move(header));
  Response response;
  response.status = status;
  response.headers = text_headers_;
  if (with_body) response.body = std::make_unique<scheduler::StringBody>(text);
  return response;
}

}  // namespace sluice::examples
