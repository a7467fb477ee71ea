#include "benchmarks/micro/exchange.h"

#include <cstdlib>

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

Carried Carry(ClientEnd& client, End& server, uint64_t done,
              std::string* from_client, std::string* from_server) {
  Carried carried;
  while (client.done() < done) {
    const Carried before = carried;
    client.Write([&](std::string_view bytes) {
      carried.to_server += bytes.size();
      if (from_client != nullptr) *from_client += bytes;
      server.Receive(bytes);
    });
    server.Write([&](std::string_view bytes) {
      carried.to_client += bytes.size();
      if (from_server != nullptr) *from_server += bytes;
      client.Receive(bytes);
    });
    if (carried.to_server == before.to_server &&
        carried.to_client == before.to_client) {
      std::abort();
    }
  }
  return carried;
}

}  // namespace sluice::benchmarks
