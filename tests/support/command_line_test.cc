#include "support/command_line.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(int, apples, 3, "how many apples");
ABSL_FLAG(bool, ripe, false, "whether they are ripe");
ABSL_FLAG(std::string, colour, "red", "their colour");
ABSL_FLAG(sluice::support::ListFlag, fruits, {{"plums"}}, "which ones");
ABSL_FLAG(absl::Duration, ripening, absl::Hours(48), "how long until then");
ABSL_FLAG(bool, ripe_soon, false, "whether they will be ripe");

namespace sluice::support {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ParseFlagsTest : public ::testing::Test {
 protected:
  absl::StatusOr<CommandLine> Parse(std::vector<absl::string_view> arguments) {
    return ParseFlags(arguments);
  }
  std::string Error(std::vector<absl::string_view> arguments) {
    return std::string(Parse(std::move(arguments)).status().message());
  }

 private:
  absl::FlagSaver saver_;  // every test starts from the defaults
};

TEST_F(ParseFlagsTest, TakesAValueAfterAnEqualsSignOrAsTheNextArgument) {
  ASSERT_TRUE(Parse({"--apples=5", "--colour", "green"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_apples), 5);
  EXPECT_EQ(absl::GetFlag(FLAGS_colour), "green");
  ASSERT_TRUE(Parse({"-apples", "7", "--colour=a=b"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_apples), 7);
  EXPECT_EQ(absl::GetFlag(FLAGS_colour), "a=b");
}

TEST_F(ParseFlagsTest, ABoolNeedsNoValueAndCanBeNegated) {
  ASSERT_TRUE(Parse({"--ripe"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_ripe));
  ASSERT_TRUE(Parse({"--noripe"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_ripe));
  ASSERT_TRUE(Parse({"--ripe=true"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_ripe));
}

TEST_F(ParseFlagsTest, TakesDashesForUnderscores) {
  ASSERT_TRUE(Parse({"--ripe-soon"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_ripe_soon));
  ASSERT_TRUE(Parse({"--noripe-soon"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_ripe_soon));
  EXPECT_THAT(Error({"--ripe_soon", "--ripe-soon"}),
              HasSubstr("--ripe_soon is given twice"));
  EXPECT_THAT(Error({"--no-such"}), HasSubstr("there is no flag --no-such"));
}

TEST_F(ParseFlagsTest, KeepsPositionalArgumentsInOrder) {
  absl::StatusOr<CommandLine> parsed =
      Parse({"a", "--apples=1", "-", "b", "--", "--apples=2"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->positional, ElementsAre("a", "-", "b", "--apples=2"));
  EXPECT_EQ(absl::GetFlag(FLAGS_apples), 1);
}

TEST_F(ParseFlagsTest, NamesTheMistake) {
  EXPECT_THAT(Error({"--pears=5"}), HasSubstr("no flag --pears"));
  EXPECT_THAT(Error({"--apples"}), HasSubstr("--apples needs a value"));
  EXPECT_THAT(Error({"--apples=many"}),
              AllOf(HasSubstr("--apples"), HasSubstr("'many'")));
  EXPECT_THAT(Error({"--ripening=5"}),
              AllOf(HasSubstr("'5'"), HasSubstr("with its unit")));
  EXPECT_THAT(Error({"--noripe=true"}), HasSubstr("takes no value"));
  EXPECT_THAT(Error({"--nocolour"}), HasSubstr("no flag --nocolour"));
}

TEST_F(ParseFlagsTest, AFlagGivenTwiceIsRefused) {
  EXPECT_EQ(Error({"--colour=red", "--apples=1", "-colour", "green"}),
            "--colour is given twice");
  EXPECT_EQ(Error({"--ripe", "--noripe"}), "--ripe is given twice");
}

TEST_F(ParseFlagsTest, TheValuesOfAListFlagAddUpAndReplaceTheDefault) {
  EXPECT_THAT(absl::GetFlag(FLAGS_fruits).values, ElementsAre("plums"));
  ASSERT_TRUE(
      Parse({"--fruits=figs,dates", "--apples=1", "--fruits", ""}).ok());
  EXPECT_THAT(absl::GetFlag(FLAGS_fruits).values,
              ElementsAre("figs,dates", ""));
  ASSERT_TRUE(Parse({"--fruits=kiwis"}).ok());
  EXPECT_THAT(absl::GetFlag(FLAGS_fruits).values, ElementsAre("kiwis"));
  EXPECT_THAT(FlagsHelp(), HasSubstr("which ones (default: plums)"));
}

TEST_F(ParseFlagsTest, ReportsHelp) {
  absl::StatusOr<CommandLine> parsed = Parse({"--help"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->help);
  EXPECT_THAT(FlagsHelp(), AllOf(HasSubstr("--apples\n"),
                                 HasSubstr("how many apples (default: 3)")));
}

TEST(ParseFlagsOrExitDeathTest, AMistakeExitsWithStatus2AndASentence) {
  std::string program = "/usr/bin/grocer";
  std::string argument = "--pears";
  char* argv[] = {program.data(), argument.data()};
  EXPECT_EXIT(ParseFlagsOrExit(2, argv, "Sells fruit."),
              ::testing::ExitedWithCode(2), "grocer: there is no flag --pears");
}

}  // namespace
}  // namespace sluice::support
