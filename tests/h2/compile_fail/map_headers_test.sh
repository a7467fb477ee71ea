#!/usr/bin/env bash
# A map as header fields does not compile, and the message says why; a vector
# does.
set -uo pipefail

snippet=tests/h2/compile_fail/send_headers.cc
reason='header fields must be in an ordered sequence'
failures=0
include=$TEST_TMPDIR
ln -s "$PWD" "$include/sluice" # as users see the headers

compile() { # CONTAINER: prints what the compiler says
  "${CXX:-c++}" -std=c++20 -fsyntax-only "-I$include" "-DHEADERS=$1" "$snippet" 2>&1
}

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

# The twin: the snippet is right but for the container.
for container in 'std::vector<sluice::h2::Header>' \
  'absl::Span<const sluice::h2::Header>' \
  'std::initializer_list<sluice::h2::Header>'; do
  said=$(compile "$container") || fail "$container should compile: $said"
done

for container in 'std::map<std::string,std::string>' \
  'std::multimap<std::string,std::string>' \
  'std::unordered_map<std::string,std::string>' \
  'absl::flat_hash_map<std::string,std::string>' \
  'absl::btree_map<std::string,std::string>'; do
  if said=$(compile "$container"); then
    fail "$container compiles"
  elif ! grep -q "$reason" <<<"$said"; then
    fail "$container: the compiler does not say why: $said"
  fi
done

[ "$failures" -eq 0 ] && echo "3 containers compile, 5 do not and say why"
exit "$((failures > 0))"
