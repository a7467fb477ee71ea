#include "tests/priority/tree_oracle.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::priority {
namespace {

void Erase(std::vector<StreamId>* list, StreamId id) {
  list->erase(std::remove(list->begin(), list->end(), id), list->end());
}

}  // namespace

TreeOracle::TreeOracle(const PriorityTreeOptions& options, const Rules& rules)
    : options_(options), rules_(rules) {
  options_.max_closed = std::min(options_.max_closed, options_.max_nodes);
}

// --- Questions --------------------------------------------------------------

TreeOracle::Stream* TreeOracle::Find(StreamId id) {
  for (Stream& s : now_.streams) {
    if (s.id == id) return &s;
  }
  return nullptr;
}

std::vector<StreamId> TreeOracle::Children(StreamId id) const {
  std::vector<StreamId> children;
  for (const Stream& s : now_.streams) {
    if (s.parent == id) children.push_back(s.id);
  }
  return children;
}

bool TreeOracle::Active(StreamId id) const {
  if (id != 0 && Find(id)->ready) return true;
  for (StreamId child : Children(id)) {
    if (Active(child)) return true;
  }
  return false;
}

bool TreeOracle::AnyReady() const { return Active(0); }

bool TreeOracle::IsAncestor(StreamId ancestor, StreamId id) const {
  while (id != 0) {
    id = Find(id)->parent;
    if (id == ancestor) return true;
  }
  return false;
}

void TreeOracle::DumpInto(StreamId id, std::string* text) const {
  *text += '(';
  const char* separator = "";
  for (StreamId child : Children(id)) {
    char weight[32];
    std::snprintf(weight, sizeof weight, "%.3f", Find(child)->weight / 65536.0);
    std::string rounded = weight;
    while (rounded.back() == '0') rounded.pop_back();
    if (rounded.back() == '.') rounded.pop_back();
    absl::StrAppend(text, separator, child, ":", rounded);
    if (!Children(child).empty()) DumpInto(child, text);
    separator = " ";
  }
  *text += ')';
}

std::string TreeOracle::Dump() const {
  std::string text;
  DumpInto(0, &text);
  return text;
}

std::map<StreamId, int64_t> TreeOracle::Lags() const {
  std::map<StreamId, int64_t> lags;
  for (const Stream& s : now_.streams) {
    lags[s.id] = Tag(s) - now_.levels.at(s.parent).clock;
  }
  return lags;
}

// --- Tags and queues --------------------------------------------------------

int64_t TreeOracle::Quantum(uint32_t weight) const {
  return (static_cast<int64_t>(options_.max_grant) << 24) / weight;
}

int64_t TreeOracle::Tag(const Stream& s) {
  const Wide w = s.weight;
  const Wide down = s.tag >= 0 ? s.tag / w : -((-s.tag + w - 1) / w);
  return static_cast<int64_t>(down);
}

int64_t TreeOracle::Key(const Stream& s) const {
  return Tag(s) + Quantum(s.weight);
}

void TreeOracle::SetTag(Stream& s, int64_t whole) {
  s.tag += Wide{whole - Tag(s)} * s.weight;
}

void TreeOracle::Clamp(Stream& s) {
  SetTag(s, std::max(Tag(s), now_.levels[s.parent].clock - Quantum(s.weight)));
}

void TreeOracle::Enqueue(Stream& s) {
  Level& level = now_.levels[s.parent];
  if (++level.active == 9 && !level.large) {
    // From now on slots decide; until now keys did.
    level.large = true;
    std::vector<Stream*> queue;
    for (Stream& other : now_.streams) {
      if (other.parent == s.parent && other.queued && &other != &s) {
        queue.push_back(&other);
      }
    }
    std::sort(queue.begin(), queue.end(), [this](Stream* a, Stream* b) {
      return std::pair(Key(*a), a->arrival) < std::pair(Key(*b), b->arrival);
    });
    for (Stream* other : queue) other->arrival = ++now_.arrivals;
  }
  s.queued = true;
  s.arrival = ++now_.arrivals;
}

void TreeOracle::Dequeue(Stream& s) {
  Level& level = now_.levels[s.parent];
  if (--level.active == 4) level.large = false;
  s.queued = false;
}

void TreeOracle::Update() {
  for (Stream& s : now_.streams) {
    if (s.queued && !Active(s.id)) Dequeue(s);
  }
  for (Stream& s : now_.streams) {
    if (!s.queued && Active(s.id)) {
      Clamp(s);
      Enqueue(s);
    }
  }
}

// --- Places -----------------------------------------------------------------

// A detached stream's parent: no stream and not the root.
constexpr StreamId kNowhere = 0xffffffff;

