// The kernel on a GPU against the reference: random problems, fp32 and fp16. Exits with 77, aloud, where there is no GPU.
//   kernel_test [problems a type, default 208]
#include "../kernel.h"

#include <cstdlib>
#include <memory>
#include <stdexcept>

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

template <typename T>
DeviceMemory upload(const std::vector<T>& values) {
  DeviceMemory memory = allocate(values.size() * sizeof(T));
  require(cudaMemcpy(memory.get(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  return memory;
}

// @param y with its guards: what it holds goes to the device first and comes back
template <typename T>
void runOnGpu(Case<T>& one, std::vector<T>& y) {
  const DeviceMemory x = upload(one.x);
  const DeviceMemory offset = upload(one.offset);
  const DeviceMemory mask = upload(one.mask);
  const DeviceMemory weight = upload(one.weight);
  const DeviceMemory bias = upload(one.bias);
  const DeviceMemory output = upload(y);
  const DeviceMemory workspace = allocate(workspaceBytes<T>(one.params));
  const auto at = [](const DeviceMemory& memory) { return static_cast<T*>(memory.get()) + kGuard; };
  const Tensors<T> tensors{at(x),          at(offset), one.hasMask ? at(mask) : nullptr,
                           at(weight),     one.hasBias ? at(bias) : nullptr, at(output)};
  require(launch(one.params, tensors, workspace.get(), nullptr), "launch");
  require(cudaDeviceSynchronize(), "the kernel");
  require(cudaMemcpy(y.data(), output.get(), y.size() * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
}

template <typename T>
void runType(Checks& checks, int problems, const char* type) {
  double worst = 0;
  for (int seed = 0; seed < problems; ++seed) {
    Case<T> one = drawCase<T>(static_cast<uint32_t>(seed));
    std::vector<T> expected(one.outputs + 2 * kGuard, fromFloat<T>(0.0F));
    std::vector<T> received = expected;
    reference(one.params, tensorsOf(one, inside(expected)));
    runOnGpu(one, received);
    const double error = relativeError(received.data(), expected.data(), expected.size());
    worst = std::fmax(worst, error);
    checks.expect(error <= kTolerance<T>, std::string(type) + " " + one.name + ": error " + std::to_string(error));
  }
  std::printf("%s on the GPU: %d problems, worst relative error %.2e (limit %.0e)\n", type, problems, worst, kTolerance<T>);
}

}  // namespace

int main(int argc, char** argv) try {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("kernel_test: skipped: there is no CUDA device on this machine\n");
    return kSkipped;
  }
  const int problems = argc > 1 ? std::atoi(argv[1]) : 208;
  Checks checks("kernel_test");
  runType<float>(checks, problems, "fp32");
  runType<Half>(checks, problems, "fp16");
  return checks.finish();
} catch (const std::exception& failure) {
  std::fprintf(stderr, "kernel_test: %s\n", failure.what());
  return 1;
}
