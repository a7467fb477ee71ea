"""Stand-ins for repositories that Bazel would fetch: third_party/shims/NAME."""

def _shim_repository_impl(repository_ctx):
    # By label and not by path: the workspace may be another project's.
    here = repository_ctx.path(Label("//third_party:BUILD")).dirname
    shim = here.get_child("shims").get_child(repository_ctx.name)
    for entry in shim.readdir():
        repository_ctx.symlink(entry, entry.basename)

shim_repository = repository_rule(
    implementation = _shim_repository_impl,
    doc = "The folder of third_party/shims that has the repository's name.",
    local = True,
)
