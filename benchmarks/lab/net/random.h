// Random numbers that are the same on every machine and in every year; those of
// <random>'s distributions are not.
#ifndef SLUICE_BENCHMARKS_LAB_NET_RANDOM_H_
#define SLUICE_BENCHMARKS_LAB_NET_RANDOM_H_

#include <cstdint>

namespace sluice::lab {

// Vigna's splitmix64.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

  // 0 … n − 1 (n ≥ 1). The remainder's bias is below n / 2^64.
  uint64_t Below(uint64_t n) { return Next() % n; }

 private:
  uint64_t state_;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NET_RANDOM_H_
