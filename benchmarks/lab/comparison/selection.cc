#include "benchmarks/lab/comparison/selection.h"

#include <sluice/scheduler/registry.h>

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "benchmarks/lab/capture/page_file.h"
#include "benchmarks/lab/net/network_spec.h"
#include "benchmarks/lab/page/page_rules.h"
#include "support/paths.h"

namespace sluice::lab {
namespace {

constexpr absl::string_view kAll = "all";
constexpr absl::string_view kReal = "real";
constexpr absl::string_view kPerflogs = "perflogs";  // a set and its folder
constexpr absl::string_view kSynthetic = "synthetic_";
constexpr int64_t kLargestSendBuffer = 1 << 30;
constexpr uint64_t kMostSeeds = 10'000;

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

// Joins an item of KEY=VALUE to the spec before it. An option of a spec with a
// colon is one behind it.
std::vector<std::string> JoinOptions(const std::vector<std::string>& items) {
  std::vector<std::string> specs;
  for (const std::string& item : items) {
    const bool option = absl::StrContains(item.substr(0, item.find(':')), '=');
    if (option && !specs.empty()) {
      absl::StrAppend(&specs.back(), ",", item);
    } else {
      specs.push_back(item);
    }
  }
  return specs;
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

// "a/hero 2.json" → "hero_2": what a page's name may be, but never "none".
std::string NameOfFile(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string();
  name.resize(std::min(name.size(), kMaxPageName));
  for (char& c : name) {
    if (!IsPageNameCharacter(c)) c = '_';
  }
  return name == Edit::kNone ? name + "_" : name;
}

// Error: without the flag's name.
absl::StatusOr<NamedNetwork> ReadNetwork(
    absl::string_view spec, absl::Span<const NetworkFamily> families) {
  const size_t colon = spec.find(':');
  if (colon == absl::string_view::npos) {
    absl::StatusOr<NetworkSpec> read = ParseNetworkSpec(spec, {});
    if (!read.ok()) return read.status();
    return NamedLink(std::move(read->text), read->link);
  }
  const absl::string_view prefix = spec.substr(0, colon);
  for (const NetworkFamily& family : families) {
    if (prefix != family.prefix) continue;
    const absl::StatusOr<NetworkSpec> read =
        ParseNetworkSpec(spec.substr(colon + 1), family.keys);
    if (!read.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(prefix, ": ", read.status().message()));
    }
    absl::StatusOr<TransportFactory> transport = family.make(*read);
    if (!transport.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(prefix, ": ", transport.status().message()));
    }
    return NamedNetwork{absl::StrCat(prefix, ":", read->text),
                        *std::move(transport)};
  }
  if (prefix == "ns3") {
    return absl::InvalidArgumentError(absl::StrCat(
        "ns-3 has a program of its own, since it is GPL-2.0: ./bazelw run "
        "//benchmarks/lab/ns3:compare -- --network=",
        absl::CHexEscape(spec), " …"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown kind of network \"", absl::CHexEscape(prefix), "\""));
}

bool LooksLikeAPath(absl::string_view item) {
  return item.find_first_of("/*?[.") != absl::string_view::npos;
}

// "site", "site-2", …: results know a page, and an edit, by its name.
template <typename T>
std::string UnusedName(const std::string& name, const std::vector<T>& others) {
  std::string candidate = name;
  for (int i = 2;
       std::any_of(others.begin(), others.end(),
                   [&](const T& other) { return other.name == candidate; });
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
  std::vector<std::string> policies;
  for (const std::string& spec : JoinOptions(*items)) {
    if (spec == kAll) {
      for (const auto& policy : scheduler::RegisteredPolicies()) {
        AddOnce(std::string(policy.name), policies);
      }
      continue;
    }
    absl::StatusOr<std::string> policy = ReadPolicy("--policies", spec);
    if (!policy.ok()) return policy.status();
    AddOnce(*std::move(policy), policies);
  }
  return policies;
}

absl::StatusOr<Baseline> SelectBaseline(absl::string_view text) {
  absl::string_view name = text;
  for (const Compared compared : {Compared::kEdit, Compared::kPage}) {
    if (!absl::ConsumePrefix(&name,
                             absl::StrCat(ComparedName(compared), "="))) {
      continue;
    }
    if (!name.empty()) return Baseline(compared, std::string(name));
    return absl::InvalidArgumentError(
        absl::StrCat("--baseline: \"", text, "\" has no name"));
  }
  const bool is_signals = absl::ConsumePrefix(&name, "signals=");
  const absl::StatusOr<SignalSet> signals = FindSignalSet(name);
  if (signals.ok()) return Baseline(Compared::kSignals, std::string(name));
  if (is_signals) {
    return absl::InvalidArgumentError(
        absl::StrCat("--baseline: ", signals.status().message()));
  }
  absl::ConsumePrefix(&name, "policy=");
  absl::StatusOr<std::string> policy = ReadPolicy("--baseline", name);
  if (!policy.ok()) {
    return absl::Status(
        policy.status().code(),
        absl::StrCat(policy.status().message(),
                     "; signals=NAME, edit=NAME and page=NAME can be the "
                     "baseline too"));
  }
  return Baseline(*std::move(policy));
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

absl::StatusOr<std::vector<Edit>> SelectEdits(absl::string_view list,
                                              const std::vector<Page>& pages) {
  absl::StatusOr<std::vector<std::string>> items = SplitList("--edit", list);
  if (!items.ok()) return items.status();
  std::vector<Edit> edits;
  const auto same = [](const Edit& a, const Edit& b) {
    return a.sha256 == b.sha256;
  };
  for (const std::string& item : *items) {
    if (item == Edit::kNone) {
      AddOnce(Edit(), edits, same);
      continue;
    }
    const std::vector<std::string> paths = Glob(support::ResolveUserPath(item));
    if (paths.empty()) {
      return absl::NotFoundError(absl::StrCat("--edit: no file matches \"",
                                              absl::CHexEscape(item), "\""));
    }
    for (const std::string& path : paths) {
      const absl::StatusOr<std::string> text = support::ReadFile(path);
      if (!text.ok()) return text.status();
      absl::StatusOr<Edit> edit = Edit::Parse(*text, path);
      if (!edit.ok()) return edit.status();
      if (absl::Status status = edit->Check(pages); !status.ok()) return status;
      edit->name = UnusedName(NameOfFile(path), edits);
      AddOnce(*std::move(edit), edits, same);
    }
  }
  return edits;
}

absl::StatusOr<std::vector<NamedNetwork>> SelectNetworks(
    absl::string_view list, absl::Span<const NetworkFamily> families) {
  std::vector<NamedNetwork> networks;
  for (const absl::string_view part : absl::StrSplit(list, ';')) {
    absl::StatusOr<std::vector<std::string>> items =
        SplitList("--network", part);
    if (!items.ok()) return items.status();
    for (const std::string& spec : JoinOptions(*items)) {
      std::vector<std::string> named = {spec};
      if (spec == kAll) {
        named.clear();
        for (const Network& network : Networks()) {
          named.emplace_back(network.name);
        }
      }
      for (const std::string& one : named) {
        absl::StatusOr<NamedNetwork> network = ReadNetwork(one, families);
        if (!network.ok()) {
          return absl::Status(
              network.status().code(),
              absl::StrCat("--network: ", network.status().message()));
        }
        AddOnce(*std::move(network), networks,
                [](const NamedNetwork& a, const NamedNetwork& b) {
                  return a.name == b.name;
                });
      }
    }
  }
  return networks;
}

absl::StatusOr<std::vector<size_t>> SelectSendBuffers(absl::string_view list) {
  absl::StatusOr<std::vector<std::string>> items =
      SplitList("--send_buffer", list);
  if (!items.ok()) return items.status();
  std::vector<size_t> sizes;
  for (const std::string& item : *items) {
    const absl::StatusOr<int64_t> size =
        ParseByteCount(item, 0, kLargestSendBuffer);
    if (!size.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--send_buffer is ", item, "; it ", size.status().message()));
    }
    AddOnce(static_cast<size_t>(*size), sizes);
  }
  return sizes;
}

absl::StatusOr<std::vector<uint64_t>> SelectSeeds(absl::string_view list) {
  absl::StatusOr<std::vector<std::string>> items = SplitList("--seed", list);
  if (!items.ok()) return items.status();
  std::vector<uint64_t> seeds;
  for (const std::string& item : *items) {
    const std::vector<std::string> ends = absl::StrSplit(item, '-');
    uint64_t first = 0;
    uint64_t last = 0;
    if (ends.size() > 2 || !absl::SimpleAtoi(ends.front(), &first) ||
        !absl::SimpleAtoi(ends.back(), &last) || last < first ||
        last - first >= kMostSeeds) {
      return absl::InvalidArgumentError(
          absl::StrCat("--seed is ", item,
                       "; it must be a whole number, or a range of at most ",
                       kMostSeeds, " as in 1-10"));
    }
    for (uint64_t i = 0; i <= last - first; ++i) AddOnce(first + i, seeds);
  }
  return seeds;
}

}  // namespace sluice::lab
