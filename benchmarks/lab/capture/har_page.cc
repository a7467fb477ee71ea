#include "benchmarks/lab/capture/har_page.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/capture/har_discovery.h"
#include "benchmarks/lab/capture/har_entry.h"
#include "benchmarks/lab/capture/har_names.h"
#include "benchmarks/lab/page/page_fixture.h"
#include "benchmarks/lab/page/page_rules.h"

namespace sluice::lab {
namespace {

using nlohmann::json;

constexpr int kGuessedInView = 5;  // images

// "pages/my site.har" → "my_site".
std::string PageName(absl::string_view file) {
  absl::string_view stem = file.substr(file.rfind('/') + 1);
  for (absl::string_view extension : {".json", ".har"}) {
    absl::ConsumeSuffix(&stem, extension);
  }
  std::string name(stem.substr(0, kMaxPageName));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !IsPageNameCharacter(c); },
      '_');
  return name.empty() ? "har" : name;
}

class HarPage {
 public:
  HarPage(HarLog log, HarDiscovery discovery)
      : entries_(std::move(log.entries)),
        discovery_(std::move(discovery)),
        creator_(std::move(log.creator)),
        ignored_(std::move(log.ignored)) {}

  Page Make(absl::string_view file);

 private:
  void FindFrames();
  void AddResource(size_t index);
  void SetDiscovery(const HarEntry& entry, const HarEntry& parent,
                    Resource& resource) const;
  void SetCss(size_t index, Resource& resource) const;
  void SetJs(size_t index, Resource& resource) const;
  void SetImage(size_t index, Resource& resource);
  void PlaceChanges();
  std::string Note() const;

  bool FoundByScript(size_t index) const {
    const std::optional<size_t>& parent = discovery_.parents[index];
    const HarInitiator initiator = entries_[index].initiator;
    return initiator == HarInitiator::kScript ||
           (initiator != HarInitiator::kParser && parent.has_value() &&
            entries_[*parent].type == ResourceType::kJs);
  }
  bool BehindLayout(const HarEntry& entry) const {
    return entry.start_ms >= layout_ms_;
  }
  bool InDocument(size_t index) const {
    return frames_[index] == discovery_.document;
  }

  const std::vector<HarEntry> entries_;
  const HarDiscovery discovery_;
  const std::string creator_;
  const std::string ignored_;      // the log's own value that was unusable
  std::vector<size_t> frames_;     // by entry: its document
  std::vector<size_t> places_;     // by entry: index in the page's resources
  std::vector<size_t> sources_;    // by resource: its entry
  bool has_levels_ = false;        // some entry has a level
  bool has_final_levels_ = false;  // not by a header alone
  bool has_displayed_ = false;     // a Firefox displayed any image
  bool has_urgencies_ = false;     // a Firefox sent `priority` with any request
  size_t first_image_ = 0;         // entry; entries_.size(): none
  int in_view_ = 0;                // images, guessed
  // When the first image had arrived that layout had raised.
  double layout_ms_ = std::numeric_limits<double>::infinity();
  Page page_;
};

void HarPage::FindFrames() {
  frames_.assign(entries_.size(), entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    const std::optional<size_t>& parent = discovery_.parents[i];
    if (entries_[i].type == ResourceType::kHtml && !entries_[i].redirect) {
      frames_[i] = i;
    } else if (parent.has_value()) {
      frames_[i] = frames_[*parent];
    } else {
      frames_[i] = discovery_.document;  // of what comes before it
    }
  }
}

