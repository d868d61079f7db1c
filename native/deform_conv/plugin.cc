#include "plugin.h"

#include <memory>
#include <stdexcept>

#include "kernel.h"

namespace limpid::deform_conv {
namespace {

using nvinfer1::DataType;
using nvinfer1::PluginTensorDesc;
using nvinfer1::TensorFormat;

void require(bool holds, const std::string& otherwise) {
  if (!holds) {
    throw std::invalid_argument(otherwise);
  }
}

int dimension(const PluginTensorDesc& tensor, int axis) { return static_cast<int>(tensor.dims.d[axis]); }

Strides stridesOf(const PluginTensorDesc& tensor) {
  const int channels = dimension(tensor, 1);
  const int height = dimension(tensor, 2);
  const int width = dimension(tensor, 3);
  switch (tensor.format) {
    case TensorFormat::kLINEAR:
      return nchw(channels, height, width);
    case TensorFormat::kHWC:
      return nhwc(channels, height, width);
    case TensorFormat::kHWC8:
      return nhwc((channels + 7) / 8 * 8, height, width);
    default:
      throw std::invalid_argument("Expected the format kLINEAR, kHWC or kHWC8");
  }
}

void requireShape(const PluginTensorDesc& tensor, const char* name, std::array<int, 4> shape) {
  require(tensor.dims.nbDims == 4, std::string("Expected 4 dimensions for ") + name);
  for (int axis = 0; axis < 4; ++axis) {
    require(tensor.dims.d[axis] == shape[axis], std::string("Expected ") + std::to_string(shape[axis]) + " for " + name +
                                                    ".shape[" + std::to_string(axis) + "] but received " +
                                                    std::to_string(tensor.dims.d[axis]));
  }
}

}  // namespace

nvinfer1::IPluginCapability* DeformConvPlugin::getCapabilityInterface(nvinfer1::PluginCapabilityType type) noexcept {
  switch (type) {
    case nvinfer1::PluginCapabilityType::kCORE:
      return static_cast<IPluginV3OneCore*>(this);
    case nvinfer1::PluginCapabilityType::kBUILD:
      return static_cast<IPluginV3OneBuild*>(this);
    case nvinfer1::PluginCapabilityType::kRUNTIME:
      return static_cast<IPluginV3OneRuntime*>(this);
  }
  return nullptr;
}

nvinfer1::IPluginV3* DeformConvPlugin::clone() noexcept {
  return guarded("clone", static_cast<nvinfer1::IPluginV3*>(nullptr), [&]() -> nvinfer1::IPluginV3* {
    auto copy = std::make_unique<DeformConvPlugin>(fields_);
    copy->inputs_ = inputs_;
    return copy.release();
  });
}

nvinfer1::IPluginV3* DeformConvPlugin::attachToContext(nvinfer1::IPluginResourceContext*) noexcept { return clone(); }

int32_t DeformConvPlugin::configurePlugin(const nvinfer1::DynamicPluginTensorDesc*, int32_t inputs,
                                          const nvinfer1::DynamicPluginTensorDesc*, int32_t outputs) noexcept {
  return guarded("configurePlugin", 1, [&] {
    require((inputs == leastInputs() || inputs == leastInputs() + 1) && outputs == 1,
            "Expected " + std::to_string(leastInputs()) + " inputs, or one more for the bias, and 1 output but received " +
                std::to_string(inputs) + " and " + std::to_string(outputs));
    inputs_ = inputs;
    return 0;
  });
}

int32_t DeformConvPlugin::getOutputDataTypes(DataType* outputTypes, int32_t outputs, const DataType* inputTypes,
                                             int32_t inputs) const noexcept {
  return guarded("getOutputDataTypes", 1, [&] {
    require(outputs == 1 && inputs >= leastInputs(), "Expected 1 output and at least x, offset and weight");
    outputTypes[0] = inputTypes[0];
    return 0;
  });
}

int32_t DeformConvPlugin::getOutputShapes(const nvinfer1::DimsExprs* in, int32_t inputs, const nvinfer1::DimsExprs*, int32_t,
                                          nvinfer1::DimsExprs* out, int32_t outputs, nvinfer1::IExprBuilder&) noexcept {
  return guarded("getOutputShapes", 1, [&] {
    require(outputs == 1 && inputs >= leastInputs(), "Expected 1 output and at least x, offset and weight");
    const nvinfer1::DimsExprs& weight = in[leastInputs() - 1];
    require(in[0].nbDims == 4 && in[1].nbDims == 4 && weight.nbDims == 4, "Expected x, offset and weight of 4 dimensions");
    out[0].nbDims = 4;
    out[0].d[0] = in[0].d[0];
    out[0].d[1] = weight.d[0];
    out[0].d[2] = in[1].d[2];  // offsets come at the output's size
    out[0].d[3] = in[1].d[3];
    return 0;
  });
}

// One type throughout. x, offsets, mask and output each in NCHW or channels last, whatever their neighbours prefer; a
// channels-last fp16 tensor must fill its last vector of 8. Weight and bias are linear.
bool DeformConvPlugin::supportsFormatCombination(int32_t position, const nvinfer1::DynamicPluginTensorDesc* inOut,
                                                 int32_t inputs, int32_t outputs) noexcept {
  if (outputs != 1 || inputs < leastInputs() || inputs > leastInputs() + 1 || position < 0 || position > inputs) {
    return false;
  }
  const PluginTensorDesc& one = inOut[position].desc;
  const bool typed = position == 0 ? one.type == DataType::kFLOAT || one.type == DataType::kHALF
                                   : one.type == inOut[0].desc.type;
  if (!typed) {
    return false;
  }
  if (one.format == TensorFormat::kLINEAR) {
    return true;
  }
  const bool isPicture = position < leastInputs() - 1 || position == inputs;
  if (!isPicture) {
    return false;
  }
  return one.type == DataType::kFLOAT ? one.format == TensorFormat::kHWC
                                      : one.format == TensorFormat::kHWC8 && one.dims.nbDims == 4 && one.dims.d[1] % 8 == 0;
}

size_t DeformConvPlugin::getWorkspaceSize(const nvinfer1::DynamicPluginTensorDesc* in, int32_t inputs,
                                          const nvinfer1::DynamicPluginTensorDesc*, int32_t) const noexcept {
  return guarded("getWorkspaceSize", size_t{0}, [&] {
    require(inputs >= leastInputs(), "Expected at least x, offset and weight");
    // The packed weight alone, which no dynamic size changes.
    const nvinfer1::Dims& weight = in[leastInputs() - 1].desc.dims;
    Params params;
    params.outChannels = static_cast<int>(weight.d[0]);
    params.channels = static_cast<int>(weight.d[1]) * fields_.group;
    params.kernelH = static_cast<int>(weight.d[2]);
    params.kernelW = static_cast<int>(weight.d[3]);
    params.groups = fields_.group;
    params.deformGroups = fields_.deformGroup;
    params.height = params.kernelH;
    params.width = params.kernelW;
    if (const std::string problem = problemWith(params); !problem.empty()) {
      throw std::invalid_argument(problem);
    }
    return in[0].desc.type == DataType::kHALF ? workspaceBytes<Half>(params) : workspaceBytes<float>(params);
  });
}

Params DeformConvPlugin::paramsOf(const PluginTensorDesc* in, const PluginTensorDesc& out, int32_t inputs) const {
  const PluginTensorDesc& x = in[0];
  const PluginTensorDesc& weight = in[leastInputs() - 1];
  require(x.dims.nbDims == 4 && weight.dims.nbDims == 4, "Expected x and weight of 4 dimensions");
  Params p;
  p.batch = dimension(x, 0);
  p.channels = dimension(x, 1);
  p.height = dimension(x, 2);
  p.width = dimension(x, 3);
  p.outChannels = dimension(weight, 0);
  p.kernelH = dimension(weight, 2);
  p.kernelW = dimension(weight, 3);
  p.strideH = fields_.stride[0];
  p.strideW = fields_.stride[1];
  p.padH = fields_.padding[0];
  p.padW = fields_.padding[1];
  p.dilationH = fields_.dilation[0];
  p.dilationW = fields_.dilation[1];
  p.groups = fields_.group;
  p.deformGroups = fields_.deformGroup;
  p.leakySlope = fields_.leakySlope;
  if (const std::string problem = problemWith(p); !problem.empty()) {
    throw std::invalid_argument(problem);
  }
  const int samples = p.taps() * p.deformGroups;
  const int oh = p.outHeight();
  const int ow = p.outWidth();
  requireShape(weight, "weight", {p.outChannels, p.channels / p.groups, p.kernelH, p.kernelW});
  requireShape(in[1], "offset", {p.batch, (fields_.packedOffsets != 0 ? 3 : 2) * samples, oh, ow});
  requireShape(out, "output", {p.batch, p.outChannels, oh, ow});
  p.x = stridesOf(x);
  p.offset = stridesOf(in[1]);
  p.y = stridesOf(out);
  if (fields_.packedOffsets == 0) {
    requireShape(in[2], "mask", {p.batch, samples, oh, ow});
    p.mask = stridesOf(in[2]);
  }
  if (inputs > leastInputs()) {
    const nvinfer1::Dims& bias = in[leastInputs()].dims;
    require(bias.nbDims == 1 && bias.d[0] == p.outChannels, "Expected a bias of as many values as the output has channels");
  }
  return p;
}

int32_t DeformConvPlugin::onShapeChange(const PluginTensorDesc* in, int32_t inputs, const PluginTensorDesc* out,
                                        int32_t outputs) noexcept {
  return guarded("onShapeChange", 1, [&] {
    require((inputs == leastInputs() || inputs == leastInputs() + 1) && outputs == 1, "Expected the configured inputs");
    paramsOf(in, out[0], inputs);
    inputs_ = inputs;
    return 0;
  });
}

template <typename T>
void DeformConvPlugin::run(const Params& params, const void* const* inputs, void* output, void* workspace,
                           cudaStream_t stream) const {
  const auto input = [&](int index) { return static_cast<const T*>(inputs[index]); };
  const bool packed = fields_.packedOffsets != 0;
  Tensors<T> tensors{input(0),
                     input(1),
                     packed ? nullptr : input(2),
                     input(leastInputs() - 1),
                     inputs_ > leastInputs() ? input(leastInputs()) : nullptr,
                     static_cast<T*>(output)};
  Params folded = params;
  if (packed) {
    usePackedOffsets(folded, tensors);
  }
  if (const cudaError_t error = launch(folded, tensors, workspace, stream); error != cudaSuccess) {
    throw std::runtime_error(std::string("the kernel was not launched: ") + cudaGetErrorString(error));
  }
}

int32_t DeformConvPlugin::enqueue(const PluginTensorDesc* in, const PluginTensorDesc* out, const void* const* inputs,
                                  void* const* outputs, void* workspace, cudaStream_t stream) noexcept {
  return guarded("enqueue", 1, [&] {
    const Params params = paramsOf(in, out[0], inputs_);
    if (in[0].type == DataType::kHALF) {
      run<Half>(params, inputs, outputs[0], workspace, stream);
    } else {
      run<float>(params, inputs, outputs[0], workspace, stream);
    }
    return 0;
  });
}

const nvinfer1::PluginFieldCollection* DeformConvPlugin::getFieldsToSerialize() noexcept {
  using nvinfer1::PluginFieldType;
  serialized_ = {{{"stride", fields_.stride.data(), PluginFieldType::kINT32, 2},
                  {"padding", fields_.padding.data(), PluginFieldType::kINT32, 2},
                  {"dilation", fields_.dilation.data(), PluginFieldType::kINT32, 2},
                  {"group", &fields_.group, PluginFieldType::kINT32, 1},
                  {"deformable_group", &fields_.deformGroup, PluginFieldType::kINT32, 1},
                  {"packed_offsets", &fields_.packedOffsets, PluginFieldType::kINT32, 1},
                  {"leaky_slope", &fields_.leakySlope, PluginFieldType::kFLOAT32, 1}}};
  serializedCollection_ = {static_cast<int32_t>(serialized_.size()), serialized_.data()};
  return &serializedCollection_;
}

}  // namespace limpid::deform_conv
