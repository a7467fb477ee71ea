#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/trace.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/trace/json_lines.h>
#include <sluice/trace/replay.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <iterator>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace sluice::trace {
namespace {

using scheduler::PathLevel;
using scheduler::ResourceHints;
using scheduler::StreamInfo;
using scheduler::TraceBlocked;
using scheduler::TraceCharge;
using scheduler::TraceClose;
using scheduler::TraceFrame;
using scheduler::TraceIdlePriority;
using scheduler::TraceMade;
using scheduler::TraceOpen;
using scheduler::TracePick;
using scheduler::TracePriority;
using scheduler::TraceReady;
using scheduler::TraceTime;
using scheduler::TraceUsesRfc9218;

using Json = nlohmann::ordered_json;  // writes fields in the order given

// By the index of TraceEvent's alternatives.
constexpr std::array<const char*, std::variant_size_v<TraceEvent>> kCalls = {
    "made",  "open",    "priority", "idle_priority", "uses_rfc9218", "close",
    "ready", "blocked", "pick",     "charge",        "frame",        "time"};

// The names of an enum's values.
template <class Enum>
constexpr std::array<const char*, 0> kNamesOf = {};
template <>
constexpr std::array kNamesOf<scheduler::ResourceClass> = {
    "unknown", "html", "css", "js", "font", "image", "fetch", "media", "other"};
template <>
constexpr std::array kNamesOf<scheduler::Signal> = {"rfc7540", "server_rfc7540",
                                                    "rfc9218", "hints"};
template <>
constexpr std::array kNamesOf<scheduler::TraceOutcome> = {
    "sent",    "no window", "small window", "no bytes",
    "no room", "closed",    "failed"};

// --- The fields, for the writer and the reader alike -------------------------

// Must() is for fields that are always there, May() for those that are left out
// when they have their default value.
template <class T, class Plain>
concept Like = std::same_as<std::remove_const_t<T>, Plain>;

// Both kinds of signals: the client's, or the application's.
template <class Signals>
requires requires(Signals signals) { signals.rfc7540; }
void Fields(auto& table, Signals& signals) {
  table.May("rfc7540", signals.rfc7540, "rfc9218", signals.rfc9218);
  if constexpr (Like<Signals, StreamInfo>) {
    table.May("before_open", signals.rfc7540_before_open, "moved",
              signals.moved, "server", signals.server, "hints", signals.hints);
  }
}

void Fields(auto& table, Like<ResourceHints> auto& hints) {
  table.May("class", hints.resource_class, "in_head", hints.in_head,
            "after_first_image", hints.after_first_image, "async_or_defer",
            hints.async_or_defer, "above_the_fold", hints.above_the_fold,
            "preload", hints.preload, "tunnel", hints.tunnel, "via", hints.via,
            "bytes_remaining", hints.bytes_remaining);
}

void Fields(auto& table, Like<PathLevel> auto& level) {
  table.Must("parent", level.parent, "child", level.child, "group", level.group,
             "weight", level.weight, "tag", level.tag, "key", level.key,
             "clock", level.clock, "active", level.active, "child_active",
             level.child_active);
}

void Fields(auto& table, Like<TraceMade> auto& made) {
  auto& options = made.options;
  table.Must("spec", made.spec, "max_grant", options.max_grant, "max_streams",
             options.max_streams, "max_closed_streams",
             options.max_closed_streams);
}

void Fields(auto& table, Like<TraceOpen> auto& open) {
  table.Must("id", open.id);
  Fields(table, open.info);
}

void Fields(auto& table, Like<TracePriority> auto& priority) {
  table.Must("id", priority.id, "changed", priority.changed);
  Fields(table, priority.info);
}

void Fields(auto& table, Like<TraceIdlePriority> auto& idle) {
  table.Must("id", idle.id, "rfc7540", idle.priority);
  table.May("refused", idle.refused);
}

void Fields(auto&, Like<TraceUsesRfc9218> auto&) {}

template <class Call>
requires Like<Call, TraceClose> || Like<Call, TraceReady> ||
    Like<Call, TraceBlocked>
void Fields(auto& table, Call& call) { table.Must("id", call.id); }

void Fields(auto& table, Like<TracePick> auto& pick) {
  table.Must("n", pick.number, "id", pick.id, "max", pick.max_bytes, "policy",
             pick.policy, "rule", pick.rule, "ready", pick.ready);
  table.May("ready_ids", pick.ready_ids, "levels", pick.levels, "path",
            pick.path);
}

void Fields(auto& table, Like<TraceCharge> auto& charge) {
  table.Must("id", charge.id, "bytes", charge.bytes);
}

void Fields(auto& table, Like<TraceFrame> auto& frame) {
  table.Must("id", frame.id, "bytes", frame.bytes, "end", frame.end_stream,
             "outcome", frame.outcome, "window", frame.window,
             "connection_window", frame.connection_window);
}

void Fields(auto& table, Like<TraceTime> auto& time) {
  table.Must("ns", time.ns);
}

// The items of a signal, which is a list of a fixed length.
auto Items(Like<signals::Rfc7540Priority> auto& priority) {
  return std::tie(priority.depends_on, priority.weight, priority.exclusive);
}
auto Items(Like<signals::Rfc9218Priority> auto& priority) {
  return std::tie(priority.urgency, priority.incremental);
}

template <class T>
concept Optional = requires(T& value) {
  value.emplace();
};
template <class T>
concept List = requires(T& value) {
  value.room();
};
template <class T>
concept Priority = requires(T& value) {
  Items(value);
};

// --- Writing -----------------------------------------------------------------

class Writer {
 public:
  explicit Writer(Json* out) : out_(*out) {}

