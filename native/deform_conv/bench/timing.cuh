// What a timing on a GPU needs: device memory that is filled there, and times taken by events, with a cold L2 and a warm one.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "../kernel.h"

namespace limpid::deform_conv::bench {

inline void require(cudaError_t error, const char* what) {
  if (error != cudaSuccess) {
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
  }
}

// Evenly spread in [-scale, scale) + shift, of the index alone: the host would draw a 720p problem for seconds.
template <typename T>
__global__ void fill(T* to, size_t count, float scale, float shift) {
  for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += static_cast<size_t>(gridDim.x) * blockDim.x) {
    uint32_t hash = static_cast<uint32_t>(i) * 2654435761U + 1;
    hash = (hash ^ hash >> 15U) * 2246822519U;
    hash = (hash ^ hash >> 13U) * 3266489917U;
    hash ^= hash >> 16U;
    to[i] = fromFloat<T>(static_cast<float>(static_cast<int>(hash >> 16U) - 32768) / 32768.0F * scale + shift);
  }
}

template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) { require(cudaMalloc(&memory_, count * sizeof(T)), "cudaMalloc"); }
  DeviceArray(size_t count, float scale, float shift = 0.0F) : DeviceArray(count) {
    fill<<<1024, 256>>>(data(), count, scale, shift);
    require(cudaGetLastError(), "fill");
  }
  ~DeviceArray() { cudaFree(memory_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  T* data() const { return static_cast<T*>(memory_); }

 private:
  void* memory_ = nullptr;
};

// Microseconds of a run.
struct Times {
  double p50;   // L2 cold
  double p95;   // L2 cold
  double warm;  // the median with what the last run left in L2
};

class Timer {
 public:
  explicit Timer(int repeats) : repeats_(repeats), flushed_(kFlushBytes) {
    require(cudaEventCreate(&begin_), "cudaEventCreate");
    require(cudaEventCreate(&end_), "cudaEventCreate");
  }
  ~Timer() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // `run` launches, asynchronously, on the default stream. Three runs go first and are not counted.
  // Cold: L2 is overwritten before every run; the host launches meanwhile, so that what launching costs is not in the time.
  // Warm: runs back to back, a tenth of the time of ten.
  template <typename Run>
  Times time(Run run) const {
    for (int i = 0; i < 3; ++i) {
      run();
    }
    std::vector<double> cold;
    for (int i = 0; i < repeats_; ++i) {
      require(cudaMemsetAsync(flushed_.data(), i, kFlushBytes), "cudaMemsetAsync");
      cold.push_back(between(run, 1));
    }
    std::vector<double> warm;
    for (int i = 0; i < std::max(1, repeats_ / 10); ++i) {
      warm.push_back(between(run, 10));
    }
    std::sort(cold.begin(), cold.end());
    std::sort(warm.begin(), warm.end());
    return {cold[cold.size() / 2], cold[cold.size() * 95 / 100], warm[warm.size() / 2]};
  }

 private:
  static constexpr size_t kFlushBytes = size_t{512} << 20U;  // ten times the largest L2, and longer than a launch takes

  template <typename Run>
  double between(Run run, int runs) const {
    require(cudaEventRecord(begin_), "cudaEventRecord");
    for (int i = 0; i < runs; ++i) {
      run();
    }
    require(cudaEventRecord(end_), "cudaEventRecord");
    require(cudaEventSynchronize(end_), "the timed run");
    float milliseconds = 0;
    require(cudaEventElapsedTime(&milliseconds, begin_, end_), "cudaEventElapsedTime");
    return 1000.0 * milliseconds / runs;
  }

  int repeats_;
  DeviceArray<unsigned char> flushed_;
  cudaEvent_t begin_{};
  cudaEvent_t end_{};
};

}  // namespace limpid::deform_conv::bench
