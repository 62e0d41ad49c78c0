// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/object_store.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

namespace headrace::store {
namespace {

/// Values are strings: the store knows no more of them than of blocks.
class TextCodec final : public Codec {
 public:
  Result<FlatValue> Flatten(const Value& value) const override {
    const auto& text = *static_cast<const std::string*>(value.get());
    if (text == "poison") return Status::Invalid("cannot be flattened");
    return FlatValue{"text", "", {arrow::Buffer::FromString(text)}};
  }
  int64_t BodyBytes(const FlatValue& flat) const override { return flat.buffers[0]->size(); }
  void CopyBody(const FlatValue& flat, uint8_t* out) const override {
    std::memcpy(out, flat.buffers[0]->data(), flat.buffers[0]->size());
  }
};

class ObjectStoreTest : public testing::Test {
 protected:
  ObjectRef Put(std::string text) {
    const auto size = static_cast<int64_t>(text.size());
    return store_->Put(std::make_shared<const std::string>(std::move(text)), size);
  }
  std::shared_ptr<ObjectStore> store_ = ObjectStore::Make(1000, std::make_shared<TextCodec>());
};

TEST_F(ObjectStoreTest, CountsObjectsAndBytesUntilTheLastReferenceGoes) {
  ObjectRef first = Put("hello");
  const ObjectRef second = Put("you");
  ObjectRef same = first;
  EXPECT_EQ(store_->stats().num_objects, 2);
  EXPECT_EQ(store_->stats().used_bytes, 8);
  first.reset();
  EXPECT_EQ(store_->stats().num_objects, 2);
  same.reset();
  EXPECT_EQ(store_->stats().num_objects, 1);
  EXPECT_EQ(store_->stats().used_bytes, 3);
  EXPECT_EQ(store_->stats().peak_bytes, 8);
  EXPECT_EQ(store_->stats().total_bytes, 1000);
}

TEST_F(ObjectStoreTest, FreesTheValueAtOnce) {
  auto value = std::make_shared<const std::string>("x");
  const std::weak_ptr<const std::string> watch = value;
  ObjectRef object = store_->Put(std::move(value), 1);
  EXPECT_FALSE(watch.expired());
  object.reset();
  EXPECT_TRUE(watch.expired());
}

TEST_F(ObjectStoreTest, ShareCopiesOnceIntoASegmentThatIsReused) {
  ObjectRef object = Put("hello");
  const SharedBytes bytes = object->Share().ValueOrDie();
  EXPECT_EQ(bytes.schema, "text");
  EXPECT_EQ(bytes.size, 5);
  EXPECT_EQ(std::memcmp(bytes.segment->data(), "hello", 5), 0);
  EXPECT_EQ(object->Share().ValueOrDie().segment, bytes.segment);
  EXPECT_EQ(store_->stats().shared_bytes, 5);
  object.reset();
  EXPECT_EQ(store_->stats().shared_bytes, 0);
  EXPECT_EQ(Put("again")->Share().ValueOrDie().segment, bytes.segment);
}

TEST_F(ObjectStoreTest, AnObjectMadeElsewhereIsSharedAsItIs) {
  const auto segment = Segment::Create(4096).ValueOrDie();
  ObjectRef object =
      store_->PutShared(std::make_shared<const std::string>("x"), 1, {"text", "", segment, 1});
  EXPECT_EQ(object->Share().ValueOrDie().segment, segment);
  EXPECT_EQ(store_->stats().shared_bytes, 0) << "not copied here";
  object.reset();
  EXPECT_NE(Put("y")->Share().ValueOrDie().segment, segment) << "it belongs to somebody else";
}

TEST_F(ObjectStoreTest, AFailedShareCanBeTriedAgain) {
  const ObjectRef object = Put("poison");
  EXPECT_TRUE(object->Share().status().IsInvalid());
  EXPECT_TRUE(object->Share().status().IsInvalid());
  EXPECT_EQ(store_->stats().shared_bytes, 0);
}

TEST_F(ObjectStoreTest, ManyThreadsShareOneCopy) {
  const ObjectRef object = Put("hello");
  std::vector<std::shared_ptr<Segment>> segments(4);
  std::vector<std::thread> threads;
  for (auto& segment : segments) {
    threads.emplace_back([&] { segment = object->Share().ValueOrDie().segment; });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& segment : segments) EXPECT_EQ(segment, segments[0]);
}

TEST_F(ObjectStoreTest, AnObjectKeepsItsStore) {
  ObjectRef object = Put("hello");
  store_.reset();
  EXPECT_TRUE(object->Share().ok());
}

}  // namespace
}  // namespace headrace::store
