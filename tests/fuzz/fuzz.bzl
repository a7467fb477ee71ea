"""A fuzz target: one function, two ways to run it."""

load("//third_party:sluice.bzl", "sluice_cc_binary", "sluice_cc_library")

def fuzz_target(name, deps, random_inputs = True):
    """Makes NAME_target, NAME_test and NAME.

    NAME_target is the function; list it in :replay's `deps`. NAME_test runs it
    on a fixed set of inputs and on the files of corpus/NAME, under any compiler.
    NAME is the fuzzer:

      bazel build --config=fuzz //tests/fuzz:NAME
      bazel-bin/tests/fuzz/NAME -max_total_time=3600 CORPUS

    Args:
      name: of the fuzzer; its source is NAME.cc.
      deps: of its source.
      random_inputs: whether random bytes are inputs that reach anything.
    """
    target = name + "_target"
    sluice_cc_library(
        name = target,
        srcs = [name + ".cc"],
        deps = deps + [":fuzz_target"],
        alwayslink = True,
    )
    corpus = native.glob(["corpus/%s/*" % name])
    native.sh_test(
        name = name + "_test",
        size = "medium",  # seconds, but for a busy machine
        srcs = [":replay"],
        args = [name] + (["--random"] if random_inputs else []) +
               ["$(location %s)" % path for path in corpus],
        data = corpus,
    )
    sluice_cc_binary(
        name = name,
        tags = ["manual"],
        deps = [
            ":fuzzer_main",
            target,
        ],
    )
