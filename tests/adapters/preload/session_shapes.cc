// Serves sessions of many shapes in memory and prints what each stream's two
// ends saw. Plain and with a preloaded library the output is the same: only the
// order between streams may change, which it does not print. Where one stream
// is served at a time, every byte of the server counts.
//
//   session_shapes          all of them
//   session_shapes order    the order of two bodies, the urgent one second
//   session_shapes hints    the order of bodies of twelve types, the longest
//   first session_shapes memory   bytes of the heap that an idle session takes
//   session_shapes fork     children that end, of ten, while threads serve
//   session_shapes accept   what a server finds that accepts two connections
//   session_shapes poll     what APR's poll returns in a program without APR
#include <dlfcn.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/adapters/preload/peers.h"

namespace sluice::preload_test {
namespace {

std::string Report(const Server& server, const Client& client) {
  std::string out;
  for (const auto& [id, log] : server.logs()) {
    out += "--- server, stream " + std::to_string(id) + "\n" + log;
  }
  for (const auto& [id, log] : client.logs()) {
    out += "--- client, stream " + std::to_string(id) + "\n" + log;
  }
  return out;
}

std::string Wire(const std::string& bytes) {
  return "--- " + std::to_string(bytes.size()) + " bytes, hash " +
         std::to_string(Hash(bytes)) + "\n";
}

// Each request gets `body`.
Server::Handler AnswerWith(const Body& body) {
  return [body](Server* server, int32_t id) { server->Answer(id, body); };
}

// `count` requests at once.
std::string Crowd(const ServerOptions& options, const Server::Handler& handler,
                  int count = 5, uint32_t window = 1 << 20,
                  size_t step = SIZE_MAX) {
  Server server(options, handler);
  Client client(window);
  for (int i = 0; i < count; ++i) {
    client.Get("/" + std::to_string(i),
               {{"priority", i % 2 == 0 ? "u=5, i" : "u=1"}});
  }
  Exchange(&server, &client, step);
  return Report(server, client);
}

// One after the other: every byte is the same.
std::string OneByOne(const ServerOptions& options,
                     const Server::Handler& handler, size_t step = SIZE_MAX) {
  Server server(options, handler);
  Client client;
  std::string wire;
  for (int i = 0; i < 3; ++i) {
    client.Get("/" + std::to_string(i));
    wire += Exchange(&server, &client, step);
  }
  return Wire(wire) + Report(server, client);
}

std::string HeadersAndData() {
  return OneByOne({}, [](Server* server, int32_t id) {
    server->AnswerInParts(id, {.left = 40000});
    // Refused, while the stream has a body; and no such stream.
    static Body refused = {.left = 10};
    server->SubmitData(id, NGHTTP2_FLAG_NONE, &refused);
    server->SubmitData(id + 100, NGHTTP2_FLAG_END_STREAM, &refused);
  });
}

int32_t Promise(Server* server, int32_t stream_id) {
  const auto field = [](const char* name, const char* value) -> nghttp2_nv {
    const auto bytes = [](const char* text) {
      return reinterpret_cast<uint8_t*>(const_cast<char*>(text));
    };
    return {bytes(name), bytes(value), std::strlen(name), std::strlen(value),
            NGHTTP2_NV_FLAG_NONE};
  };
  const nghttp2_nv request[] = {field(":method", "GET"),
                                field(":scheme", "http"), field(":path", "/p"),
                                field(":authority", "localhost")};
  return nghttp2_submit_push_promise(server->session(), NGHTTP2_FLAG_NONE,
                                     stream_id, request, std::size(request),
                                     nullptr);
}

void AllowPushes(Client* client, uint32_t count) {
  const nghttp2_settings_entry limit = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                        count};
  nghttp2_submit_settings(client->session(), NGHTTP2_FLAG_NONE, &limit, 1);
}

std::string Push() {
  return OneByOne({}, [](Server* server, int32_t id) {
    server->Answer(id, {.left = 30000});
    const int32_t pushed = Promise(server, id);
    server->log(id) += "promised " + std::to_string(pushed) + "\n";
    // The parent has all of its bytes first, in either order.
    server->Answer(pushed, {.left = 0});
  });
}

// The client allows no stream of the server, but a promise is none yet.
std::string PushHeldBack() {
  Server server({}, [](Server* at, int32_t id) {
    const int32_t pushed = Promise(at, id);
    at->Answer(pushed, {.left = 20000}, {{"priority", "u=0"}});
    at->Answer(id, {.left = 30000});
  });
  Client client;
  AllowPushes(&client, 0);
  client.Get("/");
  Exchange(&server, &client);
  return Report(server, client);
}

// nghttp2 loses the first pushed body, which it comes to before its HEADERS.
std::string PushLost() {
  Server server({}, [](Server* at, int32_t id) {
    const int32_t pushed = Promise(at, id);
    at->AnswerInParts(pushed, {.left = 20000});
    if (id > 1) at->Answer(id, {.left = 30000});
  });
  Client client;
  AllowPushes(&client, 0);
  client.Get("/");
  Exchange(&server, &client);
  AllowPushes(&client, 2);
  Exchange(&server, &client);
  client.Get("/again");
  Exchange(&server, &client);
  return Report(server, client);
}

// RFC 7540 §3.2: the request was one of HTTP/1.1.
std::string Upgrade() {
  Server server({}, AnswerWith({.left = 50000}));
  Client client;
  uint8_t settings[64];
  const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                        1 << 20};
  const auto size =
      nghttp2_pack_settings_payload(settings, sizeof(settings), &entry, 1);
  server.log(1) += "upgrade: " +
                   std::to_string(nghttp2_session_upgrade2(
                       server.session(), settings, size, 0, nullptr)) +
                   "\n";
  nghttp2_session_upgrade2(client.session(), settings, size, 0, nullptr);
  server.Answer(1, {.left = 50000});
  return Wire(Exchange(&server, &client)) + Report(server, client);
}

