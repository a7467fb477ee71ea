// The parts of a Connection, whose own calls send: connection.cc and
// connection_send.cc.
#ifndef SLUICE_H2_CONNECTION_IMPL_H_
#define SLUICE_H2_CONNECTION_IMPL_H_

#include <sluice/h2/connection.h>
#include <sluice/h2/core.h>
#include <sluice/h2/options.h>
#include <sluice/h2/receiver.h>

#include <utility>

namespace sluice::h2 {

struct Connection::Impl {
  explicit Impl(ConnectionOptions options)
      : core(std::move(options)), receiver(&core) {}

  Core core;
  Receiver receiver;
};

}  // namespace sluice::h2

#endif  // SLUICE_H2_CONNECTION_IMPL_H_
