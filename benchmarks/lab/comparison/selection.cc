#include "benchmarks/lab/comparison/selection.h"

#include <sluice/scheduler/registry.h>

#include <glob.h>

#include <algorithm>
#include <functional>
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
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/page/page_rules.h"
#include "support/paths.h"

namespace sluice::lab {
namespace {

constexpr absl::string_view kAll = "all";
constexpr absl::string_view kReal = "real";
constexpr absl::string_view kPerflogs = "perflogs";  // a set and its folder
constexpr absl::string_view kSynthetic = "synthetic_";

// The one spelling of a spec: "p+:b=2,a=1" → "parallel_plus:a=1,b=2".
std::string Canonical(absl::string_view spec) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(spec, absl::MaxSplits(':', 1));
  absl::string_view name = parts.first;
  if (name == "p+") name = "parallel_plus";
  if (name == "s+") name = "serial_plus";
  std::vector<absl::string_view> options = absl::StrSplit(parts.second, ',');
  std::sort(options.begin(), options.end());
  // "rr:" stays wrong: it lacks the options that the colon announces.
  return absl::StrCat(name, spec.size() > parts.first.size() ? ":" : "",
                      absl::StrJoin(options, ","));
}

// Error: the flag's name, then the mistake.
absl::StatusOr<std::string> ReadPolicy(absl::string_view flag,
                                       absl::string_view spec) {
  std::string canonical = Canonical(spec);
  const auto policy = scheduler::CreatePolicy(canonical);
  if (policy.ok()) return canonical;
  return absl::Status(policy.status().code(),
                      absl::StrCat(flag, ": ", policy.status().message()));
}

// Appends `value` unless an equal one is there.
template <typename T, typename Equal = std::equal_to<T>>
void AddOnce(T value, std::vector<T>& values, Equal equal = Equal()) {
  for (const T& other : values) {
    if (equal(other, value)) return;
  }
  values.push_back(std::move(value));
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

std::string PerflogsPath(const std::string& bundled_folder,
                         const std::string& name) {
  return absl::StrCat(bundled_folder, "/", kPerflogs, "/", name, ".json");
}

absl::Status AddPage(const std::string& path, std::vector<Page>& pages) {
  absl::StatusOr<Page> page = LoadPageFile(path);
  if (!page.ok()) return page.status();
  page->name = UnusedName(page->name, pages);
  AddOnce(*std::move(page), pages,
          [](const Page& a, const Page& b) { return a.sha256 == b.sha256; });
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

std::vector<std::string> PerflogsPages(const std::string& bundled_folder) {
  return BundledPages(absl::StrCat(bundled_folder, "/", kPerflogs));
}

absl::StatusOr<std::vector<Page>> SelectPages(
    absl::string_view list, const std::string& bundled_folder) {
  absl::StatusOr<std::vector<std::string>> items = SplitList("--pages", list);
  if (!items.ok()) return items.status();
  const std::vector<std::string> bundled = BundledPages(bundled_folder);
  const std::vector<std::string> perflogs = PerflogsPages(bundled_folder);
  std::vector<Page> pages;
  for (const std::string& item : *items) {
    std::vector<std::string> paths;
    if (item == kAll || item == kReal) {
      for (const std::string& name : bundled) {
        if (item == kReal && absl::StartsWith(name, kSynthetic)) continue;
        paths.push_back(absl::StrCat(bundled_folder, "/", name, ".json"));
      }
    } else if (item == kPerflogs) {
      for (const std::string& name : perflogs) {
        paths.push_back(PerflogsPath(bundled_folder, name));
      }
    } else if (std::binary_search(bundled.begin(), bundled.end(), item)) {
      paths = {absl::StrCat(bundled_folder, "/", item, ".json")};
    } else if (std::binary_search(perflogs.begin(), perflogs.end(), item)) {
      paths = {PerflogsPath(bundled_folder, item)};
    } else {
      paths = Glob(support::ResolveUserPath(item));
    }
    if (paths.empty() && LooksLikeAPath(item)) {
      return absl::NotFoundError(absl::StrCat("--pages: no file matches \"",
                                              absl::CHexEscape(item), "\""));
    }
    if (paths.empty()) {
      return absl::NotFoundError(absl::StrCat(
          "--pages: unknown page \"", absl::CHexEscape(item),
          "\"; bundled are ", absl::StrJoin(bundled, ", "), "; in perflogs ",
          absl::StrJoin(perflogs, ", "),
          "; all, real and perflogs stand for several; no file has that name "
          "either"));
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
      specs.push_back(item);
    }
  }
  std::vector<std::string> policies;
  for (const std::string& spec : specs) {
    absl::StatusOr<std::string> policy = ReadPolicy("--policies", spec);
    if (!policy.ok()) return policy.status();
    AddOnce(*std::move(policy), policies);
  }
  return policies;
}

absl::StatusOr<std::string> SelectBaseline(absl::string_view spec) {
  return ReadPolicy("--baseline", spec);
}

absl::StatusOr<std::vector<SignalSet>> SelectSignals(absl::string_view list) {
  absl::StatusOr<std::vector<std::string>> items = SplitList("--signals", list);
  if (!items.ok()) return items.status();
  std::vector<SignalSet> sets;
  const auto add = [&sets](const SignalSet& set) {
    AddOnce(set, sets, [](const SignalSet& a, const SignalSet& b) {
      return a.name == b.name;
    });
  };
  for (const std::string& item : *items) {
    if (item == kAll) {
      std::for_each(SignalSets().begin(), SignalSets().end(), add);
      continue;
    }
    absl::StatusOr<SignalSet> set = FindSignalSet(item);
    if (!set.ok()) {
      return absl::Status(set.status().code(),
                          absl::StrCat("--signals: ", set.status().message()));
    }
    add(*set);
  }
  return sets;
}

}  // namespace sluice::lab
