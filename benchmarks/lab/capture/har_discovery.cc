#include "benchmarks/lab/capture/har_discovery.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sluice::lab {
namespace {

class Finder {
 public:
  Finder(const HarLog& log, absl::string_view file)
      : entries_(log.entries), file_(file), parents_(log.entries.size()) {}

  absl::StatusOr<HarDiscovery> Find();

 private:
  std::optional<size_t> RedirectTo(size_t index);
  std::optional<size_t> Named(size_t index);
  std::optional<size_t> Inferred(size_t index) const;
  std::optional<size_t> LatestBefore(const std::string& url,
                                     size_t index) const;

  const std::vector<HarEntry>& entries_;
  const absl::string_view file_;
  size_t document_ = 0;
  std::vector<std::optional<size_t>> parents_;
  // In order.
  absl::flat_hash_map<std::string, std::vector<size_t>> by_url_;
  absl::flat_hash_map<std::string, std::vector<size_t>> open_redirects_;
};

std::optional<size_t> Finder::RedirectTo(size_t index) {
  auto found = open_redirects_.find(entries_[index].url);
  if (found == open_redirects_.end() || found->second.empty()) {
    return std::nullopt;
  }
  const size_t redirect = found->second.back();
  found->second.pop_back();
  return redirect;
}

std::optional<size_t> Finder::LatestBefore(const std::string& url,
                                           size_t index) const {
  auto found = by_url_.find(url);
  if (found == by_url_.end()) return std::nullopt;
  const std::vector<size_t>& same = found->second;
  auto after = std::lower_bound(same.begin(), same.end(), index);
  if (after == same.begin()) return std::nullopt;
  return *(after - 1);
}

std::optional<size_t> Finder::Named(size_t index) {
  std::optional<size_t> last;
  for (const std::string& url : entries_[index].initiator_urls) {
    const std::optional<size_t> candidate = LatestBefore(url, index);
    if (!candidate.has_value()) continue;
    if (!last.has_value() ||
        entries_[*candidate].end_ms > entries_[*last].end_ms) {
      last = candidate;
    }
  }
  return last;
}

std::optional<size_t> Finder::Inferred(size_t index) const {
  const HarEntry& entry = entries_[index];
  if (index <= document_) return std::nullopt;
  const std::optional<size_t> referrer = LatestBefore(entry.referer, index);
  size_t frame = document_;
  bool frame_named = false;
  if (referrer.has_value()) {
    if (entries_[*referrer].type == ResourceType::kCss) return referrer;
    if (entries_[*referrer].type == ResourceType::kHtml) {
      frame = *referrer;
      frame_named = true;
    }
  }
  const bool styled = entry.type == ResourceType::kFont ||
                      entry.type == ResourceType::kImage ||
                      entry.type == ResourceType::kCss;
  size_t parent = frame;
  for (size_t i = 0; i < index; ++i) {
    const HarEntry& other = entries_[i];
    const bool could_ask =
        other.type == ResourceType::kJs ||
        (other.type == ResourceType::kCss && styled && !frame_named);
    if (could_ask && other.fate == HarFate::kKept && !other.redirect &&
        other.end_ms <= entry.start_ms &&
        other.end_ms > entries_[parent].end_ms) {
      parent = i;
    }
  }
  return parent;
}

absl::StatusOr<HarDiscovery> Finder::Find() {
  HarDiscovery discovery;
  document_ = entries_.size();
  for (size_t i = 0; i < entries_.size(); ++i) {
    const HarEntry& entry = entries_[i];
    if (entry.fate == HarFate::kNotHttp || entry.fate == HarFate::kTunnel ||
        entry.fate == HarFate::kOtherPage) {
      continue;
    }
    by_url_[entry.url].push_back(i);
    if (entry.fate == HarFate::kKept && !entry.redirect &&
        entry.type == ResourceType::kHtml && document_ == entries_.size()) {
      document_ = i;
    }
  }
  if (document_ == entries_.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        file_,
        ": log.entries: no entry is a document (html) that came over HTTP and "
        "not from a cache; a page begins with one"));
  }
  discovery.document = document_;
  discovery.inferred.resize(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    const HarEntry& entry = entries_[i];
    if (entry.fate == HarFate::kOtherPage) continue;
    std::optional<size_t> parent = RedirectTo(i);
    if (!parent.has_value()) parent = Named(i);
    if (!parent.has_value()) {
      parent = Inferred(i);
      discovery.inferred[i] = parent.has_value();
    }
    // Earlier ones have their nearest kept ancestor already.
    if (parent.has_value() && entries_[*parent].fate != HarFate::kKept) {
      parent = parents_[*parent];
    }
    parents_[i] = parent;
    if (entry.redirect && !entry.redirect_url.empty()) {
      open_redirects_[entry.redirect_url].push_back(i);
    }
  }
  discovery.parents = std::move(parents_);
  return discovery;
}

}  // namespace

absl::StatusOr<HarDiscovery> DiscoverHar(const HarLog& log,
                                         absl::string_view file) {
  return Finder(log, file).Find();
}

}  // namespace sluice::lab
