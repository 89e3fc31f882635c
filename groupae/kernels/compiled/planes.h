/* Planes turned by angles: the action of SO(2). */

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
#undef TURN_AT
#undef KEEP
#undef SEND
