#include "benchmarks/lab/firefox7540.h"

#include <optional>
#include <vector>

namespace sluice::lab {
namespace {

constexpr h2::StreamId kLeaders = 3;
constexpr h2::StreamId kUnblocked = 5;
constexpr h2::StreamId kBackground = 7;
constexpr h2::StreamId kSpeculative = 9;
constexpr h2::StreamId kFollowers = 11;
constexpr h2::StreamId kUrgentStart = 13;

class Firefox7540 : public Signals {
 public:
  h2::StreamId FirstStreamId() const override { return 15; }

  std::vector<PriorityFrame> OnConnect() override {
    return {{kLeaders, {.depends_on = 0, .weight = 201}},
            {kUnblocked, {.depends_on = 0, .weight = 101}},
            {kBackground, {.depends_on = 0, .weight = 1}},
            {kSpeculative, {.depends_on = kBackground, .weight = 1}},
            {kFollowers, {.depends_on = kLeaders, .weight = 1}},
            {kUrgentStart, {.depends_on = 0, .weight = 241}}};
  }

  std::optional<h2::StreamPriority> OnRequest(
      h2::StreamId /*id*/, const Resource& resource) override {
    switch (resource.type) {
      case ResourceType::kHtml:
        return h2::StreamPriority{.depends_on = kFollowers, .weight = 32};
      case ResourceType::kCss:
        return h2::StreamPriority{.depends_on = kLeaders, .weight = 32};
      case ResourceType::kJs:
        return h2::StreamPriority{
            .depends_on = resource.hints.async_or_defer ? kUnblocked : kLeaders,
            .weight = 32};
      case ResourceType::kFetch:
        return h2::StreamPriority{.depends_on = kUnblocked, .weight = 32};
      case ResourceType::kImage:
        return h2::StreamPriority{.depends_on = kFollowers, .weight = 22};
      case ResourceType::kFont:
        return h2::StreamPriority{.depends_on = kFollowers, .weight = 42};
      case ResourceType::kMedia:
      case ResourceType::kManifest:
      case ResourceType::kBeacon:
      case ResourceType::kOther:
        break;
    }
    return h2::StreamPriority{.depends_on = kBackground, .weight = 32};
  }
};

}  // namespace

std::unique_ptr<Signals> MakeFirefox7540() {
  return std::make_unique<Firefox7540>();
}

}  // namespace sluice::lab
