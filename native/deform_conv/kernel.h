// The fused operator on a GPU. Every call is checked; errors come back as cudaError_t.
#pragma once

#include <cuda_runtime_api.h>

#include "half.h"
#include "params.h"

namespace limpid::deform_conv {

// Bytes of device memory that launch() wants for the packed weight, aligned to 16. Expects problemWith(params) to be empty.
template <typename T>
size_t workspaceBytes(const Params& params);

// Packs the weight and runs the operator on `stream`, asynchronously: two kernels. The tensors are device memory and must
// live until the stream has passed. cudaErrorInvalidValue: problemWith(params) is not empty, or a tensor is null.
template <typename T>
cudaError_t launch(const Params& params, const Tensors<T>& tensors, void* workspace, cudaStream_t stream);

}  // namespace limpid::deform_conv
