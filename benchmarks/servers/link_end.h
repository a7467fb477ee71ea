// One end of the link: a network namespace of our own with one TUN device. The
// kernel removes both when the last descriptor and process are gone, so nothing
// is left behind by a crash either.
#ifndef SLUICE_BENCHMARKS_SERVERS_LINK_END_H_
#define SLUICE_BENCHMARKS_SERVERS_LINK_END_H_

#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/servers/fd.h"

namespace sluice::servers {

// Addresses of RFC 5737's documentation range: no packet leaves the machine.
inline constexpr char kServerAddress[] = "192.0.2.1";
inline constexpr char kClientAddress[] = "192.0.2.2";

struct LinkEndOptions {
  std::string congestion = "bbr";
  // net.ipv4.tcp_notsent_lowat: a socket is writable while fewer bytes than
  // this are unsent. 0: the kernel's setting, which is no bound.
  int low_water_mark = 0;
  // Has a loopback device too, so that processes here reach each other.
  bool loopback = false;
};

class LinkEnd {
 public:
  // Its device has `address`, and everything else of 192.0.2.0/30 lies beyond
  // it. New sockets have the settings of `options`. Without
  // CAP_SYS_ADMIN the whole process first moves to a user namespace, and may
  // have one thread only. The calling thread stays in its network namespace.
  //
  // Errors, each a sentence: FailedPrecondition (the kernel refuses
  // namespaces or TUN devices; what is missing), InvalidArgument (it has no
  // such congestion control; what it has).
  static absl::StatusOr<LinkEnd> Create(const std::string& address,
                                        const LinkEndOptions& options);

  // Sockets that `work` makes and processes that it starts belong to this end.
  // Returns the status of `work`, or Internal if the kernel does not let the
  // thread in and out.
  absl::Status Inside(absl::FunctionRef<absl::Status()> work) const;

  // Each read() is an IP packet that left here; each write() brings one in.
  // Does not block.
  int tun() const { return tun_.get(); }

 private:
  LinkEnd(Fd name_space, Fd tun)
      : namespace_(std::move(name_space)), tun_(std::move(tun)) {}

  Fd namespace_;
  Fd tun_;
};

}  // namespace sluice::servers

#endif  // SLUICE_BENCHMARKS_SERVERS_LINK_END_H_
