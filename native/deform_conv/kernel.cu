// block.h on the GPU: its Block and Warp in PTX, the kernels, and their launch.
#include "kernel.h"

#include "block.h"

namespace limpid::deform_conv {
namespace {

struct Registers {
  uint32_t word[4];
};

__device__ __forceinline__ uint32_t sharedAddress(const Unit* unit) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(unit));
}

template <typename V>
class DeviceWarp {
 public:
  using Fragment = Registers;

  __device__ __forceinline__ DeviceWarp(Unit* shared, float (&accumulator)[V::Shape::kAccumulators])
      : shared_(shared), accumulator_(accumulator) {}

  __device__ __forceinline__ int index() const { return static_cast<int>(threadIdx.x) / 32; }

  template <typename UnitOf>
  __device__ __forceinline__ void loadMatrices(Fragment& to, UnitOf unitOf) {
    const uint32_t address = sharedAddress(shared_ + unitOf(static_cast<int>(threadIdx.x) % 32));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to.word[0]), "=r"(to.word[1]), "=r"(to.word[2]), "=r"(to.word[3])
                 : "r"(address)
                 : "memory");
  }

  __device__ __forceinline__ void multiply(int at, const Fragment& a, const Fragment& b, int from) {
    float* d = accumulator_ + at;
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a.word[0]), "r"(a.word[1]), "r"(a.word[2]), "r"(a.word[3]), "r"(b.word[from]), "r"(b.word[from + 1]));
#else
    // Turing multiplies 8 of K at a time: the same registers, the halves of K one after the other.
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a.word[0]), "r"(a.word[1]), "r"(b.word[from]));
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a.word[2]), "r"(a.word[3]), "r"(b.word[from + 1]));
#endif
  }

 private:
  Unit* shared_;
  float (&accumulator_)[V::Shape::kAccumulators];
};

template <typename V>
class DeviceBlock {
 public:
  __device__ __forceinline__ explicit DeviceBlock(Unit* shared) : shared_(shared) {}

  __device__ __forceinline__ int x() const { return static_cast<int>(blockIdx.x); }
  __device__ __forceinline__ int y() const { return static_cast<int>(blockIdx.y); }
  __device__ __forceinline__ void sync() const { __syncthreads(); }

  template <typename Body>
  __device__ __forceinline__ void eachThread(Body body) {
    body(static_cast<int>(threadIdx.x), state_);
  }

  template <typename Body>
  __device__ __forceinline__ void eachWarp(Body body) {
    __syncwarp();  // lanes part ways where displacements are loaded; ldmatrix and mma want all 32 together
    DeviceWarp<V> warp(shared_, state_.accumulator);
    body(warp);
  }

  __device__ __forceinline__ void store(int, int unit, const Unit& value) { shared_[unit] = value; }

  template <typename T>
  __device__ __forceinline__ void storeValue(int, int unit, int index, T value) {
    reinterpret_cast<T*>(shared_ + unit)[index] = value;
  }

  __device__ __forceinline__ Unit load(int, int unit) const { return shared_[unit]; }

  __device__ __forceinline__ void copyAsync(int, int unit, const Unit* from) const {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(sharedAddress(shared_ + unit)),
                 "l"(__cvta_generic_to_global(from))
                 : "memory");
#else
    shared_[unit] = *from;
#endif
  }

  __device__ __forceinline__ void awaitCopies(int) const {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
  }

 private:
  Unit* shared_;
  ThreadState<V> state_;
};

// 512 threads an SM at least, in one block or several: some warps sample while others multiply. That leaves 128 registers a
// thread, which hold 32 accumulators and the samples in flight; 64 accumulators spilled.
template <typename V>
__global__ void __launch_bounds__(V::Shape::kThreads, 512 / V::Shape::kThreads)
    deformConvKernel(const __grid_constant__ Plan plan, const __grid_constant__ Tensors<typename V::T> tensors,
                     const Unit* packed) {
  extern __shared__ Unit shared[];
  DeviceBlock<V> block(shared);
  runBlock<V>(block, plan, tensors, packed);
}

template <typename V>
__global__ void packWeightKernel(const __grid_constant__ Plan plan, const typename V::T* weight, Unit* packed, int64_t units) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index < units) {
    packed[index] = packedWeight<typename V::Shape, typename V::T>(plan, weight, index);
  }
}

template <typename V>
cudaError_t launchVariant(const Plan& plan, const Tensors<typename V::T>& tensors, Unit* packed, cudaStream_t stream) {
  constexpr int kPackThreads = 128;
  constexpr int kSharedBytes = V::Shape::kSharedUnits * static_cast<int>(sizeof(Unit));
  const int64_t units = plan.packedUnits();
  const auto packBlocks = static_cast<unsigned>((units + kPackThreads - 1) / kPackThreads);
  packWeightKernel<V><<<packBlocks, kPackThreads, 0, stream>>>(plan, tensors.weight, packed, units);
  if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess) {
    return error;
  }
  // Above 48 KiB a kernel must ask; an attribute of the current device, so it is set each time.
  const cudaError_t error =
      cudaFuncSetAttribute(deformConvKernel<V>, cudaFuncAttributeMaxDynamicSharedMemorySize, kSharedBytes);
  if (error != cudaSuccess) {
    return error;
  }
  const dim3 grid(static_cast<unsigned>((plan.pixels + V::Shape::kPixels - 1) / V::Shape::kPixels),
                  static_cast<unsigned>(plan.params.groups * plan.outputTiles));
  deformConvKernel<V><<<grid, V::Shape::kThreads, kSharedBytes, stream>>>(plan, tensors, packed);
  return cudaGetLastError();
}

bool isAligned(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % sizeof(Unit) == 0; }

}  // namespace

template <typename T>
size_t workspaceBytes(const Params& params) {
  return static_cast<size_t>(makePlan<T>(params, true).packedUnits()) * sizeof(Unit);
}

template <typename T>
cudaError_t launch(const Params& params, const Tensors<T>& tensors, void* workspace, cudaStream_t stream) {
  const bool complete = tensors.x != nullptr && tensors.offset != nullptr && tensors.weight != nullptr &&
                        tensors.y != nullptr && workspace != nullptr && isAligned(workspace);
  if (!complete || !problemWith(params).empty()) {
    return cudaErrorInvalidValue;
  }
  const Plan plan = makePlan<T>(params, isAligned(tensors.x) && isAligned(tensors.y));
  return withVariant<T>(plan, [&](auto variant) {
    return launchVariant<decltype(variant)>(plan, tensors, static_cast<Unit*>(workspace), stream);
  });
}

template size_t workspaceBytes<float>(const Params&);
template size_t workspaceBytes<Half>(const Params&);
template cudaError_t launch<float>(const Params&, const Tensors<float>&, void*, cudaStream_t);
template cudaError_t launch<Half>(const Params&, const Tensors<Half>&, void*, cudaStream_t);

}  // namespace limpid::deform_conv
