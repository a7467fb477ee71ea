"""A fuzz target: one function, three ways to run it."""

load("//third_party:sluice.bzl", "sluice_cc_binary", "sluice_cc_library", "sluice_cc_test")

def fuzz_target(name, deps, random_inputs = True):
    """Makes NAME_target, NAME_test, NAME_corpus_test and NAME.

    NAME_target is the function. NAME_test runs it on a fixed set of inputs and
    NAME_corpus_test on the files of corpus/NAME, both under any compiler. NAME
    is the fuzzer:

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
        deps = deps,
        alwayslink = True,
    )
    if random_inputs:
        sluice_cc_test(
            name = name + "_test",
            deps = [target, "replay_main"],
        )
    corpus = native.glob(["corpus/%s/*" % name])
    sluice_cc_test(
        name = name + "_corpus_test",
        args = ["$(location %s)" % path for path in corpus],
        data = corpus,
        deps = [target, "replay_main"],
    )
    sluice_cc_binary(
        name = name,
        tags = ["manual"],
        deps = [target],
    )
