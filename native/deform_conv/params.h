// The problem of one modulated deformable convolution (EDVR Eq. 1, DCNv2): sizes, memory layout, epilogue.
//
//   y(p0) = Σ_k w_k · x(p0 + p_k + Δp_k) · Δm_k          bilinear x; each corner outside the image counts as zero
//
// Offset channel 2·(g·K + k) is Δy and the next Δx; mask channel g·K + k; g deformable group, k tap, row-major, K taps.
#pragma once

#include <cstdint>
#include <string>

namespace limpid::deform_conv {

// Elements between neighbours along an axis. NCHW: {C·H·W, H·W, W, 1}. NHWC: {H·W·C, 1, W·C, C}.
struct Strides {
  int64_t n;
  int c;
  int h;
  int w;
};

struct Params {
  int batch = 1;  // the neighbours of a window run as one batch
  int channels = 0;
  int height = 0;
  int width = 0;
  int outChannels = 0;
  int kernelH = 3;
  int kernelW = 3;
  int strideH = 1;
  int strideW = 1;
  int padH = 1;
  int padW = 1;
  int dilationH = 1;
  int dilationW = 1;
  int groups = 1;        // divide channels and outChannels
  int deformGroups = 1;  // groups of channels that share offsets; divide channels
  Strides x{};
  Strides offset{};
  Strides mask{};
  Strides y{};
  bool maskIsLogit = false;  // true: the sigmoid is ours to apply
  float leakySlope = 1.0F;   // LeakyReLU of the result; 1: none

  int outHeight() const { return (height + 2 * padH - dilationH * (kernelH - 1) - 1) / strideH + 1; }
  int outWidth() const { return (width + 2 * padW - dilationW * (kernelW - 1) - 1) / strideW + 1; }
  int taps() const { return kernelH * kernelW; }
};

// What is read and written. The weight is (outChannels, channels / groups, kernelH, kernelW), contiguous.
// The bias may be null; so may the mask, which then is one everywhere.
template <typename T>
struct Tensors {
  const T* x = nullptr;
  const T* offset = nullptr;
  const T* mask = nullptr;
  const T* weight = nullptr;
  const T* bias = nullptr;
  T* y = nullptr;
};

Strides nchw(int channels, int height, int width);
// @param pitch channels that a pixel takes in memory, padding included
Strides nhwc(int pitch, int height, int width);

// The packed form: one tensor of 3·K·deformGroups channels as conv_offset makes it, offsets before mask logits.
// Sets the mask's layout and its pointer into the offsets' tensor, so that nothing is split or copied.
template <typename T>
void usePackedOffsets(Params& params, Tensors<T>& tensors) {
  params.mask = params.offset;
  params.maskIsLogit = true;
  tensors.mask = tensors.offset + static_cast<int64_t>(2) * params.taps() * params.deformGroups * params.offset.c;
}

// What is wrong with the sizes, as one sentence; empty when nothing is.
std::string problemWith(const Params& params);

}  // namespace limpid::deform_conv
