// A header field as a view: what the header code passes around inside the core.
#ifndef SLUICE_H2_FIELD_H_
#define SLUICE_H2_FIELD_H_

#include <sluice/h2/types.h>

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::h2 {

struct FieldView {
  absl::string_view name;
  absl::string_view value;
  bool never_indexed = false;
};

using FieldViews = std::vector<FieldView>;

// Views of `headers`, valid as long as they are.
inline FieldViews ViewsOf(absl::Span<const Header> headers) {
  FieldViews views;
  views.reserve(headers.size());
  for (const Header& header : headers) {
    views.push_back({header.name, header.value, header.never_indexed});
  }
  return views;
}

// The value of the first field called `name`, or nullptr.
inline const FieldView* FindField(absl::Span<const FieldView> fields,
                                  absl::string_view name) {
  for (const FieldView& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// RFC 9113 §6.5.2: the size of a field in MAX_HEADER_LIST_SIZE's measure.
inline constexpr size_t kFieldOverhead = 32;

}  // namespace sluice::h2

#endif  // SLUICE_H2_FIELD_H_
