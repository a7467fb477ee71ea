"""Files that are whole or absent: support/whole_file.h for scripts.

They run from the root of the tree, or of their runfiles:

    sys.dont_write_bytecode = True
    sys.path.insert(0, "support")
    import whole_file
"""

import pathlib
import sys


def write(path, text):
    """Ends the script with a sentence if not all of it is written.

    Then the file is as it was before. An existing pipe, device or link stays, and is
    written in place.
    """
    path = pathlib.Path(path)
    in_place = path.is_symlink() or (path.exists() and not path.is_file())
    part = path if in_place else path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        if not in_place:
            part.replace(path)
    except OSError as fault:
        sys.exit("%s: writing %s failed: %s" % (pathlib.Path(sys.argv[0]).stem, path,
                                                fault.strerror))
    finally:
        if not in_place:
            part.unlink(missing_ok=True)
