/* Wigner matrices of SO(3), one rotation in each lane of a register. */

/* Places of two registers, one after the other, from which the lanes of a new one come. */
#define LOWER(j, SIZE) ((j) & (SIZE) ? WIDTH + (j) - (SIZE) : (j))
#define UPPER(j, SIZE) ((j) & (SIZE) ? WIDTH + (j) : (j) + (SIZE))
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define TWO(FROM, SIZE, j) FROM(j, SIZE), FROM((j) + 1, SIZE)
#define FOUR(FROM, SIZE, j) TWO(FROM, SIZE, j), TWO(FROM, SIZE, (j) + 2)
#define EIGHT(FROM, SIZE, j) FOUR(FROM, SIZE, j), FOUR(FROM, SIZE, (j) + 4)
#if WIDTH == 2
#define EXCHANGE(a, b, FROM, SIZE) __builtin_shufflevector(a, b, TWO(FROM, SIZE, 0))
#elif WIDTH == 4
#define EXCHANGE(a, b, FROM, SIZE) __builtin_shufflevector(a, b, FOUR(FROM, SIZE, 0))
#elif WIDTH == 8
#define EXCHANGE(a, b, FROM, SIZE) __builtin_shufflevector(a, b, EIGHT(FROM, SIZE, 0))
#else
#define EXCHANGE(a, b, FROM, SIZE)                                                                 \
    __builtin_shufflevector(a, b, EIGHT(FROM, SIZE, 0), EIGHT(FROM, SIZE, 8))
#endif
#endif
#endif

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

#ifdef EXCHANGE
/* WIDTH registers as the rows of a matrix, transposed: by exchange of squares of growing size. */
INLINE void NAMED(transpose)(vec *rows) {
#define EXCHANGE_ALL(SIZE)                                                                         \
    _Pragma("GCC unroll 16") for (int i = 0; i < WIDTH; i++) if (!(i & SIZE)) {                    \
        const vec a = rows[i], b = rows[i + SIZE];                                                 \
        rows[i] = EXCHANGE(a, b, LOWER, SIZE);                                                     \
        rows[i + SIZE] = EXCHANGE(a, b, UPPER, SIZE);                                              \
    }
    EXCHANGE_ALL(1)
#if WIDTH >= 4
    EXCHANGE_ALL(2)
#endif
#if WIDTH >= 8
    EXCHANGE_ALL(4)
#endif
#if WIDTH >= 16
    EXCHANGE_ALL(8)
#endif
#undef EXCHANGE_ALL
}
#endif

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
        int64_t e = 0;
#ifdef EXCHANGE
        for (; count == WIDTH && e + WIDTH <= a->entries; e += WIDTH) {
            vec square[WIDTH];
            memcpy(square, lanes + e, sizeof square);
            NAMED(transpose)(square);
            for (int64_t w = 0; w < WIDTH; w++) *(vec *)(to + w * a->entries + e) = square[w];
        }
#endif
        for (int64_t w = 0; w < count; w++)
            for (int64_t k = e; k < a->entries; k++) to[w * a->entries + k] = ((const REAL *)lanes)[k * WIDTH + w];
    }
    free(memory);
    return 0;
}

EXPORT int NAMED(matrices)(const Matrices *a) {
    if (a->flags & LARGE_PAGES) ask_for_large_pages(a->out, a->rows * a->entries * (int64_t)sizeof(REAL));
    return share(NAMED(matrices_part), a->rows, a->grain, a->threads, a);
}

#undef LOWER
#undef UPPER
#undef TWO
#undef FOUR
#undef EIGHT
#undef EXCHANGE
