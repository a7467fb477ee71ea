// The identifier of an HTTP/2 stream (RFC 9113 §5.1.1).
#ifndef SLUICE_SIGNALS_STREAM_ID_H_
#define SLUICE_SIGNALS_STREAM_ID_H_

#include <cstdint>

namespace sluice::signals {

// 31 bits. Odd ids belong to the client, even ids to the server. 0 is no
// stream: it names the connection, or the root of the dependency tree.
using StreamId = uint32_t;

inline constexpr StreamId kMaxStreamId = 0x7fffffff;

}  // namespace sluice::signals

#endif  // SLUICE_SIGNALS_STREAM_ID_H_
