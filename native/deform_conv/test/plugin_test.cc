// The shared library as TensorRT uses it, without TensorRT: loaded, asked for its creator, its plugin made from fields, shown
// shapes and formats, cloned, written and made again. Not here: registration under the parser's name and life in an engine.
//   plugin_test liblimpid_deform_conv_plugin.so
#include <NvInferRuntime.h>
#include <dlfcn.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "check.h"

using namespace nvinfer1;
using limpid::deform_conv::test::Checks;

namespace {

// Keeps what the library says.
struct Log final : ILogger {
  void log(Severity severity, const char* message) noexcept override {
    if (severity == Severity::kERROR) {
      last = message;
    }
  }
  std::string last;
};

struct Finder final : ILoggerFinder {
  explicit Finder(ILogger& logger) : logger_(logger) {}
  ILogger* findLogger() override { return &logger_; }

 private:
  ILogger& logger_;
};

// The library never builds an expression; the interface asks for somebody who could.
struct NoExpressions final : IExprBuilder {};

using Getter = IPluginCreatorInterface* const* (*)(int32_t&);
using Setter = void (*)(ILoggerFinder*);

constexpr int32_t kTwo[2] = {1, 1};
constexpr int32_t kOne = 1;
constexpr int32_t kEight = 8;

// What TensorRT's parser gives for a 3×3 DeformConv with 8 offset groups.
std::vector<PluginField> parserFields() {
  return {{"stride", kTwo, PluginFieldType::kINT32, 2},
          {"padding", kTwo, PluginFieldType::kINT32, 2},
          {"dilation", kTwo, PluginFieldType::kINT32, 2},
          {"group", &kOne, PluginFieldType::kINT32, 1},
          {"deformable_group", &kEight, PluginFieldType::kINT32, 1}};
}

DynamicPluginTensorDesc tensor(DataType type, TensorFormat format, std::vector<int64_t> shape) {
  DynamicPluginTensorDesc described{};
  described.desc.type = type;
  described.desc.format = format;
  described.desc.dims.nbDims = static_cast<int32_t>(shape.size());
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    described.desc.dims.d[axis] = shape[axis];
  }
  return described;
}

// x, offset, mask, weight, bias and output of the parser's node: 64 channels, 20 × 30.
std::vector<DynamicPluginTensorDesc> node(DataType type, TensorFormat format) {
  return {tensor(type, format, {2, 64, 20, 30}),
          tensor(type, format, {2, 144, 20, 30}),
          tensor(type, format, {2, 72, 20, 30}),
          tensor(type, TensorFormat::kLINEAR, {64, 64, 3, 3}),
          tensor(type, TensorFormat::kLINEAR, {64}),
          tensor(type, format, {2, 64, 20, 30})};
}

class PluginTest {
 public:
  PluginTest(Checks& checks, IPluginCreatorV3One& creator, const Log& log) : checks_(checks), creator_(creator), log_(log) {}

  void run() {
    checks_.expect(std::string(creator_.getPluginName()) == "ModulatedDeformConv2d", "the parser's name");
    checks_.expect(std::string(creator_.getPluginVersion()) == "2", "the version of an IPluginV3");
    refusesFields();
    const std::unique_ptr<IPluginV3> plugin = make(parserFields());
    checks_.expect(plugin != nullptr, "the parser's fields make a plugin");
    if (plugin != nullptr) {
      choosesFormats(*plugin);
      tellsShapes(*plugin);
      checksShapes(*plugin);
      comesBack(*plugin);
    }
  }

 private:
  std::unique_ptr<IPluginV3> make(std::vector<PluginField> fields) {
    const PluginFieldCollection collection{static_cast<int32_t>(fields.size()), fields.data()};
    return std::unique_ptr<IPluginV3>(creator_.createPlugin("node", &collection, TensorRTPhase::kBUILD));
  }

  void refuses(const char* what, std::vector<PluginField> fields, const std::string& sentence) {
    const std::unique_ptr<IPluginV3> plugin = make(std::move(fields));
    checks_.expect(plugin == nullptr && log_.last.find(sentence) != std::string::npos,
                   std::string(what) + " is refused with \"" + sentence + "\", said was \"" + log_.last + "\"");
  }

