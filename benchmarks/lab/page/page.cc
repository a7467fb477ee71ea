#include "benchmarks/lab/page/page.h"

#include "absl/strings/str_cat.h"

namespace sluice::lab {

uint64_t Page::BodyBytes() const {
  uint64_t bytes = 0;
  for (const Resource& resource : resources) {
    if (!resource.redirect) bytes += resource.bytes;
  }
  return bytes;
}

bool IsCalled(const Resource& resource, absl::string_view name) {
  return !name.empty() && (name == absl::StrCat(resource.id) ||
                           name == resource.label || name == resource.url);
}

std::optional<size_t> FindResource(const Page& page, absl::string_view name) {
  std::optional<size_t> found;
  for (size_t i = 0; i < page.resources.size(); ++i) {
    const Resource& resource = page.resources[i];
    if (resource.redirect || !IsCalled(resource, name)) continue;
    if (found.has_value()) return std::nullopt;
    found = i;
  }
  return found;
}

std::string PathOf(const Resource& resource) {
  return absl::StrCat("/", resource.label);
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

}  // namespace sluice::lab
