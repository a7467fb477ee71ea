// //:compare, with the networks that need nothing but this project.
#include "benchmarks/lab/comparison/compare_main.h"

int main(int argc, char** argv) {
  return sluice::lab::CompareMain(argc, argv, {});
}
