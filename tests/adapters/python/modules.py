"""The two modules named `priority`, side by side: `original` is Debian's
python3-priority, `ours` the package whose __init__.py the first argument names."""

import importlib.util
import sys


def _load(path):
    spec = importlib.util.spec_from_file_location(
        "priority", path, submodule_search_locations=[path.rsplit("/", 1)[0]])
    module = importlib.util.module_from_spec(spec)
    sys.modules["priority"] = module
    spec.loader.exec_module(module)
    for loaded in ("priority", "priority.priority"):
        del sys.modules[loaded]
    return module


original = _load("/usr/lib/python3/dist-packages/priority/__init__.py")
ours = _load(sys.argv[1])


def outcome(call, *arguments, **keywords):
    """What a caller sees: the result, or the error with its bases and text."""
    try:
        return call(*arguments, **keywords)
    except Exception as error:  # pylint: disable=broad-except
        bases = [base.__module__ + "." + base.__name__ for base in type(error).__mro__]
        return bases, str(error)
