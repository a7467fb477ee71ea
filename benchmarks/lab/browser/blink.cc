#include "benchmarks/lab/browser/blink.h"

#include <algorithm>
#include <optional>

#include "benchmarks/lab/page/page_rules.h"

namespace sluice::lab {
namespace {

constexpr size_t kTightLimit = 2;
constexpr size_t kTightMediumLimit = 2;
constexpr int kRaisedImages = 5;
constexpr int64_t kInlinePauseNs = 150'000'000;

bool HasRenderBlocking(const Resource& resource, RenderBlocking blocking) {
  return resource.render_blocking == blocking &&
         (resource.type == ResourceType::kCss ||
          resource.type == ResourceType::kJs);
}

bool Blocks(const Resource& resource) {
  return HasRenderBlocking(resource, RenderBlocking::kParser) ||
         HasRenderBlocking(resource, RenderBlocking::kStylesheet);
}

// A script of the body, or a stylesheet there: what is behind an image.
bool StopsTheBody(const Resource& resource) {
  return HasRenderBlocking(resource, RenderBlocking::kParserLate) ||
         (resource.type == ResourceType::kCss && !resource.hints.preload &&
          resource.level == ChromeLevel::kMedium);
}

// Named by the document: whether an inline script asks for it.
bool IsOfInlineScript(const Resource& resource) {
  return !Blocks(resource) && !StopsTheBody(resource) &&
         (resource.type == ResourceType::kFetch ||
          resource.discovery_delay_ns >= kInlinePauseNs);
}

// Its level when the parser stops at it.
ChromeLevel LevelAtTheStop(const Resource& resource) {
  return std::min(resource.level, resource.type == ResourceType::kCss
                                      ? ChromeLevel::kVeryHigh
                                      : ChromeLevel::kHigh);
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
  const size_t document = DocumentOf(resources);
  if (resources[document].type == ResourceType::kHtml &&
      !resources[document].redirect) {
    document_ = document;
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
    // Blocks nothing here, or the load might stop: what comes behind layout or
    // behind the parser, and a trigger's, which may never come. What leads to
    // the document itself is over by then.
    const std::optional<size_t> cause =
        FindAncestor(page_, i, [](const Resource& r) {
          return (r.type == ResourceType::kHtml && !r.redirect) ||
                 r.type == ResourceType::kFont || r.trigger.has_value() ||
                 IsOfInlineScript(r);
        });
    const bool behind = resource.trigger.has_value() ||
                        (cause.has_value() && *cause != document_);
    if (!in_frame_[i] || behind) continue;
    if (Blocks(resource)) {
      blocks_layout_.insert(i);
      if (OfDocument(i)) head_ends_ = std::max(head_ends_, PlaceOf(i));
    }
    if (HasRenderBlocking(resource, RenderBlocking::kParser)) last_script = i;
    if (OfDocument(i) && StopsTheBody(resource)) stops_.push_back(i);
  }
  // A script runs when the stylesheets above it have arrived.
  for (size_t i : blocks_layout_) {
    if (i <= last_script) blocks_body_.insert(i);
  }
  std::stable_sort(stops_.begin(), stops_.end(), [this](size_t a, size_t b) {
    return PlaceOf(a) < PlaceOf(b);
  });
  std::reverse(stops_.begin(), stops_.end());
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

bool Blink::IsBehindTheStop(size_t resource) const {
  if (!stopped_) return false;
  const size_t stop = stops_.back();
  return std::pair(PlaceOf(resource), resource) >
         std::pair(PlaceOf(stop), stop);
}

// Before the parser does.
bool Blink::ScannerFinds(size_t resource) const {
  return !body_ || received_ <= first_piece_ || IsBehindTheStop(resource);
}

bool Blink::HasParsed(size_t resource) const {
  return committed_ && (body_ || PlaceOf(resource) < head_ends_) &&
         !IsBehindTheStop(resource);
}

bool Blink::IsLaidOut(size_t resource) const {
  return layout_ && !(OfDocument(resource) && IsBehindTheStop(resource));
}

// A font that is not preloaded; an image in view, unless the page says itself
// when it is raised. A font that is found before there is a document is none of
// its layout, which may even wait for that font.
bool Blink::WaitsForLayout(size_t resource) const {
  const Resource& found = page_.resources[resource];
  if (!in_frame_[resource]) return false;
  if (found.type == ResourceType::kFont) {
    return committed_ && document_ < states_.size() && !found.hints.preload &&
           found.level == ChromeLevel::kVeryHigh;
  }
  return found.type == ResourceType::kImage && found.hints.above_the_fold &&
         !found.change_of_mind.has_value();
}

// Of a resource that was found just now.
void Blink::SetLevels(size_t resource) {
  const Resource& found = page_.resources[resource];
  State& state = states_[resource];
  state.found_at = state.level = found.level;
  if (!OfDocument(resource)) return;
  const bool by_parser =
      !ScannerFinds(resource) || (stopped_ && stops_.back() == resource);
  if (found.type == ResourceType::kImage) {
    if (raises_images_ && !found.hints.preload && images_++ < kRaisedImages) {
      state.level = std::min(state.level, ChromeLevel::kMedium);
    }
    const bool low = by_parser && state.level == ChromeLevel::kMedium;
    state.found_at = low ? ChromeLevel::kLow : state.level;
  } else if (by_parser && StopsTheBody(found)) {
    state.found_at = state.level = LevelAtTheStop(found);
  }
}

bool Blink::HoldsBack(size_t resource) {
  if (!OfDocument(resource) || HasParsed(resource) ||
      !IsOfInlineScript(page_.resources[resource])) {
    return false;
  }
  for_parser_.push_back(resource);
  return true;
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
  actions_.push_back({Action::kRequest, resource, state.level, state.found_at});
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
  if (!committed_) {
    SendWaiting();  // what may lead to the document
    return;
  }
  if (received_ >= head_ends_ && blocks_body_.empty()) body_ = true;
  stopped_ = false;
  while (body_ && !stops_.empty() && received_ >= PlaceOf(stops_.back())) {
    const size_t stop = stops_.back();
    stopped_ = states_[stop].step != Step::kComplete || !blocks_layout_.empty();
    if (stopped_) {
      SetLevel(stop, LevelAtTheStop(page_.resources[stop]));
      break;
    }
    stops_.pop_back();
  }
  for (size_t resource : std::exchange(for_parser_, {})) {
    if (HasParsed(resource)) {
      actions_.push_back({Action::kPause, resource});
    } else {
      for_parser_.push_back(resource);
    }
  }
  SendWaiting();
  if (body_ && blocks_layout_.empty()) LayOut();
}

// Blink walks over the images in no order. Seen from the last one, most streams
// change their parents and so send frames, as in Chromium.
void Blink::LayOut() {
  layout_ = true;
  std::vector<size_t> images;
  for (size_t resource : std::exchange(for_layout_, {})) {
    if (!IsLaidOut(resource)) {
      for_layout_.push_back(resource);
    } else if (page_.resources[resource].type == ResourceType::kFont) {
      LayOut(resource);
    } else {
      images.push_back(resource);
    }
  }
  for (; !images.empty(); images.pop_back()) LayOut(images.back());
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
