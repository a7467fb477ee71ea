#include "benchmarks/lab/selection.h"

#include <glob.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/page_rules.h"
#include "examples/support/paths.h"
#include "scheduler/registry.h"

namespace sluice::lab {
namespace {

constexpr absl::string_view kAll = "all";
constexpr absl::string_view kReal = "real";
constexpr absl::string_view kSynthetic = "synthetic_";

// The spec with the policy's registered name: "p+:a=b" → "parallel_plus:a=b".
std::string WithoutNickname(absl::string_view spec) {
  const absl::string_view name = spec.substr(0, spec.find(':'));
  const absl::string_view options = spec.substr(name.size());
  if (name == "p+") return absl::StrCat("parallel_plus", options);
  if (name == "s+") return absl::StrCat("serial_plus", options);
  return std::string(spec);
}

absl::StatusOr<std::vector<std::string>> SplitList(absl::string_view flag,
                                                   absl::string_view list) {
  std::vector<std::string> items;
  for (absl::string_view item : absl::StrSplit(list, ',')) {
    item = absl::StripAsciiWhitespace(item);
    if (item.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          flag, " has an empty name in \"", absl::CHexEscape(list), "\""));
    }
    items.emplace_back(item);
  }
  return items;
}

// Existing files that `pattern` matches, in byte order. A pattern without
// special characters matches the file of that name.
std::vector<std::string> Glob(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found = {};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool LooksLikeAPath(absl::string_view item) {
  return item.find_first_of("/*?[.") != absl::string_view::npos;
}

// "site", "site-2", …: results know a page by its name.
std::string UnusedName(const std::string& name,
                       const std::vector<Page>& pages) {
  std::string candidate = name;
  for (int i = 2;
       std::any_of(pages.begin(), pages.end(),
                   [&](const Page& page) { return page.name == candidate; });
       ++i) {
    const std::string number = absl::StrCat("-", i);
    candidate =
        absl::StrCat(name.substr(0, kMaxPageName - number.size()), number);
  }
  return candidate;
}

absl::Status AddPage(const std::string& path, std::vector<Page>& pages) {
  absl::StatusOr<Page> page = LoadPageFile(path);
  if (!page.ok()) return page.status();
  page->name = UnusedName(page->name, pages);
  pages.push_back(*std::move(page));
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> BundledPages(const std::string& bundled_folder) {
  std::vector<std::string> names;
  for (const std::string& path :
       Glob(absl::StrCat(bundled_folder, "/*.json"))) {
    const size_t name = path.rfind('/') + 1;
    names.emplace_back(absl::StripSuffix(path.substr(name), ".json"));
  }
  return names;
}

absl::StatusOr<std::vector<Page>> SelectPages(
    absl::string_view list, const std::string& bundled_folder) {
  absl::StatusOr<std::vector<std::string>> items = SplitList("--pages", list);
  if (!items.ok()) return items.status();
  const std::vector<std::string> bundled = BundledPages(bundled_folder);
  std::vector<Page> pages;
  for (const std::string& item : *items) {
    std::vector<std::string> paths;
    if (item == kAll || item == kReal) {
      for (const std::string& name : bundled) {
        if (item == kReal && absl::StartsWith(name, kSynthetic)) continue;
        paths.push_back(absl::StrCat(bundled_folder, "/", name, ".json"));
      }
    } else if (std::binary_search(bundled.begin(), bundled.end(), item)) {
      paths = {absl::StrCat(bundled_folder, "/", item, ".json")};
    } else {
      paths = Glob(examples::ResolveUserPath(item));
    }
    if (paths.empty() && LooksLikeAPath(item)) {
      return absl::NotFoundError(absl::StrCat("--pages: no file matches \"",
                                              absl::CHexEscape(item), "\""));
    }
    if (paths.empty()) {
      return absl::NotFoundError(absl::StrCat(
          "--pages: unknown page \"", absl::CHexEscape(item),
          "\"; bundled are ", absl::StrJoin(bundled, ", "),
          "; all and real stand for several; no file has that name either"));
    }
    for (const std::string& path : paths) {
      if (absl::Status status = AddPage(path, pages); !status.ok()) {
        return status;
      }
    }
  }
  return pages;
}

absl::StatusOr<std::vector<std::string>> SelectPolicies(
    absl::string_view list) {
  absl::StatusOr<std::vector<std::string>> items =
      SplitList("--policies", list);
  if (!items.ok()) return items.status();
  std::vector<std::string> specs;
  for (const std::string& item : *items) {
    const bool option = absl::StrContains(item.substr(0, item.find(':')), '=');
    if (option && !specs.empty()) {
      absl::StrAppend(&specs.back(), ",", item);
    } else if (item == kAll) {
      for (const auto& policy : scheduler::RegisteredPolicies()) {
        specs.push_back(policy.name);
      }
    } else {
      specs.push_back(WithoutNickname(item));
    }
  }
  for (const std::string& spec : specs) {
    auto policy = scheduler::CreatePolicy(spec);
    if (!policy.ok()) {
      return absl::Status(
          policy.status().code(),
          absl::StrCat("--policies: ", policy.status().message()));
    }
  }
  return specs;
}

absl::StatusOr<std::string> SelectBaseline(absl::string_view spec) {
  const std::string name = WithoutNickname(spec);
  auto policy = scheduler::CreatePolicy(name);
  if (policy.ok()) return name;
  return absl::Status(policy.status().code(),
                      absl::StrCat("--baseline: ", policy.status().message()));
}

absl::StatusOr<std::vector<SignalSet>> SelectSignals(absl::string_view list) {
  absl::StatusOr<std::vector<std::string>> items = SplitList("--signals", list);
  if (!items.ok()) return items.status();
  std::vector<SignalSet> sets;
  for (const std::string& item : *items) {
    if (item == kAll) {
      sets.insert(sets.end(), SignalSets().begin(), SignalSets().end());
      continue;
    }
    absl::StatusOr<SignalSet> set = FindSignalSet(item);
    if (!set.ok()) {
      return absl::Status(set.status().code(),
                          absl::StrCat("--signals: ", set.status().message()));
    }
    sets.push_back(*set);
  }
  return sets;
}

}  // namespace sluice::lab
