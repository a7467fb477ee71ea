#!/usr/bin/python3
"""pip takes the wheel without the network, what it installs works, and its type
annotations are those of the module.

wheel_test.py WHEEL
"""

import ast
import glob
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import unittest
import venv
import zipfile

WHEEL = sys.argv[1]
HOME = os.path.join(os.environ["TEST_TMPDIR"], "venv")

# Runs in the venv.
LOOK = """
import importlib.metadata, inspect, json, priority, priority.priority
tree = priority.PriorityTree()
tree.insert_stream(7)
signatures = {}
for kind in (priority.Stream, priority.PriorityTree):
    for name in vars(kind):
        member = inspect.getattr_static(kind, name)
        if not name.startswith("_") and callable(member):
            signatures[kind.__name__ + "." + name] = [
                [p.name, p.default is not p.empty]
                for p in inspect.signature(member).parameters.values()
            ] if kind is priority.PriorityTree else None
        elif not name.startswith("_"):
            signatures[kind.__name__ + "." + name] = None
print(json.dumps({
    "next": next(tree),
    "file": priority.__file__,
    "version": importlib.metadata.version("priority"),
    "files": [str(file) for file in importlib.metadata.files("priority")],
    "names": sorted(priority.__all__),
    "members": signatures,
    "unhashable": [kind.__name__ for kind in (priority.Stream, priority.PriorityTree)
                   if kind.__hash__ is None],
}))
"""


def in_venv(*arguments):
    # Nothing of this process's: PYTHONPATH would hide the module.
    return subprocess.run([os.path.join(HOME, "bin/python"), *arguments], check=True, text=True,
                          stdout=subprocess.PIPE, env={"HOME": HOME, "PATH": os.defpath}).stdout


class WheelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        venv.create(HOME, with_pip=True)
        print(in_venv("-m", "pip", "install", "--no-index", "--disable-pip-version-check", WHEEL))
        cls.seen = json.loads(in_venv("-c", LOOK))

    def test_the_name_says_where_it_runs(self):
        name, version, python, abi, machine = os.path.basename(WHEEL)[: -len(".whl")].split("-")
        tag = "cp%d%d" % sys.version_info[:2]
        libc, libc_version = platform.libc_ver()
        self.assertEqual((name, python, abi, libc), ("priority", tag, tag, "glibc"))
        self.assertEqual(machine, "manylinux_%s_%s"
                         % (libc_version.replace(".", "_"), platform.machine()))
        self.assertEqual(self.seen["version"], version)
        # It is in the place of the original, for those that ask for it.
        self.assertEqual(version.split("+")[0], importlib.metadata.version("priority"))

    def test_pip_installs_what_runs(self):
        self.assertEqual(self.seen["next"], 7)
        self.assertTrue(self.seen["file"].startswith(HOME), self.seen["file"])
        in_venv("-m", "pip", "check")
        for file in ("priority/__init__.py", "priority/priority.pyi", "priority/py.typed"):
            self.assertIn(file, self.seen["files"])

    def test_it_exports_its_entry_alone(self):
        [module] = glob.glob(os.path.join(os.path.dirname(self.seen["file"]), "*.so"))
        symbols = subprocess.run(["nm", "--dynamic", "--defined-only", module], check=True,
                                 stdout=subprocess.PIPE, text=True).stdout.split()
        self.assertEqual(symbols[2:], ["PyInit_priority"])

    def test_the_annotations_are_those_of_the_module(self):
        with zipfile.ZipFile(WHEEL) as wheel:
            stub = ast.parse(wheel.read("priority/priority.pyi"))
        classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}
        self.assertEqual(sorted(classes), self.seen["names"])
        annotated, unhashable = {}, []
        for name, node in classes.items():
            for member in node.body:
                if isinstance(member, ast.AnnAssign) and member.target.id == "__hash__":
                    unhashable.append(name)
                elif isinstance(member, ast.AnnAssign):
                    annotated[name + "." + member.target.id] = None
                elif isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                    arguments = member.args.args
                    first_default = len(arguments) - len(member.args.defaults)
                    annotated[name + "." + member.name] = None if name == "Stream" else [
                        [argument.arg, i >= first_default] for i, argument in enumerate(arguments)]
                    self.assertIsNotNone(member.returns, member.name)
        self.assertEqual(annotated, self.seen["members"])
        self.assertEqual(unhashable, self.seen["unhashable"])

    def test_an_uninstalled_wheel_leaves_nothing(self):
        copy = HOME + "2"
        venv.create(copy, with_pip=True)
        python = os.path.join(copy, "bin/python")
        before = sorted(glob.glob(copy + "/lib/python*/site-packages/*"))
        for command in (["install", "--no-index", WHEEL], ["uninstall", "--yes", "priority"]):
            subprocess.run([python, "-m", "pip", *command], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(sorted(glob.glob(copy + "/lib/python*/site-packages/*")), before)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
