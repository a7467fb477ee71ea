#include "benchmarks/servers/link_end.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/servers/fd.h"

namespace sluice::servers {
namespace {

constexpr char kDevice[] = "slow";
constexpr char kNetmask[] = "255.255.255.252";

absl::Status Refused(absl::string_view sentence) {
  return absl::FailedPreconditionError(
      absl::StrCat(sentence, " (", std::strerror(errno), ")"));
}

bool WriteFile(const std::string& path, absl::string_view text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

std::string ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The process keeps its user and group, and has all rights inside.
absl::Status EnterUserNamespace() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER) != 0) {
    return Refused(
        "the kernel refuses a network namespace, and a user namespace that "
        "would allow one: run with CAP_SYS_ADMIN (as root), or set "
        "kernel.unprivileged_userns_clone to 1 and user.max_user_namespaces "
        "above 0");
  }
  // Without it a process that is not root may map no group (user_namespaces
  // (7)).
  WriteFile("/proc/self/setgroups", "deny");
  if (!WriteFile("/proc/self/uid_map", absl::StrCat(user, " ", user, " 1")) ||
      !WriteFile("/proc/self/gid_map", absl::StrCat(group, " ", group, " 1"))) {
    return Refused(
        "the kernel refuses to map our user into a user namespace: run with "
        "CAP_SYS_ADMIN, or as a user other than root");
  }
  return absl::OkStatus();
}

absl::Status EnterNewNetworkNamespace() {
  if (::unshare(CLONE_NEWNET) == 0) return absl::OkStatus();
  if (errno == EPERM) {
    if (absl::Status status = EnterUserNamespace(); !status.ok()) return status;
    if (::unshare(CLONE_NEWNET) == 0) return absl::OkStatus();
  }
  return Refused(
      "the kernel refuses a network namespace: it needs CONFIG_NET_NS, and "
      "user.max_net_namespaces above the number in use");
}

// Of sockets that are made in this namespace from now on. In a new namespace
// the kernel allows the system's default and its list of allowed ones.
absl::Status SetCongestionControl(const std::string& name) {
  const std::string prefix = "/proc/sys/net/ipv4/tcp_";
  if (ReadLine(prefix + "congestion_control") == name ||
      WriteFile(prefix + "congestion_control", name)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the congestion control is '", name,
                   "'; in a namespace the kernel allows ",
                   ReadLine(prefix + "congestion_control"),
                   " and those of "
                   "net.ipv4.tcp_allowed_congestion_control: ",
                   ReadLine(prefix + "allowed_congestion_control")));
}

absl::Status SetUp(const LinkEndOptions& options) {
  if (absl::Status status = SetCongestionControl(options.congestion);
      !status.ok()) {
    return status;
  }
  if (options.low_water_mark > 0 &&
      !WriteFile("/proc/sys/net/ipv4/tcp_notsent_lowat",
                 absl::StrCat(options.low_water_mark))) {
    return Refused("the kernel refuses net.ipv4.tcp_notsent_lowat");
  }
  if (!options.loopback) return absl::OkStatus();
  const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(control.get(), SIOCSIFFLAGS, &request) != 0) {
    return Refused("the kernel refuses a loopback device");
  }
  return absl::OkStatus();
}

void FillAddress(sockaddr* out, const std::string& address) {
  sockaddr_in in = {};
  in.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &in.sin_addr);
  std::memcpy(out, &in, sizeof(in));
}

absl::Status ConfigureDevice(const std::string& address) {
  const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  std::strncpy(request.ifr_name, kDevice, IFNAMSIZ - 1);
  FillAddress(&request.ifr_addr, address);
  bool done = ::ioctl(control.get(), SIOCSIFADDR, &request) == 0;
  FillAddress(&request.ifr_netmask, kNetmask);
  done = done && ::ioctl(control.get(), SIOCSIFNETMASK, &request) == 0;
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  done = done && ::ioctl(control.get(), SIOCSIFFLAGS, &request) == 0;
  if (!done) return Refused("the kernel refuses an address on a TUN device");
  return absl::OkStatus();
}

absl::StatusOr<Fd> MakeTun(const std::string& address) {
  Fd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!tun.valid()) {
    return Refused(
        "cannot open /dev/net/tun: load the module tun, and let this user read "
        "and write the file");
  }
  ifreq request = {};
  std::strncpy(request.ifr_name, kDevice, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(tun.get(), TUNSETIFF, &request) != 0) {
    return Refused("the kernel refuses a TUN device");
  }
  if (absl::Status status = ConfigureDevice(address); !status.ok()) {
    return status;
  }
  return tun;
}

// The thread's own: a thread enters a namespace alone.
Fd OpenNamespace() {
  return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

}  // namespace

absl::StatusOr<LinkEnd> LinkEnd::Create(const std::string& address,
                                        const LinkEndOptions& options) {
  Fd before = OpenNamespace();
  if (!before.valid()) return Refused("cannot open /proc/thread-self/ns/net");
  if (absl::Status status = EnterNewNetworkNamespace(); !status.ok()) {
    return status;
  }
  // Its addresses come later, and browsers take them for another network. A
  // kernel without IPv6 has no such file.
  (void)WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
  absl::StatusOr<Fd> tun = MakeTun(address);
  const absl::Status set_up = SetUp(options);
  Fd inside = OpenNamespace();
  // Without rights over the first namespace the thread stays in this one. That
  // does no harm: all work is done inside ends.
  (void)::setns(before.get(), CLONE_NEWNET);
  if (!tun.ok()) return tun.status();
  if (!set_up.ok()) return set_up;
  return LinkEnd(std::move(inside), *std::move(tun));
}

absl::Status LinkEnd::Inside(absl::FunctionRef<absl::Status()> work) const {
  const Fd before = OpenNamespace();
  if (::setns(namespace_.get(), CLONE_NEWNET) != 0) {
    return absl::ErrnoToStatus(errno, "cannot enter the network namespace");
  }
  absl::Status status = work();
  // May be refused as in Create().
  (void)::setns(before.get(), CLONE_NEWNET);
  return status;
}

}  // namespace sluice::servers
