// The browser of a page load: discovers resources as their initiators arrive,
// requests them with a signal set's priorities, and takes the bytes.
//
// With every signal set it does as Chrome does, so that signals are the only
// difference between runs: SETTINGS HEADER_TABLE_SIZE 65536, ENABLE_PUSH
// 0, INITIAL_WINDOW_SIZE 6,291,456, MAX_HEADER_LIST_SIZE 262,144; a connection
// window of 15,728,640 bytes; it gives windows back as bytes arrive. Requests
// beyond the server's MAX_CONCURRENT_STREAMS wait, the most urgent level first
// and, inside it, the first discovered. The browser knows the limit from the
// start, as on a connection that was open before, so the server refuses no
// request.
//
// It models nothing between bytes. Parsing, scripts and layout are the captured
// `discovery_delay_ms`, never longer on a busy machine; it caches, cancels and
// refuses nothing. With a signal set that loads as Blink does, blink.h says
// when it asks for what it has found.
#ifndef SLUICE_BENCHMARKS_LAB_BROWSER_BROWSER_H_
#define SLUICE_BENCHMARKS_LAB_BROWSER_BROWSER_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmarks/lab/browser/signals.h"
#include "benchmarks/lab/net/transport.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

class Blink;

// Body bytes of one DATA frame as they reach the browser.
struct Arrival {
  size_t resource = 0;  // index in the page
  size_t bytes = 0;
  int64_t at_ns = 0;
};

// The life of one resource. A redirect is complete when it is requested and has
// no stream.
struct ResourceTiming {
  h2::StreamId stream_id = 0;
  int64_t requested_ns = 0;  // its HEADERS were handed to the transport
  int64_t completed_ns = 0;  // its last byte arrived
};

class Browser {
 public:
  // `page`, `signals` and `transport` must outlive this. `max_streams` is the
  // limit that holds until the server's SETTINGS say theirs.
  Browser(const Page& page, Signals& signals, Transport& transport,
          uint32_t max_streams);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  // Sends the preface and requests the roots. Once, before the transport runs.
  void Start();

  // The first error; after the transport has run, also a resource that never
  // arrived.
  absl::Status Finish() const;

  std::vector<ResourceTiming> TakeTimings() { return std::move(timings_); }
  std::vector<Arrival> TakeArrivals() { return std::move(arrivals_); }

 private:
  struct State {
    bool complete = false;
    uint64_t received = 0;
    // Resources that it discovers after a number of bytes, by that number, and
    // at its end.
    std::vector<std::pair<uint64_t, size_t>> by_bytes;
    std::vector<size_t> by_end;
    size_t discovered = 0;  // of by_bytes
    // Resources whose change of mind waits for this one's end, and the number
    // of ends (and the request) that this one's own change still waits for.
    std::vector<size_t> unblocks;
    size_t change_waits = 0;
    ChromeLevel level = ChromeLevel::kLow;     // of its request, now
    ChromeLevel found_at = ChromeLevel::kLow;  // and when it was made
  };
  struct RoleProgress {
    uint64_t bytes = 0;
    size_t completed = 0;
    std::vector<size_t> waiting;  // triggered resources not yet discovered
  };

  void OnBytes(absl::string_view bytes);
  // The DATA frame that is under way: a browser sees it when it is whole.
  struct Frame {
    size_t data = 0;
    size_t flow_controlled = 0;
  };

  void OnPiece(const h2::DataReceived& piece);
  void OnData(h2::StreamId id, const Frame& frame);
  void Discover(size_t index);
  void Pause(size_t index);
  void Request(size_t index);
  void Ask(size_t index);
  void TakeOver();
  void ObeyBlink();
  void CommitLater(size_t index);
  void SendWaiting();
  void SendRequest(size_t index);
  RequestSignals SignalsOf(size_t index, h2::StreamId id);
  void Complete(size_t index);
  void FireTriggers(RoleProgress& role);
  void CountDownChange(size_t index);
  void ChangeMind(size_t index);
  void ChangeLevel(size_t index, ChromeLevel level);
  void Prioritize(const std::vector<SignalFrame>& frames);
  void Flush();
  void Check(const absl::Status& status);

  const Page& page_;
  Signals& signals_;
  Transport& transport_;
  const uint32_t max_streams_;
  h2::Connection connection_;
  std::unique_ptr<Blink> blink_;  // if the signal set loads as Blink does
  bool commits_ = false;
  std::vector<size_t> handed_over_;  // by Blink at this instant
  h2::StreamId next_stream_id_;
  std::vector<State> states_;
  std::map<std::string, RoleProgress> roles_;
  // Requests that wait for a stream: level, order of discovery, resource.
  std::set<std::tuple<ChromeLevel, size_t, size_t>> waiting_;
  size_t requests_ = 0;
  absl::flat_hash_map<h2::StreamId, size_t> resource_by_stream_;
  std::vector<h2::Event> events_;
  Frame frame_;
  std::vector<ResourceTiming> timings_;
  std::vector<Arrival> arrivals_;
  absl::Status status_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BROWSER_BROWSER_H_
