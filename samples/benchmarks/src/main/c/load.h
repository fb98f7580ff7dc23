/* What the load generator gives its modes: a mode is one load_NAME.c that joins itself. */
#ifndef LOAD_H
#define LOAD_H

#include <netinet/in.h>
#include <stdint.h>

enum { SUB_BUCKETS = 32, BUCKETS = 64 * SUB_BUCKETS };

/* Nanoseconds in logarithmic buckets, each within 1/32 of its values. */
struct histogram {
    uint64_t buckets[BUCKETS];
    uint64_t count;
};

void histogram_add(struct histogram *histogram, uint64_t nanos);
void histogram_merge(struct histogram *into, const struct histogram *from);
double histogram_micros(const struct histogram *histogram, double quantile);

/* One thread's share of the work. A mode fills in what lies below the line. */
struct worker {
    struct sockaddr_in server;
    int connections;
    int bytes;
    uint64_t measure_from;
    uint64_t measure_until;
    /* ------ */
    void *state;
    uint64_t operations;
    uint64_t echoed_bytes;
    uint64_t errors;
    struct histogram latency;
    char failure[200];
};

struct mode {
    const char *name;
    /* Opens the connections before the clock starts; may be null. */
    void (*open)(struct worker *);
    /* Works until measure_until, then takes in what is still on its way, for DRAIN_NANOS at most. */
    void (*run)(struct worker *);
    /* Prints its key=value figures of all workers together. */
    void (*report)(const struct worker *total, double seconds);
};

#define DRAIN_NANOS 3000000000ull

void mode_join(const struct mode *mode);

/* Notes the first failure of a worker, which ends its run. */
void fail(struct worker *worker, const char *format, ...) __attribute__((format(printf, 2, 3)));

uint64_t now_nanos(void);

/* Whether an operation that ended at this moment counts. */
static inline int measured(const struct worker *worker, uint64_t now) {
    return now >= worker->measure_from && now < worker->measure_until;
}

/* A connected non-blocking socket without Nagle's delay, or -1 and a failure. */
int open_connection(struct worker *worker);

/* Bytes that repeat only after PATTERN_PERIOD, which no buffer size divides: a lost or doubled chunk never fits. */
enum { PATTERN_PERIOD = 65521 };
void fill_pattern(unsigned char *target, int count);

#endif