std::string Deferred() {
  Server server({}, AnswerWith({.left = 60000, .available = 20000}));
  Client client;
  for (int i = 0; i < 3; ++i) client.Get("/");
  Exchange(&server, &client);
  for (const int id : {5, 1, 3, 1, 7}) server.Resume(id);
  Exchange(&server, &client);
  return Report(server, client);
}

std::string Errors() {
  Server server({}, [](Server* at, int32_t id) {
    if (id == 1) {
      at->Answer(id, {.left = 9000,
                      .available = 5000,
                      .when_empty = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE});
    } else {
      at->Answer(id, {.left = 100000, .available = 50000});
    }
  });
  Client client;
  for (int i = 0; i < 4; ++i) client.Get("/");
  Exchange(&server, &client);
  nghttp2_submit_rst_stream(client.session(), NGHTTP2_FLAG_NONE, 3,
                            NGHTTP2_CANCEL);
  nghttp2_submit_rst_stream(server.session(), NGHTTP2_FLAG_NONE, 5,
                            NGHTTP2_INTERNAL_ERROR);
  Exchange(&server, &client);
  server.Answer(3, {.left = 10});   // too late
  server.Answer(99, {.left = 10});  // never asked for
  server.Answer(0, {.left = 10});
  server.Resume(3);
  server.Resume(7);
  nghttp2_submit_goaway(server.session(), NGHTTP2_FLAG_NONE, 7,
                        NGHTTP2_NO_ERROR, nullptr, 0);
  Exchange(&server, &client);
  return Report(server, client);
}

std::string FatalErrors() {
  Server server({}, AnswerWith({.left = 9000,
                                .available = 5000,
                                .when_empty = NGHTTP2_ERR_CALLBACK_FAILURE}));
  Client client;
  client.Get("/");
  Exchange(&server, &client);
  Server stranger({}, AnswerWith({}));
  stranger.log(0) +=
      std::to_string(stranger.Receive("GET / HTTP/1.1\r\nhost: a\r\n\r\n")) +
      "\n";
  Server bad_frame({}, AnswerWith({}));
  // A PRIORITY frame of 4 bytes, and one of 5 that depends on itself.
  bad_frame.Receive(client.Send() + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                    std::string("\0\0\0\4\0\0\0\0\0", 9) +
                    std::string("\0\0\4\2\0\0\0\0\3abcd", 13) +
                    std::string("\0\0\5\2\0\0\0\0\3\0\0\0\3a", 14));
  const std::string answer = bad_frame.Send();
  return Report(server, client) + Report(stranger, client) + Wire(answer) +
         Report(bad_frame, client);
}

