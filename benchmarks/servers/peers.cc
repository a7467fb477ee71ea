#include "benchmarks/servers/peers.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace sluice::servers {
namespace {

// nghttpd and nghttpx read the key first.
std::vector<std::string> NghttpdWords(std::vector<std::string> more = {}) {
  std::vector<std::string> words = {"--address={address}", "--htdocs={root}",
                                    "--workers={threads}",
                                    "{cleartext} --no-tls"};
  words.insert(words.end(), more.begin(), more.end());
  words.insert(words.end(), {"{port}", "{tls} {key}", "{tls} {cert}"});
  return words;
}

std::vector<Peer> MakePeers() {
  return {
      {.name = "nghttpd",
       .package = "nghttp2-server",
       .program = "nghttpd",
       .version = {"{program}", "--version"},
       .words = NghttpdWords()},
      {.name = "nghttpd-9218",
       .package = "nghttp2-server",
       .program = "nghttpd",
       .version = {"{program}", "--version"},
       .words = NghttpdWords({"--no-rfc7540-pri"})},
      {.name = "nghttpx",
       .package = "nghttp2-proxy",
       .program = "nghttpx",
       .version = {"{program}", "--version"},
       .words = {"--single-process", "--conf=/dev/null",
                 "{cleartext} --frontend={address},{port};no-tls",
                 "{tls} --frontend={address},{port}",
                 "--backend=127.0.0.1,{backend_port};;proto=h2",
                 "--workers={threads}", "--log-level=ERROR",
                 "--backend-http2-window-size=1M",
                 "--backend-response-buffer=1M", "--errorlog-file=/dev/stderr",
                 "{tls} {key}", "{tls} {cert}"},
       .backend = "nghttpd"},
      {.name = "h2o",
       .package = "h2o",
       .program = "h2o",
       .version = {"{program}", "--version"},
       .words = {"--conf", "{work}/h2o.conf"},
       .configuration = "h2o.conf"},
      {.name = "nginx",
       .package = "nginx",
       .program = "nginx",
       .version = {"{program}", "-v"},
       .words = {"-e", "stderr", "-p", "{work}", "-c", "{work}/nginx.conf"},
       .configuration = "nginx.conf"},
      {.name = "apache",
       .package = "apache2-bin",
       .program = "apache2",
       .version = {"{program}", "-v"},
       .words = {"-X", "-f", "{work}/apache.conf"},
       .configuration = "apache.conf"},
      {.name = "lighttpd",
       .package = "lighttpd",
       .program = "lighttpd",
       .version = {"{program}", "-v"},
       .words = {"-D", "-m", "{usr}/lib/lighttpd", "-f",
                 "{work}/lighttpd.conf"},
       .configuration = "lighttpd.conf"},
      {.name = "hypercorn",
       .package = "python3-hypercorn",
       .program = "hypercorn",
       .version = {"/usr/bin/python3", "-c",
                   "from importlib.metadata import version\n"
                   "print(version('hypercorn'))"},
       .words = {"{config}/hypercorn_app.py:app", "--bind={address}:{port}",
                 "--log-level=error", "{tls} --certfile={cert}",
                 "{tls} --keyfile={key}"},
       .environment = {"PYTHONPATH={usr}/lib/python3/dist-packages",
                       "ROOT={root}"}},
      {.name = "node",
       .package = "nodejs",
       .program = "node",
       .version = {"{program}", "--version"},
       .words = {"{config}/node.js", "{address}", "{port}", "{root}",
                 "{tls} {cert}", "{tls} {key}"}},
      {.name = "caddy",
       .package = "caddy",
       .program = "caddy",
       .version = {"{program}", "version"},
       .words = {"run", "--adapter=caddyfile", "--config={work}/caddy.conf"},
       .configuration = "caddy.conf",
       .environment = {"HOME={work}", "XDG_DATA_HOME={work}",
                       "XDG_CONFIG_HOME={work}", "GOMAXPROCS={threads}"}},
      {.name = "libsoup",
       .package = "libsoup-3.0-0",
       .program = "soup_server",
       .version = {"{program}", "--version"},
       .words = {"{address}", "{port}", "{root}", "{tls} {cert}",
                 "{tls} {key}"},
       .environment = {"GIO_EXTRA_MODULES={lib}/gio/modules"},
       .cleartext = false},
  };
}

}  // namespace

absl::Span<const Peer> Peers() {
  static const auto& peers = *new std::vector<Peer>(MakePeers());
  return peers;
}

const Peer* FindPeer(absl::string_view name) {
  const absl::Span<const Peer> peers = Peers();
  const auto found = absl::c_find_if(
      peers, [&](const Peer& peer) { return peer.name == name; });
  return found == peers.end() ? nullptr : &*found;
}

}  // namespace sluice::servers
