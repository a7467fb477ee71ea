#include "benchmarks/lab/signals.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/lab/chrome7540.h"
#include "benchmarks/lab/firefox7540.h"

namespace sluice::lab {
namespace {

constexpr SignalSet kSignalSets[] = {
    {"chrome7540", "Chrome's RFC 7540 signals: one exclusive chain by level",
     MakeChrome7540},
    {"firefox7540",
     "Firefox's RFC 7540 signals until version 128: groups of placeholders",
     MakeFirefox7540},
};

}  // namespace

absl::Span<const SignalSet> SignalSets() { return kSignalSets; }

absl::StatusOr<SignalSet> FindSignalSet(absl::string_view name) {
  for (const SignalSet& set : kSignalSets) {
    if (set.name == name) return set;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown signals \"", absl::CHexEscape(name), "\"; known are ",
      absl::StrJoin(kSignalSets, ", ",
                    [](std::string* out, const SignalSet& set) {
                      absl::StrAppend(out, set.name);
                    })));
}

}  // namespace sluice::lab
