// A server on our core and scheduler with one fault, so that a test knows which
// verdict is wrong with it:
//
//   faulty_server POLICY FAULT
//
// It prints its port, then serves one connection after the other, in cleartext,
// until it is killed. Every path has a body of 512 KB. With the faults
// "fields-sent", which is none, and "response-fields-ignored", the response of
// /urgent has the field `priority: u=0`, and each other one `priority: u=6`.
#include <sluice/h2/connection.h>
#include <sluice/h2/events.h>
#include <sluice/h2/types.h>
#include <sluice/scheduler/data_scheduler.h>
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace {

namespace h2 = ::sluice::h2;
namespace scheduler = ::sluice::scheduler;
using ::sluice::signals::SignalSource;

constexpr size_t kFrame = 16384;
constexpr size_t kBody = 512 << 10;
constexpr size_t kEverything = size_t{1} << 30;

// What the fault makes of an event. False: the scheduler does not see it.
using Fault = bool (*)(h2::Event* event);

template <typename Signal>
bool IsFrame(const h2::Event& event) {
  const auto* signal = std::get_if<Signal>(&event);
  return signal != nullptr && signal->source == SignalSource::kFrame;
}

bool IgnoreWeights(h2::Event* event) {
  if (auto* tree = std::get_if<h2::PriorityUpdated>(event)) {
    tree->priority.weight = sluice::signals::kDefaultWeight;
  }
  return true;
}

bool IgnoreExclusive(h2::Event* event) {
  if (auto* tree = std::get_if<h2::PriorityUpdated>(event)) {
    tree->priority.exclusive = false;
  }
  return true;
}

bool DropPriority(h2::Event* event) {
  return !IsFrame<h2::PriorityUpdated>(*event);
}

bool DropUpdate(h2::Event* event) {
  return !IsFrame<h2::PriorityFieldUpdated>(*event);
}

bool IgnoreIncremental(h2::Event* event) {
  if (auto* field = std::get_if<h2::PriorityFieldUpdated>(event)) {
    field->priority.incremental = false;
  }
  return true;
}

bool ReverseUrgency(h2::Event* event) {
  if (auto* field = std::get_if<h2::PriorityFieldUpdated>(event)) {
    field->priority.urgency = 7 - field->priority.urgency;
  }
  return true;
}

bool NoFault(h2::Event*) { return true; }

struct Named {
  absl::string_view name;
  Fault fault;
};
constexpr Named kFaults[] = {
    {"none", NoFault},
    {"weights-ignored", IgnoreWeights},
    {"exclusive-ignored", IgnoreExclusive},
    {"priority-dropped", DropPriority},
    {"update-dropped", DropUpdate},
    {"incremental-ignored", IgnoreIncremental},
    {"urgency-reversed", ReverseUrgency},
    // The server's own: see Answer() and Write().
    {"fields-sent", NoFault},
    {"response-fields-ignored", NoFault},
    {"drained-early", NoFault},
};

class Body : public scheduler::DataSource {
 public:
  Chunk Read(size_t max_bytes) override {
    const size_t bytes = std::min(max_bytes, left_);
    left_ -= bytes;
    return {absl::Cord(std::string(bytes, 's')), left_ == 0, absl::OkStatus()};
  }

 private:
  size_t left_ = kBody;
};

class Connection {
 public:
  Connection(int socket, std::unique_ptr<scheduler::Policy> policy,
             const Named& fault)
      : socket_(socket),
        fault_(fault),
        connection_(Options(*policy, Room())),
        scheduler_(&connection_, std::move(policy)) {
    connection_.InitiateConnection().IgnoreError();  // fails the second time
  }

  void Serve() {
    bool open = true;
    while (open && !connection_.IsTerminated()) {
      const bool writes = connection_.OutputSize() > 0 || scheduler_.HasReady();
      pollfd polled = {
          socket_, static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
      poll(&polled, 1, -1);
      if ((polled.revents & ~POLLOUT) != 0) open = Read();
      if (open && (polled.revents & POLLOUT) != 0) open = Write();
    }
    close(socket_);
  }

 private:
  static h2::ConnectionOptions Options(const scheduler::Policy& policy,
                                       size_t room) {
    h2::ConnectionOptions options = {.side = h2::Side::kServer};
    options.limits.output_high_water_mark = room;
    if (policy.AnnouncesNoRfc7540Priorities()) {
      options.settings.push_back({h2::SettingId::kNoRfc7540Priorities, 1});
    }
    return options;
  }

  bool Is(absl::string_view fault) const { return fault_.name == fault; }
  size_t Room() const { return Is("drained-early") ? kEverything : kFrame; }

  bool Read() {
    char buffer[kFrame];
    const ssize_t size = recv(socket_, buffer, sizeof(buffer), 0);
    if (size <= 0) return false;
    std::vector<h2::Event> events;
    connection_.ReceiveData({buffer, static_cast<size_t>(size)}, &events)
        .IgnoreError();  // a GOAWAY is in the output
    for (h2::Event& event : events) {
      if (!fault_.fault(&event)) continue;
      scheduler_.OnEvent(event);
      if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
        Answer(*request);
      }
    }
    connection_.EndViews();
    return true;
  }

  void Answer(const h2::RequestReceived& request) {
    std::vector<h2::Header> headers = {{":status", "200"},
                                       {"server", "faulty"}};
    scheduler::SubmitOptions options;
    const bool ignores = Is("response-fields-ignored");
    if (ignores || Is("fields-sent")) {
      const bool urgent = request.headers.Find(":path") == "/urgent";
      headers.push_back({"priority", urgent ? "u=0" : "u=6"});
    }
    // The application's word goes before the field.
    if (ignores) {
      options.server = scheduler::ServerPriority{
          .rfc9218 = sluice::signals::Rfc9218Priority{}};
    }
    scheduler_.SubmitOrReset(request.stream_id, headers,
                             std::make_unique<Body>(), options);
  }

  bool Write() {
    scheduler_.Pull(Room());
    iovec pieces[16];
    const size_t count = connection_.PeekOutput(pieces);
    msghdr message = {};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    const ssize_t written =
        sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return written >= 0 &&
           connection_.ConsumeOutput(static_cast<size_t>(written)).ok();
  }

  const int socket_;
  const Named& fault_;
  h2::Connection connection_;
  scheduler::DataScheduler scheduler_;
};

int Listen() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  const int lowat = kFrame;
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, generic, size) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, generic, &size) != 0) {
    return -1;
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string policy = argc == 3 ? argv[1] : "";
  const std::string name = argc == 3 ? argv[2] : "";
  const auto* fault =
      std::find_if(std::begin(kFaults), std::end(kFaults),
                   [&](const Named& known) { return known.name == name; });
  if (fault == std::end(kFaults) || !scheduler::CreatePolicy(policy).ok()) {
    std::fprintf(stderr, "usage: %s POLICY FAULT\n", argv[0]);
    return 2;
  }
  const int listener = Listen();
  if (listener < 0) return 1;
  for (;;) {
    const int socket = accept(listener, nullptr, nullptr);
    if (socket < 0) continue;
    Connection(socket, *scheduler::CreatePolicy(policy), *fault).Serve();
  }
}
