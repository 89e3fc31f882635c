/* Rows of a batch, one after another, each while it is in the cache; no library, no state.
 *
 * The body below is read twice, for float and for double. Vectors are an extension of GCC and clang,
 * which is why this file has no instructions of any one processor. All tensors are row-major, in
 * one piece; `first` and `last` are the rows to work on, so that threads can share a batch.
 */
#ifndef REAL

#include <stdint.h>
#include <string.h>

#define MAX_ENTRIES 625 /* of a Wigner matrix: 25 * 25 */

#define REAL float
#define WIDTH 8
#define NAMED(name) name##_f32
#include "kernels.c"
#undef REAL
#undef WIDTH
#undef NAMED
#define REAL double
#define WIDTH 4
#define NAMED(name) name##_f64
#include "kernels.c"

#else

#define vec NAMED(vec)
#define half NAMED(half)
#define LINE (int64_t)(64 / sizeof(REAL)) /* numbers in a line of the cache */
typedef REAL vec __attribute__((vector_size(WIDTH * sizeof(REAL)), aligned(sizeof(REAL))));
typedef REAL half __attribute__((vector_size(WIDTH / 2 * sizeof(REAL)), aligned(sizeof(REAL))));

/* ROWS rows of a block, some columns from k on: sums stay in registers. */
#define TILE_OF(VECTOR, ROWS, k)                                                                   \
    do {                                                                                           \
        VECTOR sum[ROWS];                                                                          \
        for (int r = 0; r < ROWS; r++) sum[r] = (VECTOR){0};                                       \
        for (int64_t j = 0; j < d; j++) {                                                          \
            const VECTOR v = *(const VECTOR *)(x + j * c + (k));                                   \
            for (int r = 0; r < ROWS; r++) sum[r] += matrix[(i + r) * s + j * t] * v;              \
        }                                                                                          \
        for (int r = 0; r < ROWS; r++) *(VECTOR *)(out + (i + r) * c + (k)) = sum[r];              \
    } while (0)
#define HALF_TILE(ROWS, k) TILE_OF(half, ROWS, k)
#define NARROW_TILE(ROWS, k) TILE_OF(vec, ROWS, k)

#define WIDE_TILE(ROWS, k)                                                                         \
    do {                                                                                           \
        vec sum[ROWS], more[ROWS];                                                                 \
        for (int r = 0; r < ROWS; r++) sum[r] = more[r] = (vec){0};                                \
        for (int64_t j = 0; j < d; j++) {                                                          \
            const vec v = *(const vec *)(x + j * c + (k));                                         \
            const vec w = *(const vec *)(x + j * c + (k) + WIDTH);                                 \
            for (int r = 0; r < ROWS; r++) {                                                       \
                const REAL entry = matrix[(i + r) * s + j * t];                                    \
                sum[r] += entry * v;                                                               \
                more[r] += entry * w;                                                              \
            }                                                                                      \
        }                                                                                          \
        for (int r = 0; r < ROWS; r++) {                                                           \
            *(vec *)(out + (i + r) * c + (k)) = sum[r];                                            \
            *(vec *)(out + (i + r) * c + (k) + WIDTH) = more[r];                                   \
        }                                                                                          \
    } while (0)

/* Rows four at a time; what is left over joins the first ones, for a row alone takes as long. */
#define ALL_ROWS(TILE, k)                                                                          \
    do {                                                                                           \
        int64_t i = 0;                                                                             \
        if (d == 1) {                                                                              \
            TILE(1, k);                                                                            \
            i = 1;                                                                                 \
        } else if (d % 4 == 1) {                                                                   \
            TILE(5, k);                                                                            \
            i = 5;                                                                                 \
        } else if (d % 4 == 2) {                                                                   \
            TILE(2, k);                                                                            \
            i = 2;                                                                                 \
        } else if (d % 4 == 3) {                                                                   \
            TILE(3, k);                                                                            \
            i = 3;                                                                                 \
        }                                                                                          \
        for (; i < d; i += 4) TILE(4, k);                                                          \
    } while (0)

