// Times the operator on one GPU, beside the im2col + cuBLAS form of it, at EDVR's sizes, and compares what both compute.
// Prints one JSON line a row; torchvision_bench.py runs this and torchvision's operator in one run, side by side.
//   deform_conv_bench [repeats, default 50] [channels height: these alone, 0 for all]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "../sample.h"
#include "timing.cuh"

#ifdef LIMPID_HAVE_CUBLAS
#include <cublas_v2.h>
#endif

using namespace limpid::deform_conv;
using namespace limpid::deform_conv::bench;

namespace {

// @param error of ours against the im2col form, relative to the largest value; negative: not compared
void report(const char* form, const char* type, const char* layout, const Params& p, const Times& times, double error) {
  std::printf("{\"form\":\"%s\",\"type\":\"%s\",\"layout\":\"%s\",\"channels\":%d,\"groups\":%d,\"size\":\"%dx%d\","
              "\"us\":%.2f,\"p95\":%.2f,\"warm\":%.2f,\"error\":%.2e}\n",
              form, type, layout, p.channels, p.deformGroups, p.width, p.height, times.p50, times.p95, times.warm, error);
  std::fflush(stdout);
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
    const Displacement<T> displacement{offset[0], offset[p.offset.c], t.mask[sample * p.mask.c + h * p.mask.h + w * p.mask.w]};
    const Footprint at = footprintOf(p, h, w, tap, displacement, p.maskIsLogit);
    const float value = sampleScalar(t.x + static_cast<int64_t>(channel) * p.x.c, at);
    columns[(static_cast<int64_t>(channel) * taps + tap) * pixels + pixel] = fromFloat<T>(value);
  }
}

// The largest difference and the largest value of two answers. Floats ≥ 0 are ordered as their bits are; not-a-number is
// larger than all.
template <typename T>
__global__ void compare(const Tensors<T> ours, const T* theirs, int pixels, int channels, Strides y, int* largest) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= static_cast<int64_t>(channels) * pixels) {
    return;
  }
  const auto raise = [&](int at, float value) {
    if (__float_as_int(fabsf(value)) > *const_cast<volatile int*>(largest + at)) {  // few are; an atomic each would queue
      atomicMax(largest + at, __float_as_int(fabsf(value)));
    }
  };
  const auto channel = static_cast<int>(index / pixels);
  const auto pixel = static_cast<int>(index % pixels);
  const float expected = toFloat(theirs[index]) + toFloat(ours.bias[channel]);
  const float received = toFloat(ours.y[static_cast<int64_t>(channel) * y.c + static_cast<int64_t>(pixel) * y.w]);
  raise(0, received - expected);
  raise(1, expected);
}

// im2col and one product, without the bias. It reads tensors of any layout and is timed on NCHW, as it is known.
template <typename T>
class Im2col {
 public:
  Im2col(const Params& p, const Tensors<T>& t)
      : p_(p),
        t_(t),
        pixels_(p.outHeight() * p.outWidth()),
        depth_(p.channels * p.taps()),
        columns_(static_cast<size_t>(depth_) * pixels_),
        y_(static_cast<size_t>(p.outChannels) * pixels_) {
    if (cublasCreate(&cublas_) != CUBLAS_STATUS_SUCCESS) {
      throw std::runtime_error("cublasCreate failed");
    }
  }
  ~Im2col() { cublasDestroy(cublas_); }
  Im2col(const Im2col&) = delete;
  Im2col& operator=(const Im2col&) = delete;

