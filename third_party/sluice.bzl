"""What every C++ target of this project is compiled with."""

SLUICE_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
]

def sluice_cc_library(name, copts = [], **kwargs):
    # Linked into each program, in other workspaces too: as a shared object of
    # its own it would need libraries that --as-needed drops from the program.
    native.cc_library(name = name, copts = SLUICE_COPTS + copts, linkstatic = True, **kwargs)

def sluice_cc_binary(name, copts = [], **kwargs):
    native.cc_binary(name = name, copts = SLUICE_COPTS + copts, **kwargs)

def sluice_cc_test(name, copts = [], size = "small", **kwargs):
    native.cc_test(name = name, copts = SLUICE_COPTS + copts, size = size, **kwargs)
