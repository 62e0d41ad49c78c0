// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace headrace {
namespace {

using testing::HasSubstr;

TEST(StatusTest, AnErrorCarriesItsKindAndPayload) {
  const Status status =
      MakeError(arrow::StatusCode::Invalid, ErrorKind::kUserCode, "raised", "pickle");
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_EQ(status.message(), "raised");
  ASSERT_NE(GetErrorDetail(status), nullptr);
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kUserCode);
  EXPECT_EQ(GetErrorDetail(status)->payload(), "pickle");
}

TEST(StatusTest, OtherStatusesHaveNoDetail) {
  EXPECT_EQ(GetErrorDetail(Status::OK()), nullptr);
  EXPECT_EQ(GetErrorDetail(Status::Invalid("x")), nullptr);
}

TEST(StatusTest, TheFirstOperatorIsTheOneThatFailed) {
  Status status = WithOperator(Status::KeyError("no column"), "Map(f)");
  EXPECT_TRUE(status.IsKeyError());
  EXPECT_EQ(GetErrorDetail(status)->operator_name(), "Map(f)");
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kDefault);
  status = WithOperator(status, "Write");
  EXPECT_EQ(GetErrorDetail(status)->operator_name(), "Map(f)");
  EXPECT_TRUE(WithOperator(Status::OK(), "Map(f)").ok());
}

TEST(StatusTest, NamingTheOperatorKeepsTheDetail) {
  const Status status = WithOperator(
      MakeError(arrow::StatusCode::Invalid, ErrorKind::kActorDied, "died", "pickle"), "Map(f)");
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kActorDied);
  EXPECT_EQ(GetErrorDetail(status)->payload(), "pickle");
}

TEST(StatusTest, APrefixKeepsCodeAndDetail) {
  const Status status = WithPrefix(
      MakeError(arrow::StatusCode::IOError, ErrorKind::kFileNotFound, "not there"), "a.csv: ");
  EXPECT_TRUE(status.IsIOError());
  EXPECT_EQ(status.message(), "a.csv: not there");
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kFileNotFound);
  EXPECT_TRUE(WithPrefix(Status::OK(), "x").ok());
}

TEST(StatusTest, ExceptionsBecomeStatuses) {
  EXPECT_TRUE(CatchAsStatus("here", [] { return Status::OK(); }).ok());
  EXPECT_TRUE(CatchAsStatus("here", [] { return Status::KeyError("k"); }).IsKeyError());
  EXPECT_TRUE(CatchAsStatus("here", []() -> Status { throw std::bad_alloc(); }).IsOutOfMemory());
  const Status thrown =
      CatchAsStatus("decoding x.png", []() -> Status { throw std::runtime_error("bad chunk"); });
  EXPECT_TRUE(thrown.IsUnknownError());
  EXPECT_THAT(thrown.message(), testing::AllOf(HasSubstr("x.png"), HasSubstr("bad chunk")));
  EXPECT_TRUE(CatchAsStatus("here", []() -> Status { throw 1; }).IsUnknownError());
}

}  // namespace
}  // namespace headrace
