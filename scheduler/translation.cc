#include <sluice/scheduler/stream_info.h>
#include <sluice/scheduler/translation.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/numeric/bits.h"
#include "absl/strings/string_view.h"

namespace sluice::scheduler {

int UrgencyOfChainWeight(int weight) {
  constexpr std::array<int, 7> kWeights = {256, 220, 183, 147, 110, 74, 37};
  const auto* at = std::find_if(kWeights.begin(), kWeights.end(),
                                [weight](int w) { return weight >= w; });
  return static_cast<int>(at - kWeights.begin());
}

signals::Rfc9218Priority TranslateToRfc9218(
    const signals::Rfc7540Priority& priority) {
  if (priority.exclusive) {
    return {.urgency = UrgencyOfChainWeight(priority.weight),
            .incremental = false};
  }
  const int doublings =
      static_cast<int>(absl::bit_width(static_cast<unsigned>(priority.weight)));
  return {.urgency = std::clamp(8 - doublings, signals::kMinUrgency,
                                signals::kMaxUrgency),
          .incremental = true};
}

int WeightOfUrgency(int urgency) { return 128 >> urgency; }

signals::Rfc9218Priority Rfc9218Of(const StreamInfo& info,
                                   Dependencies dependencies) {
  signals::Rfc9218Priority result;
  if (const auto& field = EffectiveRfc9218(info)) {
    result = *field;
  } else if (const auto& dependency = EffectiveRfc7540(info);
             dependency.has_value() &&
             dependencies == Dependencies::kTranslate) {
    result = TranslateToRfc9218(*dependency);
  }
  const bool overridden = info.server.has_value() && info.server->rfc9218;
  if (dependencies == Dependencies::kMove && info.moved && !overridden) {
    result.urgency = UrgencyOfChainWeight(info.rfc7540->weight);
  }
  if (info.hints.tunnel) result.incremental = true;
  return result;
}

absl::string_view Rfc9218Name(const signals::Rfc9218Priority& priority) {
  static constexpr std::array<absl::string_view, 8> kNames = {
      "u=0, i", "u=1, i", "u=2, i", "u=3, i",
      "u=4, i", "u=5, i", "u=6, i", "u=7, i"};
  const absl::string_view name = kNames[static_cast<size_t>(priority.urgency)];
  return priority.incremental ? name : name.substr(0, 3);
}

ResourceHints ResourceOf(const StreamInfo& info) {
  // By urgency; the rest is other.
  static constexpr std::array<ResourceHints, 4> kGuesses = {
      {{.resource_class = ResourceClass::kCss, .in_head = true},
       {.resource_class = ResourceClass::kJs, .in_head = true},
       {.resource_class = ResourceClass::kJs, .after_first_image = true},
       {.resource_class = ResourceClass::kImage}}};
  ResourceHints resource = info.hints;
  if (resource.resource_class != ResourceClass::kUnknown) return resource;
  resource.resource_class = ResourceClass::kOther;
  const auto urgency = static_cast<size_t>(Rfc9218Of(info).urgency);
  if (urgency < kGuesses.size() && (EffectiveRfc9218(info).has_value() ||
                                    EffectiveRfc7540(info).has_value())) {
    const ResourceHints& guess = kGuesses[urgency];
    resource.resource_class = guess.resource_class;
    resource.in_head |= guess.in_head;
    resource.after_first_image |= guess.after_first_image;
  }
  return resource;
}

size_t ChromeGroupOf(const ResourceHints& resource) {
  switch (resource.resource_class) {
    case ResourceClass::kHtml:
    case ResourceClass::kCss:
    case ResourceClass::kFont:
      return 0;
    case ResourceClass::kFetch:
      return 1;
    case ResourceClass::kJs:
      if (resource.async_or_defer) return 3;
      return resource.after_first_image && !resource.in_head ? 2 : 1;
    case ResourceClass::kImage:
      return 3;
    case ResourceClass::kMedia:
    case ResourceClass::kOther:
    case ResourceClass::kUnknown:
      break;
  }
  return 4;
}

absl::string_view ChromeGroupName(size_t group) {
  constexpr std::array<absl::string_view, kChromeGroups> kNames = {
      "html, css, font", "head js, fetch", "js after the first image",
      "async js, image", "the rest"};
  return kNames[group];
}

}  // namespace sluice::scheduler
