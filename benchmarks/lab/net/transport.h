// The network between a browser and a server, in virtual time.
//
// Two byte streams, reliable and in order, each with a send buffer, and the
// clock of both ends. A page load knows nothing else of the network, so a
// simulator with its own clock and its own TCP can stand here. (Its headers may
// need C++17: this file uses nothing newer.)
//
// A send buffer makes priorities late or useless: no byte can overtake those
// that a server has written. So an end writes no more than Room().
#ifndef SLUICE_BENCHMARKS_LAB_NET_TRANSPORT_H_
#define SLUICE_BENCHMARKS_LAB_NET_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/strings/string_view.h"

namespace sluice::lab {

// The bytes above TCP that a transport puts on the wire at once.
inline constexpr size_t kSegmentBytes = 1400;

enum class End { kClient, kServer };

class Transport {
 public:
  // Called from Run(), at the virtual time of what they report.
  struct Handlers {
    std::function<void(absl::string_view bytes)> on_bytes;
    // There is more Room() than before.
    std::function<void()> on_writable;
  };

  virtual ~Transport() = default;

  // Before Run(); the handlers of both ends.
  virtual void SetHandlers(End end, Handlers handlers) = 0;

  // Virtual time in nanoseconds from 0.
  virtual int64_t Now() const = 0;

  // Runs `action` `delay_ns` (≥ 0) from now. Equal times keep their order.
  virtual void Schedule(int64_t delay_ns, std::function<void()> action) = 0;

  // Bytes that `end` can write now.
  virtual size_t Room(End end) const = 0;

  // Writes `bytes` (at most Room(end)) towards the other end.
  virtual void Write(End end, absl::string_view bytes) = 0;

  // No segment holds bytes from before and after this call. A network whose TCP
  // cuts as it likes may ignore it.
  virtual void Cut(End /*end*/) {}

  // Lets time pass until no action is left.
  virtual void Run() = 0;
};

// Options of a run on any network.
struct TransportOptions {
  size_t send_buffer_bytes = 16384;  // the server's
  uint64_t seed = 1;                 // of everything random in the network
};

// A network: makes a transport for one run. Equal options, equal behaviour.
using TransportFactory =
    std::function<std::unique_ptr<Transport>(const TransportOptions& options)>;

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NET_TRANSPORT_H_
