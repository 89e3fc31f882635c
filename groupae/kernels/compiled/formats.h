/* Numbers of 16 bits, read and written as float32 by integer operations, on any processor.
 * Rounded to the nearest, ties to even; NaN stays NaN. */
enum { AS_COMPUTED, BFLOAT16, FLOAT16 };

INLINE float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

INLINE uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

INLINE float from_bfloat16(uint16_t number) { return float_of_bits((uint32_t)number << 16); }

INLINE uint16_t to_bfloat16(float value) {
    const uint32_t bits = bits_of_float(value);
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    return (bits & 0x7fffffff) > 0x7f800000 ? (uint16_t)(bits >> 16 | 0x40) : (uint16_t)rounded;
}

INLINE float from_float16(uint16_t number) {
    const uint32_t sign = (uint32_t)(number & 0x8000) << 16, size = number & 0x7fff;
    /* scaled by 2^112 as a float; below 2^-14 it is a whole number of 2^-24 */
    const float normal = float_of_bits((size << 13) + (112u << 23));
    const float tiny = (float)(int32_t)size * 0x1p-24f;
    const uint32_t large = (size << 13) | 0x7f800000;
    const uint32_t bits = size >= 0x7c00 ? large : bits_of_float(size < 0x400 ? tiny : normal);
    return float_of_bits(bits | sign);
}

INLINE uint16_t to_float16(float value) {
    const uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    const uint32_t normal = (size - (112u << 23) + 0xfff + (size >> 13 & 1)) >> 13;
    /* below 2^-14: an addition rounds to a whole number of 2^-24 */
    const uint32_t tiny = bits_of_float(float_of_bits(size) + 0.5f) - bits_of_float(0.5f);
    const uint32_t large = size > 0x7f800000 ? 0x7e00 : 0x7c00;
    const uint32_t number = size >= 0x477ff000 ? large : size < 0x38800000 ? tiny : normal;
    return (uint16_t)(number | sign);
}
