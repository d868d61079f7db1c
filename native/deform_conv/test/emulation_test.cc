// The kernel's own text (block.h), run by an emulated block, against the reference on random problems.
//   emulation_test [problems a type, default 208]
#include <cstdlib>

#include "cases.h"
#include "check.h"
#include "emulator.h"

using namespace limpid::deform_conv;
using namespace limpid::deform_conv::test;

namespace {

struct Tally {
  int variants[3][2] = {};  // by tile and sampling
  double worst = 0;
};

// What y holds before: a value that stays where nothing is to be written, padding channels and guards.
template <typename T>
std::vector<T> blankOutput(size_t count) {
  return std::vector<T>(count + 2 * kGuard, fromFloat<T>(777.0F));
}

template <typename T>
void runCase(Checks& checks, Tally& tally, uint32_t seed, const char* type) {
  Case<T> one = drawCase<T>(seed);
  auto expected = blankOutput<T>(one.outputs);
  auto received = blankOutput<T>(one.outputs);
  reference(one.params, tensorsOf(one, inside(expected)));
  const Plan plan = makePlan<T>(one.params, true);
  std::string what = std::string(type) + " " + one.name;
  try {
    emulate(plan, tensorsOf(one, inside(received)));
  } catch (const std::exception& failure) {
    checks.expect(false, what + ": " + failure.what());
    return;
  }
  // Untouched values are left out of the scale, and must still be untouched.
  bool sealed = true;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (toFloat(expected[i]) == 777.0F) {
      sealed = sealed && toFloat(received[i]) == 777.0F;
      expected[i] = received[i] = fromFloat<T>(0.0F);
    }
  }
  const double error = relativeError(received.data(), expected.data(), expected.size());
  tally.worst = std::fmax(tally.worst, error);
  ++tally.variants[static_cast<int>(plan.tile)][static_cast<int>(plan.sampling)];
  checks.expect(error <= kTolerance<T>, what + ": error " + std::to_string(error));
  checks.expect(sealed, what + ": nothing is written beside the output");
}

template <typename T>
void runType(Checks& checks, int problems, const char* type) {
  Tally tally;
  for (int seed = 0; seed < problems; ++seed) {
    runCase<T>(checks, tally, static_cast<uint32_t>(seed), type);
  }
  std::printf("%s: %d problems, worst relative error %.2e (limit %.0e); scalars/units any %d/%d, 64 %d/%d, 128 %d/%d\n", type,
              problems, tally.worst, kTolerance<T>, tally.variants[0][0], tally.variants[0][1], tally.variants[1][0],
              tally.variants[1][1], tally.variants[2][0], tally.variants[2][1]);
  for (int tile = 0; tile < 3; ++tile) {
    for (int sampling = 0; sampling < 2; ++sampling) {
      checks.expect(problems < 200 || tally.variants[tile][sampling] > 0, "every variant was met");
    }
  }
}

// Packed conv_offset output, (27·dg channels), must equal the split form.
template <typename T>
void packedOffsets(Checks& checks, const char* type) {
  Params p;
  p.batch = 2;
  p.channels = p.outChannels = 64;
  p.deformGroups = 8;
  p.height = 5;
  p.width = 9;
  p.x = nhwc(64, p.height, p.width);
  p.y = nchw(64, p.height, p.width);
  const int samples = p.taps() * p.deformGroups;
  for (const bool last : {false, true}) {
    p.offset = last ? nhwc(3 * samples, p.height, p.width) : nchw(3 * samples, p.height, p.width);
    Draw draw(9);
    const auto x = guarded<T>(draw.values(p.x.n * p.batch));
    const auto offset = guarded<T>(draw.values(p.offset.n * p.batch, 2.0F));
    const auto weight = guarded<T>(draw.values(static_cast<size_t>(64) * 64 * 9));
    auto expected = blankOutput<T>(p.y.n * p.batch);
    auto received = expected;
    Tensors<T> t{x.data() + kGuard, offset.data() + kGuard, nullptr, weight.data() + kGuard, nullptr, inside(expected)};
    usePackedOffsets(p, t);
    const int64_t first = static_cast<int64_t>(2) * samples * (last ? 1 : p.height * p.width);
    checks.expect(t.mask == t.offset + first && p.maskIsLogit, "mask logits follow the offsets");
    reference(p, t);
    t.y = inside(received);
    emulate(makePlan<T>(p, true), t);
    const double error = relativeError(received.data(), expected.data(), expected.size());
    checks.expect(error <= kTolerance<T>, std::string(type) + " packed offsets: error " + std::to_string(error));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int problems = argc > 1 ? std::atoi(argv[1]) : 208;
  Checks checks("emulation_test");
  runType<float>(checks, problems, "fp32");
  runType<Half>(checks, problems, "fp16");
  packedOffsets<float>(checks, "fp32");
  packedOffsets<Half>(checks, "fp16");
  return checks.finish();
}
