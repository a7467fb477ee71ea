#include "benchmarks/lab/ns3/ns3_bbr.h"

#include <ns3/data-rate.h>
#include <ns3/nstime.h>
#include <ns3/object.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <cstdint>

namespace sluice::lab {

ns3::TypeId Ns3Bbr::GetTypeId() {
  static const ns3::TypeId id = ns3::TypeId("sluice::lab::Ns3Bbr")
                                    .SetParent<ns3::TcpBbr>()
                                    .AddConstructor<Ns3Bbr>();
  return id;
}

ns3::Ptr<ns3::TcpCongestionOps> Ns3Bbr::Fork() {
  return ns3::CopyObject<Ns3Bbr>(this);
}

void Ns3Bbr::CongControl(ns3::Ptr<ns3::TcpSocketState> state,
                         const ns3::TcpRateOps::TcpRateConnection& connection,
                         const ns3::TcpRateOps::TcpRateSample& sample) {
  ns3::TcpRateOps::TcpRateSample right = sample;
  right.m_ackElapsed = ns3::Simulator::Now() - sample.m_priorTime;
  right.m_interval = std::max(right.m_sendElapsed, right.m_ackElapsed);
  right.m_delivered =
      static_cast<int32_t>(connection.m_delivered - sample.m_priorDelivered);
  // A sample needs news, a beginning, and a round trip's time.
  const bool valid = sample.m_ackedSacked > 0 && !sample.m_priorTime.IsZero() &&
                     right.m_interval >= state->m_minRtt;
  if (valid) {
    right.m_deliveryRate = ns3::DataRate(static_cast<uint64_t>(
        right.m_delivered * 8.0 / right.m_interval.GetSeconds()));
  } else {
    right.m_interval = ns3::Time(0);
    right.m_delivered = -1;
    right.m_deliveryRate = ns3::DataRate(0);  // which BBR passes over
  }
  ns3::TcpBbr::CongControl(state, connection, right);
}

}  // namespace sluice::lab
