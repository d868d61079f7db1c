#include "params.h"

#include <limits>

namespace limpid::deform_conv {
namespace {

std::string expected(const char* what, const char* name, int64_t received) {
  return std::string("Expected ") + what + " for " + name + " but received " + std::to_string(received);
}

}  // namespace

Strides nchw(int channels, int height, int width) {
  return {static_cast<int64_t>(channels) * height * width, height * width, width, 1};
}

Strides nhwc(int pitch, int height, int width) {
  return {static_cast<int64_t>(pitch) * height * width, 1, width * pitch, pitch};
}

std::string problemWith(const Params& p) {
  const struct {
    const char* name;
    int value;
    int least;
  } integers[] = {
      {"batch", p.batch, 1},         {"channels", p.channels, 1},         {"height", p.height, 1},
      {"width", p.width, 1},         {"outChannels", p.outChannels, 1},   {"kernelH", p.kernelH, 1},
      {"kernelW", p.kernelW, 1},     {"strideH", p.strideH, 1},           {"strideW", p.strideW, 1},
      {"padH", p.padH, 0},           {"padW", p.padW, 0},                 {"dilationH", p.dilationH, 1},
      {"dilationW", p.dilationW, 1}, {"groups", p.groups, 1},             {"deformGroups", p.deformGroups, 1},
  };
  for (const auto& [name, value, least] : integers) {
    if (value < least) {
      return expected(least == 0 ? "an integer ≥ 0" : "an integer ≥ 1", name, value);
    }
    if (value > (1 << 24)) {
      return expected("at most 2^24", name, value);
    }
  }
  if (p.channels % p.groups != 0 || p.outChannels % p.groups != 0) {
    return expected("a divisor of channels and outChannels", "groups", p.groups);
  }
  if (p.channels % p.deformGroups != 0) {
    return expected("a divisor of channels", "deformGroups", p.deformGroups);
  }
  const int64_t reachH = static_cast<int64_t>(p.dilationH) * (p.kernelH - 1) + 1;
  const int64_t reachW = static_cast<int64_t>(p.dilationW) * (p.kernelW - 1) + 1;
  if (reachH > p.height + 2 * p.padH || reachW > p.width + 2 * p.padW) {
    return expected("a kernel no larger than the padded picture", "dilation · (kernel − 1) + 1",
                    reachH > p.height + 2 * p.padH ? reachH : reachW);
  }
  // Indices within one picture, and of output pixels over the whole batch, are 32-bit in the kernel.
  const int64_t limit = std::numeric_limits<int>::max();
  const int64_t outPixels = static_cast<int64_t>(p.outHeight()) * p.outWidth();
  const int64_t offsetChannels = static_cast<int64_t>(3) * p.taps() * p.deformGroups;
  const int64_t widest = p.channels > p.outChannels ? p.channels : p.outChannels;
  if (static_cast<int64_t>(p.height) * p.width > limit / widest || outPixels > limit / widest ||
      outPixels > limit / offsetChannels || outPixels > limit / p.batch - 256) {
    return expected("fewer than 2^31 elements a picture", "height · width", static_cast<int64_t>(p.height) * p.width);
  }
  if (p.outHeight() > 65535 || p.outWidth() > 65535) {
    return expected("at most 65535 pixels a side", "output size", p.outHeight() > 65535 ? p.outHeight() : p.outWidth());
  }
  return {};
}

}  // namespace limpid::deform_conv
