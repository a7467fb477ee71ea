#include "benchmarks/lab/browser/signals.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/lab/browser/chrome.h"
#include "benchmarks/lab/browser/firefox.h"
#include "benchmarks/lab/browser/safari.h"

namespace sluice::lab {
namespace {

class None : public Signals {
 public:
  RequestSignals OnRequest(h2::StreamId, const Resource&) override {
    return {};
  }
};

std::unique_ptr<Signals> MakeNone(const SignalOptions&) {
  return std::make_unique<None>();
}

constexpr SignalSet kSignalSets[] = {
    {"none", "no signals: every stream has the defaults", MakeNone},
    {"chrome7540", "Chrome's RFC 7540 signals: one exclusive chain by level",
     MakeChrome7540},
    {"firefox7540",
     "Firefox's RFC 7540 signals until version 128: groups of placeholders",
     MakeFirefox7540},
    {"safari7540",
     "Safari's RFC 7540 signals: five weights on the root (stand-in numbers)",
     MakeSafari7540},
    {"chrome9218_2022",
     "Chrome's RFC 9218 signals of December 2022: urgency alone",
     MakeChrome9218In2022},
    {"chrome9218_2023", "Chrome's RFC 9218 signals of August 2023",
     MakeChrome9218In2023},
    {"firefox9218", "Firefox's RFC 9218 signals of August 2023",
     MakeFirefox9218},
    {"safari9218", "Safari's RFC 9218 signals of August 2023", MakeSafari9218},
    {"chromium_h2_156",
     "Chromium 156 on HTTP/2 (the default): its chain, a header, and its "
     "engine's choice of when to ask",
     MakeChromiumH2In156},
    {"firefox_h2_153", "Firefox ESR 153 on HTTP/2: weights and a header",
     MakeFirefoxH2In153},
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
