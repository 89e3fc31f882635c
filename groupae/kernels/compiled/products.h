/* Products of the blocks of a vector with one matrix each. */

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
#undef MOST_ROWS
#undef TILE
#undef TILES
#undef ALL_ROWS
#undef PRODUCT
#undef HALVES
#undef QUARTERS
