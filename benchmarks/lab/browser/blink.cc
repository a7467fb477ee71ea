#include "benchmarks/lab/browser/blink.h"

#include <algorithm>
#include <optional>

namespace sluice::lab {
namespace {

constexpr size_t kTightLimit = 2;
constexpr size_t kTightMediumLimit = 2;
constexpr int kRaisedImages = 5;

bool Blocks(const Resource& resource) {
  return resource.render_blocking == RenderBlocking::kParser ||
         resource.render_blocking == RenderBlocking::kStylesheet;
}

// The nearest of the chain of initiators of `resource` for which `is` holds.
template <typename Is>
std::optional<size_t> FindAncestor(const Page& page, size_t resource, Is is) {
  std::optional<size_t> ancestor = page.resources[resource].initiator;
  while (ancestor.has_value() && !is(page.resources[*ancestor])) {
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
  for (size_t i = 0; i < resources.size(); ++i) {
    in_frame_[i] = resources[i].type != ResourceType::kHtml &&
                   FindAncestor(page, i, [](const Resource& r) {
                     return r.type == ResourceType::kHtml && !r.redirect;
                   }).value_or(document_) == document_;
    if (OfDocument(i) && resources[i].type == ResourceType::kImage &&
        resources[i].level == ChromeLevel::kMedium) {
      raises_images_ = false;
    }
  }
  FindBlockers();
  committed_ = body_ = document_ == resources.size();
}

void Blink::FindBlockers() {
  size_t last_script = 0;
  for (size_t i = 0; i < states_.size(); ++i) {
    const Resource& resource = page_.resources[i];
    // Blocks nothing here: what comes behind layout, and what may never be
    // found before it (a trigger's).
    const bool behind_layout =
        resource.trigger.has_value() ||
        FindAncestor(page_, i, [](const Resource& r) {
          return r.type == ResourceType::kFont || r.trigger.has_value();
        }).has_value();
    if (!in_frame_[i] || behind_layout) continue;
    if (Blocks(resource)) {
      blocks_layout_.insert(i);
      if (OfDocument(i)) head_ends_ = std::max(head_ends_, PlaceOf(i));
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
  std::stable_sort(
      late_scripts_.begin(), late_scripts_.end(),
      [this](size_t a, size_t b) { return PlaceOf(a) < PlaceOf(b); });
  std::reverse(late_scripts_.begin(), late_scripts_.end());
}

bool Blink::OfDocument(size_t resource) const {
  return page_.resources[resource].initiator == document_;
}

// The byte of the document behind which it is named.
uint64_t Blink::PlaceOf(size_t resource) const {
  return page_.resources[resource].discovered_at_byte.value_or(
      page_.resources[document_].bytes);
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

bool Blink::ScannerIsFirst() const {
  return !body_ || stopped_ || received_ <= first_piece_;
}

bool Blink::StoppedAt(size_t resource) const {
  return stopped_ && late_scripts_.back() == resource;
}

// Whether layout sees it: the parser has not stopped before it.
bool Blink::IsLaidOut(size_t resource) const {
  if (!layout_ || !stopped_ || !OfDocument(resource)) return layout_;
  const size_t script = late_scripts_.back();
  return std::pair(PlaceOf(resource), resource) <
         std::pair(PlaceOf(script), script);
}

// A font that is not preloaded; an image in view, unless the page says itself
// when it is raised.
bool Blink::WaitsForLayout(size_t resource) const {
  const Resource& found = page_.resources[resource];
  if (!in_frame_[resource]) return false;
  if (found.type == ResourceType::kFont) {
    return !found.hints.preload && found.level == ChromeLevel::kVeryHigh;
  }
  return found.type == ResourceType::kImage && found.hints.above_the_fold &&
         !found.change_of_mind.has_value();
}

// Of a resource that was found just now.
void Blink::SetLevels(size_t resource) {
  const Resource& found = page_.resources[resource];
  State& state = states_[resource];
  state.asked = state.level = found.level;
  if (!OfDocument(resource)) return;
  const bool by_parser = StoppedAt(resource) || !ScannerIsFirst();
  if (found.type == ResourceType::kImage) {
    if (raises_images_ && images_++ < kRaisedImages) {
      state.level = std::min(state.level, ChromeLevel::kMedium);
    }
    const bool low = by_parser && state.level == ChromeLevel::kMedium;
    state.asked = low ? ChromeLevel::kLow : state.level;
  } else if (by_parser && found.level == ChromeLevel::kMedium) {
    if (found.render_blocking == RenderBlocking::kParserLate) {
      state.asked = state.level = ChromeLevel::kHigh;
    } else if (found.type == ResourceType::kCss) {
      state.asked = state.level = ChromeLevel::kVeryHigh;
    }
  }
}

void Blink::OnFound(size_t resource) {
  if (!committed_ && OfDocument(resource)) {
    early_.push_back(resource);
    return;
  }
  SetLevels(resource);
  states_[resource].order = found_++;
  const bool font = page_.resources[resource].type == ResourceType::kFont;
  const bool waits = WaitsForLayout(resource);
  if (!waits || !font) Ask(resource);
  if (!waits) return;
  if (IsLaidOut(resource)) {
    LayOut(resource);
  } else {
    for_layout_.push_back(resource);
  }
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
    case Step::kOpen:
      actions_.push_back({Action::kChange, resource, level});
      break;
  }
  state.level = level;
}

void Blink::OnChangeDue(size_t resource) {
  states_[resource].change_is_due = true;
  if (!in_frame_[resource] || IsLaidOut(resource)) {
    LayOut(resource);
  } else {
    for_layout_.push_back(resource);
  }
}

void Blink::OnBytes(size_t resource, uint64_t received) {
  if (resource != document_) return;
  received_ = received;
  Advance();
}

void Blink::OnCommit() {
  committed_ = true;
  first_piece_ = received_;
  Advance();
  for (size_t resource : std::exchange(early_, {})) OnFound(resource);
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
  if (!committed_) return;
  if (received_ >= head_ends_ && blocks_body_.empty()) body_ = true;
  stopped_ = false;
  while (body_ && !late_scripts_.empty()) {
    const size_t script = late_scripts_.back();
    if (received_ < PlaceOf(script)) break;
    stopped_ =
        states_[script].step != Step::kComplete || !blocks_layout_.empty();
    if (stopped_) {
      SetLevel(script, std::min(states_[script].level, ChromeLevel::kHigh));
      break;
    }
    late_scripts_.pop_back();
  }
  SendWaiting();
  if (body_ && blocks_layout_.empty()) LayOut();
}

void Blink::LayOut() {
  layout_ = true;
  for (size_t resource : std::exchange(for_layout_, {})) {
    if (IsLaidOut(resource)) {
      LayOut(resource);
    } else {
      for_layout_.push_back(resource);
    }
  }
}

void Blink::LayOut(size_t resource) {
  State& state = states_[resource];
  if (state.change_is_due) {
    SetLevel(resource, page_.resources[resource].change_of_mind->level);
  } else if (page_.resources[resource].type == ResourceType::kFont) {
    Ask(resource);
  } else {
    SetLevel(resource, std::min(state.level, ChromeLevel::kHigh));
  }
}

}  // namespace sluice::lab