std::string Uploads() {
  Server server({.pauses_uploads = true}, AnswerWith({.left = 20000}));
  Client client;
  std::string wire;
  for (const size_t bytes : {5000, 100000}) {
    client.Post("/", bytes);
    wire += Exchange(&server, &client);
  }
  return Wire(wire) + Report(server, client);
}

// The application sees those that it asked for, whatever the policy does.
std::string Updates(bool sees_updates) {
  Server server({.sees_updates = sees_updates}, AnswerWith({.left = 70000}));
  Client client;
  // RFC 9218 §7.1, and PRIORITY of RFC 9113 §6.3.
  std::string frames = client.Send();
  frames += std::string("\0\0\7\x10\0\0\0\0\0\0\0\0\1u=0", 16);
  frames += std::string("\0\0\5\2\0\0\0\0\3\0\0\0\1\x20", 14);
  for (const char byte : frames) server.Receive(std::string(1, byte));
  client.Get("/1");
  client.Get("/2");
  Exchange(&server, &client);
  return Report(server, client);
}

struct Counts {
  size_t taken = 0;
  size_t given_back = 0;
};

std::string OwnMemory() {
  Counts counts;
  nghttp2_mem memory = {};
  memory.mem_user_data = &counts;
  memory.malloc = [](size_t size, void* data) {
    ++static_cast<Counts*>(data)->taken;
    return std::malloc(size);
  };
  memory.calloc = [](size_t count, size_t size, void* data) {
    ++static_cast<Counts*>(data)->taken;
    return std::calloc(count, size);
  };
  memory.realloc = [](void* block, size_t size, void* data) {
    if (block == nullptr) ++static_cast<Counts*>(data)->taken;
    return std::realloc(block, size);
  };
  memory.free = [](void* block, void* data) {
    if (block != nullptr) ++static_cast<Counts*>(data)->given_back;
    std::free(block);
  };
  std::string out = OneByOne({.memory = &memory}, AnswerWith({.left = 30000}));
  out += counts.taken > 0 && counts.taken == counts.given_back
             ? "all memory came back\n"
             : "memory is missing\n";
  return out;
}

// A client uses the callbacks that servers use at the same time, as do servers
// of other threads, and a session goes from thread to thread.
std::string Threads() {
  constexpr int kThreads = 4;
  constexpr int kSessions = 8;
  nghttp2_session_callbacks* shared = Server::MakeCallbacks({});
  std::vector<std::string> reports(kThreads * kSessions);
  std::vector<std::unique_ptr<Server>> servers(reports.size());
  std::vector<std::unique_ptr<Client>> clients(reports.size());
  // Runs `what` for each session; `turn` moves the sessions to other threads.
  const auto on_threads = [&](int turn, const std::function<void(int)>& what) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kSessions; ++i) {
          what((t + turn) % kThreads * kSessions + i);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  const auto answer = AnswerWith({.left = 40000, .available = 20000});
  on_threads(0, [&](int i) {
    servers[i] = std::make_unique<Server>(ServerOptions{}, answer, shared);
    clients[i] =
        std::make_unique<Client>(1 << 20, i % 2 == 0 ? shared : nullptr);
    clients[i]->Get("/" + std::to_string(i));
    clients[i]->Get("/again");
    Exchange(servers[i].get(), clients[i].get());
  });
  on_threads(1, [&](int i) {
    servers[i]->Resume(1);
    servers[i]->Resume(3);
    Exchange(servers[i].get(), clients[i].get());
    reports[i] = Report(*servers[i], *clients[i]);
    servers[i] = std::make_unique<Server>(ServerOptions{}, answer, shared);
  });
  on_threads(2, [&](int i) {
    clients[i] = std::make_unique<Client>();
    clients[i]->Get("/new");
    Exchange(servers[i].get(), clients[i].get());
    reports[i] += Report(*servers[i], *clients[i]);
    servers[i].reset();
  });
  nghttp2_session_callbacks_del(shared);
  std::string out;
  for (const std::string& report : reports) out += report;
  return out;
}

