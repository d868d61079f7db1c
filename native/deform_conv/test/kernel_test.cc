// The kernel on a GPU against the reference: random problems, fp32 and fp16. Exits with 77, aloud, where there is no GPU.
//   kernel_test [problems a type, default 208] [first seed, default 0] [exact]
// exact: allocations end where their tensor ends, for compute-sanitizer; else guards of not-a-number follow.
#include "../kernel.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>

#include "../plan.h"
#include "cases.h"
#include "check.h"

using namespace limpid::deform_conv;
using namespace limpid::deform_conv::test;

namespace {

constexpr int kSkipped = 77;

void require(cudaError_t error, const char* what) {
  if (error != cudaSuccess) {
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
  }
}

struct Release {
  void operator()(void* memory) const { cudaFree(memory); }
};
using DeviceMemory = std::unique_ptr<void, Release>;

DeviceMemory allocate(size_t bytes) {
  void* memory = nullptr;
  require(cudaMalloc(&memory, bytes), "cudaMalloc");
  return DeviceMemory(memory);
}

struct Options {
  int problems = 208;
  int firstSeed = 0;
  bool exact = false;
};

template <typename T>
DeviceMemory upload(const std::vector<T>& values, const Options& options) {
  const size_t bytes = (values.size() - (options.exact ? kGuard : 0)) * sizeof(T);
  DeviceMemory memory = allocate(bytes);
  require(cudaMemcpy(memory.get(), values.data(), bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
  return memory;
}

constexpr float kSeal = 777.0F;  // what y holds before, and keeps beside the output

template <typename T>
struct Problem {
  Case<T> one;
  std::vector<T> expected;
};

// Drawn and answered by the reference on every core: on one it takes far longer than all that the GPU does.
template <typename T>
std::vector<Problem<T>> drawProblems(const Options& options) {
  std::vector<Problem<T>> problems(options.problems);
  const int workers = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::vector<std::thread> threads;
  for (int worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      for (int i = worker; i < options.problems; i += workers) {
        Problem<T>& problem = problems[i];
        problem.one = drawCase<T>(static_cast<uint32_t>(options.firstSeed + i));
        problem.expected.assign(problem.one.outputs + 2 * kGuard, fromFloat<T>(kSeal));
        reference(problem.one.params, tensorsOf(problem.one, inside(problem.expected)));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return problems;
}

// @param y with its guards: what it holds goes to the device first and comes back
template <typename T>
void runOnGpu(Case<T>& one, std::vector<T>& y, const Options& options) {
  const DeviceMemory x = upload(one.x, options);
  const DeviceMemory offset = upload(one.offset, options);
  const DeviceMemory mask = upload(one.mask, options);
  const DeviceMemory weight = upload(one.weight, options);
  const DeviceMemory bias = upload(one.bias, options);
  const DeviceMemory output = upload(y, options);
  const DeviceMemory workspace = allocate(workspaceBytes<T>(one.params));
  const auto at = [](const DeviceMemory& memory) { return static_cast<T*>(memory.get()) + kGuard; };
  const Tensors<T> tensors{at(x),          at(offset), one.hasMask ? at(mask) : nullptr,
                           at(weight),     one.hasBias ? at(bias) : nullptr, at(output)};
  require(launch(one.params, tensors, workspace.get(), nullptr), "launch");
  require(cudaDeviceSynchronize(), "the kernel");
  const size_t bytes = (y.size() - (options.exact ? kGuard : 0)) * sizeof(T);
  require(cudaMemcpy(y.data(), output.get(), bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
}

std::string describe(const Plan& plan) {
  const auto strides = [](const Strides& s) { return std::string(s.c == 1 ? "nhwc" : "nchw") + "/" + std::to_string(s.w); };
  const Params& p = plan.params;
  return std::string(" [tile ") + (plan.tile == TileKind::k64 ? "64" : plan.tile == TileKind::k128 ? "128" : "any") +
         (plan.sampling == Sampling::kUnits ? ", units" : ", scalars") + ", x " + strides(p.x) + ", y " + strides(p.y) +
         ", offset " + strides(p.offset) + ", stride " + std::to_string(p.strideH) + "x" + std::to_string(p.strideW) +
         ", logit " + std::to_string(p.maskIsLogit ? 1 : 0) + ", chunks " + std::to_string(plan.chunks) + "]";
}

// The worst value, and how many are wrong: enough to tell a wrong fragment from a wrong border.
template <typename T>
std::string worstOf(const std::vector<T>& received, const std::vector<T>& expected) {
  double scale = 1e-30;
  for (const T value : expected) {
    scale = std::fmax(scale, std::fabs(toFloat(value)));
  }
  size_t worst = 0;
  size_t wrong = 0;
  double most = -1;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(toFloat(received[i])) - toFloat(expected[i])) / scale;
    const double known = std::isfinite(difference) ? difference : INFINITY;
    wrong += known > kTolerance<T> ? 1 : 0;
    if (known > most) {
      most = known;
      worst = i;
    }
  }
  return std::to_string(wrong) + " of " + std::to_string(expected.size() - 2 * kGuard) + " values are wrong, worst at " +
         std::to_string(static_cast<long>(worst) - static_cast<long>(kGuard)) + ": " + std::to_string(toFloat(received[worst])) +
         " for " + std::to_string(toFloat(expected[worst]));
}

template <typename T>
void runType(Checks& checks, const Options& options, const char* type) {
  double worst = 0;
  int variants[3][2] = {};  // by tile and sampling: problems
  int failures[3][2] = {};
  for (auto& [one, expected] : drawProblems<T>(options)) {
    const Plan plan = makePlan<T>(one.params, true);
    const std::string name = std::string(type) + " " + one.name + describe(plan);
    std::vector<T> received(expected.size(), fromFloat<T>(kSeal));
    try {
      runOnGpu(one, received, options);
    } catch (const std::exception& failure) {  // an error of CUDA's stays: nothing after it can be trusted
      throw std::runtime_error(name + ": " + failure.what());
    }
    bool sealed = true;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (toFloat(expected[i]) == kSeal) {
        sealed = sealed && toFloat(received[i]) == kSeal;
        expected[i] = received[i] = fromFloat<T>(0.0F);
      }
    }
    const double error = relativeError(received.data(), expected.data(), expected.size());
    worst = std::fmax(worst, error);
    const bool right = error <= kTolerance<T>;
    ++variants[static_cast<int>(plan.tile)][static_cast<int>(plan.sampling)];
    failures[static_cast<int>(plan.tile)][static_cast<int>(plan.sampling)] += right ? 0 : 1;
    checks.expect(right, name + ": error " + std::to_string(error) + (right ? "" : ", " + worstOf(received, expected)));
    checks.expect(sealed, name + ": nothing is written beside the output");
  }
  std::printf("%s on the GPU: %d problems, worst relative error %.2e (limit %.0e)\n", type, options.problems, worst,
              kTolerance<T>);
  constexpr const char* kTiles[] = {"any", "64", "128"};
  for (int tile = 0; tile < 3; ++tile) {
    std::printf("  tile %s: scalars %d (%d wrong), units %d (%d wrong)\n", kTiles[tile], variants[tile][0], failures[tile][0],
                variants[tile][1], failures[tile][1]);
    for (const int met : variants[tile]) {
      checks.expect(options.problems < 200 || met > 0, "every variant was met");
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("kernel_test: skipped: there is no CUDA device on this machine\n");
    return kSkipped;
  }
  Options options;
  options.problems = argc > 1 ? std::atoi(argv[1]) : options.problems;
  options.firstSeed = argc > 2 ? std::atoi(argv[2]) : options.firstSeed;
  options.exact = argc > 3 && std::strcmp(argv[3], "exact") == 0;
  Checks checks("kernel_test");
  runType<float>(checks, options, "fp32");
  runType<Half>(checks, options, "fp16");
  return checks.finish();
} catch (const std::exception& failure) {
  std::fprintf(stderr, "kernel_test: %s\n", failure.what());
  return 1;
}
