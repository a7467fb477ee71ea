// The book of streams, seen by the policy below it: what it is told, and when.
#include <sluice/scheduler/policy.h>
#include <sluice/scheduler/registry.h>
#include <sluice/scheduler/stream_book.h>
#include <sluice/scheduler/stream_info.h>
#include <sluice/signals/rfc7540_priority.h>
#include <sluice/signals/rfc9218_priority.h>
#include <sluice/signals/signal_source.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::scheduler {
namespace {

using signals::Rfc7540Priority;
using signals::Rfc9218Priority;
using signals::SignalSource;
using ::testing::HasSubstr;

std::string Text(const StreamInfo& info) {
  std::string text;
  if (info.rfc7540.has_value()) {
    absl::StrAppend(&text, " ", info.rfc7540->depends_on, ":",
                    info.rfc7540->weight, info.rfc7540->exclusive ? "x" : "",
                    info.rfc7540_before_open ? " before" : "");
  }
  if (info.rfc9218.has_value()) {
    absl::StrAppend(&text, " ", signals::FormatRfc9218Priority(*info.rfc9218));
  }
  if (info.moved) text += " moved";
  if (info.server.has_value()) {
    text += " server";
    if (info.server->rfc7540) {
      absl::StrAppend(&text, " ", info.server->rfc7540->weight);
    }
    if (info.server->rfc9218) {
      absl::StrAppend(&text, " ",
                      signals::FormatRfc9218Priority(*info.server->rfc9218));
    }
  }
  if (info.hints.tunnel) text += " tunnel";
  if (info.hints.bytes_remaining) {
    absl::StrAppend(&text, " ", *info.hints.bytes_remaining, "B");
  }
  return text;
}

// Writes down what it is told.
class Listener final : public Policy {
 public:
  void OnOpen(StreamId id, const StreamInfo& info) override {
    infos_[id] = &info;
    Say(absl::StrCat("open ", id, Text(info)));
  }
  void OnPriority(StreamId id, const StreamInfo& info,
                  Signal changed) override {
    EXPECT_EQ(infos_[id], &info);
    constexpr const char* kNames[] = {"7540", "server", "9218", "hints"};
    Say(absl::StrCat(kNames[static_cast<size_t>(changed)], " ", id,
                     Text(info)));
  }
  absl::Status OnIdlePriority(StreamId id,
                              const Rfc7540Priority& priority) override {
    if (full)
      return absl::ResourceExhaustedError(
          "no room in the tree for stream 3, which is not open");
    Say(absl::StrCat("idle ", id, " ", priority.depends_on, ":",
                     priority.weight));
    return absl::OkStatus();
  }
  void OnClientUsesRfc9218() override { Say("uses 9218"); }
  void OnClose(StreamId id) override { Say(absl::StrCat("close ", id)); }
  void SetReady(StreamId id) override { Say(absl::StrCat("ready ", id)); }
  void SetBlocked(StreamId id) override { Say(absl::StrCat("blocked ", id)); }
  std::optional<Grant> Pick() override { return std::nullopt; }
  void Charge(StreamId id, size_t bytes) override {
    Say(absl::StrCat("charge ", id, " ", bytes));
  }

  // The calls of the policy since the last time.
  std::string Told() {
    std::string told = absl::StrJoin(told_, "; ");
    told_.clear();
    return told;
  }

  bool full = false;

 private:
  void Say(std::string what) { told_.push_back(std::move(what)); }

  std::map<StreamId, const StreamInfo*> infos_;
  std::vector<std::string> told_;
};

class StreamBookTest : public ::testing::Test {
 protected:
  StreamRecord* Open(StreamId id) {
    EXPECT_EQ(book_.Open(id, &records_[id]), absl::StatusCode::kOk);
    return &records_[id];
  }
  absl::StatusCode Frame(StreamId id, const Rfc7540Priority& priority) {
    return book_.SetRfc7540(id, Find(id), priority, SignalSource::kFrame);
  }
  absl::StatusCode Update(StreamId id, const Rfc9218Priority& priority) {
    return book_.SetRfc9218(id, Find(id), priority, SignalSource::kFrame);
  }
  absl::StatusCode Header(StreamId id, const Rfc7540Priority& priority) {
    return book_.SetRfc7540(id, Find(id), priority, SignalSource::kHeader);
  }
  absl::StatusCode Field(StreamId id, const Rfc9218Priority& priority) {
    return book_.SetRfc9218(id, Find(id), priority, SignalSource::kHeader);
  }
  std::string Told() {
    book_.Settle();
    return policy_.Told();
  }