const std::vector<std::pair<const char*, std::function<std::string()>>>&
Shapes() {
  static const auto& shapes = *new std::vector<
      std::pair<const char*, std::function<std::string()>>>{
      {"one response after the other",
       [] { return OneByOne({}, AnswerWith({.left = 300000})); }},
      {"many at once", [] { return Crowd({}, AnswerWith({.left = 200000})); }},
      {"empty bodies", [] { return Crowd({}, AnswerWith({.left = 0})); }},
      {"one byte at a time",
       [] { return Crowd({}, AnswerWith({.left = 20000}), 5, 1 << 20, 1); }},
      {"small windows",
       [] { return Crowd({}, AnswerWith({.left = 100000}), 20, 1000); }},
      {"trailers",
       [] {
         return OneByOne(
             {}, AnswerWith({.left = 30000, .trailers = {{"sum", "12"}}}));
       }},
      {"trailers, many at once",
       [] {
         return Crowd({},
                      AnswerWith({.left = 30000, .trailers = {{"sum", "12"}}}));
       }},
      {"headers and data", HeadersAndData},
      {"push", Push},
      {"push, held back", PushHeldBack},
      {"push, its body lost", PushLost},
      {"upgrade", Upgrade},
      {"session_recv and session_send",
       [] {
         return OneByOne({.by_callbacks = true}, AnswerWith({.left = 50000}));
       }},
      {"session_recv, many at once",
       [] {
         return Crowd({.by_callbacks = true}, AnswerWith({.left = 50000}));
       }},
      {"DEFERRED", Deferred},
      {"PAUSE",
       [] {
         return Crowd({}, AnswerWith({.left = 30000,
                                      .available = 3000,
                                      .when_empty = NGHTTP2_ERR_PAUSE}));
       }},
      {"errors", Errors},
      {"a response with too many fields",
       [] {
         return Crowd({}, [](Server* server, int32_t id) {
           Fields fields;
           if (id == 1) fields = {{"long", std::string(70000, 'x')}};
           server->Answer(id, {.left = 30000}, fields);
         });
       }},
      {"fatal errors", FatalErrors},
      {"uploads that pause", Uploads},
      {"send_data_callback",
       [] {
         return Crowd({.send_data = true},
                      AnswerWith({.left = 50000, .no_copy = true}));
       }},
      {"padding",
       [] { return OneByOne({.padding = 100}, AnswerWith({.left = 50000})); }},
      {"on_header_callback2",
       [] { return Crowd({.header2 = true}, AnswerWith({.left = 5000})); }},
      {"no on_header_callback",
       [] { return Crowd({.no_header = true}, AnswerWith({.left = 5000})); }},
      {"newer forms",
       [] {
         return Crowd({.newer_forms = true}, AnswerWith({.left = 50000}));
       }},
      {"PRIORITY_UPDATE reported", [] { return Updates(true); }},
      {"PRIORITY_UPDATE unreported", [] { return Updates(false); }},
      {"memory of its own", OwnMemory},
      {"threads", Threads},
  };
  return shapes;
}

// The streams in the order of their ends. nghttp2 alone sends the two bodies in
// turn; with a policy the second passes, by its request's field, its
// response's, a call of the server or the length that its response declares.
void PrintOrder() {
  for (const std::string by : {"request", "response", "server's urgency",
                               "server's weight", "response's length"}) {
    std::string ends;
    Server server({}, [&](Server* at, int32_t id) {
      Fields fields;
      if (id == 3 && by == "response") fields = {{"priority", "u=0"}};
      if (by == "response's length") {
        fields = {{"content-length", id == 3 ? "9" : "30000"}};
      }
      if (id == 3 && by == "server's urgency") at->SetUrgency(id, 0);
      if (id == 3 && by == "server's weight") at->SetWeight(id, 256);
      at->Answer(id, {.left = 30000}, fields);
    });
    Client client;
    // A weight is the word of another scheme.
    const Fields low = {{"priority", "u=6"}};
    const Fields first = by == "server's weight" ? Fields() : low;
    client.Get("/1", first);
    client.Get("/3", by == "request" ? Fields{{"priority", "u=0"}} : first);
    server.Receive(client.Send());
    const uint8_t* data = nullptr;
    while (nghttp2_session_mem_send(server.session(), &data) > 0) {
      if (data[3] == NGHTTP2_DATA && (data[4] & NGHTTP2_FLAG_END_STREAM) != 0) {
        ends += " " + std::to_string(data[8]);
      }
    }
    std::printf("by the %s:%s\n", by.c_str(), ends.c_str());
  }
}

