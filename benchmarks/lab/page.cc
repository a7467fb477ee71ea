#include "benchmarks/lab/page.h"

#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/lab/har_page.h"
#include "benchmarks/lab/json_fields.h"
#include "benchmarks/lab/page_fixture.h"
#include "benchmarks/lab/sha256.h"

namespace sluice::lab {
namespace {

using nlohmann::json;

constexpr size_t kMaxFileBytes = 64 << 20;

absl::StatusOr<Page> ReadPage(const json& document, absl::string_view file) {
  if (document.is_object()) {
    if (document.contains("log")) return ReadHarPage(document, file);
    if (document.contains("format")) return ReadPageFixture(document, file);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      file,
      ": is neither a HAR (an object with a log) nor a page of the lab "
      "(an object with a format)"));
}

}  // namespace

uint64_t Page::BodyBytes() const {
  uint64_t bytes = 0;
  for (const Resource& resource : resources) {
    if (!resource.redirect) bytes += resource.bytes;
  }
  return bytes;
}

std::vector<std::string> PageWarnings(const Page& page) {
  struct Count {
    size_t all = 0;
    size_t critical = 0;
    size_t above_the_fold = 0;
  };
  Count whole;
  Count css;
  Count images;
  for (const Resource& resource : page.resources) {
    if (resource.redirect) continue;
    const auto add = [&resource](Count& count) {
      ++count.all;
      if (resource.render_critical) ++count.critical;
      if (resource.above_the_fold) ++count.above_the_fold;
    };
    add(whole);
    if (resource.type == ResourceType::kCss) add(css);
    if (resource.type == ResourceType::kImage) add(images);
  }
  std::vector<std::string> warnings;
  if (whole.critical <= 1) {
    warnings.push_back("the document alone is render-critical");
  }
  if (whole.above_the_fold <= 1) {
    warnings.push_back("the document alone is above the fold");
  }
  if (css.all > 0 && css.critical == 0) {
    warnings.push_back(
        absl::StrCat("none of ", css.all, " stylesheets blocks rendering"));
  }
  if (images.all > 0 && images.above_the_fold == 0) {
    warnings.push_back(
        absl::StrCat("none of ", images.all, " images is above the fold"));
  }
  return warnings;
}

absl::StatusOr<Page> ParsePage(absl::string_view text, absl::string_view file) {
  absl::StatusOr<json> document = ParseJson(text, file);
  if (!document.ok()) return document.status();
  absl::StatusOr<Page> page = ReadPage(*document, file);
  if (page.ok()) page->sha256 = Sha256(text);
  return page;
}

absl::StatusOr<Page> LoadPageFile(const std::string& path) {
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
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  }
  return ParsePage(text, path);
}

}  // namespace sluice::lab