  template <class T, class... More>
  void Must(const char* name, const T& value, const More&... more) {
    out_[name] = ToJson(value);
    if constexpr (sizeof...(more) > 0) Must(more...);
  }
  template <class T, class... More>
  void May(const char* name, const T& value, const More&... more) {
    if (!(value == T())) Must(name, value);
    if constexpr (sizeof...(more) > 0) May(more...);
  }

 private:
  template <class T>
  static Json ToJson(const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      return value;
    } else if constexpr (std::is_enum_v<T>) {
      return kNamesOf<T>[static_cast<size_t>(value)];
    } else if constexpr (std::convertible_to<T, absl::string_view>) {
      return std::string(value);
    } else if constexpr (Optional<T>) {
      return ToJson(*value);
    } else if constexpr (List<T>) {
      Json items = Json::array();
      for (const auto& item : value) items.push_back(ToJson(item));
      return items;
    } else if constexpr (Priority<T>) {
      return std::apply(
          [](const auto&... items) { return Json::array({ToJson(items)...}); },
          Items(value));
    } else {
      Json fields = Json::object();
      Writer writer(&fields);
      Fields(writer, value);
      return fields;
    }
  }

  Json& out_;
};

// --- Reading -----------------------------------------------------------------

// Never destroyed, as literals are not. Behind a lock, since several threads
// may read traces of their own.
absl::string_view Interned(const std::string& name) {
  static std::mutex* mutex = new std::mutex;
  static std::set<std::string>* names = new std::set<std::string>;
  const std::lock_guard<std::mutex> lock(*mutex);
  return *names->insert(name).first;
}

// For an error's text: short, and not nested as deep as the value may be.
std::string Show(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return value.dump(-1, ' ', /*ensure_ascii=*/true).substr(0, 60);
}

// Keeps the first fault in `*fault`; fields after it are left as they are.
class Reader {
 public:
  Reader(const Json& in, std::string* fault) : in_(in), fault_(*fault) {}

  template <class T, class... More>
  void Must(const char* name, T& value, More&... more) {
    if (!in_.contains(name) && fault_.empty()) {
      fault_ = absl::StrCat("\"", name, "\" is missing");
    }
    May(name, value);
    if constexpr (sizeof...(more) > 0) Must(more...);
  }
  template <class T, class... More>
  void May(const char* name, T& value, More&... more) {
    if (fault_.empty() && in_.contains(name)) Take(name, in_.at(name), value);
    if constexpr (sizeof...(more) > 0) May(more...);
  }

 private:
  bool Check(bool fits, const char* name, const Json& from,
             absl::string_view allowed) {
    if (fits || !fault_.empty()) return fits;
    fault_ = absl::StrCat("\"", name, "\" is ", Show(from), "; it must be ",
                          allowed);
    return false;
  }

