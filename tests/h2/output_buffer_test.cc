#include <sluice/h2/errors.h>
#include <sluice/h2/options.h>
#include <sluice/h2/output_buffer.h>
#include <sluice/h2/types.h>

#include <sys/uio.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace sluice::h2 {
namespace {

// A DATA frame: what is before its body, and its body.
template <typename Body>
void AddData(OutputBuffer& buffer, absl::string_view header, Body body,
             size_t padding = 0) {
  buffer.AppendControl(header);
  buffer.AppendData(std::move(body), padding);
}

std::string Look(const OutputBuffer& buffer, size_t pieces) {
  std::vector<iovec> out(pieces);
  const size_t filled = buffer.Peek(absl::MakeSpan(out));
  std::string text;
  for (size_t i = 0; i < filled; ++i) {
    text.append(static_cast<const char*>(out[i].iov_base), out[i].iov_len);
  }
  return text;
}

TEST(OutputBufferTest, PiecesComeOutInOrder) {
  OutputBuffer buffer;
  buffer.AppendControl("settings|");
  AddData(buffer, "data:", absl::Cord("hello"), 3);
  ASSERT_TRUE(buffer.AppendAnswer("|ack").ok());
  EXPECT_EQ(buffer.size(), 26u);
  EXPECT_EQ(buffer.data_size(), 5u);
  EXPECT_EQ(buffer.control_size(), 21u);
  EXPECT_EQ(buffer.Take(1000),
            std::string("settings|data:hello\0\0\0|ack", 26));
  EXPECT_EQ(buffer.size(), 0u);
}

TEST(OutputBufferTest, BodiesAreSharedAndNotCopied) {
  const std::string bytes(10000, 'x');
  bool released = false;
  absl::Cord body = absl::MakeCordFromExternal(
      bytes, [&released](absl::string_view) { released = true; });
  OutputBuffer buffer;
  AddData(buffer, "h", std::move(body));
  iovec out[4];
  ASSERT_EQ(buffer.Peek(absl::MakeSpan(out)), 2u);
  EXPECT_EQ(out[1].iov_base, bytes.data());
  buffer.Consume(5001);
  ASSERT_EQ(buffer.Peek(absl::MakeSpan(out)), 1u);
  EXPECT_EQ(out[0].iov_base, bytes.data() + 5000);
  EXPECT_FALSE(released);
  buffer.Consume(5000);
  EXPECT_TRUE(released);
}

TEST(OutputBufferTest, TheOwnerOfABodyIsHeldUntilItsLastByteIsGone) {
  const std::string bytes(100, 'x');
  const auto owner = std::make_shared<const int>(0);
  OutputBuffer buffer;
  AddData(buffer, "h", SharedBytes{bytes, owner});
  AddData(buffer, "h", SharedBytes{bytes, owner});
  EXPECT_EQ(owner.use_count(), 3);
  iovec out[4];
  ASSERT_EQ(buffer.Peek(absl::MakeSpan(out)), 4u);
  EXPECT_EQ(out[3].iov_base, bytes.data());
  buffer.Consume(100);
  ASSERT_EQ(buffer.Peek(absl::MakeSpan(out)), 3u);
  EXPECT_EQ(out[0].iov_base, bytes.data() + 99);
  EXPECT_EQ(owner.use_count(), 3);
  buffer.Consume(1);
  EXPECT_EQ(owner.use_count(), 2);
  buffer.Consume(101);
  EXPECT_EQ(owner.use_count(), 1);
}

// Its bytes stand in the absl::Cord itself, which moves when others come.
TEST(OutputBufferTest, AShortCordMayMove) {
  OutputBuffer buffer;
  std::string model;
  for (int i = 0; i < 100; ++i) {
    AddData(buffer, "-", absl::Cord("short"));
    model += "-short";
  }
  EXPECT_EQ(Look(buffer, 1000), model);
}

TEST(OutputBufferTest, OnlyTheBytesThatWereAddedToTheRoomGoOut) {
  OutputBuffer buffer;
  std::string model;
  for (int i = 0; i < 1000; ++i) {
    buffer.ControlRoom(300)[0] = 'a';
    buffer.AddControl(1);
    AddData(buffer, "b", SharedBytes{"c", nullptr});
    model += "abc";
    ASSERT_EQ(buffer.Take(2), model.substr(0, 2));
    model.erase(0, 2);
  }
  EXPECT_EQ(Look(buffer, 10000), model);
}

TEST(OutputBufferTest, PeekingConsumesNothingAndStopsWhenTheSpanIsFull) {
  OutputBuffer buffer;
  AddData(buffer, "1", absl::Cord("aa"));
  AddData(buffer, "2", absl::Cord("bb"));
  EXPECT_EQ(Look(buffer, 3), "1aa2");
  EXPECT_EQ(Look(buffer, 10), "1aa2bb");
  EXPECT_EQ(Look(buffer, 0), "");
  EXPECT_EQ(buffer.size(), 6u);
}

TEST(OutputBufferTest, AnAnswerIsCountedUntilItsLastByteIsGone) {
  OutputBuffer buffer;
  ASSERT_TRUE(buffer.AppendAnswer("aaaa").ok());
  buffer.AppendControl("----");
  ASSERT_TRUE(buffer.AppendAnswer("bb").ok());
  EXPECT_EQ(buffer.answers(), 2u);
  buffer.Consume(3);
  EXPECT_EQ(buffer.answers(), 2u);
  buffer.Consume(1);
  EXPECT_EQ(buffer.answers(), 1u);
  buffer.Consume(5);
  EXPECT_EQ(buffer.answers(), 1u);
  buffer.Consume(1);
  EXPECT_EQ(buffer.answers(), 0u);
}

// Every way of adding and consuming, against a plain string.
TEST(OutputBufferTest, AgreesWithAStringUnderRandomUse) {
  std::mt19937 random(7);
  OutputBuffer buffer;
  std::string model;
  for (int i = 0; i < 20000; ++i) {
    const std::string text(random() % 50, static_cast<char>('a' + i % 26));
    switch (random() % 6) {
      case 0:
        buffer.AppendControl(text);
        model += text;
        break;
      case 1:
        ASSERT_TRUE(buffer.AppendAnswer("!" + text).ok());
        model += "!" + text;
        break;
      case 2: {
        absl::Cord body(text);
        body.Append(absl::MakeCordFromExternal("external", [] {}));
        AddData(buffer, "H", body, random() % 3 == 0 ? 2 : 0);
        model += "H" + text + "external";
        model.resize(buffer.size(), '\0');
        break;
      }
      case 4: {
        const auto owner = std::make_shared<const std::string>(text);
        AddData(buffer, "S", SharedBytes{*owner, owner},
                random() % 3 == 0 ? 2 : 0);
        model += "S" + text;
        model.resize(buffer.size(), '\0');
        break;
      }
      case 3: {
        const size_t size = std::min<size_t>(random() % 120, model.size());
        buffer.Consume(size);
        model.erase(0, size);
        break;
      }
      default: {
        const std::string taken = buffer.Take(random() % 120);
        ASSERT_EQ(taken, model.substr(0, taken.size()));
        model.erase(0, taken.size());
      }
    }
    ASSERT_EQ(buffer.size(), model.size());
    ASSERT_EQ(Look(buffer, 10000), model);
  }
}

TEST(OutputBufferTest, AnswersAboveTheirLimitAreRefusedUntilOneIsGone) {
  Limits limits;
  limits.max_queued_answers = 2;
  OutputBuffer buffer(limits);
  ASSERT_TRUE(buffer.AppendAnswer("a").ok());
  ASSERT_TRUE(buffer.AppendAnswer("b").ok());
  const absl::Status refused = buffer.AppendAnswer("c");
  EXPECT_EQ(ErrorKindOf(refused), ErrorKind::kDenialOfService);
  EXPECT_EQ(refused.message(),
            "the peer has not read 2 answers; 2 may wait (RFC 9113 10.5)");
  EXPECT_EQ(buffer.size(), 2u) << "nothing was added";
  buffer.Consume(1);
  EXPECT_TRUE(buffer.AppendAnswer("c").ok());
}

}  // namespace
}  // namespace sluice::h2