// The streams in the order of their ends, with their types.
void PrintHints() {
  const std::vector<std::string> types = {"text/html",
                                          "application/xhtml+xml",
                                          "TEXT/CSS; charset=utf-8",
                                          "text/javascript",
                                          "application/font-woff",
                                          "font/woff2",
                                          "image/png",
                                          "video/mp4",
                                          "audio/ogg",
                                          "application/json",
                                          "application/octet-stream",
                                          "text/plain"};
  Server server({}, [&](Server* at, int32_t id) {
    const size_t length = 400 * (types.size() - id / 2);
    at->Answer(id, {.left = length},
               {{"content-type", types[id / 2]},
                {"content-length", std::to_string(length)}});
  });
  Client client;
  for (size_t i = 0; i < types.size(); ++i) client.Get("/");
  server.Receive(client.Send());
  const uint8_t* data = nullptr;
  while (nghttp2_session_mem_send(server.session(), &data) > 0) {
    if (data[3] == NGHTTP2_DATA && (data[4] & NGHTTP2_FLAG_END_STREAM) != 0) {
      std::printf("%d: %s\n", data[8], types[data[8] / 2].c_str());
    }
  }
}

void PrintMemory() {
  constexpr size_t kSessions = 1000;
  std::vector<std::unique_ptr<Server>> servers;
  servers.reserve(kSessions + 1);
  const auto add = [&] {
    servers.push_back(
        std::make_unique<Server>(ServerOptions{}, AnswerWith({.left = 1000})));
    Client client;
    client.Get("/");
    Exchange(servers.back().get(), &client);
  };
  add();  // and what there is once
  const size_t before = mallinfo2().uordblks;
  for (size_t i = 0; i < kSessions; ++i) add();
  std::printf("%zu\n", (mallinfo2().uordblks - before) / kSessions);
}

// Each child makes sessions of its own.
void PrintForks() {
  const auto make = [] {
    Server server({}, AnswerWith({}));
    Client client;
  };
  make();  // and what is done once
  std::atomic<bool> stops = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stops) make();
    });
  }
  int ended = 0;
  for (int i = 0; i < 10; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      make();
      _exit(0);
    }
    int status = 0;
    ended += waitpid(child, &status, 0) == child && status == 0;
  }
  stops = true;
  for (std::thread& thread : threads) thread.join();
  std::printf("%d\n", ended);
}

// dlerror() says whether the library looked for another one.
void PrintAccepted() {
  for (const int family : {AF_INET, AF_UNIX}) {
    const int listener = socket(family, SOCK_STREAM, 0);
    sockaddr_storage address = {};
    address.ss_family = static_cast<sa_family_t>(family);
    // The kernel chooses the port, or the name.
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t length =
        family == AF_INET ? sizeof(sockaddr_in) : sizeof(sa_family_t);
    const int client = socket(family, SOCK_STREAM, 0);
    if (bind(listener, any, length) != 0 || listen(listener, 1) != 0) return;
    length = sizeof(address);
    getsockname(listener, any, &length);
    if (connect(client, any, length) != 0) return;
    errno = 7;
    const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const int error = errno;
    int lowat = -1;
    socklen_t size = sizeof(lowat);
    getsockopt(accepted, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, &size);
    std::printf("family %d: accepted %d, errno %d, low-water mark %d, %s\n",
                family, accepted >= 0, error, lowat,
                dlerror() == nullptr ? "no fault" : "a fault of the loader");
  }
}

void PrintPoll() {
  void* found = dlsym(RTLD_DEFAULT, "apr_pollset_poll");
  if (found == nullptr) {
    std::puts("none");
    return;
  }
  auto* poll =
      reinterpret_cast<int (*)(void*, int64_t, int32_t*, const void**)>(found);
  std::printf("%d\n", poll(nullptr, 0, nullptr, nullptr));
}

}  // namespace
}  // namespace sluice::preload_test

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "order") {
    sluice::preload_test::PrintOrder();
  } else if (what == "hints") {
    sluice::preload_test::PrintHints();
  } else if (what == "memory") {
    sluice::preload_test::PrintMemory();
  } else if (what == "fork") {
    sluice::preload_test::PrintForks();
  } else if (what == "accept") {
    sluice::preload_test::PrintAccepted();
  } else if (what == "poll") {
    sluice::preload_test::PrintPoll();
  } else {
    for (const auto& [name, shape] : sluice::preload_test::Shapes()) {
      std::printf("=== %s\n%s", name, shape().c_str());
    }
  }
}
