/* Large pages for new memory, where the system has them for who asks: pages are entered 512 times less
 * often. Only for memory that is about to be written as a whole; what lies beside it in the same
 * pages gets them too. */
#if defined(__linux__)

#include <sys/mman.h>

static void ask_for_large_pages(void *memory, int64_t bytes) {
    const uintptr_t large = 1 << 21, start = (uintptr_t)memory & ~(large - 1);
    const uintptr_t end = ((uintptr_t)memory + bytes + large - 1) & ~(large - 1);
    madvise((void *)start, end - start, MADV_HUGEPAGE); /* a wish: no harm if refused, in part or all */
}

#else

static void ask_for_large_pages(void *memory, int64_t bytes) { (void)memory, (void)bytes; }

#endif
