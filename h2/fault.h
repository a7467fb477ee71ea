// How the core makes errors and passes them on.
#ifndef SLUICE_H2_FAULT_H_
#define SLUICE_H2_FAULT_H_

#include <sluice/h2/errors.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

// Evaluates an absl::Status and returns it from the function unless it is OK.
#define SLUICE_RETURN_IF_ERROR(expression)         \
  do {                                             \
    absl::Status sluice_status = (expression);     \
    if (!sluice_status.ok()) return sluice_status; \
  } while (false)

namespace sluice::h2 {

// An error about a stream. `predicate` continues the sentence "stream 1 …".
inline absl::Status StreamFault(ErrorKind kind, StreamId id,
                                absl::string_view predicate,
                                std::optional<ErrorCode> code = std::nullopt) {
  return MakeError(kind, absl::StrCat("stream ", id, " ", predicate), id, code);
}

// RFC 7540 §5.3.1: no stream depends on itself. Error: Protocol.
inline absl::Status CheckDependency(StreamId id,
                                    const signals::Rfc7540Priority& priority) {
  if (priority.depends_on != id) return absl::OkStatus();
  return StreamFault(ErrorKind::kProtocol, id,
                     "depends on itself (RFC 7540 5.3.1)");
}

}  // namespace sluice::h2

#endif  // SLUICE_H2_FAULT_H_
