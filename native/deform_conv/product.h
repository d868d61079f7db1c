// A chunk's product: samples times weights, both in shared memory, added to a thread's sums.
#pragma once

#include "layout.h"

namespace limpid::deform_conv {

// Tensor cores: fp16 products, fp32 sums. @param samples, weights the first units of the buffers
template <typename Shape, typename Warp>
LIMPID_HD void multiplyFragments(Warp& warp, int samples, int weights) {
  constexpr int kDown = Shape::kWarpPixels / 16;
  constexpr int kAcross = Shape::kWarpOutputs / 16;
  constexpr int kWarpsDown = Shape::kPixels / Shape::kWarpPixels;
  const int firstPixel = warp.index() % kWarpsDown * Shape::kWarpPixels;
  const int firstOutput = warp.index() / kWarpsDown * Shape::kWarpOutputs;
  LIMPID_UNROLL
  for (int unit = 0; unit < kChunkUnits; unit += 2) {
    typename Warp::Fragment a[kDown];
    LIMPID_UNROLL
    for (int down = 0; down < kDown; ++down) {
      warp.loadMatrices(a[down], [&](int lane) {
        const FragmentRow at = sampleFragmentRow(lane);
        return samples + tileUnit(firstPixel + down * 16 + at.row, unit + at.unit);
      });
    }
    LIMPID_UNROLL
    for (int across = 0; across < kAcross; ++across) {
      typename Warp::Fragment b;
      warp.loadMatrices(b, [&](int lane) {
        const FragmentRow at = weightFragmentRow(lane);
        return weights + tileUnit(firstOutput + across * 16 + at.row, unit + at.unit);
      });
      LIMPID_UNROLL
      for (int down = 0; down < kDown; ++down) {
        warp.multiply((down * 2 * kAcross + 2 * across) * 4, a[down], b, 0);
        warp.multiply((down * 2 * kAcross + 2 * across + 1) * 4, a[down], b, 2);
      }
    }
  }
}

// fp32 multiply-adds, for an error that tensor cores' tf32 could not hold.
template <typename Shape, typename Block>
LIMPID_HD void multiplyScalars(Block& block, int samples, int weights, int thread, float (&sums)[Shape::kAccumulators]) {
  constexpr int kDown = Shape::kWarpPixels / 8;
  constexpr int kAcross = Shape::kWarpOutputs / 4;
  constexpr int kWarpsDown = Shape::kPixels / Shape::kWarpPixels;
  const int warp = thread / 32;
  const Cell corner = scalarCell<Shape>(thread % 32, 0);
  const int firstPixel = warp % kWarpsDown * Shape::kWarpPixels + corner.pixel;
  const int firstOutput = warp / kWarpsDown * Shape::kWarpOutputs + corner.output;
  for (int unit = 0; unit < kChunkUnits; ++unit) {
    Unit a[kDown];
    LIMPID_UNROLL
    for (int down = 0; down < kDown; ++down) {
      a[down] = block.load(thread, samples + tileUnit(firstPixel + down * 8, unit));
    }
    LIMPID_UNROLL
    for (int across = 0; across < kAcross; ++across) {
      const Unit b = block.load(thread, weights + tileUnit(firstOutput + across * 4, unit));
      LIMPID_UNROLL
      for (int down = 0; down < kDown; ++down) {
        LIMPID_UNROLL
        for (int i = 0; i < 4; ++i) {
          sums[down * kAcross + across] += unitValue(a[down], i, 0.0F) * unitValue(b, i, 0.0F);
        }
      }
    }
  }
}

}  // namespace limpid::deform_conv
