// server_driven: css and js before everything else, as long as the client says
// no dependencies; else the client's RFC 7540 tree as it is.
//
// h2o does this for browsers that gave weights only ("blocking assets" go to
// the top): without dependencies the client knows nothing better, and a page
// that is not styled shows nothing. The css and js share by the client's
// weights, and so do the others after them. The first dependency on a stream,
// or exclusive one, that the client names ends it for the connection.
//
// Only hints say that a stream is css or js; a later hint moves the stream up
// at once. The application's own priority is obeyed in both modes as in
// rfc7540, and RFC 9218 signals stand for weights as there.
#include <sluice/scheduler/register_policy.h>
#include <sluice/scheduler/two_policies.h>
#include <sluice/signals/rfc7540_priority.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sluice::scheduler {
namespace {

// First the client's tree, second, and so before it, one of css and js.
class ServerDriven final : public TwoPolicies {
 public:
  ServerDriven(std::unique_ptr<Policy> client, std::unique_ptr<Policy> blocking)
      : TwoPolicies(std::move(client), std::move(blocking),
                    "css, js first: the client gave no dependencies") {}

  void OnOpen(StreamId id, const StreamInfo& info) override {
    if (info.rfc7540.has_value()) Notice(*info.rfc7540);
    TwoPolicies::OnOpen(id, info);
  }

  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    if (changed == Signal::kRfc7540) Notice(*info.rfc7540);
    TwoPolicies::OnPriority(id, info, changed);
  }

  absl::Status OnIdlePriority(
      StreamId id, const signals::Rfc7540Priority& priority) override {
    absl::Status status = TwoPolicies::OnIdlePriority(id, priority);
    if (status.ok()) Notice(priority);
    return status;
  }

 private:
  Side SideOf(const StreamInfo& info) const override {
    const bool blocks = info.hints.resource_class == ResourceClass::kCss ||
                        info.hints.resource_class == ResourceClass::kJs;
    return blocks && !dependencies_ ? Side::kSecond : Side::kFirst;
  }

  void Notice(const signals::Rfc7540Priority& priority) {
    if (dependencies_ || (priority.depends_on == 0 && !priority.exclusive)) {
      return;
    }
    dependencies_ = true;
    ServeAgain();
  }

  bool dependencies_ = false;
};

absl::StatusOr<std::unique_ptr<Policy>> Make(const PolicyOptions& options,
                                             OptionReader&) {
  absl::StatusOr<std::unique_ptr<Policy>> client =
      CreatePolicy("rfc7540", options);
  if (!client.ok()) return client;
  absl::StatusOr<std::unique_ptr<Policy>> blocking =
      CreatePolicy("rfc7540", options);
  if (!blocking.ok()) return blocking;
  return std::make_unique<ServerDriven>(*std::move(client),
                                        *std::move(blocking));
}

SLUICE_REGISTER_POLICY_FACTORY(
    server_driven, "css and js first unless the client gave dependencies",
    Make);

}  // namespace
}  // namespace sluice::scheduler
