/*
 * Many connections that do nothing: each has a message echoed, waits until a line comes in on stdin, and then they all
 * have another one echoed at once.
 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Neighbours begin at different places of the pattern, so that none can be taken for the other. */
enum { PATTERN_STEP = 7919 };

static uint64_t begin_of(const struct worker *worker, const struct slot *slot) {
    return (uint64_t)(slot - worker->slots) * PATTERN_STEP;
}

/* The slot sends up to this place of the pattern and reads as far. Lost connections are no failure yet: they are counted. */
static enum step echo_until(struct worker *worker, struct slot *slot, uint64_t end) {
    ssize_t sent = 0;
    if (slot->sent < end) {
        const unsigned char *from = worker->pattern + slot->sent % PATTERN_PERIOD;
        sent = send_bytes(&slot->connection, from, (size_t)(end - slot->sent));
        if (sent < 0 && errno != EAGAIN) return DONE;
        if (sent > 0) slot->sent += (uint64_t)sent;
    }
    ssize_t count = receive_bytes(&slot->connection, worker->in, READ_SIZE);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return DONE;
    if (count < 0) return sent > 0 ? MOVED : BLOCKED;
    if (memcmp(worker->in, worker->pattern + slot->received % PATTERN_PERIOD, (size_t)count)) {
        fail(worker, "a message came back changed");
    }
    slot->received += (uint64_t)count;
    if (slot->received > slot->sent) fail(worker, "more came back than was sent");
    return slot->received == end ? DONE : MOVED;
}

static void wait_for(struct slot *slot, uint64_t end) {
    struct pollfd interest = {.fd = slot->connection.descriptor, .events = POLLIN};
    if (slot->sent < end) interest.events |= POLLOUT;
    poll(&interest, 1, (int)(DRAIN_NANOS / 1000000));
}

/* One after another, so that no server's queue of the not yet accepted overflows. */
static void open_all(struct worker *worker) {
    prepare_slots(worker);
    for (int i = 0; i < worker->connections && !worker->errors; i++) {
        struct slot *slot = &worker->slots[i];
        slot->sent = slot->received = begin_of(worker, slot);
        uint64_t end = slot->sent + (uint64_t)worker->bytes;
        uint64_t deadline = now_nanos() + DRAIN_NANOS;
        open_connection(worker, &slot->connection);
        while (!worker->errors && now_nanos() < deadline && echo_until(worker, slot, end) != DONE) wait_for(slot, end);
        if (slot->received < end) fail(worker, "connection %d got no answer", i);
    }
}

static int wait_for_line(const struct settings *settings) {
    int byte;
    (void)settings;
    printf("opened\n");
    fflush(stdout);
    while ((byte = getchar()) != '\n') {
        if (byte == EOF) return fprintf(stderr, "stdin ended before its line\n"), 0;
    }
    return 1;
}

static enum step echo_again(struct worker *worker, struct slot *slot, uint64_t now) {
    uint64_t end = begin_of(worker, slot) + 2 * (uint64_t)worker->bytes;
    (void)now;
    enum step result = echo_until(worker, slot, end);
    if (slot->received == end) {
        worker->operations++;
        histogram_add(&worker->latency, now_nanos() - worker->start);
    }
    return result;
}

static void run(struct worker *worker) {
    worker->measure_until = worker->start;
    take_turns(worker, echo_again, "got no answer");
    int lost = worker->connections - (int)worker->operations;
    if (lost) fail(worker, "%d connections were lost", lost);
}

static void report(const struct worker *total, double seconds) {
    (void)seconds;
    printf("answered=%llu lost=%llu all_ms=%.3f", (unsigned long long)total->operations,
           (unsigned long long)total->connections - total->operations, (double)total->latency.max / 1e6);
}

static const struct mode idle = {.name = "idle", .open = open_all, .opened = wait_for_line, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&idle); }
