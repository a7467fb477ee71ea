#!/bin/sh
# py_test wants a program named python; Debian has python3.
exec /usr/bin/python3 -B "$@"
