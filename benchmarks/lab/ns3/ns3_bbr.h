// ns-3's BBR with correct delivery rates. Internal to the transport.
//
// In ns-3 3.37 the time a rate sample spans begins at the wrong packet, now and
// then at the simulation's start (nsnam/ns-3-dev merge request 1280, issues 760
// and 827, fixed in later versions). After a timeout BBR then believes in a few
// kbit/s and never recovers: 2.5 MB over 1.6 Mbit/s and 150 ms took it 507 s
// instead of 14 s, without a single random loss.
#ifndef SLUICE_BENCHMARKS_LAB_NS3_NS3_BBR_H_
#define SLUICE_BENCHMARKS_LAB_NS3_NS3_BBR_H_

#include <ns3/ptr.h>
#include <ns3/tcp-bbr.h>
#include <ns3/tcp-rate-ops.h>
#include <ns3/tcp-socket-state.h>
#include <ns3/type-id.h>

namespace sluice::lab {

class Ns3Bbr : public ns3::TcpBbr {
 public:
  static ns3::TypeId GetTypeId();

  ns3::Ptr<ns3::TcpCongestionOps> Fork() override;

  // On every acknowledgement: TcpBbr's, with the sample's time span, rate and
  // validity as Linux (tcp_rate_gen()) and later versions of ns-3 have them.
  void CongControl(ns3::Ptr<ns3::TcpSocketState> state,
                   const ns3::TcpRateOps::TcpRateConnection& connection,
                   const ns3::TcpRateOps::TcpRateSample& sample) override;
};

}  // namespace sluice::lab

#endif  // SLUICE_BENCHMARKS_LAB_NS3_NS3_BBR_H_