  void refusesFields() {
    constexpr int32_t zero = 0;
    constexpr int32_t many = 2;
    constexpr int32_t zeros[2] = {0, 1};
    const auto with = [](size_t at, PluginField field) {
      std::vector<PluginField> fields = parserFields();
      fields[at] = field;
      return fields;
    };
    const auto plus = [](PluginField field) {
      std::vector<PluginField> fields = parserFields();
      fields.push_back(field);
      return fields;
    };
    std::vector<PluginField> four = parserFields();
    four.pop_back();
    refuses("a missing field", four, "Expected the fields stride");
    refuses("a stride of 0", with(0, {"stride", zeros, PluginFieldType::kINT32, 2}), "two int32 ≥ 1 for the field stride");
    refuses("one padding", with(1, {"padding", kTwo, PluginFieldType::kINT32, 1}), "two int32 ≥ 0 for the field padding");
    refuses("a float for group", with(3, {"group", &kOne, PluginFieldType::kFLOAT32, 1}), "an int32 ≥ 1 for the field group");
    refuses("no data", with(4, {"deformable_group", nullptr, PluginFieldType::kINT32, 1}), "for the field deformable_group");
    refuses("0 groups", with(4, {"deformable_group", &zero, PluginFieldType::kINT32, 1}), "for the field deformable_group");
    refuses("packed_offsets of 2", plus({"packed_offsets", &many, PluginFieldType::kINT32, 1}), "0 or 1");
    refuses("an unknown field", plus({"bias_term", &kOne, PluginFieldType::kINT32, 1}), "Unknown field bias_term");
    refuses("a field without a name", plus({nullptr, &kOne, PluginFieldType::kINT32, 1}), "Unknown field");
    checks_.expect(creator_.createPlugin("node", nullptr, TensorRTPhase::kBUILD) == nullptr, "no collection, no plugin");
  }

  static IPluginV3OneBuild& build(IPluginV3& plugin) {
    return *static_cast<IPluginV3OneBuild*>(plugin.getCapabilityInterface(PluginCapabilityType::kBUILD));
  }

  static IPluginV3OneRuntime& runtime(IPluginV3& plugin) {
    return *static_cast<IPluginV3OneRuntime*>(plugin.getCapabilityInterface(PluginCapabilityType::kRUNTIME));
  }

  void choosesFormats(IPluginV3& plugin) {
    const auto takes = [&](std::vector<DynamicPluginTensorDesc> tensors) {
      for (int32_t i = 0; i < 6; ++i) {
        if (!build(plugin).supportsFormatCombination(i, tensors.data(), 5, 1)) {
          return false;
        }
      }
      return true;
    };
    using F = TensorFormat;
    checks_.expect(takes(node(DataType::kFLOAT, F::kLINEAR)), "fp32 NCHW");
    checks_.expect(takes(node(DataType::kHALF, F::kLINEAR)), "fp16 NCHW");
    checks_.expect(takes(node(DataType::kFLOAT, F::kHWC)), "fp32 channels last");
    checks_.expect(takes(node(DataType::kHALF, F::kHWC8)), "fp16 channels last");
    checks_.expect(!takes(node(DataType::kINT8, F::kLINEAR)), "not int8");
    checks_.expect(!takes(node(DataType::kFLOAT, F::kCHW32)), "not vectors of 32");
    auto mixed = node(DataType::kHALF, F::kHWC8);
    mixed[5] = node(DataType::kHALF, F::kLINEAR)[5];
    checks_.expect(takes(mixed), "each picture in the layout its neighbour prefers");
    mixed[1].desc.type = DataType::kFLOAT;
    checks_.expect(!takes(mixed), "not fp32 offsets with fp16");
    auto odd = node(DataType::kHALF, F::kHWC8);
    odd[0].desc.dims.d[1] = 60;
    checks_.expect(!takes(odd), "not a last vector that is part full");
    auto weight = node(DataType::kHALF, F::kHWC8);
    weight[3].desc.format = F::kHWC8;
    checks_.expect(!takes(weight), "not a weight with channels last");
  }

  void tellsShapes(IPluginV3& plugin) {
    // Expressions are only passed on: their addresses tell which came through.
    std::array<char, 16> addresses{};
    const auto expression = [&](size_t i) { return reinterpret_cast<const IDimensionExpr*>(&addresses[i]); };
    std::array<DimsExprs, 5> in{};
    for (size_t input = 0; input < 4; ++input) {
      in[input].nbDims = 4;
      for (size_t axis = 0; axis < 4; ++axis) {
        in[input].d[axis] = expression(4 * input + axis);
      }
    }
    DimsExprs out{};
    NoExpressions builder;
    const bool told = build(plugin).getOutputShapes(in.data(), 5, nullptr, 0, &out, 1, builder) == 0;
    checks_.expect(told && out.nbDims == 4 && out.d[0] == expression(0) && out.d[1] == expression(12) &&
                       out.d[2] == expression(6) && out.d[3] == expression(7),
                   "the output has x's batch, weight's channels and offset's size");
    DataType type{};
    const std::array<DataType, 5> types{DataType::kHALF, DataType::kHALF, DataType::kHALF, DataType::kHALF, DataType::kHALF};
    checks_.expect(build(plugin).getOutputDataTypes(&type, 1, types.data(), 5) == 0 && type == DataType::kHALF,
                   "the output has x's type");
    const auto described = node(DataType::kHALF, TensorFormat::kLINEAR);
    checks_.expect(build(plugin).configurePlugin(described.data(), 5, described.data() + 5, 1) == 0, "five inputs configure");
    checks_.expect(build(plugin).configurePlugin(described.data(), 3, described.data() + 5, 1) != 0, "three do not");
    const size_t bytes = build(plugin).getWorkspaceSize(described.data(), 5, described.data() + 5, 1);
    checks_.expect(bytes >= size_t{64} * 64 * 9 * 2, "the workspace holds the packed weight");
  }

