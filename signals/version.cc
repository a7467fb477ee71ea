#include <sluice/signals/version.h>

namespace sluice {

const char* Version() { return SLUICE_VERSION; }

int VersionNumber() { return SLUICE_VERSION_NUMBER; }

}  // namespace sluice
