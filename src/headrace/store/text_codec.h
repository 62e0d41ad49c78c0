// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <memory>
#include <string>

#include "headrace/store/object_store.h"

namespace headrace::store {

/// For tests: values are strings. The store knows no more of them than of blocks.
class TextCodec final : public Codec {
 public:
  SharedSchema SchemaOf(const Value&) const override {
    static const auto schema = std::make_shared<const std::string>("text");
    return schema;
  }
  Result<std::string> SchemaBytes(const SharedSchema& schema) const override {
    return *static_cast<const std::string*>(schema.get());
  }
  Result<FlatValue> Flatten(const Value& value) const override {
    const auto& text = *static_cast<const std::string*>(value.get());
    if (text.starts_with("poison")) return Status::Invalid("cannot be flattened");
    // In two parts, so that there is padding between them.
    const size_t half = text.size() / 2;
    return FlatValue{std::to_string(text.size()),
                     {arrow::Buffer::FromString(text.substr(0, half)),
                      arrow::Buffer::FromString(text.substr(half))}};
  }
  Result<Value> Unflatten(const SharedSchema& schema, std::string_view description,
                          const std::shared_ptr<arrow::Buffer>& body) const override {
    if (schema == nullptr) return Status::Invalid("the schema was lost");
    const size_t size = std::stoul(std::string(description));
    const size_t half = size / 2;
    const size_t second = (half + kAlignment - 1) / kAlignment * kAlignment;
    const auto* bytes = reinterpret_cast<const char*>(body->data());
    std::string text(bytes, half);
    text.append(bytes + second, size - half);
    // The body lives as long as the value, as that of a block does.
    using Both = std::pair<std::string, std::shared_ptr<arrow::Buffer>>;
    auto both = std::make_shared<const Both>(std::move(text), body);
    return std::shared_ptr<const void>(both, &both->first);
  }
  int64_t alignment() const override { return kAlignment; }

 private:
  static constexpr int64_t kAlignment = 64;
};

inline const std::string& Text(const Value& value) {
  return *static_cast<const std::string*>(value.get());
}

}  // namespace headrace::store
