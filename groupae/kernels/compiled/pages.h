/* Large pages for new memory, where the system has them for who asks: a page is entered 512 times
 * less often. Only memory that is about to be written as a whole is told so. */
#if defined(__linux__)

#include <sys/mman.h>

static void ask_for_large_pages(void *memory, int64_t bytes) {
    const uintptr_t large = 1 << 21, start = ((uintptr_t)memory + large - 1) & ~(large - 1);
    const uintptr_t end = ((uintptr_t)memory + bytes) & ~(large - 1);
    if (start < end) madvise((void *)start, end - start, MADV_HUGEPAGE); /* a wish: no harm if refused */
}

#else

static void ask_for_large_pages(void *memory, int64_t bytes) { (void)memory, (void)bytes; }

#endif