void HarPage::SetDiscovery(const HarEntry& entry, const HarEntry& parent,
                           Resource& resource) const {
  if (parent.redirect && parent.redirect_url == entry.url) return;
  if (entry.start_ms >= parent.end_ms) {
    resource.discovery_delay_ns = ToNanoseconds(entry.start_ms - parent.end_ms);
    return;
  }
  const bool streams =
      parent.type == ResourceType::kHtml || parent.type == ResourceType::kCss;
  if (!streams || parent.redirect) return;
  const double whole = static_cast<double>(parent.bytes);
  double part = 0;
  if (!parent.progress.empty() && parent.progress.back().second > 0) {
    // The bytes that had come by the start; a chunk has the time of its end.
    auto after = std::upper_bound(
        parent.progress.begin(), parent.progress.end(), entry.start_ms,
        [](double ms, const auto& chunk) { return ms < chunk.first; });
    if (after != parent.progress.begin()) {
      --after;
      part = static_cast<double>(after->second) /
             static_cast<double>(parent.progress.back().second);
      resource.discovery_delay_ns =
          ToNanoseconds(entry.start_ms - after->first);
    }
  } else if (entry.start_ms > parent.first_byte_ms) {
    part = (entry.start_ms - parent.first_byte_ms) /
           (parent.end_ms - parent.first_byte_ms);
  }
  resource.discovered_at_byte =
      std::min(parent.bytes, static_cast<uint64_t>(part * whole));
}

void HarPage::SetCss(size_t index, Resource& resource) const {
  const HarEntry& entry = entries_[index];
  if (!entry.level.has_value() && entry.firefox_urgency == 4) {
    resource.level = ChromeLevel::kVeryLow;
  }
  const Resource* importer = resource.initiator.has_value()
                                 ? &page_.resources[*resource.initiator]
                                 : nullptr;
  const bool imported =
      importer != nullptr && importer->type == ResourceType::kCss;
  bool blocks =
      resource.level <= ChromeLevel::kHigh && !FoundByScript(index) &&
      !BehindLayout(entry) &&
      (!imported || importer->render_blocking == RenderBlocking::kStylesheet);
  if (entry.blocking != HarBlocking::kUnknown) {
    blocks = entry.blocking == HarBlocking::kBlocking;
  }
  if (blocks && InDocument(index)) {
    resource.render_blocking = RenderBlocking::kStylesheet;
  }
}

void HarPage::SetJs(size_t index, Resource& resource) const {
  const HarEntry& entry = entries_[index];
  enum { kHead, kLate, kAsync } place = kAsync;
  if (entry.blocking != HarBlocking::kUnknown) {
    place = entry.blocking == HarBlocking::kBlocking ? kHead
            : entry.blocking == HarBlocking::kInBody ? kLate
                                                     : kAsync;
  } else if (resource.hints.preload || FoundByScript(index) ||
             entry.initiator == HarInitiator::kOther) {
    place = kAsync;
  } else if (entry.level.has_value()) {
    place = *entry.level > ChromeLevel::kMedium ? kAsync
            : *entry.level == ChromeLevel::kMedium || BehindLayout(entry)
                ? kLate
                : kHead;
  } else if (has_urgencies_) {
    place = entry.firefox_urgency == 2 ? kHead : kAsync;
  } else {
    place = index < first_image_ ? kHead : kLate;
  }
  resource.hints.async_or_defer = place == kAsync;
  if (InDocument(index) && place != kAsync) {
    resource.render_blocking =
        place == kHead ? RenderBlocking::kParser : RenderBlocking::kParserLate;
  }
  if (!entry.level.has_value() && !resource.hints.preload) {
    resource.level = place == kHead   ? ChromeLevel::kHigh
                     : place == kLate ? ChromeLevel::kMedium
                                      : ChromeLevel::kLow;
  }
}

void HarPage::SetImage(size_t index, Resource& resource) {
  const HarEntry& entry = entries_[index];
  const auto high = [](const std::optional<ChromeLevel>& level) {
    return level.has_value() && *level <= ChromeLevel::kHigh;
  };
  if (has_final_levels_) {
    resource.hints.above_the_fold =
        high(entry.level) || high(entry.final_level);
  } else if (has_displayed_) {
    resource.hints.above_the_fold = entry.displayed;
  } else if (InDocument(index) && !FoundByScript(index)) {
    resource.hints.above_the_fold =
        has_levels_
            ? entry.level.value_or(ChromeLevel::kLow) <= ChromeLevel::kMedium
            : in_view_++ < kGuessedInView;
  }
  if (!has_final_levels_ && resource.hints.above_the_fold &&
      resource.level > ChromeLevel::kHigh) {
    resource.change_of_mind = ChangeOfMind{.level = ChromeLevel::kHigh};
  }
}

