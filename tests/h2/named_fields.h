// Fields as the core's parts take them, from headers.
#ifndef SLUICE_TESTS_H2_NAMED_FIELDS_H_
#define SLUICE_TESTS_H2_NAMED_FIELDS_H_

#include <sluice/h2/named_field.h>
#include <sluice/h2/types.h>

#include "absl/types/span.h"

namespace sluice::h2 {

// Their text is that of `headers`.
inline NamedFields NamedFieldsOf(absl::Span<const Header> headers) {
  NamedFields fields;
  fields.reserve(headers.size());
  for (const Header& header : headers) {
    fields.push_back({{header.name, header.value, header.never_indexed},
                      NameOf(header.name),
                      ValueIsLegal(header.value)});
  }
  return fields;
}

}  // namespace sluice::h2

#endif  // SLUICE_TESTS_H2_NAMED_FIELDS_H_
