// The PriorityTree of the drop-in `priority` module: the streams by id, and the
// checks and errors of python-hyper/priority 2.0.0.
#ifndef SLUICE_ADAPTERS_PYTHON_TREE_H_
#define SLUICE_ADAPTERS_PYTHON_TREE_H_

#include <pybind11/pybind11.h>

#include <memory>
#include <typeinfo>
#include <utility>

#include "adapters/python/stream.h"

namespace sluice::adapters::python {

// The module's exceptions, as Python's types.
struct Errors {
  pybind11::object priority;
  pybind11::object deadlock;
  pybind11::object loop;
  pybind11::object duplicate;
  pybind11::object missing;
  pybind11::object too_many;
  pybind11::object bad_weight;
  pybind11::object pseudo;
};
Errors& TheErrors();

// As Python's `if` reads it. Throws the errors of its __bool__().
bool IsTrue(pybind11::handle value);

// Throws Python's TypeError unless it is an int.
pybind11::int_ CheckedId(pybind11::handle id);

// Throws the module's BadWeightError unless it is a weight (RFC 7540 §5.3.2).
int CheckedWeight(pybind11::handle weight);

// The T of a Python object of the bound class, or of a subclass; null before
// its __init__(). Does without pybind11's look-up in the usual case.
template <typename T>
T* ValueOf(PyObject* object) {
  auto* const instance = reinterpret_cast<pybind11::detail::instance*>(object);
  // The usual case: T is the one base that pybind11 made.
  if (instance->simple_layout) {
    return static_cast<T*>(instance->simple_value_holder[0]);
  }
  return static_cast<T*>(
      instance->get_value_and_holder(pybind11::detail::get_type_info(typeid(T)))
          .value_ptr());
}

// Methods throw pybind11::error_already_set with the original's errors, in its
// order of checks. Remove() is O(siblings + children), Next() costs what
// stream.h says, and the others cost a look-up in a dictionary more.
class Tree {
 public:
  explicit Tree(pybind11::object maximum_streams);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  static void* operator new(size_t) { RaiseNotInitialised("PriorityTree"); }

  void Insert(pybind11::object id, pybind11::object depends_on,
              pybind11::object weight, bool exclusive);
  void Reprioritize(pybind11::object id, pybind11::object depends_on,
                    pybind11::object weight, bool exclusive);
  void Remove(pybind11::object id);
  void SetActive(pybind11::handle id, bool active);

  // The id of the stream to serve next, a new reference; null when all streams
  // are blocked.
  PyObject* Next() {
    const Stream* const next = root_->Schedule();
    return next == nullptr ? nullptr : next->id().inc_ref().ptr();
  }

  // The original's _streams: every stream, 0 included, by id.
  const pybind11::dict& streams() const { return streams_; }
  const std::shared_ptr<Stream>& root() const { return root_; }
  const pybind11::object& maximum_streams() const { return maximum_streams_; }
  void set_maximum_streams(pybind11::object maximum) {
    maximum_streams_ = std::move(maximum);
  }
  std::shared_ptr<Stream> GetOrInsertParent(pybind11::object id);

 private:
  // Null for an unknown id.
  Stream* FindStream(pybind11::handle id) const;
  std::shared_ptr<Stream> Find(pybind11::handle id) const;

  const std::shared_ptr<Stream> root_;
  pybind11::dict streams_;
  pybind11::object maximum_streams_;
};

}  // namespace sluice::adapters::python

#endif  // SLUICE_ADAPTERS_PYTHON_TREE_H_
