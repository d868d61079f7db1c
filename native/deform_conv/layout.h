// Index maths of a tile: shared memory, matrix fragments, packed weights. Compiled for the device and for the host.
#pragma once

#include "sample.h"

namespace limpid::deform_conv {

// A tile of samples or weights in shared memory: a row is a pixel or an output, 8 units of K. The unit's place is swizzled
// by the row, so that 8 neighbouring rows at one unit, and 8 units of one row, both touch all 32 banks once.
//
//   row 0:  u0 u1 u2 u3 u4 u5 u6 u7
//   row 1:  u1 u0 u3 u2 u5 u4 u7 u6      unit u of row r lies at u ^ (r & 7)
LIMPID_HD int tileUnit(int row, int unit) { return row * kChunkUnits + (unit ^ (row & 7)); }

// The finished tile (pixels × outputs), staged for whole-unit stores; `units` a row, a power of two.
LIMPID_HD int stageUnit(int row, int unit, int units) {
  return row * units + (unit ^ (row & (units < 8 ? units - 1 : 7)));
}

// Rows of 16 bytes that the lanes of a warp name to ldmatrix.x4, for mma.m16n8k16 (PTX ISA, "Matrix fragments").
// Samples, 16 pixels × 2 units: matrices (rows 0–7, unit 0), (rows 8–15, unit 0), (rows 0–7, unit 1), (rows 8–15, unit 1).
struct FragmentRow {
  int row;
  int unit;
};
LIMPID_HD FragmentRow sampleFragmentRow(int lane) { return {lane & 15, lane >> 4}; }
// Weights, 16 outputs × 2 units: outputs 0–7 with units 0 and 1, then outputs 8–15: two B fragments of 8 outputs.
LIMPID_HD FragmentRow weightFragmentRow(int lane) { return {(lane & 7) + ((lane >> 4) << 3), (lane >> 3) & 1}; }

// Which value of the warp's tile an accumulator is.
struct Cell {
  int pixel;
  int output;
};
// mma: fragments of 16 × 8, outputs fastest; c0 c1 (row lane/4, columns 2·(lane%4) + 0, 1), c2 c3 eight rows below.
template <typename Shape>
LIMPID_HD Cell fragmentCell(int lane, int index) {
  constexpr int kAcross = Shape::kWarpOutputs / 8;
  const int fragment = index / 4;
  return {fragment / kAcross * 16 + lane / 4 + (index % 4) / 2 * 8, fragment % kAcross * 8 + lane % 4 * 2 + index % 2};
}
// fp32: a lane has every eighth pixel and every fourth output; 8 lanes of one output read 8 rows, without conflicts.
template <typename Shape>
LIMPID_HD Cell scalarCell(int lane, int index) {
  constexpr int kAcross = Shape::kWarpOutputs / 4;
  return {(lane & 7) + index / kAcross * 8, (lane >> 3) + index % kAcross * 4};
}

// Which sample a thread makes in its i-th turn. kUnits: 8 lanes take a pixel's 128 bytes of channels. kScalars: lanes take
// neighbouring pixels, which lie side by side in NCHW, and a thread keeps its pixel.
struct Slot {
  int row;
  int unit;
};
template <typename Shape, Sampling kSampling>
LIMPID_HD Slot sampleSlot(int thread, int turn) {
  if constexpr (kSampling == Sampling::kUnits) {
    return {thread / kChunkUnits + turn * (Shape::kThreads / kChunkUnits), thread % kChunkUnits};
  } else {
    return {thread % Shape::kPixels, thread / Shape::kPixels + turn * (Shape::kThreads / Shape::kPixels)};
  }
}

// A unit of K: its tap, and its first channel within the group.
struct Place {
  int tap;
  int channel;
};
template <typename Shape, typename T>
LIMPID_HD Place placeOf(const Plan& plan, int chunk, int unit) {
  constexpr int kFixed = Shape::kChannels / kUnitChannels<T>;
  const int unitsPerTap = kFixed != 0 ? kFixed : plan.unitsPerTap;
  const int index = chunk * kChunkUnits + unit;
  const int tap = index / unitsPerTap;
  return {tap, (index - tap * unitsPerTap) * kUnitChannels<T>};
}

// The packed weight lies in the order in which blocks read it: group, tile of outputs, chunk, row, unit. This is one unit
// of it, read from the weight as it comes; what is no weight is zero.
template <typename Shape, typename T>
LIMPID_HD Unit packedWeight(const Plan& plan, const T* weight, int64_t index) {
  const auto unit = static_cast<int>(index % kChunkUnits);
  int64_t rest = index / kChunkUnits;
  const auto row = static_cast<int>(rest % Shape::kOutputs);
  rest /= Shape::kOutputs;
  const auto chunk = static_cast<int>(rest % plan.chunks);
  rest /= plan.chunks;
  const int output = static_cast<int>(rest % plan.outputTiles) * Shape::kOutputs + row;
  const auto group = static_cast<int>(rest / plan.outputTiles);
  const Place place = placeOf<Shape, T>(plan, chunk, unit);
  const int taps = plan.params.kernelH * plan.params.kernelW;
  float values[kUnitChannels<T>];
  LIMPID_UNROLL
  for (int i = 0; i < kUnitChannels<T>; ++i) {
    const int channel = place.channel + i;
    const bool real = output < plan.groupOutputs && channel < plan.groupChannels && place.tap < taps;
    const int64_t outputRow = static_cast<int64_t>(group) * plan.groupOutputs + output;
    values[i] = real ? toFloat(weight[(outputRow * plan.groupChannels + channel) * taps + place.tap]) : 0.0F;
  }
  return packUnit<T>(values);
}

}  // namespace limpid::deform_conv
