#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>
#include <sluice/scheduler/trace_json.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace sluice::scheduler {
namespace {

// Keeps the order in which fields are written.
using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 9> kClasses = {
    "", "html", "css", "js", "font", "image", "fetch", "media", "other"};
constexpr std::array<const char*, 4> kSignals = {"rfc7540", "server_rfc7540",
                                                 "rfc9218", "hints"};
constexpr std::array<const char*, 7> kOutcomes = {
    "sent",    "no window", "small window", "no bytes",
    "no room", "closed",    "failed"};

template <size_t size>
size_t IndexOf(const std::array<const char*, size>& names,
               const std::string& name) {
  for (size_t i = 0; i < size; ++i) {
    if (name == names[i]) return i;
  }
  throw Json::other_error::create(600, "unknown name '" + name + "'", nullptr);
}

// --- Writing -----------------------------------------------------------------

Json ToJson(const signals::Rfc7540Priority& priority) {
  return {priority.depends_on, priority.weight, priority.exclusive};
}

// Both kinds of signals have the same shape under the client and the override.
template <class Signals>
void PutSignals(const Signals& signals, Json& out) {
  if (signals.rfc7540.has_value()) {
    out["rfc7540"] = ToJson(*signals.rfc7540);
  }
  if (signals.rfc9218.has_value()) {
    out["rfc9218"] = {signals.rfc9218->urgency, signals.rfc9218->incremental};
  }
}

void PutFlag(const char* name, bool value, Json& out) {
  if (value) out[name] = true;
}

void PutInfo(const StreamInfo& info, Json& out) {
  PutSignals(info, out);
  PutFlag("before_open", info.rfc7540_before_open, out);
  PutFlag("moved", info.moved, out);
  if (info.server.has_value()) {
    out["server"] = Json::object();
    PutSignals(*info.server, out["server"]);
  }
  const ResourceHints& hints = info.hints;
  if (hints == ResourceHints()) return;
  Json& put = out["hints"] = Json::object();
  if (hints.resource_class != ResourceClass::kUnknown) {
    put["class"] = kClasses[static_cast<size_t>(hints.resource_class)];
  }
  PutFlag("in_head", hints.in_head, put);
  PutFlag("after_first_image", hints.after_first_image, put);
  PutFlag("async_or_defer", hints.async_or_defer, put);
  PutFlag("above_the_fold", hints.above_the_fold, put);
  PutFlag("preload", hints.preload, put);
  PutFlag("tunnel", hints.tunnel, put);
  if (hints.bytes_remaining.has_value()) {
    put["bytes_remaining"] = *hints.bytes_remaining;
  }
}

struct Writer {
  Json operator()(const TraceMade& made) const {
    Json out = {{"call", "made"},
                {"spec", made.spec},
                {"max_grant", made.max_grant},
                {"max_streams", made.max_streams},
                {"max_closed_streams", made.max_closed_streams}};
    return out;
  }
  Json operator()(const TraceOpen& open) const {
    Json out = {{"call", "open"}, {"id", open.id}};
    PutInfo(open.info, out);
    return out;
  }
  Json operator()(const TracePriority& priority) const {
    Json out = {{"call", "priority"},
                {"id", priority.id},
                {"changed", kSignals[static_cast<size_t>(priority.changed)]}};
    PutInfo(priority.info, out);
    return out;
  }
  Json operator()(const TraceIdlePriority& idle) const {
    Json out = {{"call", "idle_priority"}, {"id", idle.id}};
    out["rfc7540"] = ToJson(idle.priority);
    PutFlag("refused", !idle.ok, out);
    return out;
  }
  Json operator()(const TraceUsesRfc9218&) const {
    return {{"call", "uses_rfc9218"}};
  }
  Json operator()(const TraceClose& close) const {
    return {{"call", "close"}, {"id", close.id}};
  }
  Json operator()(const TraceReady& ready) const {
    return {{"call", "ready"}, {"id", ready.id}};
  }
  Json operator()(const TraceBlocked& blocked) const {
    return {{"call", "blocked"}, {"id", blocked.id}};
  }
  Json operator()(const TracePick& pick) const {
    Json out = {{"call", "pick"},
                {"n", pick.number},
                {"id", pick.id},
                {"max", pick.max_bytes},
                {"policy", std::string(pick.policy)},
                {"rule", std::string(pick.rule)},
                {"ready", pick.ready}};
    for (const StreamId id : pick.ready_ids) out["ready_ids"].push_back(id);
    if (pick.levels > 0) out["levels"] = pick.levels;
    for (const PathLevel& level : pick.path) {
      out["path"].push_back({{"parent", level.parent},
                             {"child", level.child},
                             {"group", level.group},
                             {"weight", level.weight},
                             {"tag", level.tag},
                             {"key", level.key},
                             {"clock", level.clock},
                             {"active", level.active},
                             {"child_active", level.child_active}});
    }
    return out;
  }
  Json operator()(const TraceCharge& charge) const {
    return {{"call", "charge"}, {"id", charge.id}, {"bytes", charge.bytes}};
  }
  Json operator()(const TraceFrame& frame) const {
    return {{"call", "frame"},
            {"id", frame.id},
            {"bytes", frame.bytes},
            {"end", frame.end_stream},
            {"outcome", kOutcomes[static_cast<size_t>(frame.outcome)]},
            {"window", frame.window},
            {"connection_window", frame.connection_window}};
  }
};

// --- Reading -----------------------------------------------------------------
//
// The JSON library throws on wrong types; nothing gets out.

// It takes any number for any other, too, so whole ones are read here.
template <class Int>
Int TakeWhole(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    if (std::in_range<Int>(number)) return static_cast<Int>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.get<int64_t>();
    if (std::in_range<Int>(number)) return static_cast<Int>(number);
  }
  throw Json::other_error::create(
      601, value.dump() + " is no whole number in range", nullptr);
}

