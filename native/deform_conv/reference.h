// The naive definition of the operator: the truth in every test.
#pragma once

#include "half.h"
#include "params.h"

namespace limpid::deform_conv {

// Sums in double. A sampling coordinate is one fp32 addition, base + Δ, here and in the kernel: at x > 1024 the rounding
// of that sum alone is worth 6e-5 of a pixel, which belongs to the definition and not to anybody's error.
// Expects problemWith(params) to be empty.
template <typename T>
void reference(const Params& params, const Tensors<T>& tensors);

}  // namespace limpid::deform_conv
