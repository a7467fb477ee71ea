// The version of Sluice, for the preprocessor and at run time:
//
//   #if SLUICE_VERSION_NUMBER >= 0x030100
//
// CHANGELOG.md lists the versions; docs/stability.md says which of its three
// numbers changes when.
#ifndef SLUICE_SIGNALS_VERSION_H_
#define SLUICE_SIGNALS_VERSION_H_

// Everything else of the project that names the version takes it from these
// lines or is compared with them by a test. sluice.h repeats them for C.
#define SLUICE_VERSION_MAJOR 3
#define SLUICE_VERSION_MINOR 0
#define SLUICE_VERSION_PATCH 0
#define SLUICE_VERSION "3.0.0"
// A byte for each part: 0x020103 is 2.1.3.
#define SLUICE_VERSION_NUMBER 0x030000

namespace sluice {

// The version of the library that is linked: SLUICE_VERSION and
// SLUICE_VERSION_NUMBER of the headers with which it was built.
const char* Version();
int VersionNumber();

}  // namespace sluice

#endif  // SLUICE_SIGNALS_VERSION_H_
