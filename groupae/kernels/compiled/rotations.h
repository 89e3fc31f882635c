/* The action of SO(3), forward and back. */

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
#undef FEW
