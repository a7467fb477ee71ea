#include "benchmarks/lab/measure/tree_history.h"

#include <sluice/h2/events.h>
#include <sluice/priority/priority_tree.h>
#include <sluice/scheduler/registry.h>
#include <sluice/signals/rfc7540_priority.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <variant>

namespace sluice::lab {
namespace {

using priority::PriorityTree;
using signals::Rfc7540Priority;

struct Event {
  enum class Kind { kRequest, kSignal, kClose };

  int64_t at_ns = 0;
  h2::StreamId stream_id = 0;
  Kind kind = Kind::kRequest;
  std::optional<Rfc7540Priority> priority = std::nullopt;
};

// Requests and signals in the order in which the server received them. At one
// time, a request comes before the signals of its stream and of later ones,
// since browsers request streams in the order of their ids.
std::vector<Event> ReceivedEvents(const PageLoad& load) {
  std::vector<Event> events;
  auto request = load.requests.begin();
  for (const ReceivedSignal& signal : load.signals) {
    const auto* fields = std::get_if<Rfc7540Priority>(&signal.signal);
    if (fields == nullptr) continue;
    for (; request != load.requests.end() &&
           std::tie(request->at_ns, request->stream_id) <=
               std::tie(signal.at_ns, signal.stream_id);
         ++request) {
      events.push_back({request->at_ns, request->stream_id});
    }
    if (signal.with_request && !events.empty() &&
        events.back().stream_id == signal.stream_id) {
      events.back().priority = *fields;
      continue;
    }
    events.push_back(
        {signal.at_ns, signal.stream_id, Event::Kind::kSignal, *fields});
  }
  for (; request != load.requests.end(); ++request) {
    events.push_back({request->at_ns, request->stream_id});
  }
  return events;
}

std::vector<Event> EventsOf(const PageLoad& load) {
  std::vector<Event> events = ReceivedEvents(load);
  std::map<h2::StreamId, int64_t> closed;
  for (const ReceivedRequest& request : load.requests) {
    closed[request.stream_id] = request.at_ns;  // unless it has a body
  }
  for (const Pick& pick : load.picks) closed[pick.stream_id] = pick.at_ns;
  for (const auto& [stream_id, at_ns] : closed) {
    events.push_back({at_ns, stream_id, Event::Kind::kClose});
  }
  // At one time, streams close after everything that was received.
  std::stable_sort(
      events.begin(), events.end(), [](const Event& a, const Event& b) {
        const bool a_closes = a.kind == Event::Kind::kClose;
        const bool b_closes = b.kind == Event::Kind::kClose;
        return std::tie(a.at_ns, a_closes) < std::tie(b.at_ns, b_closes);
      });
  return events;
}

TreeChange::State StateOf(priority::StreamState state) {
  switch (state) {
    case priority::StreamState::kOpen:
      return TreeChange::State::kOpen;
    case priority::StreamState::kIdle:
      return TreeChange::State::kIdle;
    case priority::StreamState::kClosed:
      break;
  }
  return TreeChange::State::kClosed;
}

}  // namespace

std::vector<TreeChange> TreeHistory(const PageLoad& load) {
  const scheduler::PolicyOptions limits;
  PriorityTree tree({
      .max_nodes = limits.max_streams + limits.max_closed_streams,
      .max_closed = limits.max_closed_streams,
      .max_idle = limits.max_streams,
      .max_grant = kMaxGrant,
  });
  std::vector<TreeChange> changes;
  std::map<h2::StreamId, TreeChange> known;  // the last of each stream
  const std::vector<Event> events = EventsOf(load);
  for (size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    known.try_emplace(event.stream_id,
                      TreeChange{.stream_id = event.stream_id});
    if (event.priority && event.priority->depends_on != 0) {
      const h2::StreamId parent = event.priority->depends_on;
      known.try_emplace(parent, TreeChange{.stream_id = parent});
    }
    // The lab's clients send nothing that the tree refuses.
    switch (event.kind) {
      case Event::Kind::kRequest:
        tree.Insert(event.stream_id, event.priority).IgnoreError();
        break;
      case Event::Kind::kSignal:
        tree.Reprioritise(event.stream_id, *event.priority).IgnoreError();
        break;
      case Event::Kind::kClose:
        tree.Close(event.stream_id).IgnoreError();
        break;
    }
    if (i + 1 < events.size() && events[i + 1].at_ns == event.at_ns) continue;
    for (auto& [stream_id, last] : known) {
      TreeChange now = {.at_ns = last.at_ns, .stream_id = stream_id};
      if (const auto state = tree.State(stream_id)) {
        now.state = StateOf(*state);
        now.parent = tree.Parent(stream_id).value_or(0);
        now.weight = tree.Weight(stream_id).value_or(0);
      }
      if (now == last) continue;
      now.at_ns = event.at_ns;
      last = now;
      changes.push_back(now);
    }
  }
  return changes;
}

void AppendTreeHistory(const std::vector<TreeChange>& changes,
                       ByteWriter& writer) {
  using Change = TreeChange;
  AppendGaps(
      changes, [](const Change& c) { return c.at_ns; }, writer);
  AppendColumn(
      changes, [](const Change& c) { return c.stream_id; }, writer);
  AppendColumn(
      changes, [](const Change& c) { return c.state; }, writer);
  AppendColumn(
      changes, [](const Change& c) { return c.parent; }, writer);
  AppendColumn(
      changes, [](const Change& c) { return c.weight; }, writer);
}

}  // namespace sluice::lab