  template <class T>
  void Take(const char* name, const Json& from, T& to) {
    if constexpr (std::same_as<T, bool>) {
      if (Check(from.is_boolean(), name, from, "true or false")) to = from;
    } else if constexpr (std::integral<T>) {
      TakeWhole(name, from, to);
    } else if constexpr (std::floating_point<T>) {
      if (Check(from.is_number(), name, from, "a number")) to = from;
    } else if constexpr (std::same_as<T, StringView>) {
      std::string text;
      Take(name, from, text);
      to = Interned(text);
    } else if constexpr (std::same_as<T, std::string>) {
      if (Check(from.is_string(), name, from, "a string")) to = from;
    } else if constexpr (std::is_enum_v<T>) {
      const auto& names = kNamesOf<T>;
      const auto found = std::find(names.begin(), names.end(), from);
      if (Check(found != names.end(), name, from,
                absl::StrCat("one of ", absl::StrJoin(names, ", ")))) {
        to = static_cast<T>(found - names.begin());
      }
    } else if constexpr (Optional<T>) {
      Take(name, from, to.emplace());
    } else if constexpr (List<T>) {
      if (!Check(from.is_array(), name, from, "a list")) return;
      for (const Json& item : from) {
        typename T::value_type taken = {};
        Take(name, item, taken);
        to.push_back(taken);
      }
    } else if constexpr (Priority<T>) {
      const auto take = [&](auto&... items) {
        if (!Check(from.is_array() && from.size() == sizeof...(items), name,
                   from, absl::StrCat("a list of ", sizeof...(items)))) {
          return;
        }
        size_t at = 0;
        (Take(name, from[at++], items), ...);
      };
      std::apply(take, Items(to));
    } else if (Check(from.is_object(), name, from, "an object")) {
      Reader reader(from, &fault_);
      Fields(reader, to);
    }
  }

  // The JSON library would take any number for any other.
  template <class Whole>
  void TakeWhole(const char* name, const Json& from, Whole& to) {
    using Limits = std::numeric_limits<Whole>;
    const bool fits = from.is_number_unsigned()
                          ? std::in_range<Whole>(from.get<uint64_t>())
                          : from.is_number_integer() &&
                                std::in_range<Whole>(from.get<int64_t>());
    if (Check(fits, name, from,
              absl::StrCat("a whole number from ", Limits::min(), " to ",
                           Limits::max()))) {
      to = from.get<Whole>();
    }
  }

  const Json& in_;
  std::string& fault_;
};

// A blank event of the given alternative.
template <size_t kIndex = 0>
TraceEvent BlankCall(size_t index) {
  if constexpr (kIndex + 1 < std::variant_size_v<TraceEvent>) {
    if (index != kIndex) return BlankCall<kIndex + 1>(index);
  }
  return TraceEvent(std::in_place_index<kIndex>);
}

}  // namespace

std::string TraceEventToJson(const TraceEvent& event) {
  Json out = {{"call", kCalls[event.index()]}};
  Writer writer(&out);
  std::visit([&writer](const auto& call) { Fields(writer, call); }, event);
  // A spec may hold any bytes.
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<TraceEvent> TraceEventFromJson(StringView line) {
  const Json in = Json::parse(line.begin(), line.end(), nullptr,
                              /*allow_exceptions=*/false);
  if (!in.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", absl::CHexEscape(line.substr(0, 60)), "\" is no JSON object"));
  }
  std::string fault;
  std::string call;
  Reader reader(in, &fault);
  reader.Must("call", call);
  const auto found = std::find(kCalls.begin(), kCalls.end(), call);
  if (fault.empty() && found == kCalls.end()) {
    fault = absl::StrCat("\"call\" is ", Show(call), "; it must be one of ",
                         absl::StrJoin(kCalls, ", "));
  }
  if (!fault.empty()) return absl::InvalidArgumentError(fault);
  TraceEvent event = BlankCall(static_cast<size_t>(found - kCalls.begin()));
  std::visit([&reader](auto& blank) { Fields(reader, blank); }, event);
  if (!fault.empty()) return absl::InvalidArgumentError(fault);
  return event;
}

absl::StatusOr<std::vector<TraceEvent>> ReadTrace(std::istream& in) {
  const auto bad_line = [](size_t number, absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", why));
  };
  std::vector<TraceEvent> events;
  std::vector<size_t> numbers;  // of the events' lines
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    absl::StatusOr<TraceEvent> event = TraceEventFromJson(line);
    if (!event.ok()) return bad_line(number, event.status().message());
    events.push_back(*std::move(event));
    numbers.push_back(number);
  }
  if (const std::optional<BadCall> bad = FindBadCall(events)) {
    return bad_line(events.empty() ? 1 : numbers[bad->index], bad->why);
  }
  return events;
}

}  // namespace sluice::trace
