/* Registers, and numbers of any format read and written as they are computed with.
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
