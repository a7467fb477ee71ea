// What the runs of a comparison are compared by, and with which. Two runs are a
// pair if they differ in nothing but that.
#ifndef SLUICE_BENCHMARKS_LAB_MEASURE_BASELINE_H_
#define SLUICE_BENCHMARKS_LAB_MEASURE_BASELINE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/measure/run.h"

namespace sluice::lab {

enum class Compared { kPolicy, kSignals, kEdit, kPage };

// "policy", "signals", "edit", "page": the parameter's name in results.
absl::string_view ComparedName(Compared compared);

// The name with which the others are compared.
struct Baseline {
  // Of a policy.
  Baseline(std::string name)  // NOLINT(google-explicit-constructor)
      : name(std::move(name)) {}
  Baseline(const char* name)  // NOLINT(google-explicit-constructor)
      : name(name) {}
  Baseline(Compared compared, std::string name)
      : compared(compared), name(std::move(name)) {}

  Compared compared = Compared::kPolicy;
  std::string name;
};

// A run as one of a pair.
struct Pair {
  std::string variant;  // what is compared: the name of a policy, …
  // Equal for both: the page, and the setting. The setting lacks what is
  // compared; unless that is the policy, it has the policy.
  std::string page;  // name and SHA-256; empty if pages are compared
  Setting setting;
};
Pair PairOf(const Run& run, Compared compared);

// "chrome7540", or with an edit "chrome7540 + hero".
std::string SignalsInWords(const Setting& setting);

// "policy rr, signals chrome7540 + hero, network cable, send buffer 0 bytes":
// of the last three what is not the same in all of `among`.
std::string SettingInWords(const Setting& setting,
                           const std::vector<Setting>& among);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_MEASURE_BASELINE_H_
