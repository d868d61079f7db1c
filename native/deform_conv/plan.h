// How a problem is cut into work: the product's dimensions, its tiles, and which kernel variant takes it.
//
// Implicit GEMM, per group:  Y (pixels × outChannels) = S (pixels × K) · Wᵀ (K × outChannels)
//
// S, the samples, never exists in memory: a block makes 128 bytes of K for all of its pixels at a time, in shared memory.
// K counts in units of 16 bytes (8 halves or 4 floats) of neighbouring channels at one tap:
//
//   K:  | tap 0: unit 0, unit 1 … | tap 1: unit 0 …  | … | zeros to a whole chunk |      8 units = 1 chunk
//
// A group's channels are padded with zeros to whole units, in the packed weight and in the samples alike.
#pragma once

#include "half.h"
#include "params.h"

namespace limpid::deform_conv {

struct alignas(16) Unit {
  uint32_t word[4];
};

template <typename T>
constexpr int kUnitChannels = static_cast<int>(sizeof(Unit) / sizeof(T));

constexpr int kChunkUnits = 8;

// What a block computes (pixels × outChannels) and what one of its warps does of that.
template <int kTilePixels, int kTileOutputs, int kWarpTilePixels, int kWarpTileOutputs, int kFixedChannels>
struct TileShape {
  static constexpr int kPixels = kTilePixels;
  static constexpr int kOutputs = kTileOutputs;
  static constexpr int kWarpPixels = kWarpTilePixels;
  static constexpr int kWarpOutputs = kWarpTileOutputs;
  static constexpr int kChannels = kFixedChannels;  // of a group, in and out, where the variant is made for them; else 0
  static constexpr int kWarps = kPixels / kWarpPixels * (kOutputs / kWarpOutputs);
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kAccumulators = kWarpPixels * kWarpOutputs / 32;
  // Two buffers of samples and of weights; the epilogue reuses them.
  static constexpr int kSharedUnits = 2 * (kPixels + kOutputs) * kChunkUnits;
};

using Tile64 = TileShape<64, 64, 32, 32, 64>;
using Tile128 = TileShape<64, 128, 32, 32, 128>;
using TileAny = TileShape<64, 64, 32, 32, 0>;

enum class TileKind { kAny, k64, k128 };

// How x is read: kUnits loads 16 bytes of channels at once (channels lie side by side, and a unit's share their offsets);
// kScalars loads single values by strides, which any layout and any grouping allows.
enum class Sampling { kScalars, kUnits };

struct Plan {
  Params params;
  int outWidth;
  int outPixels;        // of one picture
  int pixels;           // of the batch: the product's rows
  int groupChannels;    // in, of a group
  int groupOutputs;     // out, of a group
  int deformChannels;   // of a deformable group
  int unitsPerTap;
  int chunks;
  int outputTiles;      // of a group
  TileKind tile;
  Sampling sampling;
  bool storesUnits;     // the output's channels lie side by side, in whole units

  int64_t packedUnits() const;
};

// @param aligned whether x and y begin at a multiple of 16 bytes. Expects problemWith(params) to be empty.
template <typename T>
Plan makePlan(const Params& params, bool aligned);

}  // namespace limpid::deform_conv
