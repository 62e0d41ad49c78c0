// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "headrace/plan/testing/eager_evaluation.h"
#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans
using ::testing::ElementsAre;

TEST(OptimizerTest, LeavesTheReadWithFilterAndColumnsAndOneProjection) {
  // read.filter(a < 20 and b > 3).with_column(d, a * (1 - b)).select(d, a)
  LogicalOperatorPtr plan = ReadSample({.filterable = {"a", "c"}});
  plan = Where(plan, Col("a") < Lit(20) && Col("c") > Lit(3));
  plan = WithColumn(plan, "d", Col("a") * (Lit(1) - Col("b")));
  plan = Select(plan, {"d", "a"});
  const auto optimized = Optimizer::WithDefaultRules().Optimize(plan).ValueOrDie();
  EXPECT_EQ(ToTreeString(optimized), "Project[Project]\n+- Read[ReadMemory]\n");
  EXPECT_THAT(*SourceOf(optimized->input()).columns(), ElementsAre("a", "b"));
  EXPECT_EQ(SourceOf(optimized->input()).filter().ToString(), "(col('a') < 20) & (col('c') > 3)");
}

TEST(OptimizerTest, LeavesARuleOutThatIsDisabled) {
  const auto plan = First(First(ReadSample(), 3), 2);
  const auto optimized = Optimizer::WithDefaultRules({"FuseLimits"}).Optimize(plan).ValueOrDie();
  EXPECT_EQ(ToTreeString(optimized), "Limit[limit=2]\n+- Limit[limit=3]\n   +- Read[ReadMemory]\n");
}

TEST(OptimizerTest, GivesThePlanItselfWhenNoRuleApplies) {
  const auto plan = Opaque(ReadSample());
  EXPECT_EQ(Optimizer::WithDefaultRules().Optimize(plan).ValueOrDie(), plan);
}

TEST(OptimizerTest, KeepsSharedInputsShared) {
  const auto shared = Opaque(Select(ReadSample(), {"a"}));
  const auto plan = std::make_shared<Union>(std::vector<LogicalOperatorPtr>{shared, shared});
  const auto optimized = Optimizer::WithDefaultRules().Optimize(plan).ValueOrDie();
  ASSERT_EQ(optimized->inputs().size(), 2U);
  EXPECT_EQ(optimized->inputs()[0], optimized->inputs()[1]);
}

// Random plans that are valid by construction: the generator knows which columns there are.
class RandomPlans {
 public:
  explicit RandomPlans(uint32_t seed) : random_(seed) {}

  LogicalOperatorPtr Next(int num_operators) {
    columns_ = {"a", "b", "c"};
    LogicalOperatorPtr plan = Source();
    for (int i = 0; i < num_operators; ++i) plan = Apply(std::move(plan));
    return plan;
  }

 private:
  int Pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  const std::string& Column() { return columns_[Pick(static_cast<int>(columns_.size()))]; }
  std::string NewName() { return "n" + std::to_string(next_name_++); }

  LogicalOperatorPtr Source() {
    MemorySourceOptions options{.projects = Pick(4) > 0, .knows_schema = Pick(4) > 0};
    for (const char* name : {"a", "b", "c"}) {
      if (Pick(2) == 0) options.filterable.insert(name);
    }
    return ReadSample(options);
  }
  Expr Value() {
    const Expr left = Col(Column());
    switch (Pick(4)) {
      case 0:
        return left;
      case 1:
        return left + Lit(Pick(5));
      case 2:
        return left - Col(Column());
      default:
        return Lit(Pick(10));
    }
  }
  Expr Predicate() {
    const Expr one = Col(Column()) > Lit(Pick(12));
    switch (Pick(3)) {
      case 0:
        return one && Col(Column()) < Lit(8 + Pick(12));
      case 1:
        return one || Call("is_null", {Col(Column())});
      default:
        return one;
    }
  }
  LogicalOperatorPtr Apply(LogicalOperatorPtr input) {
    switch (Pick(11)) {
      case 0: {
        std::shuffle(columns_.begin(), columns_.end(), random_);
        columns_.resize(1 + Pick(static_cast<int>(columns_.size())));
        return Select(std::move(input), columns_);
      }
      case 1: {
        Expr value = Value();
        const std::string name = Pick(3) == 0 ? Column() : NewName();
        if (std::find(columns_.begin(), columns_.end(), name) == columns_.end()) {
          columns_.push_back(name);
        }
        return WithColumn(std::move(input), name, std::move(value));
      }
      case 2: {
        std::string& column = columns_[Pick(static_cast<int>(columns_.size()))];
        const std::string old_name = std::exchange(column, NewName());
        return Rename(std::move(input), old_name, column);
      }
      case 3: {
        if (columns_.size() == 1) return input;
        const std::string dropped = columns_.back();
        columns_.pop_back();
        return Drop(std::move(input), dropped);
      }
      case 4:
      case 5:
        return Where(std::move(input), Predicate());
      case 6:
        return First(std::move(input), Pick(40));
      case 7:
        if (Pick(2) == 0) return std::make_shared<Repartition>(std::move(input), 1 + Pick(4));
        return std::make_shared<StreamingRepartition>(std::move(input), 1 + Pick(9), Pick(2) == 0);
      case 8:
        return SortBy(std::move(input), {{Column(), Pick(2) == 0}, {Column(), Pick(2) == 0}});
      case 9:
        return std::make_shared<HashRepartition>(
            std::move(input), std::vector<std::string>{Column()}, 1 + Pick(4), false);
      default: {
        std::vector<LogicalOperatorPtr> branches = {input, input};
        if (columns_ == std::vector<std::string>{"a", "b", "c"}) branches[1] = Source();
        if (Pick(2) == 0) branches[1] = Where(branches[1], Predicate());
        return std::make_shared<Union>(std::move(branches));
      }
    }
  }

  std::mt19937 random_;
  std::vector<std::string> columns_;
  int next_name_ = 0;
};

TEST(OptimizerTest, KeepsTheRowsOfRandomPlans) {
  for (uint32_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const LogicalOperatorPtr plan = RandomPlans(seed).Next(1 + static_cast<int>(seed % 9));
    const Result<Block> before = EvaluateEagerly(plan);
    ASSERT_TRUE(before.ok()) << before.status().ToString() << "\n" << ToTreeString(plan);
    const auto optimized = Optimizer::WithDefaultRules().Optimize(plan);
    ASSERT_TRUE(optimized.ok()) << optimized.status().ToString() << "\n" << ToTreeString(plan);
    const Result<Block> after = EvaluateEagerly(*optimized);
    ASSERT_TRUE(after.ok()) << after.status().ToString() << "\n"
                            << ToTreeString(plan) << ToTreeString(*optimized);
    ASSERT_TRUE(after->batch()->Equals(*before->batch()))
        << ToTreeString(plan) << ToTreeString(*optimized) << before->batch()->ToString()
        << after->batch()->ToString();
  }
}

TEST(OptimizerTest, SettlesBeforeItsLastPass) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    const auto once =
        Optimizer::WithDefaultRules().Optimize(RandomPlans(seed).Next(8)).ValueOrDie();
    const auto twice = Optimizer::WithDefaultRules().Optimize(once).ValueOrDie();
    EXPECT_EQ(once, twice) << "seed " << seed << "\n" << ToTreeString(once) << ToTreeString(twice);
  }
}

}  // namespace
}  // namespace headrace::plan
