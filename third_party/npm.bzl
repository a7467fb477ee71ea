"""The npm packages of the root's lock file, for tests only."""

def _npm_packages_impl(repository_ctx):
    for label in [repository_ctx.attr.package, repository_ctx.attr.lock]:
        repository_ctx.symlink(label, label.name)
    if not repository_ctx.which("npm"):
        fail("npm is missing: run ./bazelw, which installs what is missing")
    result = repository_ctx.execute(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    )
    if result.return_code != 0:
        fail("npm ci failed:\n" + result.stdout + result.stderr)

    # One directory: thousands of files would make every sandbox slow.
    repository_ctx.file("BUILD.bazel", """package(default_visibility = ["//visibility:public"])

exports_files(["node_modules"])
""")

npm_packages = repository_rule(
    implementation = _npm_packages_impl,
    doc = """node_modules as `npm ci` makes it.

Bazel runs this when a target that names the repository is built, and never for
others: the libraries and programs need no npm.
""",
    attrs = {
        "lock": attr.label(mandatory = True),
        "package": attr.label(mandatory = True),
    },
)
