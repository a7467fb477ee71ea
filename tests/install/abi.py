"""What programs that use the C++ libraries were compiled against, as text.

DWARF has it: of a program that includes every installed header, the classes with
the places of their members and virtual functions, the values of enumerations,
and those declared functions that the libraries export. Inline functions are not
there.
"""

import re
import subprocess

DIE = re.compile(r"^ <(\d+)><([0-9a-f]+)>: Abbrev Number: \d+(?: \(DW_TAG_(\w+)\))?")
ATTRIBUTE = re.compile(r"^    <[0-9a-f]+>   DW_AT_(\w+) *: (.*)")
WANTED = {"name", "type", "byte_size", "data_member_location", "linkage_name", "const_value",
          "vtable_elem_location", "upper_bound", "bit_size", "data_bit_offset"}
CLASSES = ("class_type", "structure_type", "union_type")
SUFFIXES = {"pointer_type": "*", "reference_type": "&", "rvalue_reference_type": "&&",
            "const_type": " const", "volatile_type": " volatile"}


class Die:
    """An entry of the debug information."""

    def __init__(self, tag, parent):
        self.tag, self.parent, self.attributes, self.children = tag, parent, {}, []
        if parent:
            parent.children.append(self)

    def get(self, attribute):
        return self.attributes.get(attribute)

    def name(self):
        """With its scopes."""
        scope = self.parent.name() + "::" if self.parent and self.parent.get("name") and \
            self.parent.tag != "compile_unit" else ""
        return scope + (self.get("name") or "")


def read_dies(program):
    """{offset: entry} of an object file with one compilation unit."""
    text = subprocess.run(["readelf", "--debug-dump=info", program], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    dies, open_dies, die = {}, [], None
    for line in text.splitlines():
        entry = DIE.match(line)
        if entry and entry.group(3) is None:  # the end of a list of children
            continue
        if entry:
            depth = int(entry.group(1))
            del open_dies[depth:]
            die = Die(entry.group(3), open_dies[-1] if open_dies else None)
            open_dies.append(die)
            dies[entry.group(2)] = die
            continue
        attribute = ATTRIBUTE.match(line)
        if attribute and attribute.group(1) in WANTED:
            value = attribute.group(2).strip()
            # Where the string stands, in binutils' words.
            value = re.sub(r"^\(indirect (?:line )?string, offset: 0x[0-9a-f]+\): ", "", value)
            die.attributes[attribute.group(1)] = value
    return dies


class Abi:
    def __init__(self, program, libraries):
        self._dies = read_dies(program)
        out = subprocess.run(["nm", "--dynamic", "--defined-only", *libraries], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        # Not the weak ones: inline functions, which programs have themselves.
        self._exported = {line.split()[2].split("@")[0] for line in out.splitlines()
                          if len(line.split()) == 3 and line.split()[1] in "TDBR"}

    def _type(self, die):
        offset = die.get("type")
        if offset is None:
            return "void"
        die = self._dies[offset.strip("<>").removeprefix("0x")]
        if die.tag == "typedef":
            return self._type(die)
        if die.tag in SUFFIXES:
            return self._type(die) + SUFFIXES[die.tag]
        if die.tag == "array_type":
            return self._type(die) + "".join("[..%s]" % child.get("upper_bound")
                                             for child in die.children)
        if die.tag == "subroutine_type":
            return "%s(%s)" % (self._type(die), ", ".join(map(self._type, die.children)))
        return die.name() or die.tag

    def _class(self, die):
        lines = ["%s %s, %s bytes" % (die.tag.split("_")[0], die.name(), die.get("byte_size"))]
        for child in die.children:
            if child.tag in ("member", "inheritance") and child.get("const_value") is None:
                place = child.get("data_member_location")
                if child.get("bit_size"):
                    place = "bit %s, %s wide" % (child.get("data_bit_offset"),
                                                 child.get("bit_size"))
                if place is not None or die.tag == "union_type":
                    lines.append("  %s: %s %s" % (place or 0, self._type(child),
                                                  child.get("name") or "(base)"))
            elif child.tag == "subprogram" and child.get("vtable_elem_location"):
                slot = re.search(r"DW_OP_constu: (\d+)", child.get("vtable_elem_location"))
                # The first parameter is the object, const or not.
                lines.append("  virtual %s: %s %s(%s)" % (
                    slot.group(1), self._type(child), child.get("name"),
                    ", ".join(self._type(parameter) for parameter in child.children
                              if parameter.tag == "formal_parameter")))
        return "\n".join(lines)

    def _exported_name(self, die):
        """GCC declares a constructor once for the several that it defines."""
        name = die.get("linkage_name") or ""
        for candidate in (name, name.replace("C4E", "C1E"), name.replace("D4E", "D1E")):
            if candidate in self._exported:
                return candidate
        return None

    def entries(self):
        """Sorted texts: a class with its members, an enumerator, or a function."""
        texts, functions = set(), {}
        for die in self._dies.values():
            if not die.name().startswith("sluice::"):
                continue
            if die.tag in CLASSES and die.get("byte_size") and die.get("name"):
                texts.add(self._class(die))
            elif die.tag == "enumerator":
                texts.add("%s %s = %s" % (self._type(die.parent), die.name(),
                                          die.get("const_value")))
            elif die.tag in ("subprogram", "variable", "member"):
                name = self._exported_name(die)
                if name:
                    functions[name] = self._type(die)
        plain = subprocess.run(["c++filt"], input="\n".join(functions), check=True, text=True,
                               stdout=subprocess.PIPE).stdout.split("\n")
        texts.update("%s: %s" % (text, kind) for text, kind in zip(plain, functions.values()))
        return sorted(texts)
