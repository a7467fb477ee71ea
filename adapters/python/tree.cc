#include "adapters/python/tree.h"

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include "adapters/python/stream.h"

namespace py = pybind11;

namespace sluice::adapters::python {
namespace {

// Raises `type` with the original's text, whose %d is `id`.
[[noreturn]] void Raise(const py::object& type, const std::string& before,
                        py::handle id, const std::string& after) {
  const std::string text = before + FormatId(id) + after;
  PyErr_SetString(type.ptr(), text.c_str());
  throw py::error_already_set();
}

[[noreturn]] void Raise(PyObject* type, const char* text) {
  PyErr_SetString(type, text);
  throw py::error_already_set();
}

[[noreturn]] void RaiseMissing(py::handle id) {
  Raise(TheErrors().missing, "Stream ", id, " not in tree");
}

bool Equal(py::handle a, py::handle b) {
  const int equal = PyObject_RichCompareBool(a.ptr(), b.ptr(), Py_EQ);
  if (equal < 0) throw py::error_already_set();
  return equal == 1;
}

// 0.0 and False are keys of stream 0 too.
bool IsZero(py::handle id) {
  if (PyLong_CheckExact(id.ptr())) return PyObject_Not(id.ptr()) == 1;
  return Equal(id, py::int_(0));
}

// Throws the error of the original's attribute access for a stream that is in
// the dictionary and has no parent, as callers can arrange by hand.
Stream& ParentOf(const Stream& stream) {
  if (stream.parent() == nullptr) {
    Raise(PyExc_AttributeError,
          "'NoneType' object has no attribute 'remove_child'");
  }
  return *stream.parent();
}

// RFC 7540 §5.3.3.
bool DependsOn(const Stream* stream, const Stream* on) {
  while (stream != nullptr && stream != on) stream = stream->parent();
  return stream == on;
}

}  // namespace

Errors& TheErrors() {
  static Errors& errors = *new Errors();  // as long as the interpreter
  return errors;
}

bool IsTrue(py::handle value) {
  const int is_true = PyObject_IsTrue(value.ptr());
  if (is_true < 0) throw py::error_already_set();
  return is_true == 1;
}

py::int_ CheckedId(py::handle id) {
  if (!PyLong_Check(id.ptr())) {
    Raise(PyExc_TypeError, "a stream id must be an int");
  }
  return py::reinterpret_borrow<py::int_>(id);
}

int CheckedWeight(py::handle weight) {
  if (!PyLong_Check(weight.ptr())) {
    Raise(TheErrors().bad_weight.ptr(), "Stream weight should be an integer");
  }
  int overflow = 0;
  const long value = PyLong_AsLongAndOverflow(weight.ptr(), &overflow);
  if (overflow != 0 || value < 1 || value > 256) {
    Raise(TheErrors().bad_weight.ptr(),
          "Stream weight must be between 1 and 256 (inclusive)");
  }
  return static_cast<int>(value);
}

Tree::Tree(py::object maximum_streams)
    : root_(std::make_shared<Stream>(py::int_(0), 1)),
      maximum_streams_(std::move(maximum_streams)) {
  root_->SetActive(false);
  streams_[root_->id()] = py::cast(root_);
  if (!PyLong_Check(maximum_streams_.ptr())) {
    Raise(PyExc_TypeError, "maximum_streams must be an int.");
  }
  if (maximum_streams_ <= py::int_(0)) {
    Raise(PyExc_ValueError, "maximum_streams must be a positive integer.");
  }
}

// Before the dictionary releases the streams: the root destroys them one by
// one, whatever the depth.
Tree::~Tree() = default;

Stream* Tree::FindStream(py::handle id) const {
  PyObject* const found = PyDict_GetItemWithError(streams_.ptr(), id.ptr());
  if (found == nullptr) {
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    return nullptr;
  }
  // pybind11's cast would look it up every time.
  static PyTypeObject* const type =
      py::detail::get_type_info(typeid(Stream))->type;
  return Py_TYPE(found) == type ? ValueOf<Stream>(found)
                                : py::cast<Stream*>(found);
}

std::shared_ptr<Stream> Tree::Find(py::handle id) const {
  Stream* const found = FindStream(id);
  return found == nullptr ? nullptr : found->shared_from_this();
}

std::shared_ptr<Stream> Tree::GetOrInsertParent(py::object id) {
  if (std::shared_ptr<Stream> found = Find(id)) return found;
  Insert(id, py::none(), py::int_(16), /*exclusive=*/false);
  SetActive(id, /*active=*/false);
  std::shared_ptr<Stream> inserted = Find(id);
  if (inserted == nullptr) RaiseMissing(id);
  return inserted;
}

void Tree::Insert(py::object id, py::object depends_on, py::object weight,
                  bool exclusive) {
  if (Find(id) != nullptr) {
    Raise(TheErrors().duplicate, "Stream ", id, " already in tree");
  }
  // Stream 0 counts.
  const py::int_ next_size(py::len(streams_) + 1);
  // The methods of a caller's int may replace it meanwhile.
  const py::object maximum = maximum_streams_;
  if (next_size > maximum) {
    Raise(TheErrors().too_many, "Refusing to insert ", maximum + py::int_(1),
          " streams into priority tree at once");
  }
  const int checked_weight = CheckedWeight(weight);
  auto stream = std::make_shared<Stream>(CheckedId(id), checked_weight);
  std::shared_ptr<Stream> parent = root_;
  // Both None and 0 mean stream 0.
  if (IsTrue(depends_on)) {
    if (Equal(depends_on, id)) {
      Raise(TheErrors().loop, "Stream ", id, " must not depend on itself.");
    }
    parent = GetOrInsertParent(depends_on);
  }
  streams_[id] = py::cast(stream);
  if (exclusive) {
    parent->AddChildExclusive(std::move(stream));
  } else {
    parent->AddChild(std::move(stream));
  }
}

void Tree::Reprioritize(py::object id, py::object depends_on, py::object weight,
                        bool exclusive) {
  if (IsZero(id)) {
    Raise(TheErrors().pseudo.ptr(), "Cannot reprioritize stream 0");
  }
  const std::shared_ptr<Stream> stream = Find(id);
  if (stream == nullptr) RaiseMissing(id);
  std::shared_ptr<Stream> parent = root_;
  bool descends = false;
  if (IsTrue(depends_on)) {
    if (Equal(depends_on, id)) {
      Raise(TheErrors().loop, "Stream ", id, " must not depend on itself");
    }
    parent = GetOrInsertParent(depends_on);
    if (parent == stream) {  // one stream by two ids
      Raise(TheErrors().loop, "Stream ", id, " must not depend on itself");
    }
    descends = DependsOn(parent.get(), stream.get());
  }
  const int checked_weight = CheckedWeight(weight);
  const uint32_t exact_weight =
      static_cast<uint32_t>(checked_weight) * kWeightUnit;
  // A call that changes nothing moves nothing; else a client could be served
  // first by repeating it.
  if (!exclusive && parent.get() == stream->parent() &&
      exact_weight == stream->exact_weight()) {
    return;
  }
  Stream& old_parent = ParentOf(*stream);
  stream->SetWeight(checked_weight);
  if (descends) {
    // RFC 7540 §5.3.3: the new parent takes its subtree along, and its weight.
    parent->parent()->RemoveChild(parent.get());
    old_parent.AddChild(parent);
  }
  old_parent.RemoveChild(stream.get());
  if (exclusive) {
    parent->AddChildExclusive(stream);
  } else {
    parent->AddChild(stream);
  }
}

void Tree::Remove(py::object id) {
  if (IsZero(id)) Raise(TheErrors().pseudo.ptr(), "Cannot remove stream 0");
  const std::shared_ptr<Stream> stream = Find(id);
  if (stream == nullptr) RaiseMissing(id);
  if (PyDict_DelItem(streams_.ptr(), id.ptr()) != 0) {
    throw py::error_already_set();
  }
  ParentOf(*stream).ReplaceByItsChildren(stream.get());
}

void Tree::SetActive(py::handle id, bool active) {
  if (IsZero(id)) {
    Raise(TheErrors().pseudo.ptr(),
          active ? "Cannot unblock stream 0" : "Cannot block stream 0");
  }
  Stream* const stream = FindStream(id);
  if (stream == nullptr) RaiseMissing(id);
  stream->SetActive(active);
}

}  // namespace sluice::adapters::python
