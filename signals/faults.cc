#include <sluice/signals/faults.h>

#include "absl/strings/str_format.h"

namespace sluice::signals {
namespace {

template <class... Args>
const char* Say(FaultText* text, const absl::FormatSpec<Args...>& format,
                const Args&... args) {
  absl::SNPrintF(text->data(), text->size(), format, args...);
  return text->data();
}

}  // namespace

namespace internal {

const char* DescribeFault(StreamId id, FaultText* text) {
  return Say(text, "%u is no stream's id: ids are 1 to %u (RFC 9113 §5.1.1)",
             id, kMaxStreamId);
}

const char* DescribeFault(StreamId id, const Rfc7540Priority& priority,
                          FaultText* text) {
  if (!IsStreamId(id)) return DescribeFault(id, text);
  if (priority.weight < kMinWeight || priority.weight > kMaxWeight) {
    return Say(text, "weight %d of stream %u is not 1 to 256 (RFC 7540 §5.3.2)",
               priority.weight, id);
  }
  if (priority.depends_on == id) {
    return Say(text,
               "stream %u depends on itself; it may depend on 0 or another "
               "stream (RFC 7540 §5.3.1)",
               id);
  }
  return DescribeFault(priority.depends_on, text);
}

const char* DescribeFault(StreamId id, const Rfc9218Priority& priority,
                          FaultText* text) {
  if (!IsStreamId(id)) return DescribeFault(id, text);
  return Say(text, "urgency %d of stream %u is not 0 to 7 (RFC 9218 §4.1)",
             priority.urgency, id);
}

}  // namespace internal
}  // namespace sluice::signals
