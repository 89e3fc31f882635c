/* The kernels for one number format and one level of instructions.
 *
 * REAL: float or double. WIDTH: of them in a register. NAMED: the name with format and level.
 */
#define vec NAMED(vec)
#define half NAMED(half)
#define quarter NAMED(quarter)
typedef REAL vec __attribute__((vector_size(WIDTH * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
#if WIDTH >= 8
typedef REAL half __attribute__((vector_size(WIDTH / 2 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
#endif
#if WIDTH >= 16
typedef REAL quarter __attribute__((vector_size(WIDTH / 4 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
#endif

/* ---- Tensors ---------------------------------------------------------------------------- */

#ifndef ROWS_H_ONCE
#define ROWS_H_ONCE

#define ALIGNED 64 /* a line of the cache: no register lies across two */

INLINE void *align(void *memory) { return (void *)(((uintptr_t)memory + ALIGNED - 1) & ~(uintptr_t)(ALIGNED - 1)); }

/* Rows of a tensor whose batch axes may be broadcast or lie apart; strides in numbers. */
enum { LARGE_PAGES = 1, STREAMS = 2 }; /* flags: of the pages of what is made, and past the cache */

typedef struct {
    int64_t axes, size[MAX_AXES];
} Batch;

INLINE int64_t offset_of(const Batch *batch, const int64_t *strides, int64_t row) {
    if (batch->axes == 1) return row * strides[0];
    int64_t offset = 0;
    for (int64_t axis = batch->axes - 1; axis >= 0; axis--) {
        offset += row % batch->size[axis] * strides[axis];
        row /= batch->size[axis];
    }
    return offset;
}

/* Sizes of a sum of irreps of SO(3), and constants. Blocks are (2 degree + 1, width). */
typedef struct {
    int64_t terms, length, highest, widest; /* widest: numbers in the largest block */
    const int64_t *sizes;                   /* degree, width of each term */
    const void *factors;                    /* see `wigner_lanes` */
    const int64_t *where, *spans;           /* see `torque_of_block` */
    const void *values;
} Sum;

typedef struct {
    const Sum *sum;
    Batch batch;
    int64_t format; /* of vectors, their gradients and results */
    int64_t is_back;
    const void *rotation, *x, *y;
    void *out, *torque; /* in one piece */
    int64_t rotation_strides[MAX_AXES], x_strides[MAX_AXES], y_strides[MAX_AXES];
    int64_t rows, threads, grain, flags;
} Act;

typedef struct {
    int64_t terms, length, widest;
    const int64_t *sizes; /* degree (1 or 2), width of each term */
    Batch batch;
    int64_t format, is_back;
    const void *cosine, *sine; /* (terms,) in a row */
    const void *x, *y;
    void *out, *slopes;
    int64_t phase_strides[MAX_AXES], x_strides[MAX_AXES], y_strides[MAX_AXES];
    int64_t rows, threads, grain, flags;
} Turn;

typedef struct {
    int64_t terms, length, widest;
    const int64_t *sizes;          /* degree, width of each term */
    const void *const *matrices;   /* null: the block stays */
    const int64_t *matrix_strides; /* of rows, columns, and MAX_AXES of the batch, of each */
    Batch batch;
    int64_t format;
    const void *x;
    void *out;
    int64_t x_strides[MAX_AXES];
    int64_t rows, threads, grain, flags;
} Multiply;

typedef struct {
    int64_t highest, entries;
    const void *factors, *rotation;
    void *out; /* (rows, entries) */
    Batch batch;
    int64_t rotation_strides[MAX_AXES];
    int64_t rows, threads, grain, flags;
} Matrices;

/* Asks for numbers that are read soon; they come while others are computed with. */
INLINE void prefetch(const void *from, int64_t bytes) {
    for (int64_t byte = 0; byte < bytes; byte += ALIGNED) __builtin_prefetch((const char *)from + byte);
}

#endif

#define SIZE_OF(format) (format == AS_COMPUTED ? (int64_t)sizeof(REAL) : 2)

/* `count` numbers as they are computed with: where they lie, or converted into `space`. */
INLINE const REAL *NAMED(read)(const void *from, int64_t start, int64_t count, int64_t format, REAL *space) {
    if (format == AS_COMPUTED) return (const REAL *)from + start;
    const uint16_t *numbers = (const uint16_t *)from + start;
    if (format == BFLOAT16)
        for (int64_t i = 0; i < count; i++) space[i] = (REAL)from_bfloat16(numbers[i]);
    else
        for (int64_t i = 0; i < count; i++) space[i] = (REAL)from_float16(numbers[i]);
    return space;
}

INLINE void NAMED(write)(const REAL *space, void *to, int64_t start, int64_t count, int64_t format) {
    if (format == AS_COMPUTED) return; /* written in place */
    uint16_t *numbers = (uint16_t *)to + start;
    if (format == BFLOAT16)
        for (int64_t i = 0; i < count; i++) numbers[i] = to_bfloat16((float)space[i]);
    else
        for (int64_t i = 0; i < count; i++) numbers[i] = to_float16((float)space[i]);
}

INLINE REAL NAMED(number)(const void *from, int64_t i, int64_t format) {
    if (format == AS_COMPUTED) return ((const REAL *)from)[i];
    const uint16_t bits = ((const uint16_t *)from)[i];
    return (REAL)(format == BFLOAT16 ? from_bfloat16(bits) : from_float16(bits));
}

INLINE void NAMED(set_number)(void *to, int64_t i, REAL value, int64_t format) {
    if (format == AS_COMPUTED)
        ((REAL *)to)[i] = value;
    else
        ((uint16_t *)to)[i] = format == BFLOAT16 ? to_bfloat16((float)value) : to_float16((float)value);
}

/* Whether all registers of a block (d, c) go to whole places of their size. */
INLINE int64_t NAMED(may_stream)(int64_t flags, const REAL *out, int64_t c) {
    return (flags & STREAMS) && (uintptr_t)out % BYTES == 0 && c % WIDTH == 0;
}

/* ---- Products of a matrix with a block -------------------------------------------------- */

/* ROWS rows and COLUMNS registers of out (d, c) = matrix times x (d, c); sums stay in registers.
 * Entry (i, j) of the matrix is at matrix[j * t + i * s]. What lies `ahead` of x is asked for, and
 * with `streams` what is made goes past the cache. */
#define TILE(NAME, VECTOR, ROWS, COLUMNS, S)                                                       \
    static void NAME(int64_t d, int64_t c, const REAL *matrix, int64_t t, const REAL *x, REAL *out, \
                     int64_t ahead, int64_t streams) {                                             \
        enum { lanes = sizeof(VECTOR) / sizeof(REAL) };                                            \
        VECTOR sum[ROWS][COLUMNS];                                                                 \
        _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                     \
            _Pragma("GCC unroll 4") for (int q = 0; q < COLUMNS; q++) sum[r][q] = (VECTOR){0};     \
        for (int64_t j = 0; j < d; j++) {                                                          \
            VECTOR v[COLUMNS];                                                                     \
            _Pragma("GCC unroll 4") for (int q = 0; q < COLUMNS; q++) {                            \
                v[q] = *(const VECTOR *)(x + j * c + q * lanes);                                   \
                __builtin_prefetch(x + j * c + q * lanes + ahead);                                 \
            }                                                                                      \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++) {                               \
                const REAL entry = matrix[j * t + r * (S)];                                        \
                _Pragma("GCC unroll 4") for (int q = 0; q < COLUMNS; q++) sum[r][q] += entry * v[q]; \
            }                                                                                      \
        }                                                                                          \
        if (STREAMED && streams && sizeof(VECTOR) == BYTES)                                        \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                 \
                _Pragma("GCC unroll 4") for (int q = 0; q < COLUMNS; q++)                          \
                    STREAM(out + r * c + q * lanes, &sum[r][q]);                                   \
        else                                                                                       \
            _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                                 \
                _Pragma("GCC unroll 4") for (int q = 0; q < COLUMNS; q++)                          \
                    *(VECTOR *)(out + r * c + q * lanes) = sum[r][q];                              \
    }
#define TILES(KIND, VECTOR, COLUMNS, S)                                                            \
    TILE(NAMED(KIND##1), VECTOR, 1, COLUMNS, S)                                                    \
    TILE(NAMED(KIND##2), VECTOR, 2, COLUMNS, S)                                                    \
    TILE(NAMED(KIND##3), VECTOR, 3, COLUMNS, S)                                                    \
    TILE(NAMED(KIND##4), VECTOR, 4, COLUMNS, S)                                                    \
    TILE(NAMED(KIND##5), VECTOR, 5, COLUMNS, S)                                                    \
    TILE(NAMED(KIND##6), VECTOR, 6, COLUMNS, S)                                                    \
    static void (*const NAMED(KIND##s)[])(int64_t, int64_t, const REAL *, int64_t, const REAL *, REAL *, int64_t, int64_t) = { \
        0, NAMED(KIND##1), NAMED(KIND##2), NAMED(KIND##3), NAMED(KIND##4), NAMED(KIND##5), NAMED(KIND##6)};

#define MOST_ROWS 6
#if REGISTERS >= 32
TILES(lanes_four, vec, 4, WIDTH)
TILES(dense_four, vec, 4, 1)
#endif
TILES(lanes_two, vec, 2, WIDTH)
TILES(dense_two, vec, 2, 1)
TILES(lanes_one, vec, 1, WIDTH)
TILES(dense_one, vec, 1, 1)
#if WIDTH >= 8
TILES(lanes_half, half, 1, WIDTH)
TILES(dense_half, half, 1, 1)
#endif
#if WIDTH >= 16
TILES(lanes_quarter, quarter, 1, WIDTH)
TILES(dense_quarter, quarter, 1, 1)
#endif

/* All rows of the matrix for one set of columns, in parts of nearly equal size. */
#define ALL_ROWS(KIND, k)                                                                          \
    for (int64_t i = 0, part = 0; part < parts; part++) {                                          \
        const int64_t r = (d - i) / (parts - part);                                                \
        NAMED(KIND##s)[r](d, c, matrix + i * s, t, x + (k), out + i * c + (k), i ? 0 : ahead, streams);                    \
        i += r;                                                                                    \
    }

/* Some columns are computed twice where the last register overlaps the one before. */
#define PRODUCT(NAME, ORDER, S, FOUR)                                                              \
    INLINE void NAME(int64_t d, int64_t c, const REAL *matrix, int64_t t, const REAL *restrict x,  \
                     REAL *restrict out, int64_t ahead, int64_t streams) {                                                         \
        const int64_t s = S, parts = (d + MOST_ROWS - 1) / MOST_ROWS;                              \
        int64_t k = 0;                                                                             \
        if (c >= WIDTH) {                                                                          \
            FOUR                                                                                   \
            for (; k + 2 * WIDTH <= c; k += 2 * WIDTH) ALL_ROWS(ORDER##_two, k)                    \
            if (k + WIDTH <= c) {                                                                  \
                ALL_ROWS(ORDER##_one, k)                                                           \
                k += WIDTH;                                                                        \
            }                                                                                      \
            if (k < c) ALL_ROWS(ORDER##_one, c - WIDTH)                                            \
            return;                                                                                \
        }                                                                                          \
        HALVES(ORDER)                                                                              \
        QUARTERS(ORDER)                                                                            \
        for (int64_t i = 0; i < d; i++)                                                            \
            for (k = 0; k < c; k++) {                                                              \
                REAL sum = 0;                                                                      \
                for (int64_t j = 0; j < d; j++) sum += matrix[i * s + j * t] * x[j * c + k];       \
                out[i * c + k] = sum;                                                              \
            }                                                                                      \
    }
#if WIDTH >= 8
#define HALVES(ORDER)                                                                              \
    if (c >= WIDTH / 2) {                                                                          \
        ALL_ROWS(ORDER##_half, 0)                                                                  \
        if (WIDTH / 2 < c) ALL_ROWS(ORDER##_half, c - WIDTH / 2)                                   \
        return;                                                                                    \
    }
#else
#define HALVES(ORDER)
#endif
#if WIDTH >= 16
#define QUARTERS(ORDER)                                                                            \
    if (c >= WIDTH / 4) {                                                                          \
        ALL_ROWS(ORDER##_quarter, 0)                                                               \
        if (WIDTH / 4 < c) ALL_ROWS(ORDER##_quarter, c - WIDTH / 4)                                \
        return;                                                                                    \
    }
#else
#define QUARTERS(ORDER)
#endif
#if REGISTERS >= 32
PRODUCT(NAMED(product_of_lane), lanes, WIDTH,
        for (; k + 4 * WIDTH <= c; k += 4 * WIDTH) ALL_ROWS(lanes_four, k))
PRODUCT(NAMED(product), dense, 1, for (; k + 4 * WIDTH <= c; k += 4 * WIDTH) ALL_ROWS(dense_four, k))
#else
PRODUCT(NAMED(product_of_lane), lanes, WIDTH, )
PRODUCT(NAMED(product), dense, 1, )
#endif

/* Each block of a vector multiplied by its matrix; no matrix leaves it alone. */
static int NAMED(multiply_part)(int64_t first, int64_t last, const void *call) {
    const Multiply *a = call;
    int64_t largest = 1;
    for (int64_t term = 0; term < a->terms; term++)
        if (a->sizes[2 * term] > largest) largest = a->sizes[2 * term];
    REAL *space = malloc((largest * largest + 2 * a->widest) * sizeof(REAL));
    if (!space) return 1;
    REAL *in = space + largest * largest, *made = in + a->widest;
    for (int64_t n = first; n < last; n++) {
        int64_t from = offset_of(&a->batch, a->x_strides, n), to = n * a->length;
        for (int64_t term = 0; term < a->terms; term++) {
            const int64_t d = a->sizes[2 * term], c = a->sizes[2 * term + 1];
            const int64_t *stride = a->matrix_strides + (2 + MAX_AXES) * term;
            const REAL *matrix = a->matrices[term];
            if (!matrix) {
                memcpy((char *)a->out + to * SIZE_OF(a->format),
                       (const char *)a->x + from * SIZE_OF(a->format), d * c * SIZE_OF(a->format));
            } else {
                const REAL *x = NAMED(read)(a->x, from, d * c, a->format, in);
                REAL *out = a->format == AS_COMPUTED ? (REAL *)a->out + to : made;
                int64_t t = stride[1];
                matrix += offset_of(&a->batch, stride + 2, n);
                if (stride[0] != 1) { /* its columns in one piece */
                    for (int64_t j = 0; j < d; j++)
                        for (int64_t i = 0; i < d; i++) space[j * d + i] = matrix[i * stride[0] + j * t];
                    matrix = space, t = d;
                }
                NAMED(product)(d, c, matrix, t, x, out, 0, NAMED(may_stream)(a->flags, out, c));
                NAMED(write)(made, a->out, to, d * c, a->format);
            }
            from += d * c, to += d * c;
        }
    }
    free(space);
    FENCE;
    return 0;
}

EXPORT int NAMED(multiply)(const Multiply *a) {
    if (a->flags & LARGE_PAGES) ask_for_large_pages(a->out, a->rows * a->length * SIZE_OF(a->format));
    return share(NAMED(multiply_part), a->rows, a->grain, a->threads, a);
}

/* ---- Planes ----------------------------------------------------------------------------- */

#define TURN_AT(VECTOR, k, STORE)                                                                  \
    do {                                                                                           \
        const VECTOR u = *(const VECTOR *)(x + (k)), v = *(const VECTOR *)(x + c + (k));           \
        STORE(VECTOR, out + (k), cosine * u - sine * v);                                           \
        STORE(VECTOR, out + c + (k), sine * u + cosine * v);                                       \
    } while (0)
#define KEEP(VECTOR, to, value) *(VECTOR *)(to) = (value)
#define SEND(VECTOR, to, value)                                                                    \
    do {                                                                                           \
        const VECTOR made = (value);                                                               \
        STREAM(to, &made);                                                                         \
    } while (0)

/* out (2, c): the plane turned by an angle. Vectors must not overlap what is read. */
INLINE void NAMED(turn_plane)(int64_t c, REAL cosine, REAL sine, const REAL *restrict x, REAL *restrict out,
                              int64_t streams) {
    int64_t k = 0;
    if (STREAMED && streams) {
        for (; k + WIDTH <= c; k += WIDTH) TURN_AT(vec, k, SEND);
        return;
    }
    for (; k + WIDTH <= c; k += WIDTH) TURN_AT(vec, k, KEEP);
    if (k == c) return;
    if (c >= WIDTH) {
        TURN_AT(vec, c - WIDTH, KEEP);
        return;
    }
#if WIDTH >= 8
    if (c >= WIDTH / 2) {
        TURN_AT(half, 0, KEEP);
        TURN_AT(half, c - WIDTH / 2, KEEP);
        return;
    }
#endif
#if WIDTH >= 16
    if (c >= WIDTH / 4) {
        TURN_AT(quarter, 0, KEEP);
        TURN_AT(quarter, c - WIDTH / 4, KEEP);
        return;
    }
#endif
    for (k = 0; k < c; k++) TURN_AT(REAL, k, KEEP);
}

/* sum of g1 y0 - g0 y1: how the value changes along the angle. */
INLINE REAL NAMED(slope_of_plane)(int64_t c, const REAL *g, const REAL *y) {
    vec sums = {0};
    REAL sum = 0;
    int64_t k = 0;
    for (; k + WIDTH <= c; k += WIDTH)
        sums += *(const vec *)(g + c + k) * *(const vec *)(y + k) - *(const vec *)(g + k) * *(const vec *)(y + c + k);
    for (; k < c; k++) sum += g[c + k] * y[k] - g[k] * y[c + k];
    for (int w = 0; w < WIDTH; w++) sum += sums[w];
    return sum;
}

/* Each plane (2, c) turned by its angle, or back; each line (1, c) multiplied by the cosine. */
static int NAMED(turn_part)(int64_t first, int64_t last, const void *call) {
    const Turn *a = call;
    REAL *space = a->format == AS_COMPUTED ? 0 : malloc(3 * a->widest * sizeof(REAL));
    if (a->format != AS_COMPUTED && !space) return 1;
    for (int64_t n = first; n < last; n++) {
        const int64_t phase = offset_of(&a->batch, a->phase_strides, n);
        int64_t from = offset_of(&a->batch, a->x_strides, n), to = n * a->length;
        int64_t of_y = a->y ? offset_of(&a->batch, a->y_strides, n) : 0;
        for (int64_t term = 0; term < a->terms; term++) {
            const int64_t d = a->sizes[2 * term], c = a->sizes[2 * term + 1];
            const REAL cosine = ((const REAL *)a->cosine)[phase + term];
            const REAL sine = a->is_back ? -((const REAL *)a->sine)[phase + term] : ((const REAL *)a->sine)[phase + term];
            const REAL *x = NAMED(read)(a->x, from, d * c, a->format, space);
            if (a->out) {
                REAL *out = a->format == AS_COMPUTED ? (REAL *)a->out + to : space + a->widest;
                if (d == 1)
                    for (int64_t k = 0; k < c; k++) out[k] = cosine * x[k];
                else
                    NAMED(turn_plane)(c, cosine, sine, x, out, NAMED(may_stream)(a->flags, out, c));
                NAMED(write)(space + a->widest, a->out, to, d * c, a->format);
            }
            if (a->slopes) {
                const REAL *y = NAMED(read)(a->y, of_y, d * c, a->format, space + 2 * a->widest);
                ((REAL *)a->slopes)[n * a->terms + term] = d == 1 ? 0 : NAMED(slope_of_plane)(c, x, y);
            }
            from += d * c, to += d * c, of_y += d * c;
        }
    }
    free(space);
    FENCE;
    return 0;
}

EXPORT int NAMED(turn)(const Turn *a) {
    if ((a->flags & LARGE_PAGES) && a->out) ask_for_large_pages(a->out, a->rows * a->length * SIZE_OF(a->format));
    return share(NAMED(turn_part), a->rows, a->grain, a->threads, a);
}

/* ---- Wigner matrices, one rotation in each lane ----------------------------------------- */

/* Row m of degree l from rows of degree l - 1, each turned by a row of the rotation: `terms` of them. */
INLINE void NAMED(wigner_row)(const int terms, int64_t l, const vec *const *turns, const vec *const *rows,
                              const REAL *weights, const REAL *columns, vec *out) {
    vec low = {0}, high = {0}, middle[5];
    for (int i = 0; i < terms; i++) {
        const vec before = weights[i] * turns[i][0], after = weights[i] * turns[i][2];
        const vec first = rows[i][0], final = rows[i][2 * l - 2];
        middle[i] = weights[i] * turns[i][1];
        low += after * first + before * final;
        high += after * final - before * first;
    }
    out[0] = columns[0] * low;
    for (int64_t n = 0; n < 2 * l - 1; n++) {
        vec sum = middle[0] * rows[0][n];
        for (int i = 1; i < terms; i++) sum += middle[i] * rows[i][n];
        out[n + 1] = columns[n + 1] * sum;
    }
    out[2 * l] = columns[2 * l] * high;
}

/* Entries of the matrices of degrees 0 .. highest, one after another, of WIDTH rotations r (3, 3).
 * factors: of each degree from 2 on u, v, w of every row, then the factor of every column.
 * Ivanic & Ruedenberg, J. Phys. Chem. 100, 6342 (1996), with the corrections of 102, 9099 (1998). */
static void NAMED(wigner_lanes)(int64_t highest, const REAL *factors, const vec *r, vec *out) {
    const REAL root = (REAL)1.4142135623730951;
    out[0] = (vec){0} + 1;
    if (highest > 0) memcpy(out + 1, r, 9 * sizeof(vec));
    vec *now = out + 10;
    for (int64_t l = 2; l <= highest; l++) {
        const int64_t d = 2 * l + 1;
        const vec *before = now - (d - 2) * (d - 2);
        const REAL *columns = factors + 3 * d;
        for (int64_t m = -l; m <= l; m++, factors += 3, now += d) {
            const REAL u = factors[0], v = factors[1], w = factors[2];
            const int64_t side = m < 0 ? -1 : 1, size = side * m;
            const vec *rows[5], *turns[5];
            REAL weights[5];
            int terms = 0;
#define ADD(I, M, WEIGHT)                                                                          \
    (rows[terms] = before + ((M) + l - 1) * (d - 2), turns[terms] = r + 3 * ((I) + 1), weights[terms++] = (WEIGHT))
            if (size < l) ADD(0, m, u);
            if (m == 0) {
                ADD(1, 1, v);
                ADD(-1, -1, v);
            } else {
                ADD(side, size - 1, size == 1 ? root * v : v);
                if (size > 1) ADD(-side, 1 - size, -side * v);
                if (size < l - 1) {
                    ADD(side, size + 1, side * w);
                    ADD(-side, -size - 1, w);
                }
            }
#undef ADD
            if (terms == 5)
                NAMED(wigner_row)(5, l, turns, rows, weights, columns, now);
            else if (terms == 4)
                NAMED(wigner_row)(4, l, turns, rows, weights, columns, now);
            else if (terms == 3)
                NAMED(wigner_row)(3, l, turns, rows, weights, columns, now);
            else
                NAMED(wigner_row)(2, l, turns, rows, weights, columns, now);
        }
        factors += d;
    }
}

/* WIDTH rotations from row n on, transposed or not; after the last one, it again. */
INLINE void NAMED(read_rotations)(const Batch *batch, const int64_t *strides, const void *rotations, int64_t n,
                                  int64_t count, int64_t is_transposed, vec *r) {
    for (int64_t w = 0; w < WIDTH; w++) {
        const REAL *from = (const REAL *)rotations + offset_of(batch, strides, n + (w < count ? w : count - 1));
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) r[3 * i + j][w] = is_transposed ? from[3 * j + i] : from[3 * i + j];
    }
}

static int NAMED(matrices_part)(int64_t first, int64_t last, const void *call) {
    const Matrices *a = call;
    void *memory = malloc((a->entries < 10 ? 10 : a->entries) * sizeof(vec) + ALIGNED);
    if (!memory) return 1;
    vec *lanes = align(memory);
    _Alignas(ALIGNED) vec r[9];
    for (int64_t start = first; start < last; start += WIDTH) {
        const int64_t count = last - start < WIDTH ? last - start : WIDTH;
        REAL *to = (REAL *)a->out + start * a->entries;
        NAMED(read_rotations)(&a->batch, a->rotation_strides, a->rotation, start, count, 0, r);
        NAMED(wigner_lanes)(a->highest, a->factors, r, lanes);
        for (int64_t w = 0; w < count; w++)
            for (int64_t e = 0; e < a->entries; e++) to[w * a->entries + e] = ((const REAL *)lanes)[e * WIDTH + w];
    }
    free(memory);
    return 0;
}

EXPORT int NAMED(matrices)(const Matrices *a) {
    if (a->flags & LARGE_PAGES) ask_for_large_pages(a->out, a->rows * a->entries * (int64_t)sizeof(REAL));
    return share(NAMED(matrices_part), a->rows, a->grain, a->threads, a);
}

/* ---- The action of SO(3) ---------------------------------------------------------------- */

/* Where the numbers of a block are few, they are taken from all lanes at once. */
#define FEW 4

/* Adds to torque[a], in every lane, values of <gradient row i, vector row j>; where: a, i, j of each. */
INLINE void NAMED(torque_of_block)(const Sum *sum, int64_t term, const REAL *g, const REAL *y, vec *torque,
                                   REAL *rest) {
    const int64_t c = sum->sizes[2 * term + 1];
    const REAL *values = sum->values;
    for (int64_t e = sum->spans[2 * term]; e < sum->spans[2 * term + 1]; e++) {
        const REAL *a = g + sum->where[3 * e + 1] * c, *b = y + sum->where[3 * e + 2] * c;
        int64_t k = 0;
        if (c >= WIDTH) {
            vec product = *(const vec *)a * *(const vec *)b;
            for (k = WIDTH; k + WIDTH <= c; k += WIDTH) product += *(const vec *)(a + k) * *(const vec *)(b + k);
            torque[sum->where[3 * e]] += values[e] * product;
        }
#if WIDTH >= 8
        if (k + WIDTH / 2 <= c) {
            const half product = values[e] * *(const half *)(a + k) * *(const half *)(b + k);
            half *to = (half *)(torque + sum->where[3 * e]);
            *to += product;
            k += WIDTH / 2;
        }
#endif
        if (k < c) {
            REAL product = 0;
            for (; k < c; k++) product += a[k] * b[k];
            rest[sum->where[3 * e]] += values[e] * product;
        }
    }
}

/* Blocks of few copies of `count` rows from `start` on. */
static void NAMED(act_on_few)(const Act *a, int64_t start, int64_t count, int64_t term, int64_t place,
                              const vec *matrix, vec *space, vec *torque) {
    const Sum *sum = a->sum;
    const int64_t d = 2 * sum->sizes[2 * term] + 1, c = sum->sizes[2 * term + 1], size = d * c;
    vec *in = space, *made = space + size, *also = made + size;
    for (int64_t w = 0; w < WIDTH; w++) {
        const int64_t n = start + (w < count ? w : count - 1);
        const int64_t from = offset_of(&a->batch, a->x_strides, n) + place;
        for (int64_t e = 0; e < size; e++) ((REAL *)in)[e * WIDTH + w] = NAMED(number)(a->x, from + e, a->format);
    }
    if (a->out) {
        for (int64_t i = 0; i < d; i++)
            for (int64_t k = 0; k < c; k++) {
                vec total = matrix[i] * in[k];
                for (int64_t j = 1; j < d; j++) total += matrix[j * d + i] * in[j * c + k];
                made[i * c + k] = total;
            }
        for (int64_t w = 0; w < count; w++)
            for (int64_t e = 0; e < size; e++)
                NAMED(set_number)(a->out, (start + w) * sum->length + place + e, ((REAL *)made)[e * WIDTH + w], a->format);
    }
    if (!a->torque) return;
    for (int64_t w = 0; w < WIDTH; w++) {
        const int64_t n = start + (w < count ? w : count - 1);
        const int64_t from = offset_of(&a->batch, a->y_strides, n) + place;
        for (int64_t e = 0; e < size; e++) ((REAL *)also)[e * WIDTH + w] = NAMED(number)(a->y, from + e, a->format);
    }
    const REAL *values = sum->values;
    for (int64_t e = sum->spans[2 * term]; e < sum->spans[2 * term + 1]; e++) {
        const vec *g = in + sum->where[3 * e + 1] * c, *y = also + sum->where[3 * e + 2] * c;
        vec product = g[0] * y[0];
        for (int64_t k = 1; k < c; k++) product += g[k] * y[k];
        torque[sum->where[3 * e]] += values[e] * product;
    }
}

/* Vectors whose blocks are multiplied by the Wigner matrices of their rotations, or, going back, by
 * the transposed ones; then also <X_a, gradient y^T> of each row, summed over blocks. */
static int NAMED(act_part)(int64_t first, int64_t last, const void *call) {
    const Act *a = call;
    const Sum *sum = a->sum;
    int64_t entries = 0, few = 0;
    for (int64_t l = 0; l <= sum->highest || l < 2; l++) entries += (2 * l + 1) * (2 * l + 1);
    for (int64_t term = 0; term < sum->terms; term++) {
        const int64_t c = sum->sizes[2 * term + 1], size = (2 * sum->sizes[2 * term] + 1) * c;
        if (c < FEW && size > few) few = size;
    }
    void *memory = malloc((entries + 3 * few) * sizeof(vec) + 3 * sum->widest * sizeof(REAL) + ALIGNED);
    if (!memory) return 1;
    vec *lanes = align(memory), *in_lanes = lanes + entries;
    _Alignas(ALIGNED) vec r[9];
    REAL *space = (REAL *)(in_lanes + 3 * few), *made = space + sum->widest, *also = made + sum->widest;
    for (int64_t start = first; start < last; start += WIDTH) {
        const int64_t count = last - start < WIDTH ? last - start : WIDTH;
        REAL torques[WIDTH][3];
        if (a->out) { /* the columns of the matrices in one piece */
            NAMED(read_rotations)(&a->batch, a->rotation_strides, a->rotation, start, count, !a->is_back, r);
            NAMED(wigner_lanes)(sum->highest, sum->factors, r, lanes);
        }
        for (int64_t w = 0; w < count; w++) {
            const int64_t n = start + w, later = n + (w + 1 < count);
            int64_t from = offset_of(&a->batch, a->x_strides, n), to = n * sum->length;
            int64_t of_y = offset_of(&a->batch, a->y_strides, n);
            const int64_t ahead = offset_of(&a->batch, a->x_strides, later) - from;
            const int64_t ahead_of_y = offset_of(&a->batch, a->y_strides, later) - of_y;
            vec torque[3] = {{0}, {0}, {0}};
            REAL rest[3] = {0, 0, 0};
            for (int64_t term = 0; term < sum->terms; term++) {
                const int64_t l = sum->sizes[2 * term], d = 2 * l + 1, c = sum->sizes[2 * term + 1];
                if (c >= FEW) {
                    const int64_t size = SIZE_OF(a->format);
                    if (ahead && !(a->out && l && a->format == AS_COMPUTED)) prefetch((const char *)a->x + (from + ahead) * size, d * c * size);
                    if (a->torque && ahead_of_y)
                        prefetch((const char *)a->y + (of_y + ahead_of_y) * size, d * c * size);
                    const REAL *x = NAMED(read)(a->x, from, d * c, a->format, space);
                    if (a->out) {
                        REAL *out = a->format == AS_COMPUTED ? (REAL *)a->out + to : made;
                        const vec *matrix = lanes + l * (2 * l - 1) * (2 * l + 1) / 3;
                        if (l)
                            NAMED(product_of_lane)(d, c, (const REAL *)matrix + w, d * WIDTH, x, out, ahead,
                                                   NAMED(may_stream)(a->flags, out, c));
                        else
                            memcpy(out, x, c * sizeof(REAL));
                        NAMED(write)(made, a->out, to, d * c, a->format);
                    }
                    if (a->torque)
                        NAMED(torque_of_block)(sum, term, x, NAMED(read)(a->y, of_y, d * c, a->format, also), torque, rest);
                }
                from += d * c, to += d * c, of_y += d * c;
            }
            for (int axis = 0; axis < 3; axis++) {
                torques[w][axis] = rest[axis];
                for (int k = 0; k < WIDTH; k++) torques[w][axis] += torque[axis][k];
            }
        }
        vec in_all[3] = {{0}, {0}, {0}};
        for (int64_t term = 0, place = 0; term < sum->terms; term++) {
            const int64_t l = sum->sizes[2 * term], c = sum->sizes[2 * term + 1];
            const vec *matrix = lanes + l * (2 * l - 1) * (2 * l + 1) / 3;
            if (c < FEW) NAMED(act_on_few)(a, start, count, term, place, matrix, in_lanes, in_all);
            place += (2 * l + 1) * c;
        }
        if (a->torque)
            for (int64_t w = 0; w < count; w++)
                for (int axis = 0; axis < 3; axis++)
                    ((REAL *)a->torque)[3 * (start + w) + axis] = torques[w][axis] + in_all[axis][w];
    }
    free(memory);
    FENCE;
    return 0;
}

EXPORT int NAMED(act)(const Act *a) {
    if ((a->flags & LARGE_PAGES) && a->out) ask_for_large_pages(a->out, a->rows * a->sum->length * SIZE_OF(a->format));
    return share(NAMED(act_part), a->rows, a->grain, a->threads, a);
}

#undef vec
#undef half
#undef quarter
#undef TILE
#undef TILES
#undef MOST_ROWS
#undef ALL_ROWS
#undef PRODUCT
#undef HALVES
#undef QUARTERS
#undef TURN_AT
#undef KEEP
#undef SEND
#undef FEW
#undef SIZE_OF
