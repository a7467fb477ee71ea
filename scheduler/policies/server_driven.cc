// server_driven: css and js before everything else, as long as the client says
// no dependencies; else the client's RFC 7540 tree as it is.
//
// What h2o does for browsers that gave weights only ("blocking assets" go to
// the top): without dependencies the client knows nothing better, and a page
// that is not styled shows nothing. The css and js share by the client's
// weights, and so do the others after them. The first dependency on a stream,
// or exclusive one, that the client names ends it for the connection.
//
// What is css or js comes from the hints alone; a later hint moves the stream
// up at once. The application's own priority is obeyed in both modes as in
// rfc7540, and RFC 9218 signals stand for weights as there.
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/option_reader.h"
#include "scheduler/policy.h"
#include "scheduler/registry.h"
#include "scheduler/two_policies.h"

namespace sluice::scheduler {
namespace {

// First the client's tree, second, and so before it, one of css and js.
class ServerDriven final : public TwoPolicies {
 public:
  ServerDriven(std::unique_ptr<Policy> client, std::unique_ptr<Policy> blocking,
               const PolicyOptions& options)
      : TwoPolicies(std::move(client), std::move(blocking), options,
                    "css, js first: the client gave no dependencies") {}

 private:
  Side SideOf(const StreamInfo& info) const override {
    const bool blocks = info.hints.resource_class == ResourceClass::kCss ||
                        info.hints.resource_class == ResourceClass::kJs;
    return blocks && !dependencies_ ? Side::kSecond : Side::kFirst;
  }

  bool Notice(const StreamInfo& info, std::optional<Signal>) override {
    if (dependencies_ || !info.rfc7540.has_value()) return false;
    dependencies_ = info.rfc7540->depends_on != 0 || info.rfc7540->exclusive;
    return dependencies_;
  }

  bool dependencies_ = false;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options) {
  if (absl::Status status = OptionReader(options).Finish(); !status.ok()) {
    return status;
  }
  absl::StatusOr<std::unique_ptr<Policy>> client =
      CreatePolicy("rfc7540", options);
  if (!client.ok()) return client.status();
  absl::StatusOr<std::unique_ptr<Policy>> blocking =
      CreatePolicy("rfc7540", options);
  if (!blocking.ok()) return blocking.status();
  return MakePolicy<ServerDriven>(options.memory, *std::move(client),
                                  *std::move(blocking), options);
}

SLUICE_REGISTER_POLICY(server_driven,
                       "css and js first unless the client gave dependencies",
                       Make);

}  // namespace
}  // namespace sluice::scheduler
