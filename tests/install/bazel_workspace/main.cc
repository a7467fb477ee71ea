// The smallest program on the library.
#include <sluice/scheduler/registry.h>

int main() { return sluice::scheduler::CreatePolicy("auto").ok() ? 0 : 1; }
