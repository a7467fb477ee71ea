#!/bin/sh
# py_test needs a program named python; Debian has python3.
exec /usr/bin/python3 -B "$@"
