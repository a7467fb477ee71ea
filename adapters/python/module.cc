// The Python module `priority`: python-hyper/priority 2.0.0's interface, on
// stream.h and tree.h.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/python/stream.h"
#include "adapters/python/tree.h"

namespace py = pybind11;

namespace sluice::adapters::python {
namespace {

// Where the original's classes live, as tracebacks and pickles name them.
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
  errors.duplicate = MakeError("DuplicateStreamError",
                               "The stream to insert is in the tree.", bases);
  errors.missing =
      MakeError("MissingStreamError", "The stream is not in the tree.",
                py::make_tuple(base(PyExc_KeyError), errors.priority));
  errors.too_many = MakeError("TooManyStreamsError",
                              "The tree has as many streams as it may.", bases);
  errors.bad_weight =
      MakeError("BadWeightError", "A weight is an integer of 1 to 256.", bases);
  errors.pseudo = MakeError("PseudoStreamError",
                            "Stream 0 is the root, and stays as it is.", bases);
  for (const py::object& error :
       {errors.priority, errors.deadlock, errors.loop, errors.duplicate,
        errors.missing, errors.too_many, errors.bad_weight, errors.pseudo}) {
    module.add_object(std::string(py::str(error.attr("__name__"))).c_str(),
                      error);
  }
}

// --- Stream ------------------------------------------------------------------

std::shared_ptr<Stream> MakeStream(py::int_ id, const py::object& weight) {
  return std::make_shared<Stream>(std::move(id), CheckedWeight(weight));
}

std::string Repr(const Stream& stream) {
  return "Stream<id=" + FormatId(stream.id()) +
         ", weight=" + std::to_string(stream.weight()) + ">";
}

// Leaves its old parent first: a stream has one.
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

// The ordering of ids; NotImplemented beside anything but a stream.
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

void AddStream(py::module_& module) {
  py::class_<Stream, std::shared_ptr<Stream>> stream(
      module, "Stream", "Priority information for one stream.");
  stream
      .def(py::init(&MakeStream), py::arg("stream_id"), py::arg("weight") = 16)
      .def_property_readonly("stream_id",
                             [](const Stream& self) { return self.id(); })
      .def_property("weight", &Stream::weight,
                    [](Stream& self, const py::object& weight) {
                      self.SetWeight(CheckedWeight(weight));
                    })
      .def_property("active", &Stream::active, &Stream::SetActive)
      .def_property_readonly("parent", &ParentOf)
      .def_property_readonly("children", &Stream::children)
      .def_property_readonly("child_queue", &QueueOf)
      .def_property_readonly("last_weight", &Stream::LastLevel)
      .def_property_readonly("_deficit", &Stream::Deficit)
      .def(
          "add_child",
          [](Stream& self, const std::shared_ptr<Stream>& child) {
            AddChild(self, child, /*exclusive=*/false);
          },
          py::arg("child"))
      .def(
          "add_child_exclusive",
          [](Stream& self, const std::shared_ptr<Stream>& child) {
            AddChild(self, child, /*exclusive=*/true);
          },
          py::arg("child"))
      .def("remove_child", &RemoveChild, py::arg("child"),
           py::arg("strip_children") = true)
      .def("schedule", &Schedule)
      .def("__repr__", &Repr)
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
  stream.attr("__hash__") = py::none();
  stream.attr("__module__") = kModule;
}

// --- PriorityTree ------------------------------------------------------------

// Around pybind11's dispatcher, which costs more than the decision.
PyObject* Next(PyObject* self) {
  auto* const instance = reinterpret_cast<py::detail::instance*>(self);
  auto* const tree =
      static_cast<Tree*>(instance->get_value_and_holder().value_ptr());
  if (tree == nullptr) {
    PyErr_SetString(PyExc_TypeError, "PriorityTree.__init__() was not called");
    return nullptr;
  }
  PyObject* const id = tree->Next();
  if (id == nullptr) {
    PyErr_SetString(TheErrors().deadlock.ptr(), kDeadlock);
  }
  return id;
}

PyMethodDef next_method = {
    "next", [](PyObject* self, PyObject*) { return Next(self); }, METH_NOARGS,
    "The id of the stream that sends next."};

void AddTree(py::module_& module) {
  py::class_<Tree> tree(
      module, "PriorityTree", py::custom_type_setup([](PyHeapTypeObject* type) {
        type->ht_type.tp_iternext = Next;
        type->ht_type.tp_iter = PyObject_SelfIter;
      }),
      "The dependency tree of RFC 7540; iterate over it to know who sends "
      "next.");
  tree.def(py::init<py::object>(), py::arg("maximum_streams") = 1000)
      .def(
          "insert_stream",
          [](Tree& self, py::object stream_id, py::object depends_on,
             py::object weight, const py::object& exclusive) {
            self.Insert(std::move(stream_id), std::move(depends_on),
                        std::move(weight), py::bool_(exclusive));
          },
          py::arg("stream_id"), py::arg("depends_on") = py::none(),
          py::arg("weight") = 16, py::arg("exclusive") = false)
      .def(
          "reprioritize",
          [](Tree& self, py::object stream_id, py::object depends_on,
             py::object weight, const py::object& exclusive) {
            self.Reprioritize(std::move(stream_id), std::move(depends_on),
                              std::move(weight), py::bool_(exclusive));
          },
          py::arg("stream_id"), py::arg("depends_on") = py::none(),
          py::arg("weight") = 16, py::arg("exclusive") = false)
      .def("remove_stream", &Tree::Remove, py::arg("stream_id"))
      .def(
          "block",
          [](Tree& self, py::object stream_id) {
            self.SetActive(std::move(stream_id), false, "block");
          },
          py::arg("stream_id"))
      .def(
          "unblock",
          [](Tree& self, py::object stream_id) {
            self.SetActive(std::move(stream_id), true, "unblock");
          },
          py::arg("stream_id"))
      .def("_get_or_insert_parent", &Tree::GetOrInsertParent,
           py::arg("parent_stream_id"))
      .def_property_readonly("_streams", &Tree::streams)
      .def_property_readonly("_root_stream", &Tree::root)
      .def_property_readonly("_maximum_streams", &Tree::maximum_streams);
  auto* const type = reinterpret_cast<PyTypeObject*>(tree.ptr());
  tree.attr("next") =
      py::reinterpret_steal<py::object>(PyDescr_NewMethod(type, &next_method));
  tree.attr("__module__") = kModule;
}

}  // namespace
}  // namespace sluice::adapters::python

PYBIND11_MODULE(priority, module) {
  module.doc() =
      "priority: HTTP/2 priority implementation for Python, by Sluice";
  module.attr("__version__") = "2.0.0";
  sluice::adapters::python::AddErrors(module);
  sluice::adapters::python::AddStream(module);
  sluice::adapters::python::AddTree(module);
  // The original is a package whose one module has this name.
  py::module_::import("sys").attr("modules")["priority.priority"] = module;
}