void TreeOracle::Detach(StreamId id) {
  // Its ancestors see it go.
  Stream& s = *Find(id);
  const StreamId parent = s.parent;
  if (s.queued) Dequeue(s);
  s.parent = kNowhere;
  Erase(&now_.path, id);
  for (Stream& other : now_.streams) {
    if (other.queued && &other != &s && !IsAncestor(id, other.id) &&
        !Active(other.id)) {
      Dequeue(other);
    }
  }
  if (Children(parent).empty()) now_.levels.erase(parent);
  // To the end: siblings are in the order in which they came.
  const auto at = now_.streams.begin() + (&s - now_.streams.data());
  std::rotate(at, at + 1, now_.streams.end());
}

void TreeOracle::Attach(StreamId id, StreamId parent, uint32_t weight) {
  Stream& s = *Find(id);
  s.parent = parent;
  s.weight = weight;
  s.tag = Wide{now_.levels[parent].clock} * weight;
  Update();
}

void TreeOracle::AttachExclusive(StreamId id, StreamId parent,
                                 uint32_t weight) {
  const std::vector<StreamId> adopted = Children(parent);
  const std::vector<StreamId> own = Children(id);
  if (!adopted.empty()) {
    const Level theirs = now_.levels[parent];
    now_.levels.erase(parent);
    if (own.empty()) {
      now_.levels[id] = theirs;
      for (StreamId child : adopted) Find(child)->parent = id;
    } else {
      // The smaller group moves to the clock of the larger.
      const Level ours = now_.levels[id];
      const bool theirs_move = adopted.size() <= own.size();
      const Level& from = theirs_move ? theirs : ours;
      now_.levels[id] = theirs_move ? ours : theirs;
      for (StreamId child : adopted) Find(child)->parent = id;
      const std::vector<StreamId>& movers = theirs_move ? adopted : own;
      for (StreamId child : movers) Find(child)->queued = false;
      for (StreamId child : movers) {
        Stream& s = *Find(child);
        SetTag(s, Tag(s) - from.clock + now_.levels[id].clock);
        Clamp(s);
        if (Active(child)) Enqueue(s);
      }
    }
    // The adopted stand behind its own.
    for (StreamId child : adopted) {
      const auto at =
          now_.streams.begin() + (Find(child) - now_.streams.data());
      std::rotate(at, at + 1, now_.streams.end());
    }
  }
  Attach(id, parent, weight);
}

void TreeOracle::SetWeight(StreamId id, uint32_t weight) {
  Stream& s = *Find(id);
  if (s.weight == weight) return;
  const int64_t whole = Tag(s);
  Wide remainder = (s.tag - Wide{whole} * s.weight) * weight / s.weight;
  if (replaying_ && std::count(now_.path.begin(), now_.path.end(), id) > 0) {
    remainder = Wide{s.charged_remainder} * weight / s.charged_weight;
  }
  s.weight = weight;
  s.tag = Wide{whole} * weight + remainder;
  Clamp(s);
  if (s.queued) s.arrival = ++now_.arrivals;
}

void TreeOracle::Move(StreamId id, StreamId parent, uint32_t weight,
                      bool exclusive) {
  const StreamId old_parent = Find(id)->parent;
  if (old_parent != kNowhere) {
    if (old_parent == parent && (!exclusive || Children(parent).size() == 1)) {
      SetWeight(id, weight);
      return;
    }
    if (IsAncestor(id, parent)) {
      const uint32_t kept = Find(parent)->weight;
      Detach(parent);
      Attach(parent, old_parent, kept);
    }
    Detach(id);
  }
  if (exclusive) {
    AttachExclusive(id, parent, weight);
  } else {
    Attach(id, parent, weight);
  }
}

