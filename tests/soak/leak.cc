// Preloaded into the server: each accepted connection leaks memory and two
// descriptors. The soak has to find that.
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {
constexpr size_t kLeakedBytes = 1 << 20;
void* volatile leaked;
}  // namespace

extern "C" int accept(int listener, sockaddr* address, socklen_t* length) {
  static const auto real =
      reinterpret_cast<decltype(&accept)>(::dlsym(RTLD_NEXT, "accept"));
  const int accepted = real(listener, address, length);
  if (accepted >= 0) {
    leaked = std::memset(std::malloc(kLeakedBytes), 1, kLeakedBytes);
    ::dup(accepted);
    ::dup(accepted);
  }
  return accepted;
}
