#include "plan.h"

namespace limpid::deform_conv {
namespace {

int ceilDiv(int a, int b) { return (a + b - 1) / b; }

template <typename T>
bool inUnits(const Strides& s) {
  constexpr int kUnit = kUnitChannels<T>;
  return s.c == 1 && s.w % kUnit == 0 && s.h % kUnit == 0 && s.n % kUnit == 0;
}

TileKind tileFor(const Params& p) {
  const int in = p.channels / p.groups;
  const int out = p.outChannels / p.groups;
  if (in == 64 && out == 64) {
    return TileKind::k64;
  }
  return in == 128 && out == 128 ? TileKind::k128 : TileKind::kAny;
}

int outputsOf(TileKind tile) {
  switch (tile) {
    case TileKind::k64:
      return Tile64::kOutputs;
    case TileKind::k128:
      return Tile128::kOutputs;
    case TileKind::kAny:
      return TileAny::kOutputs;
  }
  return 0;
}

}  // namespace

int64_t Plan::packedUnits() const {
  return static_cast<int64_t>(params.groups) * outputTiles * chunks * outputsOf(tile) * kChunkUnits;
}

template <typename T>
Plan makePlan(const Params& params, bool aligned) {
  constexpr int kUnit = kUnitChannels<T>;
  Plan plan{};
  plan.params = params;
  plan.outWidth = params.outWidth();
  plan.outPixels = params.outHeight() * plan.outWidth;
  plan.pixels = params.batch * plan.outPixels;
  plan.groupChannels = params.channels / params.groups;
  plan.groupOutputs = params.outChannels / params.groups;
  plan.deformChannels = params.channels / params.deformGroups;
  plan.unitsPerTap = ceilDiv(plan.groupChannels, kUnit);
  plan.chunks = ceilDiv(params.taps() * plan.unitsPerTap, kChunkUnits);
  plan.tile = tileFor(params);
  plan.outputTiles = ceilDiv(plan.groupOutputs, outputsOf(plan.tile));
  const bool wholeUnits = plan.groupChannels % kUnit == 0 && plan.deformChannels % kUnit == 0;
  plan.sampling = aligned && wholeUnits && inUnits<T>(params.x) ? Sampling::kUnits : Sampling::kScalars;
  plan.storesUnits = aligned && plan.groupOutputs % kUnit == 0 && inUnits<T>(params.y);
  return plan;
}

template Plan makePlan<float>(const Params&, bool);
template Plan makePlan<Half>(const Params&, bool);

}  // namespace limpid::deform_conv