void TreeOracle::RemoveStream(StreamId id) {
  Erase(&now_.idle, id);
  Erase(&now_.closed, id);
  const std::vector<StreamId> heirs = Children(id);
  if (heirs.empty()) {
    Detach(id);
    now_.streams.pop_back();
    return;
  }
  if (Find(id)->queued) {
    Dequeue(*Find(id));
  } else {
    Clamp(*Find(id));
  }
  const Stream removed = *Find(id);
  now_.levels.erase(id);
  const bool on_path = std::count(now_.path.begin(), now_.path.end(), id) > 0;
  Erase(&now_.path, id);

  Wide sum = 0, before = 0, given = 0;
  for (StreamId heir : heirs) sum += Find(heir)->weight;
  std::vector<Stream> moved;
  for (StreamId heir : heirs) {
    Erase(&now_.path, heir);
    Stream s = *Find(heir);
    before += s.weight;
    const Wide upto = before * removed.weight / sum;
    s.weight = static_cast<uint32_t>(std::max<Wide>(upto - given, 1));
    given = upto;
    s.parent = removed.parent;
    const int64_t whole = Tag(removed);
    Wide remainder = (removed.tag - Wide{whole} * removed.weight) * s.weight /
                     removed.weight;
    if (on_path) {
      s.charged_remainder = removed.charged_remainder;
      s.charged_weight = removed.charged_weight;
      if (replaying_) {
        remainder = Wide{s.charged_remainder} * s.weight / s.charged_weight;
      }
      now_.path.push_back(heir);
    }
    s.tag = Wide{whole} * s.weight + remainder;
    s.queued = false;
    moved.push_back(s);
  }
  // In its place, in their order.
  std::vector<Stream> streams;
  for (const Stream& s : now_.streams) {
    if (s.id == id) {
      streams.insert(streams.end(), moved.begin(), moved.end());
    } else if (s.parent != id) {
      streams.push_back(s);
    }
  }
  now_.streams = std::move(streams);
  for (StreamId heir : heirs) {
    if (Active(heir)) Enqueue(*Find(heir));
  }
  Update();
}

void TreeOracle::Place(StreamId id, Rfc7540Priority priority) {
  StreamId parent = priority.depends_on;
  bool usable = true;
  if (parent != 0 && Find(parent) == nullptr) {
    usable = parent > now_.highest[parent & 1] && RoomForIdle(1);
    if (usable) {
      now_.streams.push_back(
          {.id = parent, .parent = kNowhere, .state = StreamState::kIdle});
      now_.idle.push_back(parent);
      Attach(parent, 0, 16 << 16);
      // A stream that is new comes behind it, wherever it goes.
      if (Find(id)->parent == kNowhere) {
        const auto at = now_.streams.begin() + (Find(id) - now_.streams.data());
        std::rotate(at, at + 1, now_.streams.end());
      }
    }
  }
  if (!usable) priority = Rfc7540Priority{};
  Move(id, priority.depends_on, static_cast<uint32_t>(priority.weight) << 16,
       priority.exclusive);
}

// --- Calls ------------------------------------------------------------------

namespace {

bool AreValid(StreamId id, const Rfc7540Priority& p) {
  return id != 0 && id >> 31 == 0 && p.depends_on >> 31 == 0 && p.weight >= 1 &&
         p.weight <= 256 && p.depends_on != id;
}

}  // namespace

void TreeOracle::Log(std::function<void()> call) {
  if (pulling_ && !replaying_) log_.push_back(std::move(call));
}

bool TreeOracle::RoomForIdle(size_t count) const {
  return now_.idle.size() + count <= options_.max_idle &&
         now_.streams.size() + count <= options_.max_nodes;
}

bool TreeOracle::EvictOne(const std::vector<StreamId>& list, StreamId spared) {
  std::vector<StreamId> order;
  for (StreamId id : list) {
    if (id != spared && Children(id).empty()) order.push_back(id);
  }
  for (StreamId id : list) {
    if (id != spared) order.push_back(id);
  }
  if (order.empty()) return false;
  RemoveStream(order.front());
  return true;
}

void TreeOracle::SetState(StreamId id, StreamState state) {
  Erase(&now_.idle, id);
  Erase(&now_.closed, id);
  Find(id)->state = state;
  if (state == StreamState::kIdle) now_.idle.push_back(id);
  if (state == StreamState::kClosed) now_.closed.push_back(id);
}

TreeOracle::Result TreeOracle::Insert(
    StreamId id, const std::optional<Rfc7540Priority>& priority) {
  Log([=, this] { Insert(id, priority); });
  const Rfc7540Priority wanted = priority.value_or(Rfc7540Priority{});
  if (!AreValid(id, wanted)) return absl::StatusCode::kInvalidArgument;
  const bool known = Find(id) != nullptr;
  if (known && Find(id)->state != StreamState::kIdle) {
    return absl::StatusCode::kAlreadyExists;
  }
  now_.highest[id & 1] = std::max(now_.highest[id & 1], id);
  if (known) {
    SetState(id, StreamState::kOpen);
    if (priority.has_value()) Place(id, wanted);
    return absl::StatusCode::kOk;
  }
  if (now_.streams.size() >= options_.max_nodes) {
    const StreamId spared =
        Find(wanted.depends_on) != nullptr ? wanted.depends_on : 0;
    EvictOne(now_.closed, spared) || EvictOne(now_.idle, spared) ||
        EvictOne(now_.closed, 0) || EvictOne(now_.idle, 0);
  }
  now_.streams.push_back({.id = id, .parent = kNowhere});
  Place(id, wanted);
  return absl::StatusCode::kOk;
}

