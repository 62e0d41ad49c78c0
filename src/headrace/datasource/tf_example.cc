// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/tf_example.h"

#include <cstring>

namespace headrace::datasource {
namespace {

// Wire types of protobuf.
constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kDelimited = 2;
constexpr int kFixed32 = 5;

/// Reads the fields of one message. Every function says false where the message ends too early.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  bool Tag(uint64_t* field, int* wire) {
    uint64_t tag = 0;
    if (!Varint(&tag)) return false;
    *field = tag >> 3;
    *wire = static_cast<int>(tag & 7);
    return *field > 0;
  }
  bool Varint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      *value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool Delimited(std::string_view* bytes) {
    uint64_t size = 0;
    return Varint(&size) && Take(size, bytes);
  }
  bool Take(uint64_t size, std::string_view* bytes) {
    if (size > rest_.size()) return false;
    *bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool Skip(int wire) {
    uint64_t number = 0;
    std::string_view bytes;
    switch (wire) {
      case kVarint:
        return Varint(&number);
      case kFixed64:
        return Take(8, &bytes);
      case kDelimited:
        return Delimited(&bytes);
      case kFixed32:
        return Take(4, &bytes);
      default:
        return false;
    }
  }

 private:
  std::string_view rest_;
};

float FloatOf(std::string_view bytes) {
  float value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

/// Goes through the values of a list message, packed or one by one; false when it is damaged.
template <typename Take>
bool VisitBytes(std::string_view list, Take take) {
  Fields fields(list);
  uint64_t field = 0;
  int wire = 0;
  std::string_view value;
  while (!fields.at_end()) {
    if (!fields.Tag(&field, &wire)) return false;
    if (field != 1) {
      if (!fields.Skip(wire)) return false;
      continue;
    }
    if (wire != kDelimited || !fields.Delimited(&value)) return false;
    take(value);
  }
  return true;
}

template <typename Take>
bool VisitFloats(std::string_view list, Take take) {
  Fields fields(list);
  uint64_t field = 0;
  int wire = 0;
  std::string_view bytes;
  while (!fields.at_end()) {
    if (!fields.Tag(&field, &wire)) return false;
    if (field == 1 && wire == kFixed32) {
      if (!fields.Take(4, &bytes)) return false;
      take(FloatOf(bytes));
    } else if (field == 1 && wire == kDelimited) {
      if (!fields.Delimited(&bytes) || bytes.size() % 4 != 0) return false;
      for (; !bytes.empty(); bytes.remove_prefix(4)) take(FloatOf(bytes));
    } else if (field == 1 || !fields.Skip(wire)) {
      return false;
    }
  }
  return true;
}

template <typename Take>
bool VisitInt64s(std::string_view list, Take take) {
  Fields fields(list);
  uint64_t field = 0;
  uint64_t value = 0;
  int wire = 0;
  std::string_view bytes;
  while (!fields.at_end()) {
    if (!fields.Tag(&field, &wire)) return false;
    if (field == 1 && wire == kVarint) {
      if (!fields.Varint(&value)) return false;
      take(static_cast<int64_t>(value));
    } else if (field == 1 && wire == kDelimited) {
      if (!fields.Delimited(&bytes)) return false;
      for (Fields packed(bytes); !packed.at_end();) {
        if (!packed.Varint(&value)) return false;
        take(static_cast<int64_t>(value));
      }
    } else if (field == 1 || !fields.Skip(wire)) {
      return false;
    }
  }
  return true;
}

bool CountValues(FeatureView* feature) {
  int64_t count = 0;
  const auto counting = [&count](auto) { ++count; };
  bool whole = true;
  switch (feature->kind) {
    case FeatureKind::kNone:
      break;
    case FeatureKind::kBytes:
      whole = VisitBytes(feature->list, counting);
      break;
    case FeatureKind::kFloat:
      whole = VisitFloats(feature->list, counting);
      break;
    case FeatureKind::kInt64:
      whole = VisitInt64s(feature->list, counting);
      break;
  }
  feature->num_values = count;
  return whole;
}

/// message Feature { oneof kind { BytesList = 1; FloatList = 2; Int64List = 3; } }
bool ParseFeature(std::string_view bytes, FeatureView* feature) {
  Fields fields(bytes);
  uint64_t field = 0;
  int wire = 0;
  while (!fields.at_end()) {
    if (!fields.Tag(&field, &wire)) return false;
    if (field > 3) {
      if (!fields.Skip(wire)) return false;
      continue;
    }
    if (wire != kDelimited || !fields.Delimited(&feature->list)) return false;
    feature->kind = static_cast<FeatureKind>(field);
  }
  return CountValues(feature);
}

/// An entry of `map<string, Feature>`: key = 1, value = 2.
bool ParseEntry(std::string_view bytes, FeatureView* feature) {
  Fields fields(bytes);
  uint64_t field = 0;
  int wire = 0;
  std::string_view value;
  while (!fields.at_end()) {
    if (!fields.Tag(&field, &wire)) return false;
    if (field > 2) {
      if (!fields.Skip(wire)) return false;
      continue;
    }
    if (wire != kDelimited || !fields.Delimited(&value)) return false;
    if (field == 1) {
      feature->name = value;
    } else if (!ParseFeature(value, feature)) {
      return false;
    }
  }
  return true;
}

/// message Features { map<string, Feature> feature = 1; }
bool ParseFeatures(std::string_view bytes, std::vector<FeatureView>* features) {
  bool entries_are_whole = true;
  const bool is_whole = VisitBytes(bytes, [&](std::string_view entry) {
    features->emplace_back();
    if (!ParseEntry(entry, &features->back())) entries_are_whole = false;
  });
  return is_whole && entries_are_whole;
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

/// A field that is delimited by its length.
void AppendField(int field, std::string_view bytes, std::string* out) {
  out->push_back(static_cast<char>(field << 3 | kDelimited));
  AppendVarint(bytes.size(), out);
  out->append(bytes);
}

}  // namespace

std::string_view FeatureKindName(FeatureKind kind) {
  constexpr std::string_view kNames[] = {"none", "bytes", "float", "int64"};
  return kNames[static_cast<int>(kind)];
}

Status ParseExample(std::string_view message, std::vector<FeatureView>* features) {
  features->clear();
  bool parts_are_whole = true;
  // message Example { Features features = 1; }
  const bool is_whole = VisitBytes(message, [&](std::string_view part) {
    if (!ParseFeatures(part, features)) parts_are_whole = false;
  });
  if (is_whole && parts_are_whole) return Status::OK();
  return Status::Invalid("is no tf.train.Example message");
}

void ForEachBytes(const FeatureView& feature, const std::function<void(std::string_view)>& take) {
  VisitBytes(feature.list, take);
}
void ForEachFloat(const FeatureView& feature, const std::function<void(float)>& take) {
  VisitFloats(feature.list, take);
}
void ForEachInt64(const FeatureView& feature, const std::function<void(int64_t)>& take) {
  VisitInt64s(feature.list, take);
}

void ExampleWriter::Bytes(std::string_view name, const std::vector<std::string_view>& values) {
  list_.clear();
  for (const std::string_view value : values) AppendField(1, value, &list_);
  AddFeature(name, FeatureKind::kBytes);
}

void ExampleWriter::Floats(std::string_view name, const float* values, int64_t count) {
  list_.clear();
  if (count > 0) {
    AppendField(1, {reinterpret_cast<const char*>(values), count * sizeof(float)}, &list_);
  }
  AddFeature(name, FeatureKind::kFloat);
}

void ExampleWriter::Int64s(std::string_view name, const int64_t* values, int64_t count) {
  entry_.clear();
  for (int64_t i = 0; i < count; ++i) AppendVarint(static_cast<uint64_t>(values[i]), &entry_);
  list_.clear();
  if (count > 0) AppendField(1, entry_, &list_);
  AddFeature(name, FeatureKind::kInt64);
}

void ExampleWriter::AddFeature(std::string_view name, FeatureKind kind) {
  message_.clear();
  AppendField(static_cast<int>(kind), list_, &message_);
  entry_.clear();
  AppendField(1, name, &entry_);
  AppendField(2, message_, &entry_);
  AppendField(1, entry_, &features_);
}

std::string_view ExampleWriter::Finish() {
  message_.clear();
  AppendField(1, features_, &message_);
  return message_;
}

}  // namespace headrace::datasource
