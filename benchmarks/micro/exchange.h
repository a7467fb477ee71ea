// Requests and responses between a client and a server in one process: the ends
// of Sluice and of libnghttp2 behind one face, joined by memory.
//
// A client is asked for requests and says how many of them are done. Each end
// takes the other's bytes and gives its own, piece by piece, to a function. No
// end copies for the sake of the benchmark.
#ifndef SLUICE_BENCHMARKS_MICRO_EXCHANGE_H_
#define SLUICE_BENCHMARKS_MICRO_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::benchmarks {

using Fields = std::vector<std::pair<std::string, std::string>>;

// One kind of exchange. Bodies in bytes; 0: none. A run of '#' in a value of a
// request or response is the message's number, a run of '@' the length of its
// body, in so many digits.
struct Exchange {
  Fields request;
  size_t request_bytes = 0;
  Fields response;
  size_t response_bytes = 0;
  // A body is longer by the message's number modulo this.
  size_t response_lengths = 1;
  Fields trailers;
  // The server leaves the first so many requests without an answer.
  uint64_t unanswered = 0;
};

// The requests of a browser (8 fields), of an API's client and of gRPC (which
// has trailers), and what answers them.
Exchange BrowserExchange(size_t response_bytes);
Exchange ApiExchange(size_t response_bytes);
Exchange GrpcExchange(size_t response_bytes);
Exchange UploadExchange(size_t request_bytes);
// As a browser's, and no message comes twice: each request has a path of its
// own, each response an etag, and bodies have 100 lengths.
Exchange PathsExchange(size_t response_bytes);

using Sink = std::function<void(std::string_view)>;

class End {
 public:
  virtual ~End() = default;
  virtual void Receive(std::string_view bytes) = 0;
  // Gives `sink` all that may be sent now. The bytes live until `sink` returns.
  virtual void Write(const Sink& sink) = 0;
};

class ClientEnd : public End {
 public:
  virtual void Request() = 0;
  virtual uint64_t done() const = 0;  // responses that ended
};

// A server answers each request once it has all of it. Sluice's is a
// DataScheduler with the policy `rfc7540`. libnghttp2's copies bodies into the
// session or, with `no_copy`, hands them over by send_data_callback; with a
// policy, adapters/nghttp2 is in charge of it.
std::unique_ptr<ClientEnd> MakeSluiceClient(const Exchange& exchange);
std::unique_ptr<End> MakeSluiceServer(const Exchange& exchange);
std::unique_ptr<ClientEnd> MakeNghttp2Client(const Exchange& exchange,
                                             bool no_copy);
std::unique_ptr<End> MakeNghttp2Server(const Exchange& exchange, bool no_copy,
                                       const char* policy = nullptr);

// Bytes that went either way.
struct Carried {
  uint64_t to_server = 0;
  uint64_t to_client = 0;
};

// Carries bytes until `client` has `done` responses, and appends them to the
// strings that are given. Aborts where the ends come to a halt before.
Carried Carry(ClientEnd& client, End& server, uint64_t done,
              std::string* from_client = nullptr,
              std::string* from_server = nullptr);

}  // namespace sluice::benchmarks

#endif  // SLUICE_BENCHMARKS_MICRO_EXCHANGE_H_