  void run() const {
    const cudaDataType_t data = sizeof(T) == 2 ? CUDA_R_16F : CUDA_R_32F;
    const float one = 1.0F;
    const float zero = 0.0F;
    const int64_t threads = static_cast<int64_t>(p_.channels) * pixels_;
    im2col<T><<<static_cast<unsigned>((threads + 255) / 256), 256>>>(p_, t_, pixels_, p_.outWidth(), columns_.data());
    require(cudaGetLastError(), "im2col");
    // y (outChannels × pixels, row-major) = weight · columns
    const cublasStatus_t status =
        cublasGemmEx(cublas_, CUBLAS_OP_N, CUBLAS_OP_N, pixels_, p_.outChannels, depth_, &one, columns_.data(), data, pixels_,
                     t_.weight, data, depth_, &zero, y_.data(), data, pixels_, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
    if (status != CUBLAS_STATUS_SUCCESS) {
      throw std::runtime_error("cublasGemmEx failed with status " + std::to_string(status));
    }
  }

  // How far the answer in `ours.y`, laid out as `y`, is from this one, relative to the largest value.
  double errorOf(const Tensors<T>& ours, const Strides& y) const {
    const DeviceArray<int> largest(2);
    require(cudaMemset(largest.data(), 0, 2 * sizeof(int)), "cudaMemset");
    run();
    const int64_t threads = static_cast<int64_t>(p_.outChannels) * pixels_;
    compare<T><<<static_cast<unsigned>((threads + 255) / 256), 256>>>(ours, y_.data(), pixels_, p_.outChannels, y,
                                                                    largest.data());
    require(cudaGetLastError(), "compare");
    float values[2];
    require(cudaMemcpy(values, largest.data(), sizeof values, cudaMemcpyDeviceToHost), "the comparison");
    return std::isfinite(values[0]) && std::isfinite(values[1]) ? values[0] / values[1] : 1e30;
  }

 private:
  Params p_;
  Tensors<T> t_;
  int pixels_;
  int depth_;
  DeviceArray<T> columns_;
  DeviceArray<T> y_;
  cublasHandle_t cublas_{};
};
#endif

template <typename T>
void timeSize(const Timer& timer, int channels, int height, int width, const char* type) {
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
  const DeviceArray<T> y(pixels * channels);
  const Tensors<T> tensors{x.data(), offset.data(), mask.data(), weight.data(), bias.data(), y.data()};
  const DeviceArray<unsigned char> workspace(workspaceBytes<T>(p));
  for (const bool last : {true, false}) {
    const auto layout = [&](int c) { return last ? nhwc(c, height, width) : nchw(c, height, width); };
    p.x = layout(channels);
    p.y = layout(channels);
    p.offset = layout(2 * samples);
    p.mask = layout(samples);
    const Times times = timer.time([&] { require(launch(p, tensors, workspace.data(), nullptr), "launch"); });
    double error = -1.0;
#ifdef LIMPID_HAVE_CUBLAS
    const Im2col<T> im2col(p, tensors);
    error = im2col.errorOf(tensors, p.y);
    if (!last) {
      report("im2col+cublas", type, "nchw", p, timer.time([&] { im2col.run(); }), 0.0);
    }
#endif
    report("limpid", type, last ? "nhwc" : "nchw", p, times, error);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("deform_conv_bench: skipped: there is no CUDA device on this machine\n");
    return 77;
  }
  const Timer timer(argc > 1 ? std::max(1, std::atoi(argv[1])) : 50);
  const int onlyChannels = argc > 3 ? std::atoi(argv[2]) : 0;
  const int onlyHeight = argc > 3 ? std::atoi(argv[3]) : 0;
  constexpr int kSizes[][2] = {{180, 320}, {90, 160}, {45, 80}, {720, 1280}};  // the pyramid of 180 × 320, then 720p
  for (const auto& size : kSizes) {
    for (const int channels : {128, 64}) {
      if ((onlyChannels == 0 || channels == onlyChannels) && (onlyHeight == 0 || size[0] == onlyHeight)) {
        timeSize<Half>(timer, channels, size[0], size[1], "fp16");
        timeSize<float>(timer, channels, size[0], size[1], "fp32");
      }
    }
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "deform_conv_bench: %s\n", failure.what());
  return 1;
}
