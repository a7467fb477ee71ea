#include "benchmarks/lab/ns3/ns3_transport.h"

#include <ns3/abort.h>
#include <ns3/boolean.h>
#include <ns3/data-rate.h>
#include <ns3/error-model.h>
#include <ns3/inet-socket-address.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/net-device-container.h>
#include <ns3/node-container.h>
#include <ns3/nstime.h>
#include <ns3/packet.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/queue-size.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/tcp-congestion-ops.h>
#include <ns3/tcp-cubic.h>
#include <ns3/tcp-socket-base.h>
#include <ns3/tcp-socket-factory.h>
#include <ns3/tcp-tx-buffer.h>
#include <ns3/traffic-control-helper.h>
#include <ns3/uinteger.h>

#include <algorithm>
#include <string>
#include <utility>

#include "benchmarks/lab/ns3/ns3_bbr.h"

namespace sluice::lab {
namespace {

constexpr uint16_t kPort = 443;
constexpr uint32_t kInitialWindow = 10;      // segments
constexpr uint32_t kWithoutLimit = 1 << 30;  // bytes
// Never full: ns-3 3.37 crashes when a sender comes to its last byte.
constexpr uint32_t kReceiveWindow = kWithoutLimit;
constexpr uint32_t kPacketBytes = kSegmentBytes + 54;
constexpr int64_t kPlentyOfPackets = 100'000;
// Consecutive timeouts after which a connection is given up; Linux's
// tcp_retries2.
constexpr uint32_t kRetries = 15;
// Each has a random stream of its own, whatever ran before in this process.
constexpr int64_t kDownLossStream = 1;
constexpr int64_t kUpLossStream = 2;

bool alive = false;

ns3::Ptr<ns3::TcpCongestionOps> Make(CongestionControl congestion) {
  switch (congestion) {
    case CongestionControl::kCubic:
      return ns3::CreateObject<ns3::TcpCubic>();
    case CongestionControl::kBbr:
      return ns3::CreateObject<Ns3Bbr>();
    case CongestionControl::kNewReno:
      return ns3::CreateObject<ns3::TcpNewReno>();
  }
  return nullptr;
}

void InstallQueue(QueueDiscipline discipline, ns3::QueueSize size,
                  ns3::Ptr<ns3::NetDevice> device) {
  ns3::TrafficControlHelper helper;
  switch (discipline) {
    case QueueDiscipline::kFifo:
      helper.SetRootQueueDisc("ns3::FifoQueueDisc", "MaxSize",
                              ns3::QueueSizeValue(size));
      break;
    case QueueDiscipline::kCodel:
      helper.SetRootQueueDisc("ns3::CoDelQueueDisc", "MaxSize",
                              ns3::QueueSizeValue(size));
      break;
    case QueueDiscipline::kFqCodel:
      // Counts packets only.
      size =
          ns3::QueueSize(ns3::QueueSizeUnit::PACKETS,
                         std::max<uint32_t>(1, size.GetValue() / kPacketBytes));
      helper.SetRootQueueDisc("ns3::FqCoDelQueueDisc", "MaxSize",
                              ns3::QueueSizeValue(size));
      break;
  }
  helper.Install(device);
}

void LoseSome(ns3::Ptr<ns3::NetDevice> receiver, int losses_per_million,
              int64_t stream) {
  if (losses_per_million == 0) return;
  auto losses = ns3::CreateObject<ns3::RateErrorModel>();
  losses->SetUnit(ns3::RateErrorModel::ERROR_UNIT_PACKET);
  losses->SetRate(losses_per_million * 1e-6);
  losses->AssignStreams(stream);
  ns3::DynamicCast<ns3::PointToPointNetDevice>(receiver)->SetReceiveErrorModel(
      losses);
}

// One end of the connection.
class Side {
 public:
  Side(uint32_t limit, CongestionControl congestion)
      : limit_(limit), congestion_(congestion) {}

  void SetHandlers(Transport::Handlers handlers) {
    handlers_ = std::move(handlers);
  }

  // Sets the options of a socket; accepted ones inherit the listening one's.
  void Configure(ns3::Ptr<ns3::Socket> socket) const {
    ns3::DynamicCast<ns3::TcpSocketBase>(socket)->SetCongestionControlAlgorithm(
        Make(congestion_));
    socket->SetAttribute("SegmentSize", ns3::UintegerValue(kSegmentBytes));
    socket->SetAttribute("InitialCwnd", ns3::UintegerValue(kInitialWindow));
    socket->SetAttribute("RcvBufSize", ns3::UintegerValue(kReceiveWindow));
    // The peer's window is all that can be under way: never what binds.
    socket->SetAttribute("SndBufSize",
                         ns3::UintegerValue(limit_ + kReceiveWindow));
    socket->SetAttribute("TcpNoDelay", ns3::BooleanValue(true));
    socket->SetAttribute("DelAckTimeout",
                         ns3::TimeValue(ns3::MilliSeconds(40)));
    socket->SetAttribute("DataRetries", ns3::UintegerValue(kRetries));
    // Linux never waits less than the smoothed round trip and 200 ms; ns-3 adds
    // the largest of this and of four times the variation (RFC 6298 §2.3).
    socket->SetAttribute("ClockGranularity",
                         ns3::TimeValue(ns3::MilliSeconds(200)));
    socket->SetAttribute("MinRto", ns3::TimeValue(ns3::MilliSeconds(200)));
  }

