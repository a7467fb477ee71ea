// The parts of one HAR entry, each from whichever fields tell it. Which ones,
// har_entry.h says.
#ifndef SLUICE_BENCHMARKS_LAB_HAR_FIELDS_H_
#define SLUICE_BENCHMARKS_LAB_HAR_FIELDS_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/har_entry.h"
#include "benchmarks/lab/json_fields.h"

namespace sluice::lab {

struct HarParts {
  JsonFields fields;  // of the entry
  JsonFields request;
  JsonFields response;
};

// Each sets the members that its name says; what is wrong counts as missing and
// goes to the parts' status. `entry.url` must be set; of the type also what the
// others before it set.
void ReadHarInitiator(HarParts& parts, HarEntry& entry);
void ReadHarBody(HarParts& parts, HarEntry& entry);  // fate, bytes, redirect
void ReadHarType(HarParts& parts, HarEntry& entry);
void ReadHarPriority(HarParts& parts, HarEntry& entry);  // and blocking
// With times since the start of the entry's page.
void ReadHarProgress(JsonFields& fields, HarEntry& entry);

// A number of a tool's own, at most `max`; WebPageTest writes some as strings.
// Nothing when it is absent, empty or negative.
std::optional<double> HarOwnNumber(JsonFields& fields, absl::string_view name,
                                   double max);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_HAR_FIELDS_H_
