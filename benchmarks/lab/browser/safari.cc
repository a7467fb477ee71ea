#include "benchmarks/lab/browser/safari.h"

#include <sluice/signals/rfc7540_priority.h>

#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/loading_method.h"

namespace sluice::lab {
namespace {

struct Row {
  LoadingMethod method;
  int weight_7540;  // on the root
  absl::string_view header_2023;
};

// By LoadingMethod, all of them.
constexpr Row kRows[] = {
    {LoadingMethod::kDocument, 256, "u=0, i"},
    {LoadingMethod::kFrame, 256, "u=0, i"},
    {LoadingMethod::kCss, 256, "u=1, i"},
    {LoadingMethod::kCssLate, 256, "u=1, i"},
    {LoadingMethod::kCssPrint, 1, "u=7, i"},
    {LoadingMethod::kJsBlocking, 24, "u=1, i"},
    {LoadingMethod::kJsLate, 24, "u=1, i"},
    {LoadingMethod::kJsAsync, 24, "u=3, i"},
    {LoadingMethod::kJsPreload, 24, "u=1, i"},
    {LoadingMethod::kFont, 16, "u=3, i"},
    {LoadingMethod::kFontPreload, 16, "u=3, i"},
    {LoadingMethod::kImageInView, 8, "u=3, i"},
    {LoadingMethod::kImage, 8, "u=5, i"},
    {LoadingMethod::kFetch, 16, "u=3, i"},
    {LoadingMethod::kMedia, 8, "u=3, i"},
    {LoadingMethod::kPrefetch, 1, "u=7, i"},
    {LoadingMethod::kOther, 8, "u=3, i"},
};

static_assert(RowsAreInOrder(kRows));

const Row& RowOf(const Resource& resource) {
  return kRows[static_cast<size_t>(LoadingMethodOf(resource))];
}

class Safari7540 : public Signals {
 public:
  RequestSignals OnRequest(h2::StreamId, const Resource& resource) override {
    return {.dependency = signals::Rfc7540Priority{
                .weight = RowOf(resource).weight_7540}};
  }
};

class Safari9218 : public Signals {
 public:
  RequestSignals OnRequest(h2::StreamId, const Resource& resource) override {
    return {.header = std::string(RowOf(resource).header_2023)};
  }
};

}  // namespace

std::unique_ptr<Signals> MakeSafari7540(const SignalOptions&) {
  return std::make_unique<Safari7540>();
}
std::unique_ptr<Signals> MakeSafari9218(const SignalOptions&) {
  return std::make_unique<Safari9218>();
}

}  // namespace sluice::lab
