// How the core makes errors and passes them on.
#ifndef SLUICE_H2_FAULT_H_
#define SLUICE_H2_FAULT_H_

#include <sluice/h2/errors.h>
#include <sluice/h2/types.h>

#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

// Evaluates an absl::Status and returns it from the function unless it is OK.
#define SLUICE_RETURN_IF_ERROR(expression)                             \
  do {                                                                 \
    absl::Status sluice_status = (expression);                         \
    if (ABSL_PREDICT_FALSE(!sluice_status.ok())) return sluice_status; \
  } while (false)

// Evaluates an absl::StatusOr, and assigns its value to `left`, or returns its
// error. Once a scope.
#define SLUICE_ASSIGN_OR_RETURN(left, expression)                             \
  auto sluice_result = (expression);                                          \
  if (ABSL_PREDICT_FALSE(!sluice_result.ok())) return sluice_result.status(); \
  left = *std::move(sluice_result)

namespace sluice::h2 {

// These are not inlined: a function that may fail shall cost no more than the
// test where it does not.

// An error with the words of `sentence`.
template <typename... Text>
ABSL_ATTRIBUTE_NOINLINE ABSL_ATTRIBUTE_COLD absl::Status Fault(
    ErrorKind kind, StreamId id, const Text&... sentence) {
  return MakeError(kind, absl::StrCat(sentence...), id);
}

// An error about a stream. `predicate` continues the sentence "stream 1 …".
template <typename... Text>
ABSL_ATTRIBUTE_NOINLINE ABSL_ATTRIBUTE_COLD absl::Status StreamFault(
    ErrorKind kind, StreamId id, const Text&... predicate) {
  return MakeError(kind, absl::StrCat("stream ", id, " ", predicate...), id);
}

// An error about the connection.
template <typename... Text>
ABSL_ATTRIBUTE_NOINLINE ABSL_ATTRIBUTE_COLD absl::Status ConnectionFault(
    ErrorKind kind, const Text&... sentence) {
  return MakeError(kind, absl::StrCat(sentence...));
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_FAULT_H_
