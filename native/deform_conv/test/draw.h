// Seeded numbers k / 32768 in [-1, 1): exact in fp32, the same in golden/make_golden.py.
#pragma once

#include <cstdint>
#include <cstddef>
#include <vector>

namespace limpid::deform_conv::test {

class Draw {
 public:
  explicit Draw(uint32_t seed) : state_(seed) {}

  float next() {
    state_ = state_ * 1664525U + 1013904223U;
    return static_cast<float>(static_cast<int>(state_ >> 16U) - 32768) / 32768.0F;
  }

  std::vector<float> values(size_t count, float scale = 1.0F, float shift = 0.0F) {
    std::vector<float> all(count);
    for (float& one : all) {
      one = next() * scale + shift;
    }
    return all;
  }

  // A whole number in [low, high].
  int integer(int low, int high) {
    state_ = state_ * 1664525U + 1013904223U;
    return low + static_cast<int>((state_ >> 8U) % static_cast<uint32_t>(high - low + 1));
  }

 private:
  uint32_t state_;
};

}  // namespace limpid::deform_conv::test
