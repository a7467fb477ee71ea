// Checked, typed access to the fields of JSON objects that users write. Errors
// name the file and the field.
//
//   JsonFields fields(object, "page.json", "resources[3].", &status);
//   int64_t bytes = fields.RequiredInteger("bytes", 0, kMaxBytes);
//   …
//   if (!status.ok()) return status;
//
// `*status` keeps the first error. A getter treats a field that it refuses as
// absent, so a reader can check the status once; or take the error as a warning
// and use the next best source.
#ifndef SLUICE_BENCHMARKS_LAB_PAGE_JSON_FIELDS_H_
#define SLUICE_BENCHMARKS_LAB_PAGE_JSON_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

// The depth of arrays and objects in one another. ParseJson() refuses more,
// since much code for JSON values recurses.
inline constexpr size_t kMaxJsonDepth = 512;

// About the number of values in one text; each takes up to a hundred bytes of
// memory.
inline constexpr size_t kMaxJsonValues = 4'000'000;

// The whole of `text` as one JSON value. Error: InvalidArgument, with `file`
// and the place of the mistake.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text,
                                         absl::string_view file);

// The first field that an object of `text` has twice, as in
// "resources[3].bytes"; empty: there is none. Values keep the last one of them,
// so only the text tells. `text` is JSON that ParseJson() accepts.
std::string RepeatedField(absl::string_view text);

class JsonFields {
 public:
  // `object` and `*status` must outlive this. Errors put `prefix` before the
  // names of fields. A value that is not an object is an error.
  JsonFields(const nlohmann::json& object, absl::string_view file,
             absl::string_view prefix, absl::Status* status);

  // Absent and null are the same.
  bool Has(absl::string_view name) const;

  std::optional<int64_t> Integer(absl::string_view name, int64_t min,
                                 int64_t max);
  int64_t RequiredInteger(absl::string_view name, int64_t min, int64_t max);
  std::optional<double> Number(absl::string_view name, double min, double max);
  bool Boolean(absl::string_view name, bool otherwise);
  std::string String(absl::string_view name, absl::string_view otherwise = "");

  // The fields of the object `name`, "PREFIXname.field" in errors; no fields
  // when it is absent.
  JsonFields Object(absl::string_view name) const;

  // The fields of element `index` of the array `name`, which must have it:
  // "PREFIXname[index].field".
  JsonFields Element(absl::string_view name, size_t index) const;

  // The member, unchecked; null when it is absent.
  const nlohmann::json* Find(absl::string_view name) const;

  // Sets the status to "FILE: PREFIXname: problem" unless it has an error;
  // without "FILE: " when `file` is empty.
  void Fail(absl::string_view name, absl::string_view problem);

 private:
  const nlohmann::json* object_;
  std::string file_;
  std::string prefix_;
  absl::Status* status_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_PAGE_JSON_FIELDS_H_