signals::Rfc7540Priority TakeRfc7540(const Json& value) {
  return {TakeWhole<StreamId>(value.at(0)), TakeWhole<int>(value.at(1)),
          value.at(2).get<bool>()};
}

template <class Signals>
void TakeSignals(const Json& in, Signals* signals) {
  if (in.contains("rfc7540")) {
    signals->rfc7540 = TakeRfc7540(in.at("rfc7540"));
  }
  if (in.contains("rfc9218")) {
    const Json& value = in.at("rfc9218");
    signals->rfc9218 = signals::Rfc9218Priority{TakeWhole<int>(value.at(0)),
                                                value.at(1).get<bool>()};
  }
}

StreamInfo TakeInfo(const Json& in) {
  StreamInfo info;
  TakeSignals(in, &info);
  info.rfc7540_before_open = in.value("before_open", false);
  info.moved = in.value("moved", false);
  if (in.contains("server")) {
    TakeSignals(in.at("server").get_ref<const Json::object_t&>(),
                &info.server.emplace());
  }
  if (!in.contains("hints")) return info;
  const Json& hints = in.at("hints");
  info.hints.resource_class = static_cast<ResourceClass>(
      IndexOf(kClasses, hints.value("class", std::string())));
  info.hints.in_head = hints.value("in_head", false);
  info.hints.after_first_image = hints.value("after_first_image", false);
  info.hints.async_or_defer = hints.value("async_or_defer", false);
  info.hints.above_the_fold = hints.value("above_the_fold", false);
  info.hints.preload = hints.value("preload", false);
  info.hints.tunnel = hints.value("tunnel", false);
  if (hints.contains("bytes_remaining")) {
    info.hints.bytes_remaining =
        TakeWhole<uint64_t>(hints.at("bytes_remaining"));
  }
  return info;
}

// Never destroyed, as literals are not. Behind a lock, since several threads
// may read traces of their own.
absl::string_view Interned(const std::string& name) {
  static std::mutex* mutex = new std::mutex;
  static std::set<std::string>* names = new std::set<std::string>;
  const std::lock_guard<std::mutex> lock(*mutex);
  return *names->insert(name).first;
}

