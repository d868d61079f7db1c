// Random problems with their tensors, drawn from a seed: what the emulated kernel and the GPU are both tested on.
#pragma once

#include <cmath>
#include <string>

#include "../reference.h"
#include "draw.h"

namespace limpid::deform_conv::test {

// Guards around a tensor: an index one picture row too far reads not-a-number or breaks the seal, instead of passing.
constexpr size_t kGuard = 64;

template <typename T>
struct Case {
  std::string name;
  Params params;
  bool hasBias = true;
  bool hasMask = true;
  // Each with kGuard values of not-a-number on both sides.
  std::vector<T> x, offset, mask, weight, bias;
  size_t outputs = 0;  // values of y, padding included
};

template <typename T>
T* inside(std::vector<T>& guarded) {
  return guarded.data() + kGuard;
}

template <typename T>
std::vector<T> guarded(const std::vector<float>& values) {
  std::vector<T> all(values.size() + 2 * kGuard, fromFloat<T>(std::nanf("")));
  for (size_t i = 0; i < values.size(); ++i) {
    all[kGuard + i] = fromFloat<T>(values[i]);
  }
  return all;
}

template <typename T>
Tensors<T> tensorsOf(Case<T>& one, T* y) {
  Tensors<T> tensors{inside(one.x), inside(one.offset), one.hasMask ? inside(one.mask) : nullptr,
                     inside(one.weight), one.hasBias ? inside(one.bias) : nullptr, y};
  return tensors;
}

// What a case is about, beside chance.
enum class Theme { kAny, kEdvr64, kEdvr128, kWide, kFarOffsets };

inline Params drawParams(Draw& draw, Theme theme) {
  Params p;
  p.batch = draw.integer(1, 2);
  p.height = draw.integer(3, 12);
  p.width = draw.integer(3, 13);
  switch (theme) {
    case Theme::kEdvr64:
    case Theme::kEdvr128:
      p.deformGroups = 1 << draw.integer(0, 4);
      p.channels = p.outChannels = theme == Theme::kEdvr64 ? 64 : 128;
      p.batch = draw.integer(1, 3);
      break;
    case Theme::kWide:  // where coordinates in half precision would be off by half a pixel
      p.width = draw.integer(1025, 1400);
      p.height = draw.integer(1, 2);
      p.batch = 1;
      p.deformGroups = draw.integer(1, 2);
      p.channels = 8 * p.deformGroups;
      p.outChannels = draw.integer(1, 9);
      break;
    case Theme::kAny:
    case Theme::kFarOffsets:
      p.groups = draw.integer(1, 16);
      p.deformGroups = draw.integer(1, 16);
      p.channels = p.groups * p.deformGroups;
      if (p.channels < 40) {
        p.channels *= draw.integer(1, 3);
      }
      p.outChannels = p.groups * draw.integer(1, p.groups > 3 ? 5 : 70);
      p.kernelH = draw.integer(1, 3);
      p.kernelW = draw.integer(1, 4);
      p.strideH = draw.integer(1, 3);
      p.strideW = draw.integer(1, 2);
      p.padH = draw.integer(0, 3);
      p.padW = draw.integer(0, 2);
      p.dilationH = draw.integer(1, 2);
      p.dilationW = draw.integer(1, 3);
      break;
  }
  return p;
}

// The layouts, drawn: x and y in NCHW or NHWC each, NHWC with padding channels or without, offsets apart or packed.
template <typename T>
Case<T> drawCase(uint32_t seed) {
  Draw draw(seed * 2654435761U + 1);
  Case<T> one;
  const auto theme = static_cast<Theme>(seed % 8 < 4 ? 0 : seed % 8 - 3);
  Params p = drawParams(draw, theme);
  while (!problemWith(p).empty()) {
    p = drawParams(draw, theme);
  }
  const int oh = p.outHeight();
  const int ow = p.outWidth();
  const int samples = p.taps() * p.deformGroups;
  const bool last = draw.integer(0, 2) != 0;
  const bool lastOut = draw.integer(0, 1) != 0;
  const bool lastOffset = draw.integer(0, 1) != 0;
  const int unit = static_cast<int>(16 / sizeof(T));
  const int pad = draw.integer(0, 2);  // 0: none, 1: to whole units, 2: an odd pitch
  const auto pitch = [&](int channels) {
    return pad == 0 ? channels : pad == 1 ? (channels + unit - 1) / unit * unit : channels + 3;
  };
  p.x = last ? nhwc(pitch(p.channels), p.height, p.width) : nchw(p.channels, p.height, p.width);
  p.y = lastOut ? nhwc(pitch(p.outChannels), oh, ow) : nchw(p.outChannels, oh, ow);
  p.leakySlope = draw.integer(0, 1) != 0 ? 0.1F : 1.0F;
  p.maskIsLogit = draw.integer(0, 1) != 0;
  one.hasBias = draw.integer(0, 3) != 0;
  one.hasMask = draw.integer(0, 3) != 0;
  const float reach = theme == Theme::kFarOffsets ? 60.0F : draw.integer(0, 1) != 0 ? 3.0F : 0.5F;
  const float shift = draw.integer(0, 2) == 0 ? -2.0F : 0.0F;  // negative as a whole

  const auto elements = [&](const Strides& s) { return static_cast<size_t>(s.n) * p.batch; };
  p.offset = lastOffset ? nhwc(2 * samples, oh, ow) : nchw(2 * samples, oh, ow);
  p.mask = lastOffset ? nhwc(samples, oh, ow) : nchw(samples, oh, ow);
  one.x = guarded<T>(draw.values(elements(p.x)));
  one.offset = guarded<T>(draw.values(elements(p.offset), reach, shift));
  if (theme == Theme::kFarOffsets) {  // offsets that blew up
    inside(one.offset)[0] = fromFloat<T>(INFINITY);
    inside(one.offset)[1] = fromFloat<T>(std::nanf(""));
  }
  one.mask = guarded<T>(draw.values(elements(p.mask), p.maskIsLogit ? 4.0F : 0.5F, p.maskIsLogit ? 0.0F : 0.5F));
  one.weight = guarded<T>(draw.values(static_cast<size_t>(p.outChannels) * (p.channels / p.groups) * p.taps()));
  one.bias = guarded<T>(draw.values(p.outChannels));
  one.outputs = elements(p.y);
  one.params = p;
  one.name = std::to_string(seed) + ": " + std::to_string(p.batch) + "x" + std::to_string(p.channels) + "x" +
             std::to_string(p.height) + "x" + std::to_string(p.width) + " -> " + std::to_string(p.outChannels) + ", kernel " +
             std::to_string(p.kernelH) + "x" + std::to_string(p.kernelW) + ", " + std::to_string(p.groups) + " groups, " +
             std::to_string(p.deformGroups) + " deformable";
  return one;
}

// The largest difference relative to the largest value; infinite where exactly one of the two is not finite.
template <typename T>
double relativeError(const T* received, const T* expected, size_t count) {
  double difference = 0;
  double scale = 1e-30;
  for (size_t i = 0; i < count; ++i) {
    const double a = toFloat(received[i]);
    const double b = toFloat(expected[i]);
    if (std::isfinite(a) != std::isfinite(b)) {
      return INFINITY;
    }
    if (std::isfinite(b)) {
      difference = std::fmax(difference, std::fabs(a - b));
      scale = std::fmax(scale, std::fabs(b));
    }
  }
  return difference / scale;
}

// fp32: sums of up to some thousand products in another order. fp16: the samples are rounded to half before the product,
// and the result once more.
template <typename T>
constexpr double kTolerance = sizeof(T) == 4 ? 1e-5 : 2e-3;

}  // namespace limpid::deform_conv::test
