#include "benchmarks/lab/browser/firefox.h"

#include <sluice/signals/rfc7540_priority.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/loading_method.h"

namespace sluice::lab {
namespace {

constexpr h2::StreamId kLeaders = 3;
constexpr h2::StreamId kUnblocked = 5;
constexpr h2::StreamId kBackground = 7;
constexpr h2::StreamId kSpeculative = 9;
constexpr h2::StreamId kFollowers = 11;
constexpr h2::StreamId kUrgentStart = 13;

struct Row {
  LoadingMethod method;
  signals::Rfc7540Priority in_7540;
  absl::string_view header_2023;
  int weight_153;  // on the root
  absl::string_view header_153;
};

// By LoadingMethod, all of them.
constexpr Row kRows[] = {
    {LoadingMethod::kDocument, {kFollowers, 32}, "u=1", 42, "u=0, i"},
    {LoadingMethod::kFrame, {kFollowers, 32}, "u=4", 22, "u=4"},
    {LoadingMethod::kCss, {kLeaders, 32}, "u=2", 22, "u=2"},
    {LoadingMethod::kCssLate, {kLeaders, 32}, "u=2", 22, "u=2"},
    {LoadingMethod::kCssPrint, {kLeaders, 32}, "u=4", 22, "u=4"},
    {LoadingMethod::kJsBlocking, {kLeaders, 32}, "u=2", 22, "u=2"},
    {LoadingMethod::kJsLate, {kLeaders, 32}, "", 22, ""},
    {LoadingMethod::kJsAsync, {kUnblocked, 32}, "", 22, ""},
    {LoadingMethod::kJsPreload, {kUnblocked, 32}, "", 42, "u=1"},
    {LoadingMethod::kFont, {kFollowers, 42}, "u=4", 32, ""},
    {LoadingMethod::kFontPreload, {kFollowers, 42}, "", 32, "u=2"},
    {LoadingMethod::kImageInView, {kFollowers, 22}, "u=4", 12, "u=5, i"},
    {LoadingMethod::kImage, {kFollowers, 22}, "u=4", 12, "u=5, i"},
    {LoadingMethod::kFetch, {kUnblocked, 32}, "u=4", 22, "u=4"},
    {LoadingMethod::kMedia, {kBackground, 32}, "u=4", 22, ""},
    {LoadingMethod::kPrefetch, {kBackground, 32}, "u=4", 2, "u=6"},
    {LoadingMethod::kOther, {kBackground, 32}, "", 22, ""},
};

static_assert(RowsAreInOrder(kRows));

const Row& RowOf(const Resource& resource) {
  return kRows[static_cast<size_t>(LoadingMethodOf(resource))];
}

class Firefox7540 : public Signals {
 public:
  h2::StreamId FirstStreamId() const override { return 15; }

  std::vector<SignalFrame> OnConnect() override {
    return {
        {kLeaders, signals::Rfc7540Priority{.depends_on = 0, .weight = 201}},
        {kUnblocked, signals::Rfc7540Priority{.depends_on = 0, .weight = 101}},
        {kBackground, signals::Rfc7540Priority{.depends_on = 0, .weight = 1}},
        {kSpeculative,
         signals::Rfc7540Priority{.depends_on = kBackground, .weight = 1}},
        {kFollowers,
         signals::Rfc7540Priority{.depends_on = kLeaders, .weight = 1}},
        {kUrgentStart,
         signals::Rfc7540Priority{.depends_on = 0, .weight = 241}}};
  }

  RequestSignals OnRequest(h2::StreamId, const Resource& resource) override {
    return {.dependency = RowOf(resource).in_7540};
  }
};

class Firefox9218 : public Signals {
 public:
  RequestSignals OnRequest(h2::StreamId, const Resource& resource) override {
    return {.header = std::string(RowOf(resource).header_2023)};
  }
};

class FirefoxH2In153 : public Signals {
 public:
  RequestSignals OnRequest(h2::StreamId, const Resource& resource) override {
    const Row& row = RowOf(resource);
    return {.dependency = signals::Rfc7540Priority{.weight = row.weight_153},
            .header = std::string(row.header_153)};
  }
};

}  // namespace

std::unique_ptr<Signals> MakeFirefox7540(const SignalOptions&) {
  return std::make_unique<Firefox7540>();
}
std::unique_ptr<Signals> MakeFirefox9218(const SignalOptions&) {
  return std::make_unique<Firefox9218>();
}
std::unique_ptr<Signals> MakeFirefoxH2In153(const SignalOptions&) {
  return std::make_unique<FirefoxH2In153>();
}

}  // namespace sluice::lab
