#include "tests/h2/driver.h"

#include <sluice/h2/errors.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/h2/event_text.h"
#include "tests/h2/frame_builder.h"

namespace sluice::h2::tests {

namespace {

// Counts the rounds of --gtest_repeat.
class Rounds : public ::testing::Environment {
 public:
  void SetUp() override { ++round_; }
  static int round() { return round_; }

 private:
  static inline int round_ = -1;
};

[[maybe_unused]] ::testing::Environment* const kRounds =
    ::testing::AddGlobalTestEnvironment(new Rounds);

}  // namespace

Feeding::Feeding(Kind kind, std::string name, uint32_t seed)
    : kind_(kind), name_(std::move(name)), random_(seed) {}

Feeding Feeding::Whole() { return Feeding(Kind::kWhole, "whole", 0); }

Feeding Feeding::OneByte() { return Feeding(Kind::kOneByte, "1 byte", 0); }

Feeding Feeding::Random(uint32_t seed) {
  return Feeding(Kind::kRandom, absl::StrCat("random cuts, seed ", seed), seed);
}

std::vector<Feeding> Feeding::All() {
  return {Whole(), OneByte(), Random(1), Random(2), Random(3)};
}

Feeding Feeding::OfThisRound() {
  const std::vector<Feeding> all = All();
  return all[static_cast<size_t>(Rounds::round()) % all.size()];
}

size_t Feeding::Next(size_t available) {
  switch (kind_) {
    case Kind::kWhole:
      return available;
    case Kind::kOneByte:
      return 1;
    case Kind::kRandom:
      return std::min<size_t>(available,
                              1 + random_() % (random_() % 8 == 0 ? 4096 : 64));
  }
  return available;
}

ConnectionOptions ServerOptions() {
  ConnectionOptions options;
  options.side = Side::kServer;
  return options;
}

ConnectionOptions ClientOptions() {
  ConnectionOptions options;
  options.side = Side::kClient;
  return options;
}

Player::Player(const ConnectionOptions& options, Feeding feeding)
    : connection_(options), side_(options.side), feeding_(std::move(feeding)) {}

void Player::Handshake(const std::vector<Setting>& peer_settings) {
  EXPECT_EQ(StatusText(connection_.InitiateConnection()), "OK");
  EXPECT_EQ(StatusText(Receive(absl::StrCat(
                side_ == Side::kServer ? kPreface : "",
                SettingsFrame(peer_settings), SettingsAckFrame()))),
            "OK");
  TakeEvents();
  TakeFrames();
}

absl::Status Player::Receive(absl::string_view bytes) {
  raw_events_.EndPieces();
  while (!bytes.empty()) {
    const size_t size = feeding_.Next(bytes.size());
    std::vector<Event> events;
    // Its own allocation, so that AddressSanitizer sees a read past its end.
    const std::string piece(bytes.substr(0, size));
    const absl::Status status = connection_.ReceiveData(piece, &events);
    for (const Event& event : events) {
      if (raw_events_.Add(event)) {
        events_.pop_back();
        log_.pop_back();
      }
      Note(EventText(raw_events_.back()));
    }
    if (!status.ok()) {
      Note(StatusText(status));
      return status;
    }
    bytes.remove_prefix(size);
  }
  return absl::OkStatus();
}

void Player::Note(std::string line) {
  log_.push_back(line);
  events_.push_back(std::move(line));
}

std::vector<std::string> Player::TakeEvents() {
  raw_events_ = KeptEvents();
  return std::exchange(events_, {});
}

KeptEvents Player::TakeRawEvents() {
  events_.clear();
  return std::exchange(raw_events_, KeptEvents());
}

std::vector<std::string> Player::TakeFrames() {
  std::vector<std::string> frames = reader_.Read(connection_.DataToSend());
  EXPECT_EQ(reader_.pending(), 0u) << "half a frame was written";
  for (const std::string& frame : frames) log_.push_back("wrote " + frame);
  return frames;
}

std::string StatusText(const absl::Status& status) {
  if (status.ok()) return "OK";
  const std::optional<ErrorKind> kind = ErrorKindOf(status);
  std::string text =
      absl::StrCat("ERROR ", kind ? ErrorKindName(*kind) : "untyped", " ",
                   CodeText(ErrorCodeOf(status)));
  if (ErrorStreamOf(status) != 0) {
    absl::StrAppend(&text, " stream ", ErrorStreamOf(status));
  }
  return text;
}

void UnderEveryFeeding(const ConnectionOptions& options,
                       const std::function<void(Player&)>& body) {
  std::optional<std::vector<std::string>> first;
  for (const Feeding& feeding : Feeding::All()) {
    SCOPED_TRACE(absl::StrCat("feeding: ", feeding.name()));
    Player player(options, feeding);
    body(player);
    player.TakeFrames();
    if (!first) first = player.log();
    EXPECT_THAT(player.log(), ::testing::ElementsAreArray(*first));
    if (::testing::Test::HasFailure()) return;
  }
}

void Ready(const ConnectionOptions& options,
           const std::function<void(Player&)>& body) {
  UnderEveryFeeding(options, [&](Player& player) {
    player.Handshake();
    body(player);
  });
}

Pipe::Pipe(const ConnectionOptions& client_options,
           const ConnectionOptions& server_options, Feeding feeding)
    : client_(client_options, feeding), server_(server_options, feeding) {}

void Pipe::Handshake() {
  EXPECT_EQ(StatusText(client_->InitiateConnection()), "OK");
  EXPECT_EQ(StatusText(server_->InitiateConnection()), "OK");
  Run();
  client_.TakeEvents();
  server_.TakeEvents();
}

void Pipe::Run() {
  bool moved = true;
  while (moved) {
    moved = Move(&client_, &server_);
    // The client's bytes make the server answer.
    moved = Move(&server_, &client_) || moved;
  }
}

bool Pipe::Move(Player* from, Player* to) {
  const std::string bytes = (*from)->DataToSend();
  EXPECT_EQ(StatusText(to->Receive(bytes)), "OK");
  return !bytes.empty();
}

void UnderEveryFeeding(const ConnectionOptions& client_options,
                       const ConnectionOptions& server_options,
                       const std::function<void(Pipe&)>& body) {
  std::optional<std::vector<std::string>> first;
  for (const Feeding& feeding : Feeding::All()) {
    SCOPED_TRACE(absl::StrCat("feeding: ", feeding.name()));
    Pipe pipe(client_options, server_options, feeding);
    body(pipe);
    std::vector<std::string> log = pipe.client().log();
    log.insert(log.end(), pipe.server().log().begin(),
               pipe.server().log().end());
    if (!first) first = log;
    EXPECT_THAT(log, ::testing::ElementsAreArray(*first));
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace sluice::h2::tests
