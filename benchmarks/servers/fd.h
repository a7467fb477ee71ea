// A file descriptor that closes itself.
#ifndef SLUICE_BENCHMARKS_SERVERS_FD_H_
#define SLUICE_BENCHMARKS_SERVERS_FD_H_

#include <unistd.h>

#include <utility>

namespace sluice::servers {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_FD_H_
