// The Python module `priority.priority`: python-hyper/priority 2.0.0's
// interface, on stream.h and tree.h.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "adapters/python/stream.h"
#include "adapters/python/tree.h"

namespace py = pybind11;

namespace sluice::adapters::python {
namespace {

// The module of the original's classes, in tracebacks and pickles.
constexpr char kModule[] = "priority.priority";

constexpr char kDeadlock[] = "No unblocked streams to schedule.";

py::object MakeError(const char* name, const char* doc,
                     const py::tuple& bases) {
  const std::string full_name = std::string(kModule) + "." + name;
  PyObject* const type =
      PyErr_NewExceptionWithDoc(full_name.c_str(), doc, bases.ptr(), nullptr);
  if (type == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(type);
}

void AddErrors(py::module_& module) {
  Errors& errors = TheErrors();
  const auto base = [](PyObject* type) {
    return py::reinterpret_borrow<py::object>(type);
  };
  errors.priority = MakeError("PriorityError",
                              "The base class for all ``priority`` exceptions.",
                              py::make_tuple(base(PyExc_Exception)));
  const py::tuple bases = py::make_tuple(errors.priority);
  errors.deadlock = MakeError(
      "DeadlockError", "No stream can make progress: all are blocked.", bases);
  errors.loop = MakeError("PriorityLoop",
                          "A stream was made to depend on itself.", bases);
  errors.duplicate =
      MakeError("DuplicateStreamError",
                "The stream to insert is in the tree already.", bases);
  errors.missing =
      MakeError("MissingStreamError", "The stream is not in the tree.",
                py::make_tuple(base(PyExc_KeyError), errors.priority));
  errors.too_many = MakeError("TooManyStreamsError",
                              "The tree holds its maximum of streams.", bases);
  errors.bad_weight = MakeError("BadWeightError",
                                "A weight is an integer from 1 to 256.", bases);
  errors.pseudo =
      MakeError("PseudoStreamError",
                "Stream 0 is the root and cannot be changed.", bases);
  for (const py::object& error :
       {errors.priority, errors.deadlock, errors.loop, errors.duplicate,
        errors.missing, errors.too_many, errors.bad_weight, errors.pseudo}) {
    module.add_object(std::string(py::str(error.attr("__name__"))).c_str(),
                      error);
  }
}

// --- Calls -------------------------------------------------------------------
//
// Constructors, and the calls that a server makes for every frame, avoid
// pybind11's dispatcher. It costs several times as much as their work, and its
// errors are not worded as Python's.

// Python's error for arguments that do not fit a function's parameters.
template <typename... Values>
[[noreturn]] void RaiseMisfit(const char* format, Values... values) {
  PyErr_Format(PyExc_TypeError, format, values...);
  throw py::error_already_set();
}

// The parameters of a method, of which the first `required` must be given.
// Read() takes the arguments of a call by the vectorcall protocol, and null for
// those that are not given.
template <size_t kCount>
struct Parameters {
  const char* method;
  size_t required;
  const char* names[kCount];

  std::array<PyObject*, kCount> Read(PyObject* const* arguments,
                                     Py_ssize_t count,
                                     PyObject* keywords) const {
    std::array<PyObject*, kCount> values = {};
    if (count > Py_ssize_t{kCount}) {
      const std::string least =
          required == kCount ? ""
                             : "from " + std::to_string(required + 1) + " to ";
      RaiseMisfit("%s() takes %s%zu positional arguments but %zd were given",
                  method, least.c_str(), kCount + 1, count + 1);
    }
    std::copy(arguments, arguments + count, values.begin());
    const Py_ssize_t named =
        keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
    for (Py_ssize_t i = 0; i < named; ++i) {
      PyObject* const keyword = PyTuple_GET_ITEM(keywords, i);
      const auto name = std::find_if(
          std::begin(names), std::end(names), [keyword](const char* candidate) {
            return PyUnicode_CompareWithASCIIString(keyword, candidate) == 0;
          });
      if (name == std::end(names)) {
        RaiseMisfit("%s() got an unexpected keyword argument '%U'", method,
                    keyword);
      }
      PyObject*& value = values[static_cast<size_t>(name - std::begin(names))];
      if (value != nullptr) {
        RaiseMisfit("%s() got multiple values for argument '%U'", method,
                    keyword);
      }
      value = arguments[count + i];
    }
    if (required > 0 && values[0] == nullptr) {
      RaiseMisfit("%s() missing 1 required positional argument: '%s'", method,
                  names[0]);
    }
    return values;
  }
};

py::object ObjectOr(PyObject* given, py::object otherwise) {
  return given == nullptr ? std::move(otherwise)
                          : py::reinterpret_borrow<py::object>(given);
}

// Runs `body()` and returns whether it succeeded. C++ exceptions become Python
// errors.
template <typename Body>
bool Guarded(Body body) {
  try {
    body();
    return true;
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return false;
}

// A class's tp_init: the object gets the value that `make` returns for the
// arguments.
template <typename T, size_t kCount, typename Make>
int Initialise(PyObject* self, PyObject* arguments, PyObject* keywords,
               const Parameters<kCount>& parameters, Make make) {
  return Guarded([&] {
    py::list all(py::reinterpret_borrow<py::tuple>(arguments));
    py::tuple names;
    if (keywords != nullptr) {
      const auto named = py::reinterpret_borrow<py::dict>(keywords);
      names = py::tuple(named);
      for (const auto& [name, value] : named) {
        // Python checks it in calls of methods, not of constructors.
        if (!PyUnicode_Check(name.ptr())) {
          RaiseMisfit("keywords must be strings");
        }
        all.append(value);
      }
    }
    const std::shared_ptr<T> made =
        make(parameters.Read(PySequence_Fast_ITEMS(all.ptr()),
                             PyTuple_GET_SIZE(arguments), names.ptr()));
    auto* const instance = reinterpret_cast<py::detail::instance*>(self);
    py::detail::value_and_holder value =
        instance->get_value_and_holder(py::detail::get_type_info(typeid(T)));
    if (value.holder_constructed()) return;  // __init__() again
    value.value_ptr() = made.get();
    value.type->init_instance(instance, &made);
  })
             ? 0
             : -1;
}

// Objects have a __dict__, as the original's. py::dynamic_attr() would not do:
// with it, under CPython 3.11, objects of a subclass that refer to themselves
// are never collected.
void LetAttributesBeSet(PyTypeObject& type) {
  static PyGetSetDef dict[] = {{"__dict__", PyObject_GenericGetDict,
                                PyObject_GenericSetDict, nullptr, nullptr},
                               {}};
  type.tp_flags |= Py_TPFLAGS_HAVE_GC;
  type.tp_dictoffset = type.tp_basicsize;
  type.tp_basicsize += sizeof(PyObject*);
  type.tp_getset = dict;
  type.tp_traverse = py::detail::pybind11_traverse;
  type.tp_clear = py::detail::pybind11_clear;
}

// Gives the type the original's name, in errors, tracebacks and pickles.
void NameAsOriginal(const py::object& type, const char* name) {
  reinterpret_cast<PyTypeObject*>(type.ptr())->tp_name = name;
  type.attr("__module__") = kModule;
}

// --- Stream ------------------------------------------------------------------

int InitStream(PyObject* self, PyObject* arguments, PyObject* keywords) {
  static constexpr Parameters<2> kParameters = {
      "Stream.__init__", 1, {"stream_id", "weight"}};
  return Initialise<Stream>(
      self, arguments, keywords, kParameters, [](const auto& values) {
        const auto [id, weight] = values;
        return std::make_shared<Stream>(
            CheckedId(id), weight == nullptr ? 16 : CheckedWeight(weight));
      });
}

std::string Repr(const Stream& stream) {
  return "Stream<id=" + FormatId(stream.id()) +
         ", weight=" + std::to_string(stream.weight()) + ">";
}

// The child leaves its old parent first, since a stream has one parent.
void AddChild(Stream& self, const std::shared_ptr<Stream>& child,
              bool exclusive) {
  for (const Stream* s = &self; s != nullptr; s = s->parent()) {
    if (s == child.get()) {
      throw py::value_error("a stream cannot depend on itself");
    }
  }
  if (child->parent() != nullptr) child->parent()->RemoveChild(child.get());
  if (exclusive) {
    self.AddChildExclusive(child);
  } else {
    self.AddChild(child);
  }
}

void RemoveChild(Stream& self, const std::shared_ptr<Stream>& child,
                 bool strip_children) {
  if (child->parent() != &self) {
    throw py::value_error("list.remove(x): x not in list");
  }
  if (strip_children) {
    self.ReplaceByItsChildren(child.get());
  } else {
    self.RemoveChild(child.get());
  }
}

py::int_ Schedule(Stream& self) {
  if (self.active()) {
    PyErr_SetNone(PyExc_AssertionError);
    throw py::error_already_set();
  }
  const Stream* const next = self.Schedule();
  if (next == nullptr) throw py::index_error("index out of range");
  return next->id();
}

py::object ParentOf(const Stream& self) {
  return self.parent() == nullptr ? py::none()
                                  : py::cast(self.parent()->shared_from_this());
}

py::list QueueOf(Stream& self) {
  py::list queue;
  for (const auto& [level, child] : self.Queue()) {
    queue.append(py::make_tuple(level, py::cast(child->shared_from_this())));
  }
  return queue;
}

// The order of ids; NotImplemented for any other type.
template <typename Compare>
auto Compared(Compare compare) {
  return [compare](const Stream& self, const py::object& other) -> py::object {
    if (!py::isinstance<Stream>(other)) {
      return py::reinterpret_borrow<py::object>(Py_NotImplemented);
    }
    return py::bool_(compare(self, py::cast<const Stream&>(other)));
  };
}

bool Same(const Stream& a, const Stream& b) {
  return !a.Before(b) && !b.Before(a);
}

// By their ids, as the original's.
void AddComparisons(py::class_<Stream, std::shared_ptr<Stream>>& stream) {
  stream
      .def("__eq__",
           [](const Stream& self, const py::object& other) {
             return py::isinstance<Stream>(other) &&
                    Same(self, py::cast<const Stream&>(other));
           })
      .def("__ne__",
           [](const Stream& self, const py::object& other) {
             return !py::isinstance<Stream>(other) ||
                    !Same(self, py::cast<const Stream&>(other));
           })
      .def("__lt__", Compared([](const Stream& a, const Stream& b) {
             return a.Before(b);
           }))
      .def("__le__", Compared([](const Stream& a, const Stream& b) {
             return !b.Before(a);
           }))
      .def("__gt__", Compared([](const Stream& a, const Stream& b) {
             return b.Before(a);
           }))
      .def("__ge__", Compared([](const Stream& a, const Stream& b) {
             return !a.Before(b);
           }));
}

void AddStream(py::module_& module) {
  py::class_<Stream, std::shared_ptr<Stream>> stream(
      module, "Stream", py::custom_type_setup([](PyHeapTypeObject* type) {
        LetAttributesBeSet(type->ht_type);
        type->ht_type.tp_init = InitStream;
      }),
      "Stream(stream_id, weight=16)\n--\n\n"
      "The priority of one stream: a node of a tree. PriorityTree makes and "
      "links\nthem; servers need none of their own.");
  stream
      .def_property_readonly(
          "stream_id", [](const Stream& self) { return self.id(); },
          "The stream's id, an int.")
      .def_property(
          "weight", &Stream::weight,
          [](Stream& self, const py::object& weight) {
            self.SetWeight(CheckedWeight(weight));
          },
          "The share beside the streams of the same parent: 1 to 256."
          "\nBadWeightError for any other.")
      .def_property(
          "active", &Stream::active,
          [](Stream& self, const py::object& active) {
            self.SetActive(IsTrue(active));
          },
          "Whether it has something to send.")
      .def_property_readonly("parent", &ParentOf,
                             "The stream on which it depends, or None.")
      .def_property_readonly("children", &Stream::children,
                             "The streams that depend on it, as a new list.")
      .def_property_readonly("child_queue", &QueueOf,
                             "(level, child) in the order of their turns, as a "
                             "new list. The child\nwith the smallest level is "
                             "next; a turn adds 256 / weight.")
      .def_property_readonly("last_weight", &Stream::LastLevel,
                             "The level of the child that was last picked.")
      .def_property_readonly("_deficit", &Stream::Deficit)
      .def(
          "add_child",
          [](Stream& self, const std::shared_ptr<Stream>& child) {
            AddChild(self, child, /*exclusive=*/false);
          },
          py::arg("child").none(false),
          "Makes the child depend on this stream.")
      .def(
          "add_child_exclusive",
          [](Stream& self, const std::shared_ptr<Stream>& child) {
            AddChild(self, child, /*exclusive=*/true);
          },
          py::arg("child").none(false),
          "Makes the child depend on this stream, and the other children on "
          "the child.")
      .def("remove_child", &RemoveChild, py::arg("child").none(false),
           py::arg("strip_children") = true,
           "Removes the child. Its own children stay here, unless "
           "strip_children is\nfalse: then they go with it.")
      .def("schedule", &Schedule,
           "Returns the id of the stream below this one that sends next.")
      .def("__repr__", &Repr);
  AddComparisons(stream);
  stream.attr("__hash__") = py::none();
  NameAsOriginal(stream, "Stream");
}

// --- PriorityTree ------------------------------------------------------------

int InitTree(PyObject* self, PyObject* arguments, PyObject* keywords) {
  static constexpr Parameters<1> kParameters = {
      "PriorityTree.__init__", 0, {"maximum_streams"}};
  return Initialise<Tree>(
      self, arguments, keywords, kParameters, [](const auto& values) {
        return std::make_shared<Tree>(ObjectOr(values[0], py::int_(1000)));
      });
}

// Null, with an error set, for an object of a subclass that did not call
// __init__().
Tree* TreeOf(PyObject* self) {
  Tree* const tree = ValueOf<Tree>(self);
  if (tree == nullptr) {
    PyErr_SetString(PyExc_TypeError, "PriorityTree.__init__() was not called");
  }
  return tree;
}

PyObject* Next(PyObject* self) {
  Tree* const tree = TreeOf(self);
  if (tree == nullptr) return nullptr;
  PyObject* const id = tree->Next();
  if (id == nullptr) {
    PyErr_SetString(TheErrors().deadlock.ptr(), kDeadlock);
  }
  return id;
}

// A method of the tree: `body(tree)`, and None.
template <typename Body>
PyObject* OnTree(PyObject* self, Body body) {
  Tree* const tree = TreeOf(self);
  if (tree == nullptr || !Guarded([&] { body(*tree); })) return nullptr;
  Py_RETURN_NONE;
}

template <bool kActive>
PyObject* SetActive(PyObject* self, PyObject* const* arguments,
                    Py_ssize_t count, PyObject* keywords) {
  static constexpr Parameters<1> kParameters = {
      kActive ? "PriorityTree.unblock" : "PriorityTree.block",
      1,
      {"stream_id"}};
  return OnTree(self, [&](Tree& tree) {
    const auto [id] = kParameters.Read(arguments, count, keywords);
    tree.SetActive(id, kActive);
  });
}

PyObject* Remove(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                 PyObject* keywords) {
  static constexpr Parameters<1> kParameters = {
      "PriorityTree.remove_stream", 1, {"stream_id"}};
  return OnTree(self, [&](Tree& tree) {
    const auto [id] = kParameters.Read(arguments, count, keywords);
    tree.Remove(py::reinterpret_borrow<py::object>(id));
  });
}

template <bool kInsert>
PyObject* Prioritize(PyObject* self, PyObject* const* arguments,
                     Py_ssize_t count, PyObject* keywords) {
  static constexpr Parameters<4> kParameters = {
      kInsert ? "PriorityTree.insert_stream" : "PriorityTree.reprioritize",
      1,
      {"stream_id", "depends_on", "weight", "exclusive"}};
  return OnTree(self, [&](Tree& tree) {
    const auto [id, depends_on, weight, exclusive] =
        kParameters.Read(arguments, count, keywords);
    (tree.*(kInsert ? &Tree::Insert : &Tree::Reprioritize))(
        ObjectOr(id, py::none()), ObjectOr(depends_on, py::none()),
        weight == nullptr ? py::int_(16) : ObjectOr(weight, py::none()),
        exclusive != nullptr && IsTrue(exclusive));
  });
}

// For the garbage collector: attributes that a caller gave to the streams may
// refer to the tree.
int Traverse(PyObject* self, visitproc visit, void* arg) {
  const auto* const instance =
      reinterpret_cast<const py::detail::instance*>(self);
  const bool is_laid_out = instance->simple_layout ||
                           instance->nonsimple.values_and_holders != nullptr;
  if (is_laid_out) {
    if (Tree* const tree = ValueOf<Tree>(self); tree != nullptr) {
      Py_VISIT(tree->streams().ptr());
    }
  }
  return py::detail::pybind11_traverse(self, visit, arg);
}

int Clear(PyObject* self) {
  if (Tree* const tree = ValueOf<Tree>(self); tree != nullptr) {
    PyDict_Clear(tree->streams().ptr());
  }
  return py::detail::pybind11_clear(self);
}

template <typename Function>
PyCFunction AsPython(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef methods[] = {
    {"next", [](PyObject* self, PyObject*) { return Next(self); }, METH_NOARGS,
     "next($self)\n--\n\n"
     "Returns the id of the stream that sends next, as next(tree) does.\n\n"
     "DeadlockError: all streams are blocked."},
    {"block", AsPython(SetActive<false>), METH_FASTCALL | METH_KEYWORDS,
     "block($self, stream_id)\n--\n\n"
     "The stream cannot send: it has no data, or no window.\n\n"
     "MissingStreamError: it is not in the tree. PseudoStreamError: it is 0."},
    {"unblock", AsPython(SetActive<true>), METH_FASTCALL | METH_KEYWORDS,
     "unblock($self, stream_id)\n--\n\n"
     "The stream can send again. Errors as of block()."},
    {"remove_stream", AsPython(Remove), METH_FASTCALL | METH_KEYWORDS,
     "remove_stream($self, stream_id)\n--\n\n"
     "Removes the stream. The streams that depend on it share its weight, and\n"
     "depend on its parent. Errors as of block()."},
    {"insert_stream", AsPython(Prioritize<true>), METH_FASTCALL | METH_KEYWORDS,
     "insert_stream($self, stream_id, depends_on=None, weight=16, "
     "exclusive=False)\n--\n\n"
     "Inserts a stream that has something to send.\n\n"
     "depends_on: the id of its parent; None or 0 is the root. A parent that\n"
     "is not in the tree is inserted too, blocked.\n"
     "weight: its share beside its siblings, 1 to 256.\n"
     "exclusive: whether the parent's other children depend on it from now "
     "on.\n\n"
     "DuplicateStreamError: it is in the tree. TooManyStreamsError: the tree\n"
     "holds maximum_streams. PriorityLoop: it depends on itself.\n"
     "BadWeightError. PseudoStreamError: it is 0."},
    {"reprioritize", AsPython(Prioritize<false>), METH_FASTCALL | METH_KEYWORDS,
     "reprioritize($self, stream_id, depends_on=None, weight=16, "
     "exclusive=False)\n--\n\n"
     "Moves the stream, with the streams that depend on it, and gives it the\n"
     "weight. Parameters as of insert_stream(). If the new parent depends on\n"
     "the stream, the parent moves first, to the stream's place (RFC 7540,\n"
     "section 5.3.3).\n\n"
     "MissingStreamError: it is not in the tree. PriorityLoop: it depends on\n"
     "itself. BadWeightError. PseudoStreamError: it is 0."},
};

void AddTree(py::module_& module) {
  py::class_<Tree, std::shared_ptr<Tree>> tree(
      module, "PriorityTree", py::custom_type_setup([](PyHeapTypeObject* type) {
        LetAttributesBeSet(type->ht_type);
        type->ht_type.tp_init = InitTree;
        type->ht_type.tp_iternext = Next;
        type->ht_type.tp_iter = PyObject_SelfIter;
        type->ht_type.tp_traverse = Traverse;
        type->ht_type.tp_clear = Clear;
      }),
      "PriorityTree(maximum_streams=1000)\n--\n\n"
      "The dependency tree of one connection (RFC 7540, section 5.3). Iterate "
      "over it\nto get the ids of the streams in the order in which they "
      "send.\n\n"
      "maximum_streams bounds the memory that a client can take: 1 or more "
      "streams,\nblocked and idle ones included.");
  tree.def("_get_or_insert_parent", &Tree::GetOrInsertParent,
           py::arg("parent_stream_id"))
      .def_property_readonly("_streams", &Tree::streams)
      .def_property_readonly("_root_stream", &Tree::root)
      .def_property("_maximum_streams", &Tree::maximum_streams,
                    &Tree::set_maximum_streams);
  for (PyMethodDef& method : methods) {
    tree.attr(method.ml_name) =
        py::reinterpret_steal<py::object>(PyDescr_NewMethod(
            reinterpret_cast<PyTypeObject*>(tree.ptr()), &method));
  }
  NameAsOriginal(tree, "PriorityTree");
}

}  // namespace
}  // namespace sluice::adapters::python

// The module priority.priority; priority/__init__.py has what users see of it.
PYBIND11_MODULE(priority, module) {
  sluice::adapters::python::AddErrors(module);
  sluice::adapters::python::AddStream(module);
  sluice::adapters::python::AddTree(module);
}
