/* The kernels for both number formats, at one level of instructions. */
#define REAL float
#define SUFFIX f32
#define WIDTH (BYTES / 4)
#include "kernels_of_format.h"
#undef REAL
#undef SUFFIX
#undef WIDTH
#define REAL double
#define SUFFIX f64
#define WIDTH (BYTES / 8)
#include "kernels_of_format.h"
#undef REAL
#undef SUFFIX
#undef WIDTH
