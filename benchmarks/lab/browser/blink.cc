#include "benchmarks/lab/browser/blink.h"

#include <algorithm>
#include <optional>

namespace sluice::lab {
namespace {

constexpr size_t kTightLimit = 2;
constexpr size_t kTightMediumLimit = 2;
constexpr int kRaisedImages = 5;
// One read of the browser: what the first window of TCP brings (RFC 6928).
constexpr uint64_t kFirstPiece = 14'000;

bool Blocks(const Resource& resource) {
  return resource.render_blocking == RenderBlocking::kParser ||
         resource.render_blocking == RenderBlocking::kStylesheet;
}

// The chain of initiators of `resource`, without itself, the nearest first.
template <typename Predicate>
std::optional<size_t> FindAncestor(const Page& page, size_t resource,
                                   Predicate predicate) {
  std::optional<size_t> ancestor = page.resources[resource].initiator;
  while (ancestor.has_value() && !predicate(page.resources[*ancestor])) {
    ancestor = page.resources[*ancestor].initiator;
  }
  return ancestor;
}

}  // namespace

Blink::Blink(const Page& page)
    : page_(page),
      states_(page.resources.size()),
      in_frame_(page.resources.size()),
      document_(page.resources.size()) {
  const std::vector<Resource>& resources = page.resources;
  for (size_t i = 0; i < resources.size(); ++i) {
    if (resources[i].type == ResourceType::kHtml &&
        resources[i].render_critical) {
      document_ = i;
    }
  }
  size_t last_script = 0;
  for (size_t i = 0; i < resources.size(); ++i) {
    const Resource& resource = resources[i];
    in_frame_[i] = resource.type != ResourceType::kHtml &&
                   FindAncestor(page, i, [](const Resource& r) {
                     return r.type == ResourceType::kHtml && !r.redirect;
                   }).value_or(document_) == document_;
    // Blocks nothing here: what comes behind layout, and what may never be
    // found before it (a trigger's).
    const bool behind_layout =
        FindAncestor(page, i, [](const Resource& r) {
          return r.type == ResourceType::kFont || r.trigger.has_value();
        }).has_value();
    if (!in_frame_[i] || behind_layout || resource.trigger.has_value()) {
      continue;
    }
    if (Blocks(resource)) {
      blocks_layout_.insert(i);
      if (OfDocument(i)) {
        head_ends_ = std::max(head_ends_, resource.discovered_at_byte.value_or(
                                              resources[document_].bytes));
      }
    }
    if (resource.render_blocking == RenderBlocking::kParser) last_script = i;
    if (resource.render_blocking == RenderBlocking::kParserLate &&
        OfDocument(i)) {
      late_scripts_.push_back(i);
    }
  }
  // A script runs when the stylesheets above it have arrived.
  for (size_t i : blocks_layout_) {
    if (i <= last_script) blocks_body_.insert(i);
  }
  std::stable_sort(late_scripts_.begin(), late_scripts_.end(),
                   [&](size_t a, size_t b) {
                     const uint64_t end = resources[document_].bytes;
                     return resources[a].discovered_at_byte.value_or(end) <
                            resources[b].discovered_at_byte.value_or(end);
                   });
  std::reverse(late_scripts_.begin(), late_scripts_.end());
  body_ = document_ == resources.size();
  for (size_t i = 0; i < resources.size(); ++i) {
    if (OfDocument(i) && resources[i].type == ResourceType::kImage &&
        resources[i].level == ChromeLevel::kMedium) {
      raises_images_ = false;
    }
  }
}

bool Blink::OfDocument(size_t resource) const {
  return page_.resources[resource].initiator == document_;
}

bool Blink::NamedByStylesheet(size_t resource) const {
  const Resource& named = page_.resources[resource];
  return named.initiator.has_value() &&
         page_.resources[*named.initiator].type == ResourceType::kCss;
}

bool Blink::Counts(size_t resource) const {
  switch (page_.resources[resource].type) {
    case ResourceType::kCss:
    case ResourceType::kJs:
    case ResourceType::kFont:
    case ResourceType::kImage:
    case ResourceType::kManifest:
    case ResourceType::kOther:
      return in_frame_[resource];
    case ResourceType::kHtml:
    case ResourceType::kFetch:
    case ResourceType::kMedia:
    case ResourceType::kBeacon:
      break;
  }
  return false;
}

bool Blink::StoppedAt(size_t resource) const {
  return stopped_ && late_scripts_.back() == resource;
}

bool Blink::ScannerIsFirst() const {
  return !body_ || stopped_ || received_ <= kFirstPiece;
}

// Of a resource that was found just now.
void Blink::SetLevels(size_t resource) {
  const Resource& found = page_.resources[resource];
  State& state = states_[resource];
  state.asked = state.level = found.level;
  if (!OfDocument(resource)) return;
  if (found.type == ResourceType::kImage) {
    if (raises_images_ && images_++ < kRaisedImages) {
      state.level = std::min(state.level, ChromeLevel::kMedium);
    }
    const bool by_parser =
        state.level == ChromeLevel::kMedium && !ScannerIsFirst();
    state.asked = by_parser ? ChromeLevel::kLow : state.level;
  } else if (found.render_blocking == RenderBlocking::kParserLate &&
             (StoppedAt(resource) || !ScannerIsFirst())) {
    state.asked = state.level = std::min(state.level, ChromeLevel::kHigh);
  }
}

void Blink::OnFound(size_t resource) {
  SetLevels(resource);
  State& state = states_[resource];
  state.order = found_++;
  if (!layout_ && in_frame_[resource] && NamedByStylesheet(resource) &&
      page_.resources[resource].type == ResourceType::kFont) {
    state.step = Step::kHeld;
    held_.push_back(resource);
    return;
  }
  Ask(resource);
}

void Blink::Ask(size_t resource) {
  State& state = states_[resource];
  if (!Counts(resource)) {
    Send(resource);
    return;
  }
  state.step = Step::kWaiting;
  waiting_.emplace(state.level, state.order, resource);
  SendWaiting();
}

void Blink::Send(size_t resource) {
  State& state = states_[resource];
  state.step = Step::kOpen;
  if (Counts(resource)) ++open_;
  state.counts_as_medium = state.level == ChromeLevel::kMedium;
  if (state.counts_as_medium) ++open_medium_;
  actions_.push_back({Action::kRequest, resource, state.asked});
  if (state.level != state.asked) {
    actions_.push_back({Action::kChange, resource, state.level});
  }
  if (layout_) RaiseIfInView(resource);
}

void Blink::SendWaiting() {
  while (!waiting_.empty()) {
    const auto [level, order, resource] = *waiting_.begin();
    const bool may =
        body_ || level <= ChromeLevel::kHigh || open_ < kTightLimit ||
        (level == ChromeLevel::kMedium && open_medium_ < kTightMediumLimit);
    if (!may) return;
    waiting_.erase(waiting_.begin());
    Send(resource);
  }
}

void Blink::SetLevel(size_t resource, ChromeLevel level) {
  State& state = states_[resource];
  if (state.level == level) return;
  switch (state.step) {
    case Step::kUnknown:
    case Step::kComplete:
      return;
    case Step::kWaiting:
      waiting_.erase({state.level, state.order, resource});
      waiting_.emplace(level, state.order, resource);
      break;
    case Step::kHeld:
      break;
    case Step::kOpen:
      actions_.push_back({Action::kChange, resource, level});
      break;
  }
  state.level = level;
}

void Blink::RaiseIfInView(size_t resource) {
  const Resource& image = page_.resources[resource];
  // Where the capture has the change, it has its time as well.
  if (image.type == ResourceType::kImage && image.hints.above_the_fold &&
      !image.change_of_mind.has_value()) {
    SetLevel(resource, std::min(states_[resource].level, ChromeLevel::kHigh));
  }
}

void Blink::OnChangeDue(size_t resource) {
  if (!layout_ && in_frame_[resource]) {
    states_[resource].changes = true;
    return;
  }
  SetLevel(resource, page_.resources[resource].change_of_mind->level);
}

void Blink::OnBytes(size_t resource, uint64_t received) {
  if (resource != document_) return;
  received_ = received;
  Advance();
}

void Blink::OnComplete(size_t resource) {
  State& state = states_[resource];
  if (state.step == Step::kOpen && Counts(resource)) --open_;
  if (state.step == Step::kOpen && state.counts_as_medium) --open_medium_;
  state.step = Step::kComplete;
  blocks_body_.erase(resource);
  blocks_layout_.erase(resource);
  if (resource == document_) received_ = page_.resources[resource].bytes;
  Advance();
}

// Lets the parser go on as far as it can.
void Blink::Advance() {
  const bool head_read =
      document_ < states_.size() && received_ > 0 && received_ >= head_ends_;
  if (head_read && blocks_body_.empty()) body_ = true;
  while (body_ && !late_scripts_.empty()) {
    const size_t script = late_scripts_.back();
    const uint64_t at = page_.resources[script].discovered_at_byte.value_or(
        page_.resources[document_].bytes);
    stopped_ = received_ >= at && (states_[script].step != Step::kComplete ||
                                   !blocks_layout_.empty());
    if (received_ < at) break;
    if (stopped_) {
      SetLevel(script, std::min(states_[script].level, ChromeLevel::kHigh));
      break;
    }
    late_scripts_.pop_back();
  }
  SendWaiting();
  if (body_ && blocks_layout_.empty() && !layout_) LayOut();
}

void Blink::LayOut() {
  layout_ = true;
  for (size_t i = 0; i < states_.size(); ++i) {
    RaiseIfInView(i);
    if (states_[i].changes) OnChangeDue(i);
  }
  for (size_t resource : std::exchange(held_, {})) Ask(resource);
}

}  // namespace sluice::lab
