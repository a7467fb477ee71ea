// Preloaded into the server: while the file that FAIL_READS names exists, the
// disk cannot be read.
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace {

ssize_t Read(const char* name, int file, void* to, size_t size, off_t offset) {
  static const char* const flag = std::getenv("FAIL_READS");
  if (flag != nullptr && ::access(flag, F_OK) == 0) {
    errno = EIO;
    return -1;
  }
  const auto real =
      reinterpret_cast<decltype(&::pread)>(::dlsym(RTLD_NEXT, name));
  return real(file, to, size, offset);
}

}  // namespace

extern "C" ssize_t pread(int file, void* to, size_t size, off_t offset) {
  return Read("pread", file, to, size, offset);
}

extern "C" ssize_t pread64(int file, void* to, size_t size, off_t offset) {
  return Read("pread64", file, to, size, offset);
}
