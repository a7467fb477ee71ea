// One run of an experiment, as a list of what the client does.
//
// A run has a connection of its own. Its first stream, 1, takes the
// connection's first window and is blocked from then on; the streams of the
// script follow with StreamOf(0), StreamOf(1), … in the order of their
// requests. While the window is closed the server can learn all signals and
// prepare all bodies. Then the client opens the window by `kGrant` bytes at a
// time, and each grant shows one choice of the server's scheduler alone: no
// byte can wait in a buffer between the scheduler and the client.
#ifndef SLUICE_BENCHMARKS_PROBE_SCRIPT_H_
#define SLUICE_BENCHMARKS_PROBE_SCRIPT_H_

#include <sluice/h2/types.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace sluice::probe {

// Bytes of window for one choice. Every stream's body ends far behind the last.
inline constexpr int64_t kGrant = 4096;
// What the first stream takes: RFC 9113 §6.9.2's initial window.
inline constexpr int64_t kFirstWindow = 65535;

inline constexpr h2::StreamId kFirstStream = 1;

// The stream of a script's request number `index`, from 0.
constexpr h2::StreamId StreamOf(size_t index) {
  return static_cast<h2::StreamId>(3 + 2 * index);
}

// Streams that stay idle, to depend on (RFC 7540 §5.3.3): requests do not reach
// their ids, which would close them (RFC 9113 §5.1.1).
inline constexpr h2::StreamId kHeavyGroup = 2001;
inline constexpr h2::StreamId kLightGroup = 2003;

// Asks for a body.
struct Ask {
  std::optional<signals::Rfc7540Priority> tree = std::nullopt;
  std::optional<signals::Rfc9218Priority> field = std::nullopt;
  bool via = false;           // as an intermediary
  bool high = false;          // the URL of --high
  int64_t window = kNoLimit;  // the most bytes of the body
  static constexpr int64_t kNoLimit = int64_t{1} << 30;
};

// A PRIORITY frame (RFC 7540 §6.3).
struct Prioritise {
  h2::StreamId stream = 0;
  signals::Rfc7540Priority tree;
};

// A PRIORITY_UPDATE frame (RFC 9218 §7.1).
struct Update {
  h2::StreamId stream = 0;
  signals::Rfc9218Priority field;
};

using Action = std::variant<Ask, Prioritise, Update>;

// The actions leave in one write. When the server has them, and has begun to
// answer all requests, the window opens by kGrant `choices` times.
struct Phase {
  std::vector<Action> actions;
  int choices = 0;
};

struct Script {
  // SETTINGS_NO_RFC7540_PRIORITIES = 1 (RFC 9218 §2.1).
  bool no_rfc7540_priorities = false;
  std::vector<Phase> phases;  // the last one is measured
  // The requests that shall come before the others, by their index; empty: all
  // are alike.
  std::vector<size_t> favoured;
};

// Requests of a script.
size_t StreamsOf(const Script& script);
// The most bytes of bodies that a run takes.
int64_t BytesOf(const Script& script);

}  // namespace sluice::probe

#endif  // SLUICE_BENCHMARKS_PROBE_SCRIPT_H_
