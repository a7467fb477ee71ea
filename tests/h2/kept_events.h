// Events that outlive what they view. The pieces of a DATA frame become one
// event, as if the frame had come whole, so that runs with other cuts compare.
#ifndef SLUICE_TESTS_H2_KEPT_EVENTS_H_
#define SLUICE_TESTS_H2_KEPT_EVENTS_H_

#include <sluice/h2/events.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace sluice::h2::tests {

class KeptEvents {
 public:
  KeptEvents() = default;
  KeptEvents(KeptEvents&&) = default;
  KeptEvents& operator=(KeptEvents&&) = default;

  // Adds a copy of `event` and of what it views. Returns whether it was made
  // one with the last event.
  bool Add(const Event& event);

  // The next piece of a DATA frame is an event of its own.
  void EndPieces() { pieces_end_ = true; }

  auto begin() const { return events_.begin(); }
  auto end() const { return events_.end(); }
  size_t size() const { return events_.size(); }
  bool empty() const { return events_.empty(); }
  const Event& operator[](size_t i) const { return events_[i]; }
  const Event& at(size_t i) const { return events_.at(i); }
  const Event& back() const { return events_.back(); }
  const std::vector<Event>& events() const { return events_; }

 private:
  struct Keep;
  bool AddPiece(const DataReceived& piece);
  absl::string_view Copy(absl::string_view text) {
    return text_.emplace_back(text);
  }

  std::vector<Event> events_;
  bool pieces_end_ = false;
  // Deques do not move what they have.
  std::deque<std::string> text_;  // the last one is of the last DataReceived
  std::deque<std::vector<HeaderView>> fields_;
};

}  // namespace sluice::h2::tests

#endif  // SLUICE_TESTS_H2_KEPT_EVENTS_H_
