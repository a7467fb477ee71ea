// Runs a fuzz target without libFuzzer:
//
//   replay TARGET [--random] [FILE…]
//
// over 200 inputs from a fixed generator, if asked for, and over the files. The
// target fails by its own abort().
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace {

void RunRandomInputs(sluice::fuzz::Target target) {
  std::mt19937 random(1);
  for (int run = 0; run < 200; ++run) {
    std::vector<uint8_t> bytes(random() % 512);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    target(bytes.data(), bytes.size());
  }
}

bool RunFile(sluice::fuzz::Target target, const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)),
                                std::istreambuf_iterator<char>());
  // The last that it says, when the target aborts.
  std::fprintf(stderr, "%s\n", path);
  target(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto& targets = sluice::fuzz::Targets();
  const auto found = argc < 2 ? targets.end() : targets.find(argv[1]);
  if (found == targets.end()) {
    std::fprintf(stderr,
                 "%s is no target; these are:", argc < 2 ? "nothing" : argv[1]);
    for (const auto& [name, target] : targets) {
      std::fprintf(stderr, " %s", name.c_str());
    }
    std::fprintf(stderr, "\n");
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    if (std::strcmp(argv[i], "--random") == 0) {
      RunRandomInputs(found->second);
    } else if (!RunFile(found->second, argv[i])) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
  }
  return 0;
}
