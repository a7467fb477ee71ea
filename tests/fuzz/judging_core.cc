#include "tests/fuzz/judging_core.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/errors.h>
#include <sluice/h2/events.h>
#include <sluice/h2/options.h>
#include <sluice/h2/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"
#include "tests/h2/frame_text.h"

namespace sluice::fuzz {
namespace {

using h2::StreamId;
using h2::tests::CodeText;

h2::ErrorCode CodeAt(absl::string_view payload) {
  uint32_t code = 0;
  for (const char byte : payload.substr(0, 4)) {
    code = code << 8 | static_cast<uint8_t>(byte);
  }
  return static_cast<h2::ErrorCode>(code);
}

}  // namespace

void JudgingCore::DeliverHeaders(StreamId id, absl::string_view name,
                                 absl::string_view value) {
  if (is_client_ && name == "content-length") return;
  Deliver(id, absl::StrCat("[", name, ": ", value, "]"));
}

Judgement JudgingCore::Take() {
  output_ += TakeOutput();
  if (is_client_ && !std::exchange(preface_gone_, true)) {
    output_.erase(0, h2::tests::kPreface.size());
  }
  Judgement judgement{.why = std::exchange(why_, {})};
  std::set<std::string> resets;
  std::string goaway;
  for (const h2::tests::Frame& frame : h2::tests::TakeFrames(&output_)) {
    const absl::string_view payload = frame.payload;
    if (frame.type == h2::tests::kRstStream) {
      resets.insert(absl::StrCat("RST_STREAM ", CodeText(CodeAt(payload))));
      judgement.streams.insert(frame.stream_id);
    } else if (frame.type == h2::tests::kGoAway) {
      goaway = absl::StrCat("GOAWAY ", CodeText(CodeAt(payload.substr(4))));
      if (payload.size() > 8) judgement.why = std::string(payload.substr(8));
    }
  }
  if (failed_) {
    judgement.verdict = "fails";
  } else if (!goaway.empty()) {
    judgement.verdict = goaway;
  } else if (!resets.empty()) {
    judgement.verdict = absl::StrJoin(resets, " + ");
    return judgement;
  }
  judgement.streams.clear();  // they end with the connection
  return judgement;
}

// --- Ours --------------------------------------------------------------------

namespace {

class Ours : public JudgingCore {
 public:
  Ours(h2::Side side, const std::vector<h2::Setting>& settings)
      : JudgingCore(side),
        connection_({.side = side,
                     .settings = settings,
                     .limits = {.budgets = AmpleBudgets()},
                     .normalize_inbound = false}) {
    connection_.InitiateConnection().IgnoreError();
  }

  void Receive(absl::string_view bytes) override {
    std::vector<h2::Event> events;
    const absl::Status status = connection_.ReceiveData(bytes, &events);
    for (const h2::Event& event : events) Note(event);
    if (!status.ok()) why_ = std::string(status.message());
  }

  bool Ask(StreamId id, const std::vector<h2::Header>& request,
           bool end_stream) override {
    return connection_.SendHeaders(id, request, {.end_stream = end_stream})
        .ok();
  }
  bool Answer(StreamId id, bool end_stream) override {
    return connection_.AwaitsResponse(id) &&
           connection_
               .SendHeaders(id, {{":status", "200"}},
                            {.end_stream = end_stream})
               .ok();
  }
  bool Promise(StreamId parent, StreamId promised) override {
    return connection_.PushStream(parent, promised, h2::tests::Get()).ok();
  }
  bool Reset(StreamId id) override {
    return connection_.ResetStream(id, h2::ErrorCode::kCancel).ok();
  }
  bool IsDone() const override { return connection_.IsTerminated(); }

 private:
  std::string TakeOutput() override { return connection_.DataToSend(); }

  void NoteMessage(StreamId id, const h2::HeaderList& headers,
                   bool is_final = true) {
    for (const h2::HeaderView& field : headers) {
      DeliverHeaders(id, field.name, field.value);
    }
    NoteOddities(headers, is_final);
  }

  // What our rules allow, or leave to others, for the words of the table.
  void NoteOddities(const h2::HeaderList& headers, bool is_final) {
    const bool is_request = headers.Find(":method").has_value();
    const absl::string_view status = headers.Find(":status").value_or("");
    const bool is_trailers = !is_request && status.empty();
    int lengths = 0;
    for (const h2::HeaderView& field : headers) {
      if (absl::c_any_of(field.value, IsControl)) {
        why_ += "a control character in a value; ";
      }
      if (field.name == "host" && is_trailers) why_ += "host in trailers; ";
      if (field.name == "content-length") ++lengths;
    }
    if (lengths > 1) why_ += "content-length twice; ";
    if (lengths > 0 && is_trailers) why_ += "content-length in trailers; ";
    if (lengths > 0 && (!is_final || status == "204")) {
      why_ += "content-length without content; ";
    }
    const auto protocol = headers.Find(":protocol");
    if (!protocol.has_value()) return;
    if (protocol->empty()) why_ += "an empty :protocol; ";
    if (!headers.Find(":authority")) why_ += ":protocol without :authority; ";
  }

  static bool IsControl(char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\t';
  }

  void Note(const h2::Event& event) {
    if (const auto* request = std::get_if<h2::RequestReceived>(&event)) {
      NoteMessage(request->stream_id, request->headers);
    } else if (const auto* response =
                   std::get_if<h2::ResponseReceived>(&event)) {
      NoteMessage(response->stream_id, response->headers);
    } else if (const auto* early =
                   std::get_if<h2::InformationalResponseReceived>(&event)) {
      NoteMessage(early->stream_id, early->headers, /*is_final=*/false);
    } else if (const auto* trailers =
                   std::get_if<h2::TrailersReceived>(&event)) {
      NoteMessage(trailers->stream_id, trailers->headers);
    } else if (const auto* push =
                   std::get_if<h2::PushedStreamReceived>(&event)) {
      NoteMessage(push->pushed_stream_id, push->headers);
    } else if (const auto* data = std::get_if<h2::DataReceived>(&event)) {
      Deliver(data->stream_id, data->data);
    } else if (const auto* end = std::get_if<h2::StreamEnded>(&event)) {
      Deliver(end->stream_id, "[end]");
    } else if (const auto* reset = std::get_if<h2::StreamReset>(&event)) {
      if (!reset->remote) why_ = std::string(reset->error.message());
    }
  }

  h2::Connection connection_;
};

}  // namespace

std::unique_ptr<JudgingCore> OurCore(h2::Side side,
                                     const std::vector<h2::Setting>& settings) {
  return std::make_unique<Ours>(side, settings);
}

}  // namespace sluice::fuzz
