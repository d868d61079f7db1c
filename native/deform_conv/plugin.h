// The operator as a TensorRT plugin, under the name and fields with which TensorRT's ONNX parser asks for a standard
// DeformConv node: ModulatedDeformConv2d, version "2" (IPluginV3), inputs x, offset, mask, weight and maybe bias.
#pragma once

#include <NvInferRuntime.h>

#include <array>
#include <string>

#include "params.h"

namespace limpid::deform_conv {

constexpr const char* kPluginName = "ModulatedDeformConv2d";
constexpr const char* kPluginVersion = "2";

// What the fields say. The first five are the parser's. The last two are ours and optional, for engines that we build layer
// by layer: they let TensorRT drop the sigmoid, the split of conv_offset's output and the activation.
struct PluginFields {
  std::array<int32_t, 2> stride{1, 1};
  std::array<int32_t, 2> padding{0, 0};
  std::array<int32_t, 2> dilation{1, 1};
  int32_t group = 1;
  int32_t deformGroup = 1;
  int32_t packedOffsets = 0;  // 1: `offset` is conv_offset's whole output, and there is no mask input
  float leakySlope = 1.0F;
};

// Nothing thrown leaves these methods: an error is a message to TensorRT's logger and a nonzero or null result.
class DeformConvPlugin final : public nvinfer1::IPluginV3,
                               public nvinfer1::IPluginV3OneCore,
                               public nvinfer1::IPluginV3OneBuild,
                               public nvinfer1::IPluginV3OneRuntime {
 public:
  explicit DeformConvPlugin(const PluginFields& fields) : fields_(fields) {}

  nvinfer1::IPluginCapability* getCapabilityInterface(nvinfer1::PluginCapabilityType type) noexcept override;
  nvinfer1::IPluginV3* clone() noexcept override;

  const char* getPluginName() const noexcept override { return kPluginName; }
  const char* getPluginVersion() const noexcept override { return kPluginVersion; }
  const char* getPluginNamespace() const noexcept override { return ""; }

  int32_t getNbOutputs() const noexcept override { return 1; }
  int32_t configurePlugin(const nvinfer1::DynamicPluginTensorDesc* in, int32_t inputs,
                          const nvinfer1::DynamicPluginTensorDesc* out, int32_t outputs) noexcept override;
  int32_t getOutputDataTypes(nvinfer1::DataType* outputTypes, int32_t outputs, const nvinfer1::DataType* inputTypes,
                             int32_t inputs) const noexcept override;
  int32_t getOutputShapes(const nvinfer1::DimsExprs* in, int32_t inputs, const nvinfer1::DimsExprs* shapes,
                          int32_t shapeInputs, nvinfer1::DimsExprs* out, int32_t outputs,
                          nvinfer1::IExprBuilder& builder) noexcept override;
  bool supportsFormatCombination(int32_t position, const nvinfer1::DynamicPluginTensorDesc* inOut, int32_t inputs,
                                 int32_t outputs) noexcept override;
  size_t getWorkspaceSize(const nvinfer1::DynamicPluginTensorDesc* in, int32_t inputs,
                          const nvinfer1::DynamicPluginTensorDesc* out, int32_t outputs) const noexcept override;

  int32_t onShapeChange(const nvinfer1::PluginTensorDesc* in, int32_t inputs, const nvinfer1::PluginTensorDesc* out,
                        int32_t outputs) noexcept override;
  int32_t enqueue(const nvinfer1::PluginTensorDesc* in, const nvinfer1::PluginTensorDesc* out, const void* const* inputs,
                  void* const* outputs, void* workspace, cudaStream_t stream) noexcept override;
  nvinfer1::IPluginV3* attachToContext(nvinfer1::IPluginResourceContext* context) noexcept override;
  const nvinfer1::PluginFieldCollection* getFieldsToSerialize() noexcept override;

 private:
  int32_t leastInputs() const { return fields_.packedOffsets != 0 ? 3 : 4; }
  // Throws std::invalid_argument with the sentence for the logger.
  Params paramsOf(const nvinfer1::PluginTensorDesc* in, const nvinfer1::PluginTensorDesc& out, int32_t inputs) const;
  template <typename T>
  void run(const Params& params, const void* const* inputs, void* output, void* workspace, cudaStream_t stream) const;

  PluginFields fields_;
  int32_t inputs_ = 0;  // with the bias or without, as configured
  std::array<nvinfer1::PluginField, 7> serialized_{};
  nvinfer1::PluginFieldCollection serializedCollection_{};
};

class DeformConvPluginCreator final : public nvinfer1::IPluginCreatorV3One {
 public:
  DeformConvPluginCreator();
  // Every field is checked by name, type, length and range; the first five must be there.
  nvinfer1::IPluginV3* createPlugin(const char* name, const nvinfer1::PluginFieldCollection* fields,
                                    nvinfer1::TensorRTPhase phase) noexcept override;
  const nvinfer1::PluginFieldCollection* getFieldNames() noexcept override { return &collection_; }
  const char* getPluginName() const noexcept override { return kPluginName; }
  const char* getPluginVersion() const noexcept override { return kPluginVersion; }
  const char* getPluginNamespace() const noexcept override { return ""; }

 private:
  std::array<nvinfer1::PluginField, 7> names_;
  nvinfer1::PluginFieldCollection collection_{};
};

// One line to the logger that TensorRT lent this library; to stderr where it lent none.
void logError(const std::string& message) noexcept;

// Runs `body`; what it throws becomes a line for the logger and `otherwise`.
template <typename Result, typename Body>
Result guarded(const char* where, Result otherwise, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& failure) {
    logError(std::string(kPluginName) + " " + where + ": " + failure.what());
  } catch (...) {
    logError(std::string(kPluginName) + " " + where + ": unknown failure");
  }
  return otherwise;
}

}  // namespace limpid::deform_conv