TreeOracle::Result TreeOracle::Reprioritise(StreamId id,
                                            const Rfc7540Priority& priority) {
  Log([=, this] { Reprioritise(id, priority); });
  if (!AreValid(id, priority)) return absl::StatusCode::kInvalidArgument;
  const bool known = Find(id) != nullptr;
  if (!known && id <= now_.highest[id & 1]) return absl::StatusCode::kNotFound;
  const StreamId parent = priority.depends_on;
  const bool new_parent = parent != 0 && Find(parent) == nullptr &&
                          parent > now_.highest[parent & 1];
  const size_t needed = size_t{!known} + size_t{new_parent};
  if (needed > 0 && !RoomForIdle(needed))
    return absl::StatusCode::kResourceExhausted;
  if (!known) {
    now_.streams.push_back(
        {.id = id, .parent = kNowhere, .state = StreamState::kIdle});
    now_.idle.push_back(id);
  }
  Place(id, priority);
  return absl::StatusCode::kOk;
}

TreeOracle::Result TreeOracle::Close(StreamId id) {
  Log([=, this] { Close(id); });
  Stream* s = id == 0 ? nullptr : Find(id);
  if (s == nullptr || s->state != StreamState::kOpen) {
    return absl::StatusCode::kNotFound;
  }
  if (options_.max_closed == 0) {
    RemoveStream(id);
    return absl::StatusCode::kOk;
  }
  s->ready = false;
  Update();
  SetState(id, StreamState::kClosed);
  if (now_.closed.size() > options_.max_closed ||
      now_.streams.size() > options_.max_nodes) {
    EvictOne(now_.closed, 0);
  }
  return absl::StatusCode::kOk;
}

TreeOracle::Result TreeOracle::Remove(StreamId id) {
  Log([=, this] { Remove(id); });
  if (id == 0 || Find(id) == nullptr) return absl::StatusCode::kNotFound;
  RemoveStream(id);
  return absl::StatusCode::kOk;
}

TreeOracle::Result TreeOracle::SetReady(StreamId id) {
  Log([=, this] { SetReady(id); });
  Stream* s = id == 0 ? nullptr : Find(id);
  if (s == nullptr || s->state != StreamState::kOpen) {
    return absl::StatusCode::kNotFound;
  }
  s->ready = true;
  Update();
  return absl::StatusCode::kOk;
}

TreeOracle::Result TreeOracle::SetBlocked(StreamId id) {
  Log([=, this] { SetBlocked(id); });
  Stream* s = id == 0 ? nullptr : Find(id);
  if (s == nullptr || s->state != StreamState::kOpen) {
    return absl::StatusCode::kNotFound;
  }
  s->ready = false;
  Update();
  return absl::StatusCode::kOk;
}

std::optional<StreamId> TreeOracle::Pick() {
  if (!Active(0)) return std::nullopt;
  now_.path.clear();
  StreamId at = 0;
  do {
    std::vector<Stream*> active;
    for (Stream& s : now_.streams) {
      if (s.parent == at && s.queued) active.push_back(&s);
    }
    Stream* best = active.front();
    if (active.size() > 1) {
      Level& level = now_.levels[at];
      const auto rank = [&](const Stream* s) {
        return std::pair(level.large ? Key(*s) >> rules_.slot_shift : Key(*s),
                         rules_.ties_by_id ? s->id : s->arrival);
      };
      for (Stream* s : active) {
        if (rank(s) < rank(best)) best = s;
      }
      level.clock = std::max(level.clock, Key(*best));
      now_.path.push_back(best->id);
    }
    at = best->id;
  } while (!Find(at)->ready);
  pulling_ = true;
  picked_ = at;
  at_pick_ = now_;
  log_.clear();
  return at;
}

void TreeOracle::Charge(size_t bytes) {
  now_ = at_pick_;
  for (StreamId id : now_.path) {
    Stream& s = *Find(id);
    s.tag += Wide{bytes} << 24;
    s.charged_weight = s.weight;
    s.charged_remainder =
        static_cast<uint64_t>(s.tag - Wide{Tag(s)} * s.weight);
  }
  bool removed = false;
  replaying_ = true;
  for (const auto& call : log_) {
    call();
    // An id that came back is another stream.
    removed |= Find(picked_) == nullptr;
  }
  replaying_ = false;
  pulling_ = false;
  for (StreamId id : now_.path) {
    if (Find(id)->queued) Find(id)->arrival = ++now_.arrivals;
  }
  now_.path.clear();
  if (bytes == 0 && !removed) {
    Find(picked_)->ready = false;
    Update();
  }
}

}  // namespace sluice::priority
