#include "reference.h"

#include <cmath>

namespace limpid::deform_conv {
namespace {

int64_t at(const Strides& s, int n, int c, int h, int w) {
  return n * s.n + static_cast<int64_t>(c) * s.c + static_cast<int64_t>(h) * s.h + static_cast<int64_t>(w) * s.w;
}

template <typename T>
double pixel(const Params& p, const T* x, int n, int c, int h, int w) {
  return h < 0 || w < 0 || h >= p.height || w >= p.width ? 0.0 : toFloat(x[at(p.x, n, c, h, w)]);
}

// x at a fractional place. Not-a-number and anything a whole pixel outside give zero.
template <typename T>
double bilinear(const Params& p, const T* x, int n, int c, float h, float w) {
  const bool near = h > -1.0F && w > -1.0F && h < static_cast<float>(p.height) && w < static_cast<float>(p.width);
  if (!near) {
    return 0.0;
  }
  const int top = static_cast<int>(std::floor(h));
  const int left = static_cast<int>(std::floor(w));
  const double down = static_cast<double>(h) - top;
  const double right = static_cast<double>(w) - left;
  return (1 - down) * ((1 - right) * pixel(p, x, n, c, top, left) + right * pixel(p, x, n, c, top, left + 1)) +
         down * ((1 - right) * pixel(p, x, n, c, top + 1, left) + right * pixel(p, x, n, c, top + 1, left + 1));
}

template <typename T>
double modulation(const Params& p, const T* mask, int n, int channel, int h, int w) {
  if (mask == nullptr) {
    return 1.0;
  }
  const double value = toFloat(mask[at(p.mask, n, channel, h, w)]);
  return p.maskIsLogit ? 1.0 / (1.0 + std::exp(-value)) : value;
}

// Σ_k Σ_c w · x(p0 + p_k + Δp_k) · Δm_k of one output value
template <typename T>
double convolve(const Params& p, const Tensors<T>& t, int n, int o, int h, int w) {
  const int perGroup = p.channels / p.groups;
  const int perDeformGroup = p.channels / p.deformGroups;
  const int first = o / (p.outChannels / p.groups) * perGroup;
  double sum = 0.0;
  for (int c = 0; c < perGroup; ++c) {
    for (int k = 0; k < p.taps(); ++k) {
      const int channel = (first + c) / perDeformGroup * p.taps() + k;
      const auto baseH = static_cast<float>(h * p.strideH - p.padH + k / p.kernelW * p.dilationH);
      const auto baseW = static_cast<float>(w * p.strideW - p.padW + k % p.kernelW * p.dilationW);
      const float sampleH = baseH + toFloat(t.offset[at(p.offset, n, 2 * channel, h, w)]);
      const float sampleW = baseW + toFloat(t.offset[at(p.offset, n, 2 * channel + 1, h, w)]);
      const double weight = toFloat(t.weight[(static_cast<int64_t>(o) * perGroup + c) * p.taps() + k]);
      sum += weight * bilinear(p, t.x, n, first + c, sampleH, sampleW) * modulation(p, t.mask, n, channel, h, w);
    }
  }
  return sum;
}

}  // namespace

template <typename T>
void reference(const Params& p, const Tensors<T>& t) {
  for (int n = 0; n < p.batch; ++n) {
    for (int o = 0; o < p.outChannels; ++o) {
      for (int h = 0; h < p.outHeight(); ++h) {
        for (int w = 0; w < p.outWidth(); ++w) {
          const double sum = convolve(p, t, n, o, h, w) + (t.bias == nullptr ? 0.0 : toFloat(t.bias[o]));
          t.y[at(p.y, n, o, h, w)] = fromFloat<T>(static_cast<float>(sum > 0 ? sum : sum * p.leakySlope));
        }
      }
    }
  }
}

template void reference<float>(const Params&, const Tensors<float>&);
template void reference<Half>(const Params&, const Tensors<Half>&);

}  // namespace limpid::deform_conv
