// Times the operator on one GPU, beside the im2col + cuBLAS form of it, at EDVR's sizes. Prints one JSON line a row;
// torchvision_bench.py runs this and torchvision's operator in one run, and sets them side by side.
//   deform_conv_bench [repeats, default 50]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "../kernel.h"
#include "../sample.h"

#ifdef LIMPID_HAVE_CUBLAS
#include <cublas_v2.h>
#endif

using namespace limpid::deform_conv;

namespace {

void require(cudaError_t error, const char* what) {
  if (error != cudaSuccess) {
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
  }
}

template <typename T>
class DeviceArray {
 public:
  // Values in [-scale, scale) + shift, drawn from a seed.
  DeviceArray(size_t count, float scale, float shift = 0.0F) {
    std::vector<T> values(count);
    uint32_t state = 1;
    for (T& value : values) {
      state = state * 1664525U + 1013904223U;
      value = fromFloat<T>(static_cast<float>(static_cast<int>(state >> 16U) - 32768) / 32768.0F * scale + shift);
    }
    require(cudaMalloc(&memory_, count * sizeof(T)), "cudaMalloc");
    require(cudaMemcpy(memory_, values.data(), count * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  ~DeviceArray() { cudaFree(memory_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  T* data() const { return static_cast<T*>(memory_); }

 private:
  void* memory_ = nullptr;
};

// The median of `repeats` runs, in microseconds, by CUDA events, after three runs that are not counted.
template <typename Run>
double medianMicroseconds(int repeats, Run run) {
  cudaEvent_t begin;
  cudaEvent_t end;
  require(cudaEventCreate(&begin), "cudaEventCreate");
  require(cudaEventCreate(&end), "cudaEventCreate");
  std::vector<float> times;
  for (int i = 0; i < repeats + 3; ++i) {
    require(cudaEventRecord(begin), "cudaEventRecord");
    run();
    require(cudaEventRecord(end), "cudaEventRecord");
    require(cudaEventSynchronize(end), "the kernel");
    float milliseconds = 0;
    require(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    if (i >= 3) {
      times.push_back(milliseconds);
    }
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  return 1000.0 * times[repeats / 2];
}

void report(const char* form, const char* type, const char* layout, const Params& p, double microseconds) {
  std::printf("{\"form\":\"%s\",\"type\":\"%s\",\"layout\":\"%s\",\"channels\":%d,\"groups\":%d,\"size\":\"%dx%d\",\"us\":%.2f}\n",
              form, type, layout, p.channels, p.deformGroups, p.width, p.height, microseconds);
}

#ifdef LIMPID_HAVE_CUBLAS
// The classic form's first half: a column of channels × taps for every output pixel, in memory.
template <typename T>
__global__ void im2col(const Params p, const Tensors<T> t, int pixels, int width, T* columns) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= static_cast<int64_t>(p.channels) * pixels) {
    return;
  }
  const int pixel = static_cast<int>(index % pixels);
  const int channel = static_cast<int>(index / pixels);
  const int h = pixel / width;
  const int w = pixel % width;
  const int taps = p.kernelH * p.kernelW;
  for (int tap = 0; tap < taps; ++tap) {
    const int sample = channel / (p.channels / p.deformGroups) * taps + tap;
    const T* offset = t.offset + static_cast<int64_t>(2 * sample) * p.offset.c + h * p.offset.h + w * p.offset.w;
    const Displacement<T> displacement{offset[0], offset[p.offset.c], t.mask[static_cast<int64_t>(sample) * pixels + pixel]};
    const Footprint at = footprintOf(p, h, w, tap, displacement, p.maskIsLogit);
    const float value = sampleScalar(t.x + static_cast<int64_t>(channel) * p.x.c, at);
    columns[(static_cast<int64_t>(channel) * taps + tap) * pixels + pixel] = fromFloat<T>(value);
  }
}

template <typename T>
void timeIm2col(cublasHandle_t cublas, const Params& p, const Tensors<T>& t, int repeats, const char* type) {
  const int pixels = p.outHeight() * p.outWidth();
  const int depth = p.channels * p.taps();
  const DeviceArray<T> columns(static_cast<size_t>(depth) * pixels, 0.0F);
  const cudaDataType_t data = sizeof(T) == 2 ? CUDA_R_16F : CUDA_R_32F;
  const float one = 1.0F;
  const float zero = 0.0F;
  const double microseconds = medianMicroseconds(repeats, [&] {
    const int64_t threads = static_cast<int64_t>(p.channels) * pixels;
    im2col<T><<<static_cast<unsigned>((threads + 255) / 256), 256>>>(p, t, pixels, p.outWidth(), columns.data());
    require(cudaGetLastError(), "im2col");
    // y (outChannels × pixels, row-major) = weight · columns
    const cublasStatus_t status =
        cublasGemmEx(cublas, CUBLAS_OP_N, CUBLAS_OP_N, pixels, p.outChannels, depth, &one, columns.data(), data, pixels,
                     t.weight, data, depth, &zero, t.y, data, pixels, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
    if (status != CUBLAS_STATUS_SUCCESS) {
      throw std::runtime_error("cublasGemmEx failed");
    }
  });
  report("im2col+cublas", type, "nchw", p, microseconds);
}
#endif

template <typename T>
void timeSize(int channels, int height, int width, int repeats, const char* type) {
  Params p;
  p.channels = p.outChannels = channels;
  p.height = height;
  p.width = width;
  p.deformGroups = 8;
  const int samples = p.taps() * p.deformGroups;
  const size_t pixels = static_cast<size_t>(height) * width;
  const DeviceArray<T> x(pixels * channels, 1.0F);
  const DeviceArray<T> offset(pixels * 2 * samples, 3.0F);
  const DeviceArray<T> mask(pixels * samples, 0.5F, 0.5F);
  const DeviceArray<T> weight(static_cast<size_t>(channels) * channels * p.taps(), 0.05F);
  const DeviceArray<T> bias(channels, 0.1F);
  const DeviceArray<T> y(pixels * channels, 0.0F);
  const Tensors<T> tensors{x.data(), offset.data(), mask.data(), weight.data(), bias.data(), y.data()};
  for (const bool last : {true, false}) {
    const auto layout = [&](int c) { return last ? nhwc(c, height, width) : nchw(c, height, width); };
    p.x = layout(channels);
    p.y = layout(channels);
    p.offset = layout(2 * samples);
    p.mask = layout(samples);
    const DeviceArray<T> workspace(workspaceBytes<T>(p) / sizeof(T), 0.0F);
    const double microseconds =
        medianMicroseconds(repeats, [&] { require(launch(p, tensors, workspace.data(), nullptr), "launch"); });
    report("limpid", type, last ? "nhwc" : "nchw", p, microseconds);
  }
#ifdef LIMPID_HAVE_CUBLAS
  cublasHandle_t cublas;
  if (cublasCreate(&cublas) != CUBLAS_STATUS_SUCCESS) {
    throw std::runtime_error("cublasCreate failed");
  }
  timeIm2col(cublas, p, tensors, repeats, type);
  cublasDestroy(cublas);
#endif
}

}  // namespace

int main(int argc, char** argv) try {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("deform_conv_bench: skipped: there is no CUDA device on this machine\n");
    return 77;
  }
  const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 50;
  constexpr int kSizes[][2] = {{180, 320}, {90, 160}, {45, 80}, {720, 1280}};  // the pyramid of 180 × 320, then 720p
  for (const int channels : {64, 128}) {
    for (const auto& size : kSizes) {
      timeSize<Half>(channels, size[0], size[1], repeats, "fp16");
      timeSize<float>(channels, size[0], size[1], repeats, "fp32");
    }
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "deform_conv_bench: %s\n", failure.what());
  return 1;
}
