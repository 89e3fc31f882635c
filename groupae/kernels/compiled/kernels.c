/* Kernels of groupae: rows of a batch, one after another, each while it is in the cache.
 *
 * One translation unit for any C compiler that knows the vectors of GCC and clang; it needs nothing
 * but a C library and, where there is one, pthread. The bodies in kernels_of_format.h are read once for each
 * number format and each level of instructions, so that one library serves every processor of its
 * architecture; the caller takes the level that `groupae_level` allows.
 *
 * All tensors are row-major. A call passes one record of 64-bit integers and addresses, and each
 * kernel returns 0, or 1 if there was no memory.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#define INLINE static inline __attribute__((always_inline))
#define MAX_AXES 4

#include "sharing.h"
#include "formats.h"
#include "pages.h"
#include "calls.h"

#define JOIN_(a, b, c) a##_##b##_##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define NAMED(name) JOIN(name, SUFFIX, LEVEL)

/* A register stored past the cache, where the processor can. */
#if defined(__x86_64__)
#include <immintrin.h>
#define STREAMED 1
#define FENCE _mm_sfence()
#define STREAM(to, from) _mm_stream_ps((float *)(to), _mm_loadu_ps((const float *)(from)))
#else
#define STREAMED 0
#define FENCE (void)0
#define STREAM(to, from) ((void)(to), (void)(from))
#endif

#define LEVEL baseline
#define BYTES 16
#if defined(__aarch64__)
#define REGISTERS 32
#else
#define REGISTERS 16
#endif
#include "formats_of_level.h"
#undef LEVEL
#undef BYTES
#undef REGISTERS

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
#undef STREAM
#define STREAM(to, from) _mm256_stream_ps((float *)(to), _mm256_loadu_ps((const float *)(from)))
#define LEVEL avx2
#define BYTES 32
#define REGISTERS 16
#include "formats_of_level.h"
#undef LEVEL
#undef BYTES
#undef REGISTERS
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,f16c")
#endif
#undef STREAM
#define STREAM(to, from) _mm512_stream_ps((float *)(to), _mm512_loadu_ps((const float *)(from)))
#define LEVEL avx512
#define BYTES 64
#define REGISTERS 32
#include "formats_of_level.h"
#undef LEVEL
#undef BYTES
#undef REGISTERS
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#include <cpuid.h>

/* Whether the system saves the given registers when it switches tasks. */
static int saves(uint64_t registers) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (((uint64_t)high << 32 | low) & registers) == registers;
}

/* The highest level that the processor and the system have: 0 baseline, 1 AVX2, 2 AVX-512. */
EXPORT int groupae_level(void) {
    uint32_t a, b, c, d;
    const uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (fma | osxsave | avx | f16c)) != (fma | osxsave | avx | f16c))
        return 0;
    if (!saves(0x6) || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & 1u << 5)) return 0;
    const uint32_t foundation = 1u << 16, quad = 1u << 17, bytes = 1u << 30, shorter = 1u << 31;
    const uint32_t wanted = foundation | quad | bytes | shorter;
    return (b & wanted) == wanted && saves(0xe6) ? 2 : 1;
}

#else

EXPORT int groupae_level(void) { return 0; }

#endif
