#include <sluice/h2/header_memory.h>
#include <sluice/h2/named_field.h>
#include <sluice/h2/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/config.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/h2/named_fields.h"

namespace sluice::h2 {
namespace {

TEST(HeaderMemoryTest, WhatItGivesStaysInItsPlace) {
  HeaderMemory memory;
  std::vector<absl::string_view> copies;
  for (int i = 0; i < 1000; ++i) {
    copies.push_back(memory.Copy(std::string(i, 'x')));
  }
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(copies[i], std::string(i, 'x'));
}

TEST(HeaderMemoryTest, ViewsAreCopiedToAnyPlaceAndAligned) {
  HeaderMemory memory;
  const std::vector<Header> headers = {{"a", "b"}, {"c", "d", true}};
  const NamedFields fields = NamedFieldsOf(headers);
  for (int i = 0; i < 10; ++i) {
    memory.Text(i);
    const HeaderList copy(memory.Copy(fields));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(copy.data()) % alignof(HeaderView),
              0u);
    EXPECT_EQ(copy.ToHeaders(), headers);
  }
  EXPECT_TRUE(memory.Copy(NamedFields()).empty());
}

TEST(HeaderMemoryTest, NothingIsAllocatedBeforeItIsNeeded) {
  HeaderMemory memory;
  memory.Clear();
  memory.FreeUnused();
  memory.Copy("");
  EXPECT_EQ(memory.allocated(), 0u);
}

TEST(HeaderMemoryTest, WhatIsRewoundIsGivenAgain) {
  HeaderMemory memory;
  const HeaderMemory::Place empty = memory.Here();
  memory.Text(100'000);
  memory.Rewind(empty);
  char* const first = memory.Text(10);
  const HeaderMemory::Place place = memory.Here();
  char* const second = memory.Text(10);
  memory.Text(10'000);
  const size_t allocated = memory.allocated();
  memory.Rewind(place);
  EXPECT_EQ(memory.Text(10), second);
  EXPECT_EQ(second, first + 10);
  memory.Text(10'000);
  EXPECT_EQ(memory.allocated(), allocated);
}

// A connection that falls idle keeps little, whatever it had before.
TEST(HeaderMemoryTest, OfALargeReadOneChunkStaysAfterManySmallOnes) {
  HeaderMemory memory;
  for (int i = 0; i < 100; ++i) memory.Text(5000);
  memory.FreeUnused();
  EXPECT_GE(memory.allocated(), 500'000u);
  for (size_t small = 0; small < HeaderMemory::kReads; ++small) {
    memory.Clear();
    memory.FreeUnused();
  }
  EXPECT_LE(memory.allocated(), HeaderMemory::kChunk);
}

// The peer decides when the next read comes, and the caller when views end.
TEST(HeaderMemoryTest, OneChunkStaysOnceTheViewsEnd) {
  HeaderMemory memory;
  for (int i = 0; i < 800; ++i) memory.Text(5000);
  EXPECT_GE(memory.allocated(), 4'000'000u);
  memory.ClearAndFree();
  EXPECT_LE(memory.allocated(), HeaderMemory::kChunk);
  memory.ClearAndFree();
  EXPECT_NE(memory.Text(10), nullptr);
}

// So a connection whose requests are of one size allocates nothing for them.
TEST(HeaderMemoryTest, TheChunkThatStaysHoldsTheNextReadOfThatSize) {
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  GTEST_SKIP() << "Clear() frees, so that views that are used late are found";
#endif
  for (const size_t read : {100, 1500, 3000, 4000}) {
    HeaderMemory memory;
    size_t kept = 0;
    for (int round = 0; round < 3; ++round) {
      for (size_t used = 0; used < read; used += 100) memory.Text(100);
      if (round == 2) {
        EXPECT_EQ(memory.allocated(), kept) << read;
      }
      memory.ClearAndFree();
      kept = memory.allocated();
      EXPECT_LE(kept, HeaderMemory::kMostKept);
    }
  }
}

TEST(HeaderMemoryTest, SmallReadsBetweenLargeOnesFreeNothing) {
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  GTEST_SKIP() << "Clear() frees, so that views that are used late are found";
#endif
  HeaderMemory memory;
  memory.Text(20'000);
  memory.FreeUnused();
  const size_t large = memory.allocated();
  for (size_t small = 1; small < HeaderMemory::kReads; ++small) {
    memory.Clear();
    memory.FreeUnused();
  }
  EXPECT_EQ(memory.allocated(), large);
}

TEST(HeaderMemoryTest, TheSameReadAgainAllocatesNothing) {
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  GTEST_SKIP() << "Clear() frees, so that views that are used late are found";
#endif
  HeaderMemory memory;
  std::vector<char*> first;
  for (int round = 0; round < 3; ++round) {
    std::vector<char*> now;
    for (int i = 0; i < 20; ++i) now.push_back(memory.Text(700));
    memory.FreeUnused();
    memory.Clear();
    if (round == 0) first = now;
    EXPECT_EQ(now, first);
  }
}

}  // namespace
}  // namespace sluice::h2
