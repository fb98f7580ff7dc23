/*
 * load MODE ENDPOINT CONNECTIONS BYTES WARMUP SECONDS THREADS [rate=PER_SECOND] [file=PATH] [samples=PATH] [resume=1]
 *      [stopped=1]
 *
 * Prints one line of key=value figures. Exits with 1 if anything came back wrong or a connection failed.
 */
#include "load.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_MODES = 32, MAX_THREADS = 64, MAX_BYTES = 1 << 24 };

static const struct mode *modes[MAX_MODES];
static int mode_count;
static const struct mode *mode;
static struct settings settings;
static pthread_barrier_t opened;
static pthread_barrier_t started;

void mode_join(const struct mode *joining) {
    if (mode_count < MAX_MODES) modes[mode_count++] = joining;
}

uint64_t now_nanos(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

void fail(struct worker *worker, const char *format, ...) {
    worker->errors++;
    if (worker->failure[0]) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(worker->failure, sizeof worker->failure, format, arguments);
    va_end(arguments);
}

static void *work(void *argument) {
    struct worker *worker = argument;
    if (mode->open) mode->open(worker);
    pthread_barrier_wait(&opened);
    pthread_barrier_wait(&started);
    if (!worker->errors) mode->run(worker);
    return NULL;
}

static int usage(void) {
    fprintf(stderr, "usage: load MODE ENDPOINT CONNECTIONS BYTES WARMUP SECONDS THREADS [key=value ...]\n"
                    "keys: rate file samples resume stopped\nmodes:");
    for (int i = 0; i < mode_count; i++) fprintf(stderr, " %s", modes[i]->name);
    fprintf(stderr, "\n");
    return 2;
}

static int read_setting(const char *word) {
    if (!strncmp(word, "rate=", 5)) return (settings.rate = atof(word + 5)) > 0;
    if (!strncmp(word, "file=", 5)) return *(settings.file = word + 5) != 0;
    if (!strncmp(word, "samples=", 8)) return *(settings.samples = word + 8) != 0;
    if (!strncmp(word, "resume=", 7)) return settings.resume = atoi(word + 7) == 1;
    if (!strncmp(word, "stopped=", 8)) return settings.stopped = atoi(word + 8) == 1;
    return 0;
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int all_opened(const struct worker *workers, int threads) {
    for (int i = 0; i < threads; i++) {
        if (workers[i].errors) return 0;
    }
    return 1;
}

int main(int count, char **arguments) {
    if (count < 8) return usage();
    for (int i = 8; i < count; i++) {
        if (!read_setting(arguments[i])) return usage();
    }
    for (int i = 0; i < mode_count; i++) {
        if (!strcmp(arguments[1], modes[i]->name)) mode = modes[i];
    }
    struct target server;
    int connections = atoi(arguments[3]);
    int bytes = atoi(arguments[4]);
    double warmup = atof(arguments[5]);
    double seconds = atof(arguments[6]);
    int threads = atoi(arguments[7]);
    if (!mode || !read_target(arguments[2], &server) || connections < 1 || bytes < 1 ||
        bytes > MAX_BYTES || warmup < 0 || seconds <= 0 || threads < 1 || threads > MAX_THREADS) {
        return usage();
    }
    if (threads > connections) threads = connections;
    raise_descriptor_limit();

    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    struct worker *total = calloc(1, sizeof *total);
    pthread_t handles[MAX_THREADS];
    if (!workers || !total) return perror("load"), 1;
    pthread_barrier_init(&opened, NULL, (unsigned)threads + 1);
    pthread_barrier_init(&started, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; i++) {
        workers[i].settings = &settings;
        workers[i].server = &server;
        workers[i].index = i;
        workers[i].workers = threads;
        workers[i].connections = connections / threads + (i < connections % threads);
        workers[i].bytes = bytes;
        if ((errno = pthread_create(&handles[i], NULL, work, &workers[i]))) return perror("load: thread"), 1;
    }

    pthread_barrier_wait(&opened);
    if (all_opened(workers, threads) && mode->opened && !mode->opened(&settings)) return 1;
    uint64_t start = now_nanos();
    for (int i = 0; i < threads; i++) {
        workers[i].start = start;
        workers[i].measure_from = start + (uint64_t)(warmup * 1e9);
        workers[i].measure_until = workers[i].measure_from + (uint64_t)(seconds * 1e9);
    }
    pthread_barrier_wait(&started);

    for (int i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
        total->connections += workers[i].connections;
        total->operations += workers[i].operations;
        total->moved_bytes += workers[i].moved_bytes;
        total->errors += workers[i].errors;
        histogram_merge(&total->latency, &workers[i].latency);
        if (workers[i].failure[0]) fprintf(stderr, "%s\n", workers[i].failure);
    }
    if (!total->operations && !total->moved_bytes && !total->errors) {
        total->errors++;
        fprintf(stderr, "nothing was done in the measured time\n");
    }
    mode->report(total, seconds);
    printf(" errors=%llu\n", (unsigned long long)total->errors);
    return total->errors > 0;
}