  void Open(ns3::Ptr<ns3::Socket> socket) {
    socket_ = ns3::DynamicCast<ns3::TcpSocketBase>(socket);
    buffer_ = socket_->GetTxBuffer();
    next_to_send_ = buffer_->TailSequence();
    socket_->SetRecvCallback(ns3::MakeCallback(&Side::OnReadable, this));
    socket_->TraceConnectWithoutContext("HighestSequence",
                                        ns3::MakeCallback(&Side::OnSent, this));
  }
  bool open() const { return socket_ != nullptr; }

  size_t Room() const { return limit_ - NotSent(); }

  void Write(absl::string_view bytes) {
    NS_ABORT_MSG_IF(bytes.size() > Room(), "more than Room()");
    if (bytes.empty()) return;
    auto packet =
        ns3::Create<ns3::Packet>(reinterpret_cast<const uint8_t*>(bytes.data()),
                                 static_cast<uint32_t>(bytes.size()));
    const int sent = socket_->Send(packet, /*flags=*/0);
    NS_ABORT_MSG_IF(sent != static_cast<int>(bytes.size()),
                    "ns-3's send buffer took " << sent << " bytes");
  }

 private:
  uint32_t NotSent() const {
    return static_cast<uint32_t>(buffer_->TailSequence() - next_to_send_);
  }

  void OnReadable(ns3::Ptr<ns3::Socket> socket) {
    while (ns3::Ptr<ns3::Packet> packet = socket->Recv()) {
      received_.resize(packet->GetSize());
      packet->CopyData(reinterpret_cast<uint8_t*>(&received_[0]),
                       packet->GetSize());
      handlers_.on_bytes(received_);
    }
  }

  void OnSent(ns3::SequenceNumber32, ns3::SequenceNumber32 next) {
    if (next <= next_to_send_) return;
    next_to_send_ = next;
    // From within TCP's sending, which goes on with what is written here.
    // Later would be too late: with nothing new to send, TCP in recovery sends
    // again what is not lost (RFC 6675 §4, NextSeg rule 3).
    handlers_.on_writable();
  }

  const uint32_t limit_;
  const CongestionControl congestion_;
  Transport::Handlers handlers_;
  ns3::Ptr<ns3::TcpSocketBase> socket_;
  ns3::Ptr<ns3::TcpTxBuffer> buffer_;
  ns3::SequenceNumber32 next_to_send_;
  std::string received_;
};

}  // namespace

class Ns3Transport::World {
 public:
  World(const Ns3Options& network, const TransportOptions& run)
      : server_(static_cast<uint32_t>(
                    std::max(run.send_buffer_bytes, kSegmentBytes)),
                network.congestion),
        client_(kWithoutLimit, network.congestion) {
    NS_ABORT_MSG_IF(alive, "two ns-3 transports at once");
    alive = true;
    ns3::RngSeedManager::SetSeed(1);
    ns3::RngSeedManager::SetRun(run.seed);
    Build(network);
    Connect();
    LoseSome(to_client_.Get(1), network.down_losses_per_million,
             kDownLossStream);
    LoseSome(to_client_.Get(0), network.up_losses_per_million, kUpLossStream);
    epoch_ = ns3::Simulator::Now();
  }

  ~World() {
    ns3::Simulator::Destroy();
    alive = false;
  }

  Side& At(End end) { return end == End::kServer ? server_ : client_; }
  ns3::Time epoch() const { return epoch_; }

