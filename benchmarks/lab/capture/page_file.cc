#include "benchmarks/lab/capture/page_file.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/capture/har_page.h"
#include "benchmarks/lab/page/json_fields.h"
#include "benchmarks/lab/page/page_fixture.h"
#include "benchmarks/lab/page/sha256.h"
#include "nlohmann/json.hpp"
#include "support/paths.h"

namespace sluice::lab {
namespace {

using nlohmann::json;

constexpr size_t kMaxFileBytes = 64 << 20;

// `document` is the value of `text`.
absl::StatusOr<Page> ReadPage(const json& document, absl::string_view text,
                              absl::string_view file) {
  if (document.is_object()) {
    if (document.contains("log")) return ReadHarPage(document, file);
    if (document.contains("format")) {
      if (const std::string field = RepeatedField(text); !field.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(file, ": ", field, ": is given twice"));
      }
      return ReadPageFixture(document, file);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      file,
      ": is neither a HAR (an object with a log) nor a page of the lab "
      "(an object with a format)"));
}

}  // namespace

absl::StatusOr<Page> ParsePage(absl::string_view text, absl::string_view file) {
  absl::StatusOr<json> document = ParseJson(text, file);
  if (!document.ok()) return document.status();
  absl::StatusOr<Page> page = ReadPage(*document, text, file);
  if (page.ok()) page->sha256 = Sha256(text);
  return page;
}

absl::StatusOr<Page> LoadPageFile(const std::string& path) {
  support::NoteInput(path);
  std::ifstream stream(path, std::ios::binary);
  std::string text;
  char block[1 << 16];
  while (stream.read(block, sizeof(block)), stream.gcount() > 0) {
    text.append(block, static_cast<size_t>(stream.gcount()));
    if (text.size() > kMaxFileBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": is larger than ", kMaxFileBytes,
                       " bytes; a HAR need not hold the bodies"));
    }
  }
  if (!stream.eof()) {
    return absl::NotFoundError(
        absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  }
  return ParsePage(text, path);
}

}  // namespace sluice::lab
