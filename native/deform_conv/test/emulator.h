// A block of the GPU on the CPU: runs block.h unchanged, thread by thread, and watches what a GPU would not report.
//
// Shared memory is tracked in pairs of bytes: two threads that touch the same bytes with no barrier in between, one of them
// writing, are a race; so is reading what was copied before the copy was awaited and a barrier passed. ldmatrix and mma follow the fragment layouts
// of the PTX manual, written here a second time on purpose. This checks indices and barriers; it says nothing about how a
// GPU rounds inside a tensor core, schedules or performs.
#pragma once

#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "../block.h"

namespace limpid::deform_conv::test {

template <typename V>
class EmulatedBlock;

// 32 lanes in lockstep.
template <typename V>
class EmulatedWarp {
 public:
  using Fragment = std::array<Unit, 32>;  // four registers a lane

  EmulatedWarp(EmulatedBlock<V>& block, int index) : block_(block), index_(index) {}

  int index() const { return index_; }

  // ldmatrix.x4: lane 8·m + r names row r of matrix m; lane l receives of each matrix row l / 4, halves 2·(l % 4) and the next.
  template <typename UnitOf>
  void loadMatrices(Fragment& fragment, UnitOf unitOf) {
    for (int source = 0; source < 32; ++source) {
      const Unit row = block_.load(index_ * 32 + source, unitOf(source));
      for (int word = 0; word < 4; ++word) {
        fragment[source % 8 * 4 + word].word[source / 8] = row.word[word];
      }
    }
  }

  // mma.m16n8k16: d += a · b, where b is registers `from` and `from + 1` of its fragment.
  void multiply(int accumulator, const Fragment& a, const Fragment& b, int from) {
    float left[16][16];
    float right[16][8];
    for (int lane = 0; lane < 32; ++lane) {
      const int group = lane / 4;
      const int pair = lane % 4 * 2;
      for (int half = 0; half < 2; ++half) {
        left[group][pair + half] = unitValue(a[lane], half, Half{});
        left[group + 8][pair + half] = unitValue(a[lane], 2 + half, Half{});
        left[group][pair + 8 + half] = unitValue(a[lane], 4 + half, Half{});
        left[group + 8][pair + 8 + half] = unitValue(a[lane], 6 + half, Half{});
        right[pair + half][group] = unitValue(b[lane], 2 * from + half, Half{});
        right[pair + 8 + half][group] = unitValue(b[lane], 2 * from + 2 + half, Half{});
      }
    }
    for (int lane = 0; lane < 32; ++lane) {
      for (int i = 0; i < 4; ++i) {
        const int row = lane / 4 + i / 2 * 8;
        const int column = lane % 4 * 2 + i % 2;
        float& sum = block_.state(index_ * 32 + lane).accumulator[accumulator + i];
        for (int k = 0; k < 16; ++k) {
          sum += left[row][k] * right[k][column];
        }
      }
    }
  }

 private:
  EmulatedBlock<V>& block_;
  int index_;
};

template <typename V>
class EmulatedBlock {
 public:
  using Shape = typename V::Shape;

  EmulatedBlock(int x, int y)
      : x_(x), y_(y), states_(Shape::kThreads), shared_(Shape::kSharedUnits), touched_(shared_.size() * kPairs) {}

  int x() const { return x_; }
  int y() const { return y_; }
  ThreadState<V>& state(int thread) { return states_[thread]; }

  template <typename Body>
  void eachThread(Body body) {
    for (int thread = 0; thread < Shape::kThreads; ++thread) {
      body(thread, states_[thread]);
    }
  }

  template <typename Body>
  void eachWarp(Body body) {
    for (int index = 0; index < Shape::kWarps; ++index) {
      EmulatedWarp<V> warp(*this, index);
      body(warp);
    }
  }

  void sync() {
    if (!copies_.empty()) {
      throw std::runtime_error("a barrier with copies that no thread awaits");
    }
    ++epoch_;
  }

  void store(int thread, int unit, const Unit& value) {
    write(thread, unit, 0, kPairs);
    shared_.at(unit) = value;
  }

  template <typename T>
  void storeValue(int thread, int unit, int index, T value) {
    write(thread, unit, index * sizeof(T) / 2, sizeof(T) / 2);
    std::memcpy(reinterpret_cast<char*>(&shared_.at(unit)) + index * sizeof(T), &value, sizeof value);
  }

  Unit load(int thread, int unit) {
    for (int pair = 0; pair < kPairs; ++pair) {
      Touch& touch = touched_.at(unit * kPairs + pair);
      if (touch.written == 0) {
        throw std::runtime_error("shared memory read before it is written");
      }
      if (touch.written == epoch_ && touch.writer != thread) {
        throw std::runtime_error("a race: shared memory read in the epoch in which another thread writes it");
      }
      touch.reader = touch.read == epoch_ && touch.reader != thread ? kMany : thread;
      touch.read = epoch_;
    }
    return shared_.at(unit);
  }

  // The bytes arrive when the thread awaits them, not before.
  void copyAsync(int thread, int unit, const Unit* from) { copies_.push_back({thread, unit, from}); }

  void awaitCopies(int thread) {
    for (const Copy& copy : copies_) {
      if (copy.thread != thread) {
        throw std::runtime_error("a copy that its own thread does not await");
      }
      store(thread, copy.unit, *copy.from);
    }
    copies_.clear();
  }

 private:
  static constexpr int kPairs = 8;
  static constexpr int kMany = -2;
  struct Touch {
    int written = 0;  // epoch; 0: never
    int writer = -1;
    int read = 0;
    int reader = -1;
  };
  struct Copy {
    int thread;
    int unit;
    const Unit* from;
  };

  void write(int thread, int unit, size_t first, size_t count) {
    for (size_t pair = first; pair < first + count; ++pair) {
      Touch& touch = touched_.at(unit * kPairs + pair);
      if ((touch.read == epoch_ && touch.reader != thread) || (touch.written == epoch_ && touch.writer != thread)) {
        throw std::runtime_error("a race: shared memory written in the epoch in which another thread uses it");
      }
      touch.written = epoch_;
      touch.writer = thread;
    }
  }

  int x_;
  int y_;
  int epoch_ = 1;
  std::vector<ThreadState<V>> states_;
  std::vector<Unit> shared_;
  std::vector<Touch> touched_;
  std::vector<Copy> copies_;
};

// The whole kernel on the CPU: packs the weight, then runs block after block.
template <typename T>
void emulate(const Plan& plan, const Tensors<T>& tensors) {
  withVariant<T>(plan, [&](auto variant) {
    using V = decltype(variant);
    std::vector<Unit> packed(plan.packedUnits());
    for (size_t index = 0; index < packed.size(); ++index) {
      packed[index] = packedWeight<typename V::Shape, T>(plan, tensors.weight, static_cast<int64_t>(index));
    }
    for (int y = 0; y < plan.params.groups * plan.outputTiles; ++y) {
      for (int x = 0; x * V::Shape::kPixels < plan.pixels; ++x) {
        EmulatedBlock<V> block(x, y);
        runBlock<V>(block, plan, tensors, packed.data());
      }
    }
  });
}

}  // namespace limpid::deform_conv::test
