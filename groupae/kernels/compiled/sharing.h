/* Rows shared among threads: each takes the next few as it is done, so that one that waits for its
 * processor holds nobody up. Threads are made when first needed and sleep in between. */
typedef int (*Part)(int64_t first, int64_t last, const void *call);

#if defined(_WIN32)

static int share(Part part, int64_t rows, int64_t grain, int64_t threads, const void *call) {
    (void)grain, (void)threads;
    return part(0, rows, call);
}

#else

#include <pthread.h>

static struct {
    pthread_mutex_t lock; /* of what stands below */
    pthread_cond_t wake, done;
    int64_t threads, seats, working, round; /* made; that may still join; at work; of the job */
    Part part;
    const void *call;
    int64_t rows, grain;
    atomic_llong next;
    atomic_int failed;
    atomic_flag busy; /* by a caller; others work alone */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER,
          .busy = ATOMIC_FLAG_INIT};

static void take_rows(void) {
    for (;;) {
        const int64_t first = atomic_fetch_add(&pool.next, pool.grain);
        if (first >= pool.rows) return;
        const int64_t last = first + pool.grain < pool.rows ? first + pool.grain : pool.rows;
        if (pool.part(first, last, pool.call)) atomic_store(&pool.failed, 1);
    }
}

static void *work(void *unused) {
    int64_t seen = 0;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (pool.round == seen || pool.seats == 0) {
            seen = pool.round;
            pthread_cond_wait(&pool.wake, &pool.lock);
        }
        seen = pool.round;
        pool.seats--;
        pool.working++;
        pthread_mutex_unlock(&pool.lock);
        take_rows();
        pthread_mutex_lock(&pool.lock);
        if (--pool.working == 0) pthread_cond_signal(&pool.done);
    }
    return unused;
}

/* A forked child has none of the threads, and whatever the lock was in. */
static void forget(void) {
    pthread_mutex_init(&pool.lock, 0);
    pthread_cond_init(&pool.wake, 0);
    pthread_cond_init(&pool.done, 0);
    pool.threads = pool.seats = pool.working = 0;
    atomic_flag_clear(&pool.busy);
}

static void make_threads(int64_t wanted) {
    static int is_told;
    if (!is_told) is_told = !pthread_atfork(0, 0, forget);
    pthread_attr_t detached;
    if (pthread_attr_init(&detached)) return;
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    while (is_told && pool.threads < wanted && !pthread_create(&thread, &detached, work, 0)) pool.threads++;
    pthread_attr_destroy(&detached);
}

static int share(Part part, int64_t rows, int64_t grain, int64_t threads, const void *call) {
    if (threads < 2 || rows <= grain || atomic_flag_test_and_set(&pool.busy)) return part(0, rows, call);
    pthread_mutex_lock(&pool.lock);
    make_threads(threads - 1);
    pool.part = part, pool.call = call, pool.rows = rows, pool.grain = grain;
    atomic_store(&pool.next, 0);
    atomic_store(&pool.failed, 0);
    pool.seats = threads - 1 < pool.threads ? threads - 1 : pool.threads;
    pool.round++;
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    take_rows();
    pthread_mutex_lock(&pool.lock);
    pool.seats = 0; /* who has not come yet stays away */
    while (pool.working) pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    const int failed = atomic_load(&pool.failed);
    atomic_flag_clear(&pool.busy);
    return failed;
}

#endif