void HarPage::AddResource(size_t index) {
  const HarEntry& entry = entries_[index];
  Resource resource;
  resource.id = static_cast<int64_t>(entry.index);
  SetType(entry.type, resource);
  resource.url = entry.url;
  resource.bytes = entry.bytes;
  resource.redirect = entry.redirect;
  const std::optional<size_t>& parent = discovery_.parents[index];
  if (parent.has_value()) {
    resource.initiator = places_[*parent];
    SetDiscovery(entry, entries_[*parent], resource);
  } else {
    resource.discovery_delay_ns = ToNanoseconds(entry.start_ms);
  }
  resource.hints.preload =
      entry.preloaded ||
      (entry.type == ResourceType::kFont && entry.firefox_urgency == 2);
  if (entry.level.has_value()) {
    resource.level = *entry.level;
  } else if (entry.type == ResourceType::kFont && resource.hints.preload) {
    resource.level = ChromeLevel::kHigh;
  }
  if (entry.final_level.has_value() && entry.type == ResourceType::kImage) {
    resource.change_of_mind = ChangeOfMind{.level = *entry.final_level};
  } else if (entry.final_level.has_value()) {
    resource.level = *entry.final_level;
  }
  if (!entry.redirect) {
    if (index == discovery_.document) {
      resource.render_blocking = RenderBlocking::kDocument;
    } else if (entry.type == ResourceType::kCss) {
      SetCss(index, resource);
    } else if (entry.type == ResourceType::kJs) {
      SetJs(index, resource);
    } else if (entry.type == ResourceType::kImage) {
      SetImage(index, resource);
    }
  }
  places_[index] = page_.resources.size();
  sources_.push_back(index);
  page_.resources.push_back(std::move(resource));
}

void HarPage::PlaceChanges() {
  std::vector<double> ends;  // of what is render-critical
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    if (!page_.resources[i].render_critical) continue;
    ends.push_back(entries_[sources_[i]].end_ms);
  }
  std::sort(ends.begin(), ends.end());
  std::vector<CaptureTimes> times;
  for (size_t i = 0; i < page_.resources.size(); ++i) {
    const HarEntry& entry = entries_[sources_[i]];
    CaptureTimes time;
    time.start_ms = entry.start_ms;
    time.end_ms = entry.end_ms;
    if (page_.resources[i].change_of_mind.has_value()) {
      time.reprioritised_ms = entry.start_ms;
      auto after = std::upper_bound(ends.begin(), ends.end(), entry.end_ms);
      if (after != ends.begin()) {
        time.reprioritised_ms = std::max(entry.start_ms, *(after - 1));
      }
    }
    times.push_back(time);
  }
  PlaceChangesOfMind(times, page_.resources);
}

