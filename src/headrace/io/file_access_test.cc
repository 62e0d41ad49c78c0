// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/file_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/io/remote_filesystem.h"

namespace headrace::io {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(FileAccessTest, KeepsCredentialsAndOptionsApartFromPaths) {
  FileAccess access;
  EXPECT_EQ(*access.Admit("s3://key:secret@bucket/a b?c.csv?region=x"), "s3://bucket/a b?c.csv");
  EXPECT_EQ(access.roots.at("s3://bucket"), "s3://key:secret@bucket?region=x");
  EXPECT_EQ(*access.Admit("s3://key:secret@bucket/other?region=x"), "s3://bucket/other");
  const Status other = access.Admit("s3://bucket/third?region=y").status();
  EXPECT_TRUE(other.IsInvalid());
  EXPECT_THAT(other.message(), Not(HasSubstr("secret")));
}

TEST(FileAccessTest, KeepsTheContainerOfAnAzureUri) {
  FileAccess access;
  EXPECT_EQ(*access.Admit("abfs://container:pw@account.dfs.core.windows.net/a"),
            "abfs://container@account.dfs.core.windows.net/a");
  EXPECT_EQ(access.roots.size(), 1u);
}

TEST(FileAccessTest, LeavesPlainPathsAlone) {
  FileAccess access;
  for (const char* path : {"/a/b?x=1", "a/b", "s3://bucket/k?", "file:///a%20b"}) {
    EXPECT_EQ(*access.Admit(path), path);
  }
  EXPECT_TRUE(access.roots.empty());
  EXPECT_EQ(access.LocalPath("file:///a%20b"), "/a b");
  EXPECT_EQ(access.LocalPath("local:///a%20b"), "/a%20b");
  EXPECT_EQ(access.LocalPath("s3://bucket/k"), std::nullopt);
}

TEST(FileAccessTest, CrossesToOtherProcesses) {
  FileAccess access;
  access.filesystem = "pickle";
  access.roots["s3://b"] = "s3://k:s@b";
  access.retry = {.retried_errors = {"x"}, .max_attempts = 3, .max_backoff_s = 1, .deadline_s = 2};
  WireWriter out;
  access.WriteTo(&out);
  WireReader in(out.bytes());
  const FileAccess copy = FileAccess::ReadFrom(&in);
  ASSERT_TRUE(in.Finish().ok());
  EXPECT_EQ(copy.filesystem, access.filesystem);
  EXPECT_EQ(copy.roots, access.roots);
  EXPECT_EQ(copy.retry, access.retry);
}

TEST(LocateTest, LoadsS3AndMakesOneFilesystemForARoot) {
  const auto first = OpenRemote("s3://anonymous@bucket?region=eu-west-1", "s3://bucket");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->filesystem->type_name(), "s3");
  EXPECT_EQ(first->PathOf("/key/a b%.csv"), "bucket/key/a b%.csv");
  EXPECT_EQ(OpenRemote("s3://anonymous@bucket?region=eu-west-1", "")->filesystem,
            first->filesystem);
}

TEST(LocateTest, FailsForAnUnknownSchemeWithoutCredentials) {
  FileAccess access;
  const std::string path = *access.Admit("nosuch://user:secret@bucket/key");
  const Status status = Locate(path, access).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace headrace::io
