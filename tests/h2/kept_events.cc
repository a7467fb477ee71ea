#include "tests/h2/kept_events.h"

#include <variant>

#include "absl/strings/str_cat.h"

namespace sluice::h2::tests {

// Makes what an event views the memory of `kept`.
struct KeptEvents::Keep {
  KeptEvents& kept;

  void operator()(auto&) const {}
  void operator()(auto& message) const requires requires { message.headers; }
  {
    std::vector<HeaderView> fields(message.headers.begin(),
                                   message.headers.end());
    for (HeaderView& field : fields) {
      field.name = kept.Copy(field.name);
      field.value = kept.Copy(field.value);
    }
    message.headers = HeaderList(kept.fields_.emplace_back(std::move(fields)));
  }
  void operator()(DataReceived& data) const {
    data.data = kept.Copy(data.data);
  }
};

bool KeptEvents::Add(const Event& event) {
  const auto* piece = std::get_if<DataReceived>(&event);
  if (piece != nullptr && AddPiece(*piece)) return true;
  pieces_end_ = false;
  std::visit(Keep{*this}, events_.emplace_back(event));
  return false;
}

bool KeptEvents::AddPiece(const DataReceived& piece) {
  if (pieces_end_ || events_.empty()) return false;
  auto* const last = std::get_if<DataReceived>(&events_.back());
  if (last == nullptr || last->stream_id != piece.stream_id ||
      last->frame_bytes_left == 0) {
    return false;
  }
  absl::StrAppend(&text_.back(), piece.data);
  last->data = text_.back();
  last->flow_controlled_length += piece.flow_controlled_length;
  last->stream_ended = piece.stream_ended;
  last->frame_bytes_left = piece.frame_bytes_left;
  return true;
}

}  // namespace sluice::h2::tests
