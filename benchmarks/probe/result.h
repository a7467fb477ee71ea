// What the probe found out about a server, as every form of output takes it.
#ifndef SLUICE_BENCHMARKS_PROBE_RESULT_H_
#define SLUICE_BENCHMARKS_PROBE_RESULT_H_

#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/servers/spread.h"

namespace sluice::probe {

enum class VerdictKind {
  kHonoured,
  kPartly,
  kIgnored,
  kReversed,
  // The server showed no choice: it answered everything before the choice
  // mattered, or the control shows the same without signals.
  kCannotTell,
};

// "honoured", "partly", "ignored", "reversed", "cannot tell".
absl::string_view VerdictName(VerdictKind kind);

// How many bytes the important streams got for each byte of the others, and how
// many the signals ask for. An infinite `measured` is a strict order.
struct Share {
  double measured = 0;
  double asked = 0;

  friend bool operator==(const Share&, const Share&) = default;
};

struct Verdict {
  VerdictKind kind = VerdictKind::kCannotTell;
  // kPartly only; it stands for the reason.
  std::optional<Share> share = std::nullopt;
  std::string reason = {};  // kPartly and kCannotTell only

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// The name, and why in brackets: "partly (share 3.9 for 7)", "partly (strict
// order for 7)", "partly (REASON)", "cannot tell (REASON)".
std::string FormatVerdict(const Verdict& verdict);

// The inverse, with the share as it is printed. Error: InvalidArgument says
// what a verdict may be.
absl::StatusOr<Verdict> ParseVerdict(absl::string_view text);

// Numbers by their names, finite. A name ends with its unit, if it has one:
// "share", "committed_kb", "committed_ms".
using Figures = std::map<std::string, double>;

// Priority signals, as RFC 7540 and RFC 9218 have them.
using Signal = std::variant<signals::Rfc7540Priority, signals::Rfc9218Priority>;

// What happened on a connection, by the client's clock.
struct Requested {
  h2::StreamId stream = 0;
  std::vector<Signal> signals = {};  // in the request's HEADERS
};
struct Signalled {  // PRIORITY, PRIORITY_UPDATE
  h2::StreamId stream = 0;
  Signal signal;
};
struct Arrived {  // DATA
  h2::StreamId stream = 0;
  int64_t bytes = 0;
  bool end = false;  // with END_STREAM
};
struct StripEvent {
  absl::Duration at;  // since the connection was opened
  std::variant<Requested, Signalled, Arrived> what;
};

struct StripStream {
  h2::StreamId id = 0;
  std::string label;  // to read: "u=0", "weight 224"
  std::string path;
  // 0 is the most important by the signals at the end, equals have the same:
  // the strip colours by it.
  int rank = 0;
};

// One repeat of an experiment: the streams that it asked for bodies with, and
// the order of events.
struct Strip {
  std::vector<StripStream> streams;
  std::vector<StripEvent> events;
};

struct ExperimentResult {
  std::string name;   // "rfc7540-weights"
  std::string about;  // one sentence for the page: the signals, the ideal
  Verdict verdict = {};
  std::vector<Figures> repeats = {};  // of each repeat
  Strip strip = {};                   // of the first repeat
};

// Of the figures that any repeat has.
std::map<std::string, servers::Spread> SpreadsOf(
    const std::vector<Figures>& repeats);

struct ServerResult {
  std::string url;                             // as it was given
  std::map<h2::SettingId, uint32_t> settings;  // that the server sent
  std::string software;                        // its `server` field, if any
  std::string via;                             // its `via` field, if any
  std::string version;                         // of Sluice
  std::string date;                            // "2026-11-30", UTC
  // What the probe cost.
  int connections = 0;
  int64_t bytes = 0;
  absl::Duration took;
  std::vector<ExperimentResult> experiments;
  // Why the probe ended early, a sentence; empty: it ran to its end.
  std::string failure;
};

// "INITIAL_WINDOW_SIZE", as IANA registers it but without "SETTINGS_"; "0xABCD"
// for unknown ones.
std::string SettingName(h2::SettingId id);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_RESULT_H_
