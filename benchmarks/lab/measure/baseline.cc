#include "benchmarks/lab/measure/baseline.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

absl::string_view ComparedName(Compared compared) {
  switch (compared) {
    case Compared::kPolicy:
      return "policy";
    case Compared::kSignals:
      return "signals";
    case Compared::kEdit:
      return "edit";
    case Compared::kPage:
      return "page";
  }
  return "";
}

Pair PairOf(const Run& run, Compared compared) {
  Pair pair = {.variant = run.policy,
               .page = absl::StrCat(run.page->name, " ", run.page->sha256),
               .setting = run.setting};
  if (compared == Compared::kPolicy) return pair;
  pair.setting.policy = run.policy;
  if (compared == Compared::kSignals) {
    pair.variant.swap(pair.setting.signals);
    pair.setting.signals.clear();
  } else if (compared == Compared::kEdit) {
    pair.variant.swap(pair.setting.edit);
    pair.setting.edit.clear();
    pair.setting.edit_sha256.clear();
  } else {
    pair.variant = run.page->name;
    pair.page.clear();
  }
  return pair;
}

std::string SignalsInWords(const Setting& setting) {
  const bool edited = !setting.edit.empty() && setting.edit != "none";
  return absl::StrCat(
      setting.signals,
      edited ? absl::StrCat(setting.signals.empty() ? "" : " + ", setting.edit)
             : "");
}

std::string SettingInWords(const Setting& setting,
                           const std::vector<Setting>& among) {
  const auto differs = [&](auto member) {
    return std::any_of(among.begin(), among.end(), [&](const Setting& other) {
      return other.*member != setting.*member;
    });
  };
  std::vector<std::string> words;
  if (!setting.policy.empty()) {
    words.push_back(absl::StrCat("policy ", setting.policy));
  }
  if (const std::string signals = SignalsInWords(setting); !signals.empty()) {
    words.push_back(absl::StrCat("signals ", signals));
  }
  if (differs(&Setting::network)) {
    words.push_back(absl::StrCat("network ", setting.network));
  }
  if (differs(&Setting::send_buffer_bytes)) {
    words.push_back(
        absl::StrCat("send buffer ", setting.send_buffer_bytes, " bytes"));
  }
  if (differs(&Setting::max_streams)) {
    words.push_back(absl::StrCat(setting.max_streams, " streams"));
  }
  if (differs(&Setting::late_signals)) {
    words.push_back(setting.late_signals ? "late signals" : "early signals");
  }
  return absl::StrJoin(words, ", ");
}

}  // namespace sluice::lab