TracePick TakePick(const Json& in) {
  TracePick pick;
  pick.number = TakeWhole<uint64_t>(in.at("n"));
  pick.id = TakeWhole<StreamId>(in.at("id"));
  pick.max_bytes = TakeWhole<size_t>(in.at("max"));
  pick.policy = Interned(in.at("policy").get<std::string>());
  pick.rule = Interned(in.at("rule").get<std::string>());
  pick.ready = TakeWhole<uint32_t>(in.at("ready"));
  if (in.contains("levels")) pick.levels = TakeWhole<uint32_t>(in.at("levels"));
  if (in.contains("ready_ids")) {
    for (const Json& ready : in.at("ready_ids")) {
      pick.ready_ids.push_back(TakeWhole<StreamId>(ready));
    }
  }
  if (in.contains("path")) {
    for (const Json& level : in.at("path")) {
      pick.path.push_back(
          {.parent = TakeWhole<StreamId>(level.at("parent")),
           .child = TakeWhole<StreamId>(level.at("child")),
           .group = TakeWhole<uint32_t>(level.at("group")),
           .weight = level.at("weight").get<double>(),
           .tag = TakeWhole<int64_t>(level.at("tag")),
           .key = TakeWhole<int64_t>(level.at("key")),
           .clock = TakeWhole<int64_t>(level.at("clock")),
           .active = TakeWhole<uint32_t>(level.at("active")),
           .child_active = level.at("child_active").get<bool>()});
    }
  }
  return pick;
}

std::optional<TraceEvent> TakeEvent(const Json& in) {
  const std::string call = in.at("call").get<std::string>();
  if (call == "made") {
    return TraceMade{in.at("spec").get<std::string>(),
                     TakeWhole<size_t>(in.at("max_grant")),
                     TakeWhole<size_t>(in.at("max_streams")),
                     TakeWhole<size_t>(in.at("max_closed_streams"))};
  }
  if (call == "uses_rfc9218") return TraceUsesRfc9218{};
  const auto id = TakeWhole<StreamId>(in.at("id"));
  if (call == "open") return TraceOpen{id, TakeInfo(in)};
  if (call == "priority") {
    const auto changed = static_cast<Signal>(
        IndexOf(kSignals, in.at("changed").get<std::string>()));
    return TracePriority{id, TakeInfo(in), changed};
  }
  if (call == "idle_priority") {
    return TraceIdlePriority{id, TakeRfc7540(in.at("rfc7540")),
                             !in.value("refused", false)};
  }
  if (call == "close") return TraceClose{id};
  if (call == "ready") return TraceReady{id};
  if (call == "blocked") return TraceBlocked{id};
  if (call == "pick") return TakePick(in);
  if (call == "charge")
    return TraceCharge{id, TakeWhole<size_t>(in.at("bytes"))};
  if (call == "frame") {
    return TraceFrame{id,
                      TakeWhole<size_t>(in.at("bytes")),
                      in.at("end").get<bool>(),
                      static_cast<TraceOutcome>(IndexOf(
                          kOutcomes, in.at("outcome").get<std::string>())),
                      TakeWhole<int64_t>(in.at("window")),
                      TakeWhole<int64_t>(in.at("connection_window"))};
  }
  return std::nullopt;
}

}  // namespace

std::string TraceEventToJson(const TraceEvent& event) {
  return std::visit(Writer(), event).dump();
}

void JsonLinesTrace::Flush() {
  if (!std::exchange(pending_, false)) return;
  out_ << TraceEventToJson(event_[0]) << '\n';
}

absl::Span<TraceEvent> JsonLinesTrace::Room() {
  Flush();
  pending_ = true;
  return absl::MakeSpan(event_);
}

absl::StatusOr<TraceEvent> TraceEventFromJson(absl::string_view line) {
  try {
    const Json in = Json::parse(line.begin(), line.end());
    std::optional<TraceEvent> event = TakeEvent(in);
    if (event.has_value()) return *std::move(event);
    return absl::InvalidArgumentError("unknown call");
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

absl::StatusOr<std::vector<TraceEvent>> ReadTrace(std::istream& in) {
  std::vector<TraceEvent> events;
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    absl::StatusOr<TraceEvent> event = TraceEventFromJson(line);
    if (!event.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", event.status().message()));
    }
    events.push_back(*std::move(event));
  }
  return events;
}

}  // namespace sluice::scheduler
