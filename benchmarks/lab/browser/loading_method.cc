#include "benchmarks/lab/browser/loading_method.h"

namespace sluice::lab {
namespace {

LoadingMethod OfCss(const Resource& resource) {
  switch (resource.level) {
    case ChromeLevel::kVeryHigh:
    case ChromeLevel::kHigh:
      return LoadingMethod::kCss;
    case ChromeLevel::kMedium:
    case ChromeLevel::kLow:
      return LoadingMethod::kCssLate;
    case ChromeLevel::kVeryLow:
      break;
  }
  return LoadingMethod::kCssPrint;
}

LoadingMethod OfJs(const Resource& resource) {
  if (resource.render_blocking == RenderBlocking::kParserLate) {
    return LoadingMethod::kJsLate;
  }
  if (resource.hints.preload) return LoadingMethod::kJsPreload;
  return resource.hints.async_or_defer ? LoadingMethod::kJsAsync
                                       : LoadingMethod::kJsBlocking;
}

}  // namespace

LoadingMethod LoadingMethodOf(const Resource& resource) {
  const bool very_low = resource.level == ChromeLevel::kVeryLow;
  switch (resource.type) {
    case ResourceType::kCss:
      return OfCss(resource);
    case ResourceType::kManifest:
    case ResourceType::kBeacon:
    case ResourceType::kOther:
      return LoadingMethod::kOther;
    case ResourceType::kHtml:
      if (very_low) return LoadingMethod::kPrefetch;
      return resource.render_critical ? LoadingMethod::kDocument
                                      : LoadingMethod::kFrame;
    case ResourceType::kJs:
      return very_low ? LoadingMethod::kPrefetch : OfJs(resource);
    case ResourceType::kFont:
      return resource.hints.preload || resource.level == ChromeLevel::kHigh
                 ? LoadingMethod::kFontPreload
                 : LoadingMethod::kFont;
    case ResourceType::kImage:
      return resource.hints.above_the_fold ? LoadingMethod::kImageInView
                                           : LoadingMethod::kImage;
    case ResourceType::kFetch:
      return very_low ? LoadingMethod::kPrefetch : LoadingMethod::kFetch;
    case ResourceType::kMedia:
      return LoadingMethod::kMedia;
  }
  return LoadingMethod::kOther;
}

}  // namespace sluice::lab