 private:
  void Build(const Ns3Options& network) {
    nodes_.Create(3);
    const ns3::Ptr<ns3::Node> server = nodes_.Get(0);
    const ns3::Ptr<ns3::Node> router = nodes_.Get(1);
    const ns3::Ptr<ns3::Node> client = nodes_.Get(2);

    ns3::PointToPointHelper link;
    link.SetDeviceAttribute("DataRate", ns3::StringValue("10Gbps"));
    const ns3::NetDeviceContainer to_server = link.Install(router, server);
    // All packets but one wait in the queue discipline.
    link.SetQueue("ns3::DropTailQueue", "MaxSize", ns3::StringValue("1p"));
    link.SetChannelAttribute(
        "Delay", ns3::TimeValue(ns3::NanoSeconds(network.round_trip_ns / 2)));
    to_client_ = link.Install(router, client);
    SetRate(to_client_.Get(0), network.down_bits_per_second);
    SetRate(to_client_.Get(1), network.up_bits_per_second);

    ns3::InternetStackHelper stack;
    stack.SetIpv6StackInstall(false);
    stack.Install(nodes_);

    const ns3::QueueSize plenty(ns3::QueueSizeUnit::PACKETS, kPlentyOfPackets);
    InstallQueue(QueueDiscipline::kFifo, plenty, to_server.Get(0));
    InstallQueue(QueueDiscipline::kFifo, plenty, to_server.Get(1));
    InstallQueue(QueueDiscipline::kFifo, plenty, to_client_.Get(1));
    InstallQueue(network.queue,
                 ns3::QueueSize(ns3::QueueSizeUnit::BYTES,
                                static_cast<uint32_t>(network.queue_bytes)),
                 to_client_.Get(0));

    ns3::Ipv4AddressHelper addresses;
    addresses.SetBase("10.0.0.0", "255.255.255.0");
    const auto at_server = addresses.Assign(to_server);
    addresses.SetBase("10.0.1.0", "255.255.255.0");
    const auto at_client = addresses.Assign(to_client_);
    server_address_ = at_server.GetAddress(1);
    ns3::Ipv4StaticRoutingHelper routes;
    routes.GetStaticRouting(server->GetObject<ns3::Ipv4>())
        ->SetDefaultRoute(at_server.GetAddress(0), 1);
    routes.GetStaticRouting(client->GetObject<ns3::Ipv4>())
        ->SetDefaultRoute(at_client.GetAddress(0), 1);
  }

  static void SetRate(ns3::Ptr<ns3::NetDevice> device,
                      int64_t bits_per_second) {
    ns3::DynamicCast<ns3::PointToPointNetDevice>(device)->SetDataRate(
        ns3::DataRate(static_cast<uint64_t>(bits_per_second)));
  }

  // Lets time pass until the connection is open at both ends.
  void Connect() {
    listener_ = ns3::Socket::CreateSocket(nodes_.Get(0),
                                          ns3::TcpSocketFactory::GetTypeId());
    server_.Configure(listener_);
    listener_->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), kPort));
    listener_->Listen();
    listener_->SetAcceptCallback(
        ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>,
                              const ns3::Address&>(),
        ns3::MakeCallback(&World::OnAccept, this));
    connecting_ = ns3::Socket::CreateSocket(nodes_.Get(2),
                                            ns3::TcpSocketFactory::GetTypeId());
    client_.Configure(connecting_);
    connecting_->SetConnectCallback(
        ns3::MakeCallback(&World::OnConnect, this),
        ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
    // A socket connects when nodes are started, which is at time 0 of Run().
    ns3::Simulator::ScheduleNow([this] {
      connecting_->Connect(ns3::InetSocketAddress(server_address_, kPort));
    });
    ns3::Simulator::Run();
    NS_ABORT_MSG_IF(!server_.open() || !client_.open(), "no connection");
  }

  void OnAccept(ns3::Ptr<ns3::Socket> socket, const ns3::Address&) {
    server_.Open(socket);
    ns3::Simulator::Stop();
  }

  void OnConnect(ns3::Ptr<ns3::Socket> socket) { client_.Open(socket); }

  Side server_;
  Side client_;
  ns3::NodeContainer nodes_;
  ns3::NetDeviceContainer to_client_;  // the router's, the client's
  ns3::Ipv4Address server_address_;
  ns3::Ptr<ns3::Socket> listener_;
  ns3::Ptr<ns3::Socket> connecting_;
  ns3::Time epoch_;
};

Ns3Transport::Ns3Transport(const Ns3Options& network,
                           const TransportOptions& run)
    : world_(std::make_unique<World>(network, run)) {}

Ns3Transport::~Ns3Transport() = default;

void Ns3Transport::SetHandlers(End end, Handlers handlers) {
  world_->At(end).SetHandlers(std::move(handlers));
}

int64_t Ns3Transport::Now() const {
  return (ns3::Simulator::Now() - world_->epoch()).GetNanoSeconds();
}

void Ns3Transport::Schedule(int64_t delay_ns, std::function<void()> action) {
  ns3::Simulator::Schedule(ns3::NanoSeconds(delay_ns),
                           [action = std::move(action)] { action(); });
}

size_t Ns3Transport::Room(End end) const { return world_->At(end).Room(); }

void Ns3Transport::Write(End end, absl::string_view bytes) {
  world_->At(end).Write(bytes);
}

void Ns3Transport::Run() { ns3::Simulator::Run(); }

}  // namespace sluice::lab