/* out (d, c) = matrix (d, d; strides s and t) times x (d, c). */
static void NAMED(multiply_block)(int64_t d, int64_t c, const REAL *matrix, int64_t s, int64_t t,
                                  const REAL *restrict x, REAL *restrict out) {
    if (c < WIDTH / 2) {
        for (int64_t i = 0; i < d; i++)
            for (int64_t k = 0; k < c; k++) {
                REAL sum = 0;
                for (int64_t j = 0; j < d; j++) sum += matrix[i * s + j * t] * x[j * c + k];
                out[i * c + k] = sum;
            }
        return;
    }
    if (c < WIDTH) {
        ALL_ROWS(HALF_TILE, 0);
        if (WIDTH / 2 < c) ALL_ROWS(HALF_TILE, c - WIDTH / 2); /* some columns once more */
        return;
    }
    int64_t k = 0;
    for (; k + 2 * WIDTH <= c; k += 2 * WIDTH) ALL_ROWS(WIDE_TILE, k);
    for (; k + WIDTH <= c; k += WIDTH) ALL_ROWS(NARROW_TILE, k);
    if (k < c) ALL_ROWS(NARROW_TILE, c - WIDTH);
}

/* Each block of a vector multiplied by its matrix; no matrix leaves it alone.
 * sizes: d, c of each term; strides: of batch, rows and columns of each matrix. */
void NAMED(multiply)(int64_t first, int64_t last, int64_t terms, const int64_t *sizes,
                     const REAL *const *matrices, const int64_t *strides, const REAL *x, REAL *out) {
    int64_t length = 0;
    for (int64_t term = 0; term < terms; term++) length += sizes[2 * term] * sizes[2 * term + 1];
    for (int64_t n = first; n < last; n++) {
        const REAL *from = x + n * length;
        REAL *to = out + n * length;
        for (int64_t term = 0; term < terms; term++) {
            const int64_t d = sizes[2 * term], c = sizes[2 * term + 1];
            const int64_t *stride = strides + 3 * term;
            if (term + 1 < terms) /* the next block, on its way while this one is multiplied */
                for (int64_t e = 0; e < sizes[2 * term + 2] * sizes[2 * term + 3]; e += LINE)
                    __builtin_prefetch(from + d * c + e);
            if (matrices[term] == 0)
                memcpy(to, from, d * c * sizeof(REAL));
            else
                NAMED(multiply_block)(d, c, matrices[term] + n * stride[0], stride[1], stride[2],
                                      from, to);
            from += d * c;
            to += d * c;
        }
    }
}

/* Each plane (2, c) turned by its angle, each line (1, c) multiplied by the cosine. */
void NAMED(turn)(int64_t first, int64_t last, int64_t terms, const int64_t *sizes,
                 const REAL *cosines, const REAL *sines, const REAL *x, REAL *out) {
    int64_t length = 0;
    for (int64_t term = 0; term < terms; term++) length += sizes[2 * term] * sizes[2 * term + 1];
    for (int64_t n = first; n < last; n++) {
        const REAL *restrict from = x + n * length;
        REAL *restrict to = out + n * length;
        for (int64_t term = 0; term < terms; term++) {
            const int64_t d = sizes[2 * term], c = sizes[2 * term + 1];
            const REAL cosine = cosines[n * terms + term], sine = sines[n * terms + term];
            if (d == 1)
                for (int64_t k = 0; k < c; k++) to[k] = cosine * from[k];
            else
                for (int64_t k = 0; k < c; k++) {
                    const REAL u = from[k], v = from[c + k];
                    to[k] = cosine * u - sine * v;
                    to[c + k] = sine * u + cosine * v;
                }
            from += d * c;
            to += d * c;
        }
    }
}

/* Products of rows of the gradient with rows of the vector, summed as the generators say:
 * torque[a] = sum of value * <gradient row i, vector row j>; where: a, i, j of each value. */
void NAMED(torque)(int64_t first, int64_t last, const int64_t *where, const REAL *values,
                   int64_t terms, const int64_t *sizes, const int64_t *spans, const REAL *gradient,
                   const REAL *y, REAL *out) {
    int64_t length = 0;
    for (int64_t term = 0; term < terms; term++) length += sizes[2 * term] * sizes[2 * term + 1];
    for (int64_t n = first; n < last; n++) {
        const REAL *g = gradient + n * length, *v = y + n * length;
        REAL torque[3] = {0, 0, 0};
        for (int64_t term = 0; term < terms; term++) {
            const int64_t d = sizes[2 * term], c = sizes[2 * term + 1];
            for (int64_t e = spans[2 * term]; e < spans[2 * term + 1]; e++) {
                const REAL *a = g + where[3 * e + 1] * c, *b = v + where[3 * e + 2] * c;
                vec sums = {0};
                REAL sum = 0;
                int64_t k = 0;
                for (; k + WIDTH <= c; k += WIDTH) sums += *(const vec *)(a + k) * *(const vec *)(b + k);
                for (; k < c; k++) sum += a[k] * b[k];
                for (int w = 0; w < WIDTH; w++) sum += sums[w];
                torque[where[3 * e]] += values[e] * sum;
            }
            g += d * c;
            v += d * c;
        }
        memcpy(out + 3 * n, torque, sizeof torque);
    }
}

