// What `sluice run --policy=SPEC` asks before it starts the program: a sentence
// and status 2 when SPEC is no policy.
#include <sluice/scheduler/registry.h>

#include <cstdio>
#include <string>

#include "absl/status/status.h"

int main(int argc, char** argv) {
  const absl::Status policy =
      sluice::scheduler::CreatePolicy(argc > 1 ? argv[1] : "").status();
  if (policy.ok()) return 0;
  const std::string fault(policy.message());
  std::fprintf(stderr, "sluice run: --policy: %s\n", fault.c_str());
  return 2;
}
