// Fields in, plugin out; and the door through which the shared library is loaded (trtexec --staticPlugins,
// IPluginRegistry::loadLibrary): TensorRT calls setLoggerFinder and getCreators.
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "plugin.h"

namespace limpid::deform_conv {
namespace {

using nvinfer1::PluginField;
using nvinfer1::PluginFieldType;

nvinfer1::ILoggerFinder* loggerFinder = nullptr;

[[noreturn]] void refuse(const PluginField& field, const char* expected) {
  throw std::invalid_argument(std::string("Expected ") + expected + " for the field " + field.name + " (received type " +
                              std::to_string(static_cast<int>(field.type)) + ", length " + std::to_string(field.length) + ")");
}

void readIntegers(const PluginField& field, int32_t* to, int32_t count, int32_t least, const char* expected) {
  if (field.data == nullptr || field.type != PluginFieldType::kINT32 || field.length != count) {
    refuse(field, expected);
  }
  std::memcpy(to, field.data, sizeof(int32_t) * static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) {
    if (to[i] < least) {
      refuse(field, expected);
    }
  }
}

// Reads one field; which of the five that must be there it was, as a bit.
unsigned readField(const PluginField& field, PluginFields& fields) {
  const std::string name = field.name == nullptr ? "" : field.name;
  if (name == "stride") {
    readIntegers(field, fields.stride.data(), 2, 1, "two int32 ≥ 1");
    return 1;
  }
  if (name == "padding") {
    readIntegers(field, fields.padding.data(), 2, 0, "two int32 ≥ 0");
    return 2;
  }
  if (name == "dilation") {
    readIntegers(field, fields.dilation.data(), 2, 1, "two int32 ≥ 1");
    return 4;
  }
  if (name == "group") {
    readIntegers(field, &fields.group, 1, 1, "an int32 ≥ 1");
    return 8;
  }
  if (name == "deformable_group") {
    readIntegers(field, &fields.deformGroup, 1, 1, "an int32 ≥ 1");
    return 16;
  }
  if (name == "packed_offsets") {
    readIntegers(field, &fields.packedOffsets, 1, 0, "the int32 0 or 1");
    if (fields.packedOffsets > 1) {
      refuse(field, "the int32 0 or 1");
    }
    return 0;
  }
  if (name == "leaky_slope") {
    if (field.data == nullptr || field.type != PluginFieldType::kFLOAT32 || field.length != 1) {
      refuse(field, "one float32");
    }
    std::memcpy(&fields.leakySlope, field.data, sizeof(float));
    return 0;
  }
  throw std::invalid_argument("Unknown field " + name);
}

}  // namespace

void logError(const std::string& message) noexcept {
  try {
    if (nvinfer1::ILogger* logger = loggerFinder == nullptr ? nullptr : loggerFinder->findLogger(); logger != nullptr) {
      logger->log(nvinfer1::ILogger::Severity::kERROR, message.c_str());
      return;
    }
  } catch (...) {  // a finder may throw; the message still reaches someone below
  }
  std::fprintf(stderr, "%s\n", message.c_str());
}

DeformConvPluginCreator::DeformConvPluginCreator()
    : names_{{{"stride", nullptr, PluginFieldType::kINT32, 2},
              {"padding", nullptr, PluginFieldType::kINT32, 2},
              {"dilation", nullptr, PluginFieldType::kINT32, 2},
              {"group", nullptr, PluginFieldType::kINT32, 1},
              {"deformable_group", nullptr, PluginFieldType::kINT32, 1},
              {"packed_offsets", nullptr, PluginFieldType::kINT32, 1},
              {"leaky_slope", nullptr, PluginFieldType::kFLOAT32, 1}}},
      collection_{static_cast<int32_t>(names_.size()), names_.data()} {}

nvinfer1::IPluginV3* DeformConvPluginCreator::createPlugin(const char*, const nvinfer1::PluginFieldCollection* collection,
                                                           nvinfer1::TensorRTPhase) noexcept {
  return guarded("createPlugin", static_cast<nvinfer1::IPluginV3*>(nullptr), [&]() -> nvinfer1::IPluginV3* {
    constexpr unsigned kAllFive = 31;
    if (collection == nullptr || (collection->fields == nullptr && collection->nbFields > 0)) {
      throw std::invalid_argument("Expected a collection of fields");
    }
    PluginFields fields;
    unsigned seen = 0;
    for (int32_t i = 0; i < collection->nbFields; ++i) {
      seen |= readField(collection->fields[i], fields);
    }
    if (seen != kAllFive) {
      throw std::invalid_argument("Expected the fields stride, padding, dilation, group and deformable_group");
    }
    return std::make_unique<DeformConvPlugin>(fields).release();
  });
}

}  // namespace limpid::deform_conv

#define LIMPID_EXPORT extern "C" __attribute__((visibility("default")))

LIMPID_EXPORT void setLoggerFinder(nvinfer1::ILoggerFinder* finder) { limpid::deform_conv::loggerFinder = finder; }

LIMPID_EXPORT nvinfer1::IPluginCreatorInterface* const* getCreators(int32_t& count) {
  static limpid::deform_conv::DeformConvPluginCreator creator;
  static nvinfer1::IPluginCreatorInterface* const creators[] = {&creator};
  count = 1;
  return creators;
}