  void checksShapes(IPluginV3& plugin) {
    const auto accepts = [&](const std::vector<DynamicPluginTensorDesc>& tensors, int32_t inputs) {
      std::vector<PluginTensorDesc> plain;
      for (const DynamicPluginTensorDesc& one : tensors) {
        plain.push_back(one.desc);
      }
      return runtime(plugin).onShapeChange(plain.data(), inputs, plain.data() + 5, 1) == 0;
    };
    const auto good = node(DataType::kHALF, TensorFormat::kLINEAR);
    checks_.expect(accepts(good, 5), "the parser's shapes");
    checks_.expect(accepts(good, 4), "the same without a bias");
    const auto wrong = [&](const char* what, size_t input, int axis, int64_t size, const std::string& sentence) {
      auto tensors = good;
      tensors[input].desc.dims.d[axis] = size;
      checks_.expect(!accepts(tensors, 5) && log_.last.find(sentence) != std::string::npos,
                     std::string(what) + ", said was \"" + log_.last + "\"");
    };
    wrong("offsets of another size", 1, 3, 31, "Expected 30 for offset.shape[3] but received 31");
    wrong("too few masks", 2, 1, 9, "Expected 72 for mask.shape[1] but received 9");
    wrong("a weight of other channels", 3, 1, 32, "Expected 64 for weight.shape[1] but received 32");
    wrong("a bias of other channels", 4, 0, 63, "Expected a bias of as many values");
    wrong("an output of another size", 5, 2, 10, "Expected 20 for output.shape[2] but received 10");
  }

  void comesBack(IPluginV3& plugin) {
    const std::unique_ptr<IPluginV3> copy(plugin.clone());
    const std::unique_ptr<IPluginV3> attached(runtime(plugin).attachToContext(nullptr));
    checks_.expect(copy != nullptr && attached != nullptr, "it can be cloned and attached");
    const PluginFieldCollection* written = runtime(*copy).getFieldsToSerialize();
    const std::unique_ptr<IPluginV3> again(creator_.createPlugin("node", written, TensorRTPhase::kRUNTIME));
    checks_.expect(again != nullptr, "what is written makes a plugin");
    if (again == nullptr) {
      return;
    }
    const PluginFieldCollection* second = runtime(*again).getFieldsToSerialize();
    bool same = written->nbFields == second->nbFields;
    for (int32_t i = 0; same && i < written->nbFields; ++i) {
      const PluginField& a = written->fields[i];
      const PluginField& b = second->fields[i];
      const size_t bytes = sizeof(int32_t) * static_cast<size_t>(a.length);  // float32 is as long
      same = std::string(a.name) == b.name && a.type == b.type && a.length == b.length &&
             std::memcmp(a.data, b.data, bytes) == 0;
    }
    checks_.expect(same, "and writes the same fields");
  }

  Checks& checks_;
  IPluginCreatorV3One& creator_;
  const Log& log_;
};

}  // namespace

int main(int argc, char** argv) {
  void* library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (library == nullptr) {
    std::fprintf(stderr, "plugin_test: %s\n", argc > 1 ? dlerror() : "usage: plugin_test LIBRARY");
    return 1;
  }
  Checks checks("plugin_test");
  const auto getCreators = reinterpret_cast<Getter>(dlsym(library, "getCreators"));
  const auto setLoggerFinder = reinterpret_cast<Setter>(dlsym(library, "setLoggerFinder"));
  checks.expect(getCreators != nullptr && setLoggerFinder != nullptr, "the library has both doors");
  if (getCreators != nullptr && setLoggerFinder != nullptr) {
    Log log;
    Finder finder(log);
    setLoggerFinder(&finder);
    int32_t count = 0;
    IPluginCreatorInterface* const* creators = getCreators(count);
    checks.expect(count == 1, "it has one creator");
    PluginTest(checks, *static_cast<IPluginCreatorV3One*>(creators[0]), log).run();
    setLoggerFinder(nullptr);
  }
  return checks.finish();
}
