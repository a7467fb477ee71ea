#include "benchmarks/lab/page/page_rules.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace sluice::lab {
namespace {

using scheduler::ResourceClass;

// By ResourceType, all of them.
constexpr TypeRow kTypes[kResourceTypes] = {
    {"html", ResourceType::kHtml, "html", ResourceClass::kHtml,
     ChromeLevel::kVeryHigh},
    {"css", ResourceType::kCss, "css", ResourceClass::kCss,
     ChromeLevel::kVeryHigh},
    {"js", ResourceType::kJs, "js", ResourceClass::kJs, ChromeLevel::kHigh},
    {"font", ResourceType::kFont, "font", ResourceClass::kFont,
     ChromeLevel::kVeryHigh},
    {"image", ResourceType::kImage, "img", ResourceClass::kImage,
     ChromeLevel::kLow},
    {"fetch", ResourceType::kFetch, "fetch", ResourceClass::kFetch,
     ChromeLevel::kHigh},
    {"media", ResourceType::kMedia, "media", ResourceClass::kMedia,
     ChromeLevel::kLow},
    {"manifest", ResourceType::kManifest, "manifest", ResourceClass::kOther,
     ChromeLevel::kMedium},
    {"beacon", ResourceType::kBeacon, "beacon", ResourceClass::kOther,
     ChromeLevel::kVeryLow},
    {"other", ResourceType::kOther, "other", ResourceClass::kOther,
     ChromeLevel::kLow},
};

constexpr NamedValue<ChromeLevel> kLevels[kChromeLevels] = {
    {"VeryHigh", ChromeLevel::kVeryHigh}, {"High", ChromeLevel::kHigh},
    {"Medium", ChromeLevel::kMedium},     {"Low", ChromeLevel::kLow},
    {"VeryLow", ChromeLevel::kVeryLow},
};

constexpr NamedValue<RenderBlocking> kBlocking[] = {
    {"document", RenderBlocking::kDocument},
    {"render", RenderBlocking::kStylesheet},
    {"parser", RenderBlocking::kParser},
    {"parser-late", RenderBlocking::kParserLate},
};

// A stylesheet or a script of the head: the browser paints nothing before it.
bool BlocksRendering(const Resource& resource) {
  return resource.render_blocking == RenderBlocking::kStylesheet ||
         resource.render_blocking == RenderBlocking::kParser;
}

bool IsImageInView(const Resource& resource) {
  return resource.type == ResourceType::kImage && !resource.redirect &&
         resource.hints.above_the_fold;
}

void MarkLcpCandidates(size_t document, std::vector<Resource>& resources) {
  std::optional<uint64_t> largest;
  for (const Resource& resource : resources) {
    if (resource.lcp_candidate) return;
    if (IsImageInView(resource)) {
      largest = std::max(largest.value_or(0), resource.bytes);
    }
  }
  for (size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    resource.lcp_candidate =
        largest.has_value()
            ? IsImageInView(resource) && resource.bytes == *largest
            : i == document;
  }
}

}  // namespace

bool IsPageNameCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

absl::string_view ChromeLevelName(ChromeLevel level) {
  return kLevels[static_cast<size_t>(level)].name;
}

absl::Span<const NamedValue<ChromeLevel>> ChromeLevelRows() { return kLevels; }

absl::Span<const NamedValue<RenderBlocking>> RenderBlockingRows() {
  return kBlocking;
}

absl::Span<const TypeRow> ResourceTypeRows() { return kTypes; }

absl::string_view ResourceTypeName(ResourceType type) {
  return kTypes[static_cast<size_t>(type)].name;
}

void SetType(ResourceType type, Resource& resource) {
  const TypeRow& row = kTypes[static_cast<size_t>(type)];
  resource.type = type;
  resource.label = absl::StrCat(row.label, resource.id);
  resource.level = row.level;
  resource.hints.resource_class = row.resource_class;
}

void SetHints(std::vector<Resource>& resources) {
  bool image_seen = false;
  for (Resource& resource : resources) {
    resource.hints.in_head = BlocksRendering(resource);
    resource.hints.after_first_image =
        resource.type == ResourceType::kJs && image_seen;
    image_seen = image_seen || resource.type == ResourceType::kImage;
    resource.hints.bytes_remaining = resource.bytes;
  }
}

size_t DocumentOf(absl::Span<const Resource> resources) {
  size_t document = resources.size();
  for (size_t i = 0; i < resources.size(); ++i) {
    const Resource& resource = resources[i];
    if (resource.render_blocking == RenderBlocking::kDocument) {
      document = i;
      break;
    }
    const bool root = !resource.initiator.has_value() && !resource.trigger;
    if (root && document == resources.size()) document = i;
  }
  if (resources[document].redirect) {
    auto behind_redirects_only = [&](size_t i) {
      while (resources[i].initiator.has_value()) {
        i = *resources[i].initiator;
        if (!resources[i].redirect) return false;
      }
      return true;
    };
    for (size_t i = 0; i < resources.size(); ++i) {
      if (resources[i].type == ResourceType::kHtml && !resources[i].redirect &&
          behind_redirects_only(i)) {
        document = i;
        break;
      }
    }
  }
  return document;
}

void MarkMetricSets(std::vector<Resource>& resources) {
  const size_t document = DocumentOf(resources);
  for (size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    if (resource.redirect) continue;
    resource.render_critical = i == document || BlocksRendering(resource);
    const bool styles_screen = resource.type == ResourceType::kCss &&
                               resource.level != ChromeLevel::kVeryLow;
    resource.above_the_fold = resource.render_critical || styles_screen ||
                              resource.type == ResourceType::kFont ||
                              IsImageInView(resource);
  }
  MarkLcpCandidates(document, resources);
}

void PlaceChangesOfMind(absl::Span<const CaptureTimes> times,
                        std::vector<Resource>& resources) {
  for (size_t i = 0; i < resources.size(); ++i) {
    if (!resources[i].change_of_mind.has_value()) continue;
    if (!times[i].reprioritised_ms.has_value()) continue;
    ChangeOfMind& change = *resources[i].change_of_mind;
    const double at = *times[i].reprioritised_ms;
    double last = *times[i].start_ms;
    for (size_t j = 0; j < resources.size(); ++j) {
      const std::optional<double>& end = times[j].end_ms;
      if (j == i || !resources[j].render_critical) continue;
      if (!end.has_value() || *end > at) continue;
      change.after.push_back(j);
      last = std::max(last, *end);
    }
    change.delay_ns = ToNanoseconds(at - last);
  }
}

int64_t ToNanoseconds(double ms) { return std::llround(ms * 1e6); }

double InMilliseconds(int64_t ns) { return static_cast<double>(ns) / 1e6; }

}  // namespace sluice::lab
