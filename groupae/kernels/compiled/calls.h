/* Records of the calls: 64-bit integers and addresses, as library.py packs them. */
#define ALIGNED 64 /* a line of the cache: no register lies across two */

INLINE void *align(void *memory) { return (void *)(((uintptr_t)memory + ALIGNED - 1) & ~(uintptr_t)(ALIGNED - 1)); }

enum { LARGE_PAGES = 1, STREAMS = 2 }; /* flags: of the pages of what is made, and past the cache */

/* Rows of a tensor whose batch axes may be broadcast or lie apart; strides in numbers. */
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
