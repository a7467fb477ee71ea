#include "benchmarks/micro/exchange.h"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::benchmarks {

Exchange BrowserExchange(size_t response_bytes) {
  return {.request = {{":method", "GET"},
                      {":scheme", "https"},
                      {":authority", "www.example.org"},
                      {":path", "/assets/images/photograph-1280.jpg"},
                      {"user-agent",
                       "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) "
                       "Gecko/20100101 Firefox/128.0"},
                      {"accept", "image/avif,image/webp,*/*;q=0.8"},
                      {"accept-encoding", "gzip, deflate, br"},
                      {"priority", "u=4, i"}},
          .response = {{":status", "200"},
                       {"content-type", "image/jpeg"},
                       {"cache-control", "max-age=3600"},
                       {"content-length", std::to_string(response_bytes)}},
          .response_bytes = response_bytes,
          .trailers = {}};
}

Exchange ApiExchange(size_t response_bytes) {
  return {.request = {{":method", "GET"},
                      {":scheme", "https"},
                      {":authority", "api.example.org"},
                      {":path", "/v1/orders/81623?fields=state,total"},
                      {"authorization", "Bearer " + std::string(120, 'a')},
                      {"accept", "application/json"}},
          .response = {{":status", "200"},
                       {"content-type", "application/json"},
                       {"etag", "\"5f2b17c0\""},
                       {"content-length", std::to_string(response_bytes)}},
          .response_bytes = response_bytes,
          .trailers = {}};
}

Exchange GrpcExchange(size_t response_bytes) {
  return {
      .request = {{":method", "POST"},
                  {":scheme", "http"},
                  {":path", "/shop.Orders/Get"},
                  {":authority", "orders.internal:50051"},
                  {"content-type", "application/grpc"},
                  {"te", "trailers"},
                  {"grpc-timeout", "1S"}},
      .request_bytes = 64,
      .response = {{":status", "200"}, {"content-type", "application/grpc"}},
      .response_bytes = response_bytes,
      .trailers = {{"grpc-status", "0"}, {"grpc-message", ""}}};
}

Exchange UploadExchange(size_t request_bytes) {
  Exchange upload = BrowserExchange(0);
  upload.request[0].second = "POST";
  upload.request_bytes = request_bytes;
  return upload;
}

Exchange PathsExchange(size_t response_bytes) {
  Exchange paths = BrowserExchange(response_bytes);
  paths.request[3].second = "/assets/images/photograph-########.jpg";
  paths.response[3].second =
      std::string(std::to_string(response_bytes).size(), '@');
  paths.response.push_back({"etag", "\"5f2b-########\""});
  if (response_bytes > 0) paths.response_lengths = 100;
  return paths;
}

namespace {

// Sinks refer to one of these, so that none takes memory for what it captures.
struct Wire {
  End* to;
  std::string* copy;
  uint64_t bytes = 0;

  void operator()(std::string_view piece) {
    bytes += piece.size();
    if (copy != nullptr) *copy += piece;
    to->Receive(piece);
  }
};

}  // namespace

Carried Carry(ClientEnd& client, End& server, uint64_t done,
              std::string* from_client, std::string* from_server) {
  Wire up{&server, from_client};
  Wire down{&client, from_server};
  while (client.done() < done) {
    const uint64_t before = up.bytes + down.bytes;
    client.Write(std::ref(up));
    server.Write(std::ref(down));
    if (up.bytes + down.bytes == before) std::abort();
  }
  return {up.bytes, down.bytes};
}

}  // namespace sluice::benchmarks
