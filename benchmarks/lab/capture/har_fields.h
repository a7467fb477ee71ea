// Reads the parts of one HAR entry. har_entry.h lists the fields that tell each
// part.
#ifndef SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_FIELDS_H_
#define SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_FIELDS_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "benchmarks/lab/capture/har_entry.h"
#include "benchmarks/lab/page/json_fields.h"

namespace sluice::lab {

struct HarParts {
  JsonFields fields;  // of the entry
  JsonFields request;
  JsonFields response;
};

// Each sets the members of its name. A wrong value counts as missing and
// becomes the parts' status. `entry.url` must be set, and for ReadHarType() the
// members of the two functions before it.
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

#endif  // SLUICE_BENCHMARKS_LAB_CAPTURE_HAR_FIELDS_H_
