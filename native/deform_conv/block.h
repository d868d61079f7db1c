// What one block of the fused kernel does, from offsets to stored outputs. It is written against `Block`, which is the GPU
// in kernel.cu and an emulation of one in test/emulator.h, so that every index of it runs on the CPU as well.
//
//   chunk c:   copy weights ─┐                                                ┌─▶ … c + 1, in the other buffer
//              sample pixels ┴▶ shared memory ─ barrier ─▶ load displacements ┴▶ multiply, accumulate in fp32
//   at last:   bias, LeakyReLU ─▶ shared memory ─ barrier ─▶ whole-unit stores
//
// One barrier a chunk is enough: a buffer is written again only after the barrier that follows its last read.
#pragma once

#include "layout.h"
#include "product.h"
#include "sample.h"

namespace limpid::deform_conv {

template <typename TileOf, typename Value, Sampling kHow>
struct Variant {
  using Shape = TileOf;
  using T = Value;
  static constexpr Sampling kSampling = kHow;
  static constexpr int kTurns = Shape::kPixels * kChunkUnits / Shape::kThreads;  // samples a thread makes of a chunk
  static constexpr int kThreadPixels = kHow == Sampling::kUnits ? kTurns : 1;    // different pixels among them
};

// An output pixel of the batch; picture −1: beyond the last.
struct Pixel {
  int picture;
  int h;
  int w;
};

// A thread's registers.
template <typename V>
struct ThreadState {
  Pixel pixel[V::kThreadPixels];
  Displacement<typename V::T> displacement[V::kThreadPixels];
  float accumulator[V::Shape::kAccumulators];
};

// Where in the product a block stands.
struct BlockPlace {
  int firstPixel;
  int group;
  int outputTile;  // of the group
};

LIMPID_HD Pixel pixelOf(const Plan& plan, int index) {
  if (index >= plan.pixels) {
    return {-1, 0, 0};
  }
  const int picture = index / plan.outPixels;
  const int within = index - picture * plan.outPixels;
  const int h = within / plan.outWidth;
  return {picture, h, within - h * plan.outWidth};
}

template <typename T>
LIMPID_HD Displacement<T> displacementOf(const Params& p, const Tensors<T>& t, const Pixel& at, int deformGroup, int tap) {
  const int channel = deformGroup * p.kernelH * p.kernelW + tap;
  const T* offset = t.offset + at.picture * p.offset.n + (2 * channel * p.offset.c + at.h * p.offset.h + at.w * p.offset.w);
  Displacement<T> displacement{offset[0], offset[p.offset.c], fromFloat<T>(1.0F)};
  if (t.mask != nullptr) {
    displacement.modulation = t.mask[at.picture * p.mask.n + (channel * p.mask.c + at.h * p.mask.h + at.w * p.mask.w)];
  }
  return displacement;
}

// Loads the displacements that the next chunk needs, so that they arrive while this one is multiplied.
template <typename V, typename T>
LIMPID_HD void loadDisplacements(const Plan& plan, const Tensors<T>& tensors, int group, int chunk, int thread,
                                 ThreadState<V>& state) {
  LIMPID_UNROLL
  for (int turn = 0; turn < V::kTurns; ++turn) {
    const int unit = sampleSlot<typename V::Shape, V::kSampling>(thread, turn).unit;
    const Place place = placeOf<typename V::Shape, T>(plan, chunk, unit);
    if (place.tap < plan.params.kernelH * plan.params.kernelW && state.pixel[turn].picture >= 0) {
      const int deformGroup = (group * plan.groupChannels + place.channel) / plan.deformChannels;
      state.displacement[turn] = displacementOf(plan.params, tensors, state.pixel[turn], deformGroup, place.tap);
    }
  }
}

// A unit whose channels lie side by side and share their offsets.
template <typename V, typename T>
LIMPID_HD Unit wholeUnit(const Plan& plan, const Tensors<T>& tensors, int group, const Place& place, int turn,
                         const ThreadState<V>& state) {
  const Pixel& pixel = state.pixel[turn];
  const bool logit = plan.params.maskIsLogit && tensors.mask != nullptr;
  const Footprint at = footprintOf(plan.params, pixel.h, pixel.w, place.tap, state.displacement[turn], logit);
  return sampleUnit(tensors.x + pixel.picture * plan.params.x.n + (group * plan.groupChannels + place.channel), at);
}

// A unit channel by channel: any layout, and offsets that may change within it.
template <typename T>
LIMPID_HD Unit scalarUnit(const Plan& plan, const Tensors<T>& tensors, int group, const Place& place, const Pixel& pixel) {
  const T* picture = tensors.x + pixel.picture * plan.params.x.n;
  const bool logit = plan.params.maskIsLogit && tensors.mask != nullptr;
  float values[kUnitChannels<T>];
  Footprint at{};
  int current = -1;
  LIMPID_UNROLL
  for (int i = 0; i < kUnitChannels<T>; ++i) {
    values[i] = 0.0F;
    if (place.channel + i < plan.groupChannels) {
      const int channel = group * plan.groupChannels + place.channel + i;
      const int deformGroup = channel / plan.deformChannels;
      if (deformGroup != current) {
        current = deformGroup;
        const Displacement<T> displacement = displacementOf(plan.params, tensors, pixel, deformGroup, place.tap);
        at = footprintOf(plan.params, pixel.h, pixel.w, place.tap, displacement, logit);
      }
      values[i] = sampleScalar(picture + static_cast<int64_t>(channel) * plan.params.x.c, at);
    }
  }
  return packUnit<T>(values);
}

// Makes this thread's samples of a chunk. @param base first unit of the buffer
template <typename V, typename Block, typename T>
LIMPID_HD void sampleChunk(Block& block, const Plan& plan, const Tensors<T>& tensors, int group, int chunk, int base,
                           int thread, const ThreadState<V>& state) {
  LIMPID_UNROLL
  for (int turn = 0; turn < V::kTurns; ++turn) {
    const Slot slot = sampleSlot<typename V::Shape, V::kSampling>(thread, turn);
    const Place place = placeOf<typename V::Shape, T>(plan, chunk, slot.unit);
    Unit unit{};
    if constexpr (V::kSampling == Sampling::kUnits) {
      if (place.tap < plan.params.kernelH * plan.params.kernelW && state.pixel[turn].picture >= 0) {
        unit = wholeUnit<V>(plan, tensors, group, place, turn, state);
      }
    } else {
      if (place.tap < plan.params.kernelH * plan.params.kernelW && state.pixel[0].picture >= 0) {
        unit = scalarUnit(plan, tensors, group, place, state.pixel[0]);
      }
    }
    block.store(thread, base + tileUnit(slot.row, slot.unit), unit);
  }
}

// Begins to copy a chunk of the packed weight into shared memory.
template <typename Shape, typename Block>
LIMPID_HD void copyWeights(Block& block, const Unit* chunk, int base, int thread) {
  LIMPID_UNROLL
  for (int index = thread; index < Shape::kOutputs * kChunkUnits; index += Shape::kThreads) {
    block.copyAsync(thread, base + tileUnit(index / kChunkUnits, index % kChunkUnits), chunk + index);
  }
}

// Bias and LeakyReLU, into the staging tile of shared memory.
template <typename V, typename Block, typename T>
LIMPID_HD void stageOutputs(Block& block, const Plan& plan, const Tensors<T>& tensors, const BlockPlace& place, int thread,
                            const ThreadState<V>& state) {
  using Shape = typename V::Shape;
  constexpr int kUnit = kUnitChannels<T>;
  constexpr int kWarpsDown = Shape::kPixels / Shape::kWarpPixels;
  const int warp = thread / 32;
  LIMPID_UNROLL
  for (int index = 0; index < Shape::kAccumulators; ++index) {
    const Cell cell =
        sizeof(T) == 4 ? scalarCell<Shape>(thread % 32, index) : fragmentCell<Shape>(thread % 32, index);
    const int row = warp % kWarpsDown * Shape::kWarpPixels + cell.pixel;
    const int column = warp / kWarpsDown * Shape::kWarpOutputs + cell.output;
    const int output = place.outputTile * Shape::kOutputs + column;
    float value = state.accumulator[index];
    if (tensors.bias != nullptr && output < plan.groupOutputs) {
      value += toFloat(tensors.bias[place.group * plan.groupOutputs + output]);
    }
    value = value > 0.0F ? value : value * plan.params.leakySlope;
    block.storeValue(thread, stageUnit(row, column / kUnit, Shape::kOutputs / kUnit), column % kUnit, fromFloat<T>(value));
  }
}

// From the staging tile to memory: whole units of channels in NHWC, else lanes along neighbouring pixels.
template <typename V, typename Block, typename T>
LIMPID_HD void writeOutputs(Block& block, const Plan& plan, const Tensors<T>& tensors, const BlockPlace& place, int thread) {
  using Shape = typename V::Shape;
  constexpr int kUnit = kUnitChannels<T>;
  constexpr int kRowUnits = Shape::kOutputs / kUnit;
  const Strides& y = plan.params.y;
  const int first = place.outputTile * Shape::kOutputs;
  for (int index = thread; index < Shape::kPixels * kRowUnits; index += Shape::kThreads) {
    const int row = plan.storesUnits ? index / kRowUnits : index % Shape::kPixels;
    const int unit = plan.storesUnits ? index % kRowUnits : index / Shape::kPixels;
    const Pixel pixel = pixelOf(plan, place.firstPixel + row);
    const int output = first + unit * kUnit;
    if (pixel.picture < 0 || output >= plan.groupOutputs) {
      continue;
    }
    const int channel = place.group * plan.groupOutputs + output;
    T* at = tensors.y + pixel.picture * y.n + (channel * y.c + pixel.h * y.h + pixel.w * y.w);
    const Unit values = block.load(thread, stageUnit(row, unit, kRowUnits));
    if (plan.storesUnits) {
      *reinterpret_cast<Unit*>(at) = values;
    } else {
      LIMPID_UNROLL
      for (int i = 0; i < kUnit; ++i) {
        if (output + i < plan.groupOutputs) {
          at[static_cast<int64_t>(i) * y.c] = fromFloat<T>(unitValue(values, i, T{}));
        }
      }
    }
  }
}

template <typename V, typename Block, typename T>
LIMPID_HD void runBlock(Block& block, const Plan& plan, const Tensors<T>& tensors, const Unit* packed) {
  using Shape = typename V::Shape;
  using State = ThreadState<V>;
  constexpr int kSamples = Shape::kPixels * kChunkUnits;
  constexpr int kWeights = Shape::kOutputs * kChunkUnits;
  const BlockPlace place{block.x() * Shape::kPixels, block.y() / plan.outputTiles, block.y() % plan.outputTiles};
  const Unit* weights = packed + static_cast<int64_t>(block.y()) * plan.chunks * kWeights;

  block.eachThread([&](int thread, State& state) {
    LIMPID_UNROLL
    for (int i = 0; i < V::kThreadPixels; ++i) {
      state.pixel[i] = pixelOf(plan, place.firstPixel + sampleSlot<Shape, V::kSampling>(thread, i).row);
      state.displacement[i] = {};
    }
    LIMPID_UNROLL
    for (int i = 0; i < Shape::kAccumulators; ++i) {
      state.accumulator[i] = 0.0F;
    }
    if constexpr (V::kSampling == Sampling::kUnits) {
      loadDisplacements<V>(plan, tensors, place.group, 0, thread, state);
    }
  });

  for (int chunk = 0; chunk < plan.chunks; ++chunk) {
    const int samples = chunk % 2 * kSamples;
    const int weightsAt = 2 * kSamples + chunk % 2 * kWeights;
    block.eachThread([&](int thread, State& state) {
      copyWeights<Shape>(block, weights + static_cast<int64_t>(chunk) * kWeights, weightsAt, thread);
      sampleChunk<V>(block, plan, tensors, place.group, chunk, samples, thread, state);
      block.awaitCopies(thread);
    });
    block.sync();
    if constexpr (V::kSampling == Sampling::kUnits) {
      block.eachThread([&](int thread, State& state) {
        loadDisplacements<V>(plan, tensors, place.group, chunk + 1, thread, state);
      });
    }
    if constexpr (sizeof(T) == 2) {
      block.eachWarp([&](auto& warp) { multiplyFragments<Shape>(warp, samples, weightsAt); });
    } else {
      block.eachThread([&](int thread, State& state) {
        multiplyScalars<Shape>(block, samples, weightsAt, thread, state.accumulator);
      });
    }
  }

  block.sync();
  block.eachThread([&](int thread, State& state) { stageOutputs<V>(block, plan, tensors, place, thread, state); });
  block.sync();
  block.eachThread([&](int thread, State&) { writeOutputs<V>(block, plan, tensors, place, thread); });
}

// The variant that a plan asks for; `run` is called with it. One switch for the GPU and for its emulation.
template <typename T, typename Run>
auto withVariant(const Plan& plan, Run&& run) {
  const auto sampled = [&](auto shape) {
    using Shape = decltype(shape);
    return plan.sampling == Sampling::kUnits ? run(Variant<Shape, T, Sampling::kUnits>{})
                                             : run(Variant<Shape, T, Sampling::kScalars>{});
  };
  switch (plan.tile) {
    case TileKind::k64:
      return sampled(Tile64{});
    case TileKind::k128:
      return sampled(Tile128{});
    case TileKind::kAny:
      break;
  }
  return sampled(TileAny{});
}

}  // namespace limpid::deform_conv
