// The priority signals of browsers.
//
// A signal set is one browser's way of signalling. It learns of each event in
// the life of a request and returns the signals to send: the priority fields of
// HEADERS and PRIORITY frames (RFC 7540 §5.3, §6.2, §6.3), the `priority`
// header and PRIORITY_UPDATE frames (RFC 9218 §5, §7.1). A set knows stream ids
// and resources, but neither bytes nor time. Only one other thing in the lab
// differs from one browser to another: LoadsAsBlink().
//
// To add a set, derive from Signals in the file of its family (chrome.cc, …)
// and add a row to the table in signals.cc.
#ifndef SLUICE_BENCHMARKS_LAB_BROWSER_SIGNALS_H_
#define SLUICE_BENCHMARKS_LAB_BROWSER_SIGNALS_H_

#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/lab/page/page.h"

namespace sluice::lab {

// One PRIORITY or PRIORITY_UPDATE frame.
struct SignalFrame {
  h2::StreamId stream_id = 0;
  std::variant<signals::Rfc7540Priority, signals::Rfc9218Priority> signal;

  friend bool operator==(const SignalFrame&, const SignalFrame&) = default;
};

// The signals of one request.
struct RequestSignals {
  std::optional<signals::Rfc7540Priority> dependency =
      std::nullopt;         // in HEADERS
  std::string header = "";  // the `priority` header; empty: none
  // A PRIORITY_UPDATE frame in front of HEADERS.
  std::optional<signals::Rfc9218Priority> update = std::nullopt;
  std::vector<SignalFrame> afterwards = {};  // behind HEADERS

  friend bool operator==(const RequestSignals&,
                         const RequestSignals&) = default;
};

// The signals of one connection. Calls come in the order of a client's life;
// every stream is requested once and closed once.
class Signals {
 public:
  virtual ~Signals() = default;

  // Whether the browser also decides as this generation's engine does when it
  // asks for what it has found (blink.h). The others ask at once.
  virtual bool LoadsAsBlink() const { return false; }

  // The id of the first request's stream; the next ones follow by two.
  virtual h2::StreamId FirstStreamId() const { return 1; }

  // Frames between the client's SETTINGS and its first request.
  virtual std::vector<SignalFrame> OnConnect() { return {}; }

  virtual RequestSignals OnRequest(h2::StreamId id,
                                   const Resource& resource) = 0;

  // The same of a request that was found at `found_at` and raised to the
  // resource's level before it was sent.
  virtual RequestSignals OnRaisedRequest(h2::StreamId id,
                                         const Resource& resource,
                                         ChromeLevel /*found_at*/) {
    return OnRequest(id, resource);
  }

  // The browser gives a request that is on its way another level.
  virtual std::vector<SignalFrame> OnChangeOfMind(h2::StreamId /*id*/,
                                                  ChromeLevel /*level*/) {
    return {};
  }

  // The client has the whole response of `id`.
  virtual void OnStreamClosed(h2::StreamId /*id*/) {}
};

struct SignalOptions {
  // Chrome's RFC 9218 sets: an image that came into view is raised by a
  // PRIORITY_UPDATE frame at that moment, and not from its request on.
  bool late_signals = false;
};

struct SignalSet {
  absl::string_view name;
  absl::string_view summary;  // one line, for --help and reports
  std::unique_ptr<Signals> (*make)(const SignalOptions& options);
};

// Every signal set, by name.
absl::Span<const SignalSet> SignalSets();

// Error: InvalidArgument names the unknown set and lists the known ones.
absl::StatusOr<SignalSet> FindSignalSet(absl::string_view name);

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_BROWSER_SIGNALS_H_
