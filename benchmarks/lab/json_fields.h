// Typed, checked access to the fields of JSON objects that users write, with
// errors that name the file and the field.
//
//   JsonFields fields(object, "page.json", "resources[3].", &status);
//   int64_t bytes = fields.RequiredInteger("bytes", 0, kMaxBytes);
//   …
//   if (!status.ok()) return status;
//
// The first error is kept in `*status`. After it every getter goes on as if the
// field that it refused were absent, so that a reader can check once; or take
// the error as a warning, and the next best source.
#ifndef SLUICE_BENCHMARKS_LAB_JSON_FIELDS_H_
#define SLUICE_BENCHMARKS_LAB_JSON_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

// Arrays and objects in one another; what is deeper is refused, since much code
// for JSON values recurses.
inline constexpr size_t kMaxJsonDepth = 512;

// Values of one text, about; a value takes up to a hundred bytes of memory.
inline constexpr size_t kMaxJsonValues = 4'000'000;

// The whole of `text` as one JSON value. Error: InvalidArgument, with `file`
// and the place of the mistake.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text,
                                         absl::string_view file);

class JsonFields {
 public:
  // `object` and `*status` must outlive this. `prefix` stands before the names
  // of fields in errors. A value that is no object is an error.
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

  // The fields of the object that `name` is: "PREFIXname.field" in errors. None
  // when it is absent.
  JsonFields Object(absl::string_view name) const;

  // The fields of element `index` of the array `name`, which must have it:
  // "PREFIXname[index].field".
  JsonFields Element(absl::string_view name, size_t index) const;

  // The member as it is; nothing when it is absent.
  const nlohmann::json* Find(absl::string_view name) const;

  // "FILE: PREFIXname: problem", kept unless an error is there already; without
  // "FILE: " where `file` is empty.
  void Fail(absl::string_view name, absl::string_view problem);

 private:
  const nlohmann::json* object_;
  std::string file_;
  std::string prefix_;
  absl::Status* status_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_JSON_FIELDS_H_
