// How a client's signal came.
#ifndef SLUICE_SIGNALS_SIGNAL_SOURCE_H_
#define SLUICE_SIGNALS_SIGNAL_SOURCE_H_

#include <cstdint>

namespace sluice::signals {

enum class SignalSource : uint8_t {
  kHeader,  // with a HEADERS frame: its priority fields (RFC 7540 §6.2), or a
            // `priority` field (RFC 9218 §5)
  kFrame,   // by PRIORITY (RFC 7540 §6.3) or PRIORITY_UPDATE (RFC 9218 §7)
};

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_SIGNAL_SOURCE_H_