std::string HarPage::Note() const {
  std::array<size_t, kHarFates> fates = {};
  size_t inferred = 0;
  size_t decoded = 0;
  size_t unknown = 0;
  size_t ignored = ignored_.empty() ? 0 : 1;
  std::string first_ignored = ignored_;
  std::set<absl::string_view> hosts;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const HarFate fate = entries_[i].fate;
    ++fates[static_cast<size_t>(fate)];
    // Skips entries that are left out whatever their values are.
    const bool judged = fate == HarFate::kKept || fate == HarFate::kCached ||
                        fate == HarFate::kFailed;
    if (judged && !entries_[i].ignored.empty() && ++ignored == 1) {
      first_ignored = entries_[i].ignored;
    }
    if (fate != HarFate::kKept) continue;
    const absl::string_view origin = OriginOf(entries_[i].url);
    hosts.insert(origin.substr(origin.find(':')));  // of either scheme
    if (discovery_.inferred[i]) ++inferred;
    if (entries_[i].decoded) ++decoded;
    if (entries_[i].size_unknown) ++unknown;
  }
  std::vector<std::string> parts = {absl::StrCat(
      page_.resources.size(), " of ", entries_.size(), " entries are loaded")};
  auto add = [&parts](size_t count, absl::string_view what) {
    if (count > 0) parts.push_back(absl::StrCat(count, " ", what));
  };
  add(fates[static_cast<size_t>(HarFate::kCached)], "came from a cache");
  add(fates[static_cast<size_t>(HarFate::kFailed)], "failed");
  add(fates[static_cast<size_t>(HarFate::kNotHttp)], "were not HTTP");
  add(fates[static_cast<size_t>(HarFate::kTunnel)], "opened a tunnel");
  add(fates[static_cast<size_t>(HarFate::kOtherPage)], "are of another page");
  if (hosts.size() > 1) add(hosts.size(), "hosts are merged");
  add(inferred, "initiators are inferred");
  add(decoded, "sizes are of decoded bodies");
  add(unknown, "sizes are unknown and count as 0");
  if (!has_levels_) parts.push_back("priorities are inferred");
  if (!has_final_levels_ && !has_displayed_) {
    parts.push_back("images in view are guessed");
  }
  if (ignored > 0) {
    parts.push_back(absl::StrCat("unusable values are ignored in ", ignored,
                                 " places, the first: ", first_ignored));
  }
  return absl::StrCat("HAR", creator_.empty() ? "" : " of ", creator_, ": ",
                      absl::StrJoin(parts, ", "));
}

Page HarPage::Make(absl::string_view file) {
  page_.name = PageName(file);
  places_.resize(entries_.size());
  first_image_ = entries_.size();
  FindFrames();
  for (size_t i = 0; i < entries_.size(); ++i) {
    const HarEntry& entry = entries_[i];
    if (entry.fate != HarFate::kKept) continue;
    has_levels_ = has_levels_ || entry.level.has_value();
    has_final_levels_ = has_final_levels_ ||
                        (entry.level.has_value() && !entry.level_of_header);
    has_displayed_ = has_displayed_ || entry.displayed;
    has_urgencies_ = has_urgencies_ || entry.firefox_urgency.value_or(-1) >= 0;
    if (entry.type == ResourceType::kImage) {
      first_image_ = std::min(first_image_, i);
      if (InDocument(i) && entry.final_level.has_value() &&
          entry.final_level < entry.level) {
        layout_ms_ = std::min(layout_ms_, entry.end_ms);
      }
    }
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].fate == HarFate::kKept) AddResource(i);
  }
  SetHints(page_.resources);
  MarkMetricSets(page_.resources);
  PlaceChanges();
  page_.note = Note();
  return std::move(page_);
}

}  // namespace

absl::StatusOr<Page> ReadHarPage(const json& document, absl::string_view file) {
  if (const json& log = document["log"];
      log.is_object() && log.contains(kHarFixtureField)) {
    return ReadPageFixture(log[kHarFixtureField], file);
  }
  absl::StatusOr<HarLog> log = ReadHarLog(document, file);
  if (!log.ok()) return log.status();
  const auto loaded = std::count_if(
      log->entries.begin(), log->entries.end(),
      [](const HarEntry& entry) { return entry.fate != HarFate::kOtherPage; });
  if (static_cast<size_t>(loaded) > kMaxResources) {
    return absl::InvalidArgumentError(absl::StrCat(
        file, ": log.entries: has ", loaded,
        " entries of its first page; at most ", kMaxResources, " are allowed"));
  }
  absl::StatusOr<HarDiscovery> discovery = DiscoverHar(*log, file);
  if (!discovery.ok()) return discovery.status();
  if (const HarEntry& page = log->entries[discovery->document];
      page.size_unknown) {
    return absl::InvalidArgumentError(absl::StrCat(
        file, ": ", HarEntryName(page.index, page.url),
        ": response.bodySize: is missing, and no other field tells the size of "
        "the page's document (_transferSize, content.size, Content-Length)"));
  }
  return HarPage(*std::move(log), *std::move(discovery)).Make(file);
}

}  // namespace sluice::lab
