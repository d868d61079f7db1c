// One bilinear sample: where it lies, and the values it gives. Coordinates and weights are fp32 whatever is stored.
#pragma once

#include <cmath>

#include "plan.h"

namespace limpid::deform_conv {

// The four corners around a place, top left first: the element of each, and its weight, modulation included.
struct Footprint {
  int element[4];
  float weight[4];  // 0 for a corner outside the image, which then is not read
};

// Δ and modulation as they lie in memory; loaded one chunk ahead of their use.
template <typename T>
struct Displacement {
  T down;
  T right;
  T modulation;
};

LIMPID_HD float sigmoid(float value) {
#ifdef __CUDA_ARCH__
  return __fdividef(1.0F, 1.0F + __expf(-value));
#else
  return 1.0F / (1.0F + std::exp(-value));
#endif
}

// Not-a-number, infinities and anything a whole pixel outside give weights of zero.
LIMPID_HD Footprint footprintAt(const Params& p, float h, float w, float modulation) {
  Footprint at{};
  const bool near = h > -1.0F && w > -1.0F && h < static_cast<float>(p.height) && w < static_cast<float>(p.width);
  if (!near) {
    return at;
  }
  const float top = floorf(h);
  const float left = floorf(w);
  const float down = h - top;
  const float right = w - left;
  const int y = static_cast<int>(top);
  const int x = static_cast<int>(left);
  const float rows[2] = {y >= 0 ? (1.0F - down) * modulation : 0.0F, y + 1 < p.height ? down * modulation : 0.0F};
  const float columns[2] = {x >= 0 ? 1.0F - right : 0.0F, x + 1 < p.width ? right : 0.0F};
  LIMPID_UNROLL
  for (int corner = 0; corner < 4; ++corner) {
    at.element[corner] = (y + corner / 2) * p.x.h + (x + corner % 2) * p.x.w;
    at.weight[corner] = rows[corner / 2] * columns[corner % 2];
  }
  return at;
}

// Where tap `tap` of the output pixel (h, w) samples, displaced. @param logit whether the modulation still wants its sigmoid
template <typename T>
LIMPID_HD Footprint footprintOf(const Params& p, int h, int w, int tap, const Displacement<T>& displacement, bool logit) {
  const int row = tap / p.kernelW;
  const int column = tap - row * p.kernelW;
  const auto baseH = static_cast<float>(h * p.strideH - p.padH + row * p.dilationH);
  const auto baseW = static_cast<float>(w * p.strideW - p.padW + column * p.dilationW);
  const float stored = toFloat(displacement.modulation);
  const float modulation = logit ? sigmoid(stored) : stored;
  return footprintAt(p, baseH + toFloat(displacement.down), baseW + toFloat(displacement.right), modulation);
}

LIMPID_HD float unitValue(const Unit& unit, int index, float) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(unit.word[index]);
#else
  float value;
  std::memcpy(&value, &unit.word[index], sizeof value);
  return value;
#endif
}

LIMPID_HD float unitValue(const Unit& unit, int index, Half) {
  return toFloat(Half{static_cast<uint16_t>(unit.word[index / 2] >> (16 * (index % 2)))});
}

template <typename T>
LIMPID_HD Unit packUnit(const float (&values)[kUnitChannels<T>]) {
  Unit unit;
  if constexpr (sizeof(T) == 4) {
    LIMPID_UNROLL
    for (int i = 0; i < 4; ++i) {
#ifdef __CUDA_ARCH__
      unit.word[i] = __float_as_uint(values[i]);
#else
      std::memcpy(&unit.word[i], &values[i], sizeof values[i]);
#endif
    }
  } else {
    LIMPID_UNROLL
    for (int i = 0; i < 4; ++i) {
      unit.word[i] = fromFloat<Half>(values[2 * i]).bits |
                     static_cast<uint32_t>(fromFloat<Half>(values[2 * i + 1]).bits) << 16U;
    }
  }
  return unit;
}

// A unit of channels side by side: four loads of 16 bytes. @param x the first channel of the picture's first pixel
template <typename T>
LIMPID_HD Unit sampleUnit(const T* x, const Footprint& at) {
  Unit corners[4];
  LIMPID_UNROLL
  for (int corner = 0; corner < 4; ++corner) {  // all loads in flight before the first use
    corners[corner] = Unit{};
    if (at.weight[corner] != 0.0F) {
      corners[corner] = *reinterpret_cast<const Unit*>(x + at.element[corner]);
    }
  }
  float values[kUnitChannels<T>];
  LIMPID_UNROLL
  for (int i = 0; i < kUnitChannels<T>; ++i) {
    values[i] = 0.0F;
    LIMPID_UNROLL
    for (int corner = 0; corner < 4; ++corner) {
      values[i] += at.weight[corner] * unitValue(corners[corner], i, T{});
    }
  }
  return packUnit<T>(values);
}

// One channel's value, whatever the layout.
template <typename T>
LIMPID_HD float sampleScalar(const T* x, const Footprint& at) {
  float value = 0.0F;
  LIMPID_UNROLL
  for (int corner = 0; corner < 4; ++corner) {
    if (at.weight[corner] != 0.0F) {
      value += at.weight[corner] * toFloat(x[at.element[corner]]);
    }
  }
  return value;
}

}  // namespace limpid::deform_conv
