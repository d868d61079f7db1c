// The reference against onnxruntime's DeformConv (golden/golden.bin), the half type, and the sentences of refusal.
//   reference_test golden.bin
#include "../reference.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>

#include "check.h"
#include "draw.h"

using namespace limpid::deform_conv;
using limpid::deform_conv::test::Checks;
using limpid::deform_conv::test::Draw;

namespace {

constexpr double kTolerance = 1e-5;  // both sum fp32 inputs; onnxruntime does it in fp32

template <typename T>
T read(std::istream& file) {
  T value;
  if (!file.read(reinterpret_cast<char*>(&value), sizeof value)) {
    throw std::runtime_error("the golden file ends too early");
  }
  return value;
}

Params readParams(std::istream& file) {
  Params p;
  for (int* field : {&p.batch, &p.channels, &p.height, &p.width, &p.outChannels, &p.kernelH, &p.kernelW, &p.strideH,
                     &p.strideW, &p.padH, &p.padW, &p.dilationH, &p.dilationW, &p.groups, &p.deformGroups}) {
    *field = read<int32_t>(file);
  }
  const int oh = p.outHeight();
  const int ow = p.outWidth();
  p.x = nchw(p.channels, p.height, p.width);
  p.offset = nchw(2 * p.taps() * p.deformGroups, oh, ow);
  p.mask = nchw(p.taps() * p.deformGroups, oh, ow);
  p.y = nchw(p.outChannels, oh, ow);
  return p;
}

// The largest difference, relative to the largest value.
double error(const std::vector<float>& received, const std::vector<float>& expected) {
  double difference = 0;
  double scale = 1e-30;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference = std::fmax(difference, std::fabs(static_cast<double>(received[i]) - expected[i]));
    scale = std::fmax(scale, std::fabs(expected[i]));
  }
  return difference / scale;
}

void goldens(Checks& checks, const char* path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4];
  if (!file.read(magic, 4) || std::memcmp(magic, "DCN2", 4) != 0) {
    throw std::runtime_error(std::string("Expected a golden file at ") + path);
  }
  const auto count = read<uint32_t>(file);
  checks.expect(count == 50, "there are 50 golden problems");
  double worst = 0;
  for (uint32_t index = 0; index < count; ++index) {
    const Params p = readParams(file);
    Draw draw(read<uint32_t>(file));
    const auto reach = read<float>(file);
    std::vector<float> expected(read<uint32_t>(file));
    for (float& one : expected) {
      one = read<float>(file);
    }
    const size_t outPixels = static_cast<size_t>(p.batch) * p.outHeight() * p.outWidth();
    const size_t samples = outPixels * p.taps() * p.deformGroups;
    const auto x = draw.values(static_cast<size_t>(p.batch) * p.channels * p.height * p.width);
    const auto weight = draw.values(static_cast<size_t>(p.outChannels) * (p.channels / p.groups) * p.taps());
    const auto offset = draw.values(2 * samples, reach);
    const auto bias = draw.values(p.outChannels);
    const auto mask = draw.values(samples, 0.5F, 0.5F);
    std::vector<float> y(outPixels * p.outChannels);
    reference(p, Tensors<float>{x.data(), offset.data(), mask.data(), weight.data(), bias.data(), y.data()});
    const bool fits = y.size() == expected.size();
    const double off = fits ? error(y, expected) : 1;
    worst = std::fmax(worst, off);
    checks.expect(problemWith(p).empty() && fits && off <= kTolerance,
                  "golden " + std::to_string(index) + " equals onnxruntime: error " + std::to_string(off));
  }
  std::printf("reference against onnxruntime: worst relative error %.2e of %u problems\n", worst, count);
}

void halves(Checks& checks) {
  bool same = true;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half{static_cast<uint16_t>(bits)};
    const float value = toFloat(half);
    same = same && (std::isnan(value) || fromFloat<Half>(value).bits == bits);
  }
  checks.expect(same, "every half survives fp32 and back");
  const struct {
    float value;
    uint16_t bits;
  } rounded[] = {{1.0F + 0x1p-11F, 0x3C00}, {1.0F + 0x1.8p-10F, 0x3C02}, {65519.996F, 0x7BFF},   {65520.0F, 0x7C00},
                 {0x1p-25F, 0x0000},        {0x1.000002p-25F, 0x0001},   {0x1.8p-24F, 0x0002},   {-2.0F, 0xC000},
                 {0x1.ffbp-15F, 0x03FF},    {0x1.ffcp-15F, 0x0400},      {1.0F + 0x1.8p-11F, 0x3C01}};
  for (const auto& [value, bits] : rounded) {
    checks.expect(fromFloat<Half>(value).bits == bits, "half(" + std::to_string(value) + ") rounds to nearest even");
  }
}

void refusals(Checks& checks) {
  Params p;
  p.channels = p.outChannels = 8;
  p.height = p.width = 5;
  checks.expect(problemWith(p).empty(), "a good problem is accepted");
  const auto refused = [&](int Params::* field, int value, const std::string& sentence) {
    Params bad = p;
    bad.*field = value;
    checks.expect(problemWith(bad) == sentence, sentence + " (received: " + problemWith(bad) + ")");
  };
  refused(&Params::strideH, 0, "Expected an integer ≥ 1 for strideH but received 0");
  refused(&Params::padW, -1, "Expected an integer ≥ 0 for padW but received -1");
  refused(&Params::groups, 3, "Expected a divisor of channels and outChannels for groups but received 3");
  refused(&Params::deformGroups, 5, "Expected a divisor of channels for deformGroups but received 5");
  refused(&Params::dilationW, 9,
          "Expected a kernel no larger than the padded picture for dilation · (kernel − 1) + 1 but received 19");
  refused(&Params::width, 1 << 24,
          "Expected fewer than 2^31 elements a picture for height · width but received 83886080");
  refused(&Params::height, (1 << 24) + 1, "Expected at most 2^24 for height but received 16777217");
}

}  // namespace

int main(int argc, char** argv) try {
  Checks checks("reference_test");
  goldens(checks, argc > 1 ? argv[1] : "golden.bin");
  halves(checks);
  refusals(checks);
  return checks.finish();
} catch (const std::exception& failure) {
  std::fprintf(stderr, "reference_test: %s\n", failure.what());
  return 1;
}