/* Adds `factor` times a row of the reference's P to a row of degree l: row m of degree l - 1,
 * turned by row i of the rotation. factor: that of entry n, three numbers apart. */
static inline void NAMED(add_row)(int64_t l, int64_t i, int64_t m, REAL sign, const REAL *factor,
                                  const vec *r, const vec *before, vec *sum) {
    const vec *row = before + (m + l - 1) * (2 * l - 1), *turn = r + 3 * (i + 1);
    const vec low = row[0], high = row[2 * l - 2];
    sum[0] += sign * factor[0] * (turn[2] * low + turn[0] * high);
    for (int64_t n = 0; n < 2 * l - 1; n++) sum[n + 1] += sign * factor[3 * (n + 1)] * (turn[1] * row[n]);
    sum[2 * l] += sign * factor[6 * l] * (turn[2] * high - turn[0] * low);
}

/* Matrices of degrees 0 .. highest, one after another, of rotations (n, 3, 3).
 * factors: u, v, w of every entry of degrees 2 .. highest.
 * Ivanic & Ruedenberg, J. Phys. Chem. 100, 6342 (1996), with the corrections of 102, 9099 (1998). */
void NAMED(wigner)(int64_t first, int64_t last, int64_t highest, const REAL *factors,
                   const REAL *rotations, REAL *out) {
    const REAL root = (REAL)1.4142135623730951;
    vec r[9], stored[2][MAX_ENTRIES];
    int64_t entries = 0;
    for (int64_t l = 0; l <= highest; l++) entries += (2 * l + 1) * (2 * l + 1);
    for (int64_t start = first; start < last; start += WIDTH) {
        const int64_t count = last - start < WIDTH ? last - start : WIDTH;
        REAL *to = out + start * entries;
        for (int64_t w = 0; w < WIDTH; w++)
            for (int e = 0; e < 9; e++) r[e][w] = rotations[9 * (start + (w < count ? w : 0)) + e];
        for (int64_t w = 0; w < count; w++) to[w * entries] = 1;
        memcpy(stored[1], r, sizeof r);
        const REAL *factor = factors;
        int64_t offset = 1;
        for (int64_t l = 1; l <= highest; l++) {
            const int64_t d = 2 * l + 1;
            const vec *before = stored[(l - 1) % 2];
            vec *now = stored[l % 2];
            for (int64_t m = -l; l > 1 && m <= l; m++, factor += 3 * d) {
                const REAL *u = factor, *v = factor + 1, *w = factor + 2;
                const int64_t side = m < 0 ? -1 : 1, size = side * m;
                vec *sum = now + (m + l) * d;
                memset(sum, 0, d * sizeof(vec));
                if (size < l) NAMED(add_row)(l, 0, m, 1, u, r, before, sum);
                if (m == 0) {
                    NAMED(add_row)(l, 1, 1, 1, v, r, before, sum);
                    NAMED(add_row)(l, -1, -1, 1, v, r, before, sum);
                    continue;
                }
                NAMED(add_row)(l, side, size - 1, size == 1 ? root : 1, v, r, before, sum);
                if (size > 1) NAMED(add_row)(l, -side, 1 - size, -side, v, r, before, sum);
                if (size < l - 1) {
                    NAMED(add_row)(l, side, size + 1, side, w, r, before, sum);
                    NAMED(add_row)(l, -side, -size - 1, 1, w, r, before, sum);
                }
            }
            const REAL *flat = (const REAL *)now;
            for (int64_t w = 0; w < count; w++)
                for (int64_t e = 0; e < d * d; e++) to[w * entries + offset + e] = flat[e * WIDTH + w];
            offset += d * d;
        }
    }
}

#undef vec
#undef half
#undef LINE
#undef TILE_OF
#undef HALF_TILE
#undef NARROW_TILE
#undef WIDE_TILE
#undef ALL_ROWS

#endif
