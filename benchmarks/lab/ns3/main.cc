// //benchmarks/lab/ns3:compare: the compare program with ns-3's networks.
#include "benchmarks/lab/comparison/compare_main.h"
#include "benchmarks/lab/ns3/ns3_network.h"

int main(int argc, char** argv) {
  return sluice::lab::CompareMain(argc, argv, {sluice::lab::Ns3Networks()});
}
