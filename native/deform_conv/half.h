// IEEE half precision as stored in memory, the same type on host and device; arithmetic is always fp32.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#include <cuda_fp16.h>
#define LIMPID_HD __host__ __device__ __forceinline__
#else
#define LIMPID_HD inline
#endif
#ifdef __CUDA_ARCH__
#define LIMPID_UNROLL _Pragma("unroll")
#else
#define LIMPID_UNROLL
#endif

namespace limpid::deform_conv {

struct Half {
  uint16_t bits;
};

namespace detail {

inline float widen(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16U;
  uint32_t exponent = (half >> 10U) & 0x1FU;
  uint32_t fraction = half & 0x3FFU;
  uint32_t bits = sign;
  if (exponent == 31) {
    bits |= 0x7F800000U | (fraction << 13U);
  } else if (exponent != 0) {
    bits |= ((exponent + 112) << 23U) | (fraction << 13U);
  } else if (fraction != 0) {  // subnormal: shift until the leading one is in place
    exponent = 113;
    while ((fraction & 0x400U) == 0) {
      fraction <<= 1U;
      --exponent;
    }
    bits |= (exponent << 23U) | ((fraction & 0x3FFU) << 13U);
  }
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Rounds to nearest, ties to even, as the device does.
inline uint16_t narrow(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<uint16_t>((bits >> 16U) & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) {
    return sign | 0x7E00U;
  }
  if (magnitude >= 0x477FF000U) {
    return sign | 0x7C00U;
  }
  const uint32_t exponent = magnitude >> 23U;
  if (exponent < 102) {
    return sign;
  }
  const uint32_t fraction = exponent == 0 ? 0 : (magnitude & 0x7FFFFFU) | 0x800000U;
  const uint32_t drop = exponent < 113 ? 126 - exponent : 13;  // bits that do not fit
  uint32_t kept = fraction >> drop;
  const uint32_t rest = fraction & ((1U << drop) - 1);
  const uint32_t tie = 1U << (drop - 1);
  if (rest > tie || (rest == tie && (kept & 1U) != 0)) {
    ++kept;
  }
  return sign | static_cast<uint16_t>(exponent < 113 ? kept : kept + ((exponent - 113) << 10U));
}

}  // namespace detail

LIMPID_HD float toFloat(float value) { return value; }

LIMPID_HD float toFloat(Half value) {
#ifdef __CUDA_ARCH__
  return __half2float(__ushort_as_half(value.bits));
#else
  return detail::widen(value.bits);
#endif
}

template <typename T>
LIMPID_HD T fromFloat(float value);

template <>
LIMPID_HD float fromFloat<float>(float value) {
  return value;
}

template <>
LIMPID_HD Half fromFloat<Half>(float value) {
#ifdef __CUDA_ARCH__
  return {__half_as_ushort(__float2half_rn(value))};
#else
  return {detail::narrow(value)};
#endif
}

}  // namespace limpid::deform_conv