  Listener policy_;
  std::map<StreamId, StreamRecord> records_;
  StreamBook book_{&policy_, /*max_streams=*/3};

 private:
  StreamRecord* Find(StreamId id) {
    const auto found = records_.find(id);
    return found == records_.end() ? nullptr : &found->second;
  }
};

// --- Opening -----------------------------------------------------------------

TEST_F(StreamBookTest, AStreamOpensOnceWithEverySignalOfItsHeaders) {
  StreamRecord* record = Open(1);
  Field(1, {1, true});
  Header(1, {0, 200, true});
  book_.SetHints(record, {.tunnel = true});
  book_.SetReady(record);
  EXPECT_EQ(policy_.Told(), "uses 9218");
  EXPECT_EQ(Told(), "open 1 0:200x u=1, i tunnel; ready 1");
}

TEST_F(StreamBookTest, SpeakingOfAnotherStreamOpensTheFirst) {
  Open(1);
  Open(3);
  EXPECT_EQ(policy_.Told(), "open 1");
  Frame(5, {1, 16, false});
  EXPECT_EQ(policy_.Told(), "open 3; idle 5 1:16");
}

// An exclusive frame acts on what it finds, so two of them are two steps.
TEST_F(StreamBookTest, AFrameAfterTheHeadersIsASignalOfItsOwn) {
  Open(1);
  Header(1, {3, 16, true});
  Frame(1, {5, 16, true});
  EXPECT_EQ(Told(), "open 1 3:16x; 7540 1 5:16x");
}

TEST_F(StreamBookTest, EverySignalOfAnOpenStreamIsToldEvenIfItRepeats) {
  Open(1);
  Frame(1, {0, 16, true});
  Frame(1, {0, 16, true});
  EXPECT_EQ(Told(), "open 1; 7540 1 0:16x; 7540 1 0:16x");
}

// --- Before a stream opens ---------------------------------------------------

TEST_F(StreamBookTest, EarlySignalsAreUsedWhenTheStreamOpensAndThenForgotten) {
  Frame(5, {3, 9, false});
  Update(5, {1, false});
  Update(5, {2, false});
  EXPECT_EQ(Told(), "idle 5 3:9; uses 9218");
  StreamRecord* record = Open(5);
  EXPECT_EQ(Told(), "open 5 3:9 before u=2");
  book_.Close(record);
  records_.erase(5);
  Open(5);
  EXPECT_EQ(Told(), "close 5; open 5");
}

// RFC 9218 §7: the frame has the last word, though the field comes later.
TEST_F(StreamBookTest, AnEarlyPriorityUpdateOverridesTheField) {
  Update(1, {2, false});
  Open(1);
  Field(1, {6, true});
  EXPECT_EQ(Told(), "uses 9218; open 1 u=2");
  Update(1, {4, false});
  EXPECT_EQ(Told(), "9218 1 u=4");
}

TEST_F(StreamBookTest, HeadersReplaceAnEarlierPriorityFrame) {
  Frame(1, {0, 9, false});
  Open(1);
  Header(1, {0, 200, false});
  EXPECT_EQ(Told(), "idle 1 0:9; open 1 0:200");
}

TEST_F(StreamBookTest, OpeningClosesTheLowerIdsOfTheSameInitiator) {
  for (const StreamId id : {3, 4}) {
    EXPECT_EQ(Update(id, {1, false}), absl::StatusCode::kOk);
  }
  Open(5);
  EXPECT_EQ(Told(), "uses 9218; open 5");
  Open(3);  // its signal is gone
  EXPECT_EQ(Told(), "open 3");
  Open(4);  // the server's is not
  EXPECT_EQ(Told(), "open 4 u=1");
}

// RFC 7540 §5.3.4: the tree keeps closed streams for a while.
TEST_F(StreamBookTest, OnlyTheTreeHearsOfClosedStreams) {
  book_.Close(Open(5));
  records_.erase(5);
  EXPECT_EQ(Told(), "open 5; close 5");
  EXPECT_EQ(Update(5, {0, false}), absl::StatusCode::kOk);
  EXPECT_EQ(Frame(5, {7, 3, false}), absl::StatusCode::kOk);
  EXPECT_EQ(Told(), "uses 9218; idle 5 7:3");
}

TEST_F(StreamBookTest, ANewIdIsRefusedAtTheLimitAndAKnownOneIsNot) {
  Open(1);
  EXPECT_EQ(Update(3, {1, false}), absl::StatusCode::kOk);
  EXPECT_EQ(Frame(5, {0, 9, false}), absl::StatusCode::kOk);
  policy_.Told();
  for (const absl::StatusCode code :
       {Update(7, {1, false}), Frame(7, {0, 9, false})}) {
    EXPECT_EQ(code, absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(book_.error_text()),
                HasSubstr("no room for signals of stream 7, which is not open: "
                          "3 streams are known, the limit is 3"));
  }
  EXPECT_EQ(Update(5, {4, false}), absl::StatusCode::kOk);
  EXPECT_EQ(Update(1, {4, false}), absl::StatusCode::kOk);
  EXPECT_EQ(Told(), "9218 1 u=4");
}

TEST_F(StreamBookTest, OpeningMakesTheLowestIdsGiveWay) {
  for (const StreamId id : {9, 4, 7}) Update(id, {1, false});
  Open(1);  // 4 gives way
  Open(3);  // 7 does
  policy_.Told();
  Open(4);
  Open(7);
  Open(9);
  EXPECT_EQ(Told(), "open 3; open 4; open 7; open 9");
}

TEST_F(StreamBookTest, ASignalThatTheTreeRefusesIsNotKept) {
  policy_.full = true;
  EXPECT_EQ(Frame(3, {0, 9, false}), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(std::string(book_.error_text()),
            "no room in the tree for stream 3, which is not open");
  EXPECT_EQ(book_.ErrorOf(absl::StatusCode::kResourceExhausted),
            absl::ResourceExhaustedError(
                "no room in the tree for stream 3, which is not open"));
  Open(3);
  EXPECT_EQ(Told(), "open 3");
}

// --- Both kinds --------------------------------------------------------------

TEST_F(StreamBookTest, TheFirstRfc9218SignalIsAnnouncedOnceWhateverItIs) {
  book_.OnNoRfc7540Priorities();
  Update(1, {1, false});
  book_.OnNoRfc7540Priorities();
  EXPECT_EQ(Told(), "uses 9218");
}

TEST_F(StreamBookTest, AFrameMovesAStreamOnceTheClientUsesBothKinds) {
  Open(1);
  Frame(1, {0, 147, true});
  EXPECT_EQ(Told(), "open 1; 7540 1 0:147x");
  Update(3, {1, false});
  Frame(1, {0, 220, true});
  EXPECT_EQ(Told(), "uses 9218; 7540 1 0:220x moved");
  Update(1, {4, false});
  EXPECT_EQ(Told(), "9218 1 0:220x u=4");
}

// --- The application ---------------------------------------------------------

TEST_F(StreamBookTest, AnOverrideReportsOnlyTheKindsThatChange) {
  StreamRecord* record = Open(1);
  Told();
  book_.SetServerPriority(
      record, ServerPriority{.rfc7540 = Rfc7540Priority{0, 9, false}});
  EXPECT_EQ(Told(), "server 1 server 9");
  book_.SetServerPriority(
      record, ServerPriority{.rfc7540 = Rfc7540Priority{0, 9, false},
                             .rfc9218 = Rfc9218Priority{0, false}});
  EXPECT_EQ(Told(), "9218 1 server 9 u=0");
  book_.SetServerPriority(record, std::nullopt);
  EXPECT_EQ(Told(), "server 1; 9218 1");
  book_.SetServerPriority(record, std::nullopt);
  EXPECT_EQ(Told(), "");
}

// RFC 9218 §8.
TEST_F(StreamBookTest, AResponsesFieldChangesOnlyTheParametersItNames) {
  StreamRecord* record = Open(1);
  Field(1, {5, false});
  book_.SetResponse(record, *signals::ParseRfc9218Parameters("i"));
  EXPECT_EQ(Told(), "uses 9218; open 1 u=5 server u=5, i");
  Update(1, {2, false});  // the urgency is the client's to say
  EXPECT_EQ(Told(), "9218 1 u=2 server u=2, i");
  book_.SetServerPriority(record,
                          ServerPriority{.rfc9218 = Rfc9218Priority{7, false}});
  EXPECT_EQ(Told(), "9218 1 u=2 server u=7");
  book_.SetServerPriority(record, std::nullopt);
  EXPECT_EQ(Told(), "9218 1 u=2 server u=2, i");
}

TEST_F(StreamBookTest, HintsReplaceEarlierOnesButATunnelStays) {
  StreamRecord* record = Open(1);
  book_.SetHints(record, {.tunnel = true});
  book_.SetHints(record, {.bytes_remaining = 500});
  EXPECT_EQ(Told(), "open 1 tunnel 500B");
  book_.Charge(1, record, 200);
  EXPECT_EQ(record->info.hints.bytes_remaining, 300u);
  book_.Charge(1, record, 301);
  EXPECT_EQ(record->info.hints.bytes_remaining, 0u);
}

// --- Refusals and counts -----------------------------------------------------

TEST_F(StreamBookTest, ABadValueIsRefusedWithAReasonAndChangesNothing) {
  StreamRecord* record = Open(1);
  struct Case {
    absl::StatusCode code;
    std::string says;
  };
  const auto last = [this](absl::StatusCode code) {
    return Case{code, book_.error_text()};
  };
  const std::vector<std::pair<Case, std::string>> cases = {
      {last(Frame(1, {0, 0, false})), "weight 0 of stream 1 is not 1 to 256"},
      {last(Frame(3, {0, 257, false})), "weight 257 of stream 3"},
      {last(Frame(3, {3, 16, false})), "stream 3 depends on itself"},
      {last(Frame(0, {0, 16, false})), "0 is no stream's id"},
      {last(Update(1, {8, false})), "urgency 8 of stream 1 is not 0 to 7"},
      {last(Update(0x80000000, {1, false})), "2147483648 is no stream's id"},
      {last(book_.SetServerPriority(
           record, ServerPriority{.rfc7540 = Rfc7540Priority{1, 16, false}})),
       "stream 1 depends on itself"},
      {last(book_.Open(0, &records_[99])), "0 is no stream's id"},
      {last(book_.Open(0x7ffffffe, &records_[99])), "are reserved"},
      {last(Frame(0x7fffffe0, {0, 16, false})), "are reserved"},
      {last(Update(0x7ffffffe, {1, false})), "are reserved"},
  };
  for (const auto& [refused, says] : cases) {
    EXPECT_EQ(refused.code, absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(refused.says, HasSubstr(says));
  }
  EXPECT_EQ(Told(), "open 1");
}

TEST_F(StreamBookTest, ReadyAndOpenStreamsAreCounted) {
  StreamRecord* record = Open(1);
  book_.SetReady(record);
  book_.SetReady(record);
  EXPECT_EQ(book_.ready_streams(), 1u);
  EXPECT_EQ(book_.open_streams(), 1u);
  book_.SetBlocked(record);
  EXPECT_EQ(book_.ready_streams(), 0u);
  book_.SetReady(record);
  book_.Close(record);
  EXPECT_EQ(book_.ready_streams(), 0u);
  EXPECT_EQ(book_.open_streams(), 0u);
  EXPECT_EQ(Told(), "open 1; ready 1; close 1");
}

// RFC 9218 §7: a PRIORITY_UPDATE overrides the field, in whatever order they
// come.
TEST(OpenStreamBookTest, AFieldAfterAnUpdateOfAnOpenStreamChangesNothing) {
  const std::unique_ptr<Policy> policy = *CreatePolicy("rfc9218");
  StreamBook book(policy.get());
  StreamRecord record;
  book.Open(1, &record);
  book.SetRfc9218(1, &record, {.urgency = 0}, SignalSource::kFrame);
  book.SetRfc9218(1, &record, {.urgency = 5}, SignalSource::kHeader);
  EXPECT_EQ(record.info.rfc9218->urgency, 0);
}

// RFC 7540 §5.3.1: an exclusive dependency moves the other streams, whatever
// the application says about its own stream.
TEST(OpenStreamBookTest, ADependencyOfHeadersActsBeforeAnOverride) {
  const std::unique_ptr<Policy> policy = *CreatePolicy("rfc7540");
  StreamBook book(policy.get());
  StreamRecord records[3];
  for (size_t i = 0; i < 2; ++i) {
    book.Open(static_cast<StreamId>(2 * i + 1), &records[i]);
    book.SetReady(&records[i]);
  }
  book.Open(5, &records[2]);
  book.SetServerPriority(&records[2], ServerPriority{.rfc7540 = {{0, 16}}});
  book.SetReady(&records[2]);
  book.SetRfc7540(5, &records[2], {0, 16, true}, SignalSource::kHeader);
  for (int i = 0; i < 90; ++i) {
    EXPECT_EQ(book.Pick()->stream_id, 5u);
    book.Charge(5, &records[2], 1000);
  }
}

}  // namespace
}  // namespace sluice::scheduler
