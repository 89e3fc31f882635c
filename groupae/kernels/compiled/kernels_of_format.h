/* The kernels for one number format. */
#include "numbers.h"
#include "products.h"
#include "planes.h"
#include "wigner.h"
#include "rotations.h"
#undef vec
#undef half
#undef quarter
#undef SIZE_OF
