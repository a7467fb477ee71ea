// A list whose links lie in its members: no call allocates, each is O(1).
#ifndef SLUICE_SCHEDULER_LINKED_LIST_H_
#define SLUICE_SCHEDULER_LINKED_LIST_H_

#include <cstddef>

#include "absl/base/macros.h"

namespace sluice::scheduler {

template <class T>
struct Links {
  T* before = nullptr;
  T* after = nullptr;
  const void* list = nullptr;  // that the object is in
};

// Objects of type T in the order in which they were added. Lists may share the
// same links of T; an object is in at most one of them.
template <class T, Links<T> T::*kLinks>
class LinkedList {
 public:
  LinkedList() = default;
  LinkedList(const LinkedList&) = delete;
  LinkedList& operator=(const LinkedList&) = delete;

  bool empty() const { return front_ == nullptr; }
  size_t size() const { return size_; }
  T* front() const { return front_; }
  T* back() const { return back_; }
  bool contains(const T* member) const {
    return (member->*kLinks).list == this;
  }

  // `member` must be in no list with these links.
  void push_back(T* member) { insert(member, nullptr); }

  // Before `next`, which is in this list; null: behind all.
  void insert(T* member, T* next) {
    ABSL_ASSERT((member->*kLinks).list == nullptr);
    T* const before = next == nullptr ? back_ : (next->*kLinks).before;
    member->*kLinks = {before, next, this};
    (before == nullptr ? front_ : (before->*kLinks).after) = member;
    (next == nullptr ? back_ : (next->*kLinks).before) = member;
    ++size_;
  }

  // Does nothing if `member` is not in this list.
  void remove(T* member) {
    if (!contains(member)) return;
    const Links<T> links = member->*kLinks;
    (links.before == nullptr ? front_ : (links.before->*kLinks).after) =
        links.after;
    (links.after == nullptr ? back_ : (links.after->*kLinks).before) =
        links.before;
    member->*kLinks = {};
    --size_;
  }

 private:
  T* front_ = nullptr;
  T* back_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sluice::scheduler

#endif  // SLUICE_SCHEDULER_LINKED_LIST_H_
