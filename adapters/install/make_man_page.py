"""Fills a manual page: make_man_page.py TEMPLATE VERSION_H OUT [PROGRAM]

@version@ in the template becomes that of the header, and @options@ what PROGRAM
--help says: a list of its flags, and one section for each list before them
(signals, networks, policies).
"""

import re
import subprocess
import sys


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def flag(name, text):
    is_bool = re.search(r" \(default: (true|false)\)$", text)
    shown = "[no]" + name if is_bool else name
    value = "" if is_bool else " =VALUE"
    return ".TP\n.BI \\-\\-%s%s\n%s\n" % (escaped(shown), value, escaped(text))


def entry(name, text):
    return ".TP\n.B %s\n%s\n" % (escaped(name), escaped(text))


def options(help_text):
    lists, _, flags = help_text.partition("\nFlags:\n")
    # No flag's text spans lines.
    found = re.findall(r"^  --(\w+)\n      (.+)$", flags, re.MULTILINE)
    if not found:
        sys.exit("make_man_page: no flags in:\n" + help_text)
    page = ".SH OPTIONS\n" + "".join(flag(*each) for each in found)
    for title, rows in re.findall(r"^(\w+):\n((?:  .+\n)+)", lists, re.MULTILINE):
        page += ".SH %s\n" % title.upper()
        page += "".join(entry(*each) for each in re.findall(r"^  (\w+): (.+)$", rows, re.MULTILINE))
    return page.rstrip("\n")


def main():
    template, version_h, out, *program = sys.argv[1:]
    with open(template, encoding="utf-8") as text:
        page = text.read()
    with open(version_h, encoding="utf-8") as text:
        version = re.search(r'SLUICE_VERSION "(.*)"', text.read()).group(1)
    page = page.replace("@version@", version)
    if program:
        help_text = subprocess.run([program[0], "--help"], check=True, stdout=subprocess.PIPE,
                                   text=True).stdout
        page = page.replace("@options@", options(help_text))
    with open(out, "w", encoding="utf-8") as text:
        text.write(page)


if __name__ == "__main__":
    main()
