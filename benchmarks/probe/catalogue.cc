#include "benchmarks/probe/catalogue.h"

#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "benchmarks/probe/script.h"

namespace sluice::probe {
namespace {

using signals::Rfc7540Priority;
using signals::Rfc9218Priority;

// Choices that show an order, and those before a late signal.
constexpr int kChoices = 8;
constexpr int kBefore = 4;
// Requests of an experiment about order.
constexpr size_t kRequests = 4;
// "Ten small among one large".
constexpr size_t kSmall = 10;
constexpr int64_t kSmallBytes = 8192;

constexpr Rfc7540Priority kDefault7540;
constexpr Rfc7540Priority kExclusive = {.weight = signals::kMaxWeight,
                                        .exclusive = true};
constexpr Rfc9218Priority kUrgent = {.urgency = 0};
constexpr Rfc9218Priority kLow = {.urgency = 5};
constexpr Rfc9218Priority kLowIncremental = {.urgency = 5, .incremental = true};
constexpr Rfc9218Priority kLast = {.urgency = 7};

// The last request is for --high in both scripts, so that they differ in
// nothing but signals.
Script ScriptOf(std::vector<Phase> phases, std::vector<size_t> favoured) {
  Ask* last = nullptr;
  for (Phase& phase : phases) {
    for (Action& action : phase.actions) {
      if (auto* ask = std::get_if<Ask>(&action)) last = ask;
    }
  }
  last->high = true;
  return {.phases = std::move(phases), .favoured = std::move(favoured)};
}

Script AtOnce(std::vector<Action> actions, std::vector<size_t> favoured,
              int choices = kChoices) {
  return ScriptOf({{.actions = std::move(actions), .choices = choices}},
                  std::move(favoured));
}

Script Rfc9218Only(Script script) {
  script.no_rfc7540_priorities = true;
  return script;
}

// `favoured` for one request of kRequests, `other` for the rest.
std::vector<Action> OneOf(bool first, const Ask& favoured, const Ask& other) {
  std::vector<Action> actions(kRequests, other);
  actions[first ? 0 : kRequests - 1] = favoured;
  return actions;
}

std::vector<size_t> FirstOrLast(bool first, size_t requests = kRequests) {
  return {first ? 0 : requests - 1};
}

// --- No signals ------------------------------------------------------------

Script NoSignals(bool, size_t) {
  return AtOnce(std::vector<Action>(kRequests, Ask{}), {}, 2 * kChoices);
}

Script ResponsePriority(bool second, size_t) {
  Script script =
      AtOnce(std::vector<Action>(kRequests, Ask{}), FirstOrLast(second));
  if (second) {
    // The server favours a URL, whatever the client says.
    std::swap(script.phases[0].actions.front(),
              script.phases[0].actions.back());
  }
  return script;
}

// --- RFC 7540 --------------------------------------------------------------

// By its weight it would be the last.
Script Exclusive(bool second, size_t) {
  const Ask exclusive = {.tree = Rfc7540Priority{.weight = signals::kMinWeight,
                                                 .exclusive = true}};
  Rfc7540Priority other = {.weight = signals::kMaxWeight};
  // Later requests would stand beside it; so they name it.
  if (second) other.depends_on = StreamOf(0);
  return AtOnce(OneOf(second, exclusive, {.tree = other}), FirstOrLast(second));
}

Script Exclusive7540Late(bool second, size_t) {
  const Rfc7540Priority below = {.depends_on = StreamOf(0)};
  return ScriptOf({{.actions = std::vector<Action>(kRequests - 1,
                                                   Ask{.tree = kDefault7540}),
                    .choices = kBefore},
                   {.actions = {Ask{.tree = second ? below : kExclusive}},
                    .choices = kChoices}},
                  second ? std::vector<size_t>{0, 1, 2} : FirstOrLast(false));
}

Script Reprioritise7540(bool second, size_t) {
  const size_t favoured = second ? 0 : kRequests - 1;
  return ScriptOf(
      {{.actions = std::vector<Action>(kRequests, Ask{.tree = kDefault7540}),
        .choices = kBefore},
       {.actions = {Prioritise{StreamOf(favoured), kExclusive}},
        .choices = 2 * kChoices}},
      {favoured});
}

// Weights of two siblings on the root, 7:1.
constexpr int kHeavy = 224;
constexpr int kLight = 32;
constexpr double kAsked = 7;
// A scheduler that is fair to within a frame of 16 KB on each side may let a
// weight of w times another's begin with w - 1 such frames. After them it is
// measured over whole rounds.
constexpr int kFrameChoices = 16384 / kGrant;
constexpr int kShareBefore = 6 * kFrameChoices;
constexpr int kShareChoices = 6 * (7 + 1);

Script Shares(std::vector<Action> actions, std::vector<size_t> favoured,
              int before, int choices) {
  return ScriptOf({{.actions = std::move(actions), .choices = before},
                   {.actions = {}, .choices = choices}},
                  std::move(favoured));
}

std::vector<Action> OfWeights(int first, int last) {
  return {Ask{.tree = Rfc7540Priority{.weight = first}},
          Ask{.tree = Rfc7540Priority{.weight = last}}};
}

Script WeightsDirect(bool second, size_t) {
  return Shares(second ? OfWeights(kHeavy, kLight) : OfWeights(kLight, kHeavy),
                FirstOrLast(second, 2), kShareBefore, kShareChoices);
}

Script WeightsInGroups(bool second, size_t) {
  const h2::StreamId first = second ? kHeavyGroup : kLightGroup;
  const h2::StreamId last = second ? kLightGroup : kHeavyGroup;
  const Ask in_first = {.tree = Rfc7540Priority{.depends_on = first}};
  const Ask in_last = {.tree = Rfc7540Priority{.depends_on = last}};
  return Shares({Prioritise{kHeavyGroup, {.weight = kHeavy}},
                 Prioritise{kLightGroup, {.weight = kLight}}, in_first,
                 in_first, in_last, in_last},
                second ? std::vector<size_t>{0, 1} : std::vector<size_t>{2, 3},
                kShareBefore, kShareChoices);
}

// 15:1.
constexpr int kStrong = 240;
constexpr int kWeak = 16;
constexpr double kStarvationAsked = 15;

Script Starvation(bool second, size_t) {
  return Shares(second ? OfWeights(kStrong, kWeak) : OfWeights(kWeak, kStrong),
                FirstOrLast(second, 2), 14 * kFrameChoices, 15 + 1);
}

// --- As browsers send them -------------------------------------------------

// A resource as Chromium asks for it: a weight, which is its level in the chain
// too, and perhaps a field.
struct Resource {
  int weight;
  std::optional<Rfc9218Priority> field = std::nullopt;
  int64_t window = Ask::kNoLimit;
};

// Each depends exclusively on the last request of the same or a higher level.
std::vector<Action> ChromiumChain(absl::Span<const Resource> resources) {
  std::vector<Action> actions;
  for (size_t i = 0; i < resources.size(); ++i) {
    Rfc7540Priority tree = {.weight = resources[i].weight, .exclusive = true};
    for (size_t j = i; j > 0 && tree.depends_on == 0; --j) {
      if (resources[j - 1].weight >= tree.weight) {
        tree.depends_on = StreamOf(j - 1);
      }
    }
    actions.push_back(Ask{.tree = tree,
                          .field = resources[i].field,
                          .window = resources[i].window});
  }
  return actions;
}

Script Chain(bool second, size_t) {
  std::vector<Resource> resources = {{147}, {183}, {220}, {256}};
  if (second) std::reverse(resources.begin(), resources.end());
  return AtOnce(ChromiumChain(resources), FirstOrLast(second));
}

constexpr Rfc9218Priority kIncremental = {.incremental = true};

Script BothChromium(bool second, size_t) {
  std::vector<Resource> resources(kRequests, {147, kIncremental});
  resources[second ? 0 : kRequests - 1] = {256, kUrgent};  // css
  return AtOnce(ChromiumChain(resources), FirstOrLast(second));
}

Script BothFirefox(bool second, size_t) {
  const Ask document = {
      .tree = Rfc7540Priority{.weight = 42},
      .field = Rfc9218Priority{.urgency = 0, .incremental = true}};
  const Ask image = {
      .tree = Rfc7540Priority{.weight = 2},
      .field = Rfc9218Priority{.urgency = 6, .incremental = true}};
  std::vector<Action> actions(3, image);
  actions[second ? 0 : 2] = document;
  // The tree gives 21:1:1; two rounds less one.
  return AtOnce(std::move(actions), FirstOrLast(second, 3), 23);
}

Script SmallAmongLarge(bool second, size_t streams) {
  const size_t small = std::clamp<size_t>(streams - 1, 1, kSmall);
  const Rfc9218Priority low = {.urgency = 4};
  std::vector<Resource> resources = {
      {second ? 256 : 110, second ? kUrgent : low}};
  resources.resize(1 + small,
                   {second ? 110 : 256, second ? low : kUrgent, kSmallBytes});
  std::vector<size_t> favoured = {0};
  if (!second) {
    favoured.clear();
    for (size_t i = 1; i <= small; ++i) favoured.push_back(i);
  }
  return AtOnce(ChromiumChain(resources), std::move(favoured),
                static_cast<int>(small * kSmallBytes / kGrant));
}

// --- RFC 9218 --------------------------------------------------------------

Script Urgency(bool second, size_t) {
  return Rfc9218Only(AtOnce(OneOf(second, {.field = kUrgent}, {.field = kLow}),
                            FirstOrLast(second)));
}

Script UrgencyIncremental(bool second, size_t) {
  const Rfc9218Priority urgent = {.urgency = 0, .incremental = true};
  return Rfc9218Only(
      AtOnce(OneOf(second, {.field = urgent}, {.field = kLowIncremental}),
             FirstOrLast(second)));
}

Script Incremental(bool second, size_t) {
  return Rfc9218Only(
      AtOnce(std::vector<Action>(
                 3, Ask{.field = Rfc9218Priority{.incremental = !second}}),
             {}, 12));
}

Script Mixed(bool second, size_t) {
  std::vector<Action> actions;
  for (const int urgency : {second ? 1 : 5, second ? 5 : 1}) {
    for (const bool incremental : {false, true}) {
      actions.push_back(Ask{.field = Rfc9218Priority{urgency, incremental}});
    }
  }
  return Rfc9218Only(
      AtOnce(std::move(actions),
             second ? std::vector<size_t>{0, 1} : std::vector<size_t>{2, 3}));
}

Script Late(bool second, const Rfc9218Priority& others) {
  return Rfc9218Only(ScriptOf(
      {{.actions = std::vector<Action>(kRequests - 1, Ask{.field = others}),
        .choices = kBefore},
       {.actions = {Ask{.field = second ? kLast : kUrgent}},
        .choices = kChoices}},
      second ? std::vector<size_t>{0, 1, 2} : FirstOrLast(false)));
}

Script LateUrgent(bool second, size_t) { return Late(second, kLow); }

Script LateUrgentIncremental(bool second, size_t) {
  return Late(second, kLowIncremental);
}

Script Via(bool second, size_t) {
  return Rfc9218Only(AtOnce(OneOf(second, {.field = kUrgent, .via = true},
                                  {.field = kLow, .via = true}),
                            FirstOrLast(second)));
}

// The tree says the opposite of the fields. Not by weight 256: Go adds 1 to its
// octet, and gets 0.
Script SettingSent(bool second, size_t) {
  const Ask by_field = {.tree = Rfc7540Priority{.weight = 1}, .field = kUrgent};
  const Ask by_tree = {.tree = Rfc7540Priority{.weight = 220}, .field = kLow};
  std::vector<Action> actions(2, by_tree);
  actions[second ? 0 : 1] = by_field;
  return Rfc9218Only(AtOnce(std::move(actions), FirstOrLast(second, 2)));
}

enum class When { kBefore, kWith, kAfter, kMidFlight };

Script PriorityUpdate(When when, bool second) {
  const size_t favoured = second ? 0 : kRequests - 1;
  const Action update = Update{StreamOf(favoured), kUrgent};
  std::vector<Action> asks(kRequests, Ask{.field = kLowIncremental});
  if (when == When::kBefore) {
    asks.insert(asks.begin(), update);
  } else if (when == When::kWith) {
    asks.insert(asks.begin() + static_cast<std::ptrdiff_t>(favoured) + 1,
                update);
  }
  std::vector<Phase> phases = {{.actions = std::move(asks)}};
  if (when == When::kMidFlight) phases[0].choices = kBefore;
  if (when == When::kAfter || when == When::kMidFlight) {
    phases.push_back({.actions = {update}});
  }
  phases.back().choices = when == When::kMidFlight ? 2 * kChoices : kChoices;
  return Rfc9218Only(ScriptOf(std::move(phases), {favoured}));
}

Script UpdateBefore(bool second, size_t) {
  return PriorityUpdate(When::kBefore, second);
}
Script UpdateWith(bool second, size_t) {
  return PriorityUpdate(When::kWith, second);
}
Script UpdateAfter(bool second, size_t) {
  return PriorityUpdate(When::kAfter, second);
}
Script UpdateMidFlight(bool second, size_t) {
  return PriorityUpdate(When::kMidFlight, second);
}

constexpr Experiment kExperiments[] = {
    {.name = "no-signals",
     .about = "Four requests without any signal: the server's own order.",
     .judge = Judge::kControl,
     .script = NoSignals},
    {.name = "rfc7540-exclusive",
     .about =
         "One of four requests is the exclusive child of the root, with the "
         "least weight.",
     .script = Exclusive},
    {.name = "rfc7540-weights",
     .about = "Two requests on the root with weights 224 and 32.",
     .judge = Judge::kShare,
     .asked = kAsked,
     .script = WeightsDirect},
    {.name = "rfc7540-weights-groups",
     .about = "Two requests under an idle stream of weight 224, and two under "
              "one of weight 32.",
     .judge = Judge::kShare,
     .asked = kAsked,
     .script = WeightsInGroups},
    {.name = "rfc7540-chain",
     .about = "Four requests in a chain of exclusive dependencies, as Chromium "
              "makes it, with weights 147 to 256.",
     .script = Chain},
    {.name = "rfc7540-late",
     .about = "While three bodies flow, a request comes as the exclusive child "
              "of the root.",
     .script = Exclusive7540Late},
    {.name = "rfc7540-reprioritise",
     .about = "While four bodies flow, a PRIORITY frame makes one of them the "
              "exclusive child of the root.",
     .script = Reprioritise7540},
    {.name = "rfc9218-urgency",
     .about = "One of four requests has u=0, the others u=5.",
     .script = Urgency},
    {.name = "rfc9218-urgency-incremental",
     .about = "One of four requests has u=0, i, the others u=5, i.",
     .script = UrgencyIncremental},
    {.name = "rfc9218-incremental",
     .about = "Three requests of one urgency: at once with i, one after the "
              "other without.",
     .judge = Judge::kIncremental,
     .script = Incremental},
    {.name = "rfc9218-mixed",
     .about = "Two of four requests have u=1, the others u=5; of each two, one "
              "has i.",
     .script = Mixed},
    {.name = "rfc9218-late",
     .about = "While three bodies with u=5 flow, a request with u=0 comes.",
     .script = LateUrgent},
    {.name = "rfc9218-late-incremental",
     .about = "While three bodies with u=5, i flow, a request with u=0 comes.",
     .script = LateUrgentIncremental},
    {.name = "priority-update",
     .about = "PRIORITY_UPDATE says u=0 right behind the HEADERS that say u=5, "
              "i.",
     .script = UpdateWith},
    {.name = "priority-update-before",
     .about = "PRIORITY_UPDATE says u=0 before the HEADERS that say u=5, i.",
     .script = UpdateBefore},
    {.name = "priority-update-after",
     .about = "PRIORITY_UPDATE says u=0 when the responses have begun.",
     .script = UpdateAfter},
    {.name = "priority-update-late",
     .about = "PRIORITY_UPDATE says u=0 while four bodies with u=5, i flow.",
     .script = UpdateMidFlight},
    {.name = "response-priority",
     .about = "The priority fields of the responses favour one of four.",
     .judge = Judge::kResponse,
     .script = ResponsePriority},
    {.name = "both-chromium",
     .about = "Both kinds at once, as Chromium 156 asks for a style sheet and "
              "images.",
     .script = BothChromium},
    {.name = "both-firefox",
     .about = "Both kinds at once, as Firefox 153 asks for a document and "
              "images of low priority.",
     .script = BothFirefox},
    {.name = "small-among-large",
     .about = "Ten small bodies among a large one, with both kinds of signals.",
     .script = SmallAmongLarge},
    {.name = "starvation",
     .about = "Two requests on the root with weights 240 and 16: the weak one "
              "advances too.",
     .judge = Judge::kShare,
     .asked = kStarvationAsked,
     .script = Starvation},
    {.name = "settings-no-rfc7540",
     .about = "The client sends SETTINGS_NO_RFC7540_PRIORITIES = 1; the tree "
              "says the opposite of the priority fields.",
     .judge = Judge::kFieldOnly,
     .script = SettingSent},
    {.name = "via",
     .about = "As rfc9218-urgency, from an intermediary: with a via field.",
     .script = Via},
    {.name = "lateness",
     .about = "While many bodies flow to a client that reads slowly, an urgent "
              "request comes: what was committed before.",
     .judge = Judge::kLateness},
};

}  // namespace

absl::Span<const Experiment> Experiments() { return kExperiments; }

}  // namespace sluice::probe
