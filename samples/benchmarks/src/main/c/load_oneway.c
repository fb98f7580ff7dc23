/*
 * One socket sends datagrams of the given size without a pause. What counts is what the server says it has got: it is asked by a
 * datagram of one byte before and after the measured time, and answers with two numbers, datagrams and bytes, the highest byte first.
 */
#include "load.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { ATTEMPTS = 1000, PATIENCE_MILLIS = 5 };

struct arrived {
    uint64_t datagrams;
    uint64_t bytes;
    uint64_t at;
};

static void open_one(struct worker *worker) {
    if (worker->workers > 1 || worker->connections > 1) return fail(worker, "one way goes one socket only");
    if (worker->bytes < 2) return fail(worker, "a datagram of one byte is the question");
    open_slots(worker);
}

static int wait_until(int descriptor, short event) {
    struct pollfd waiting = {.fd = descriptor, .events = event};
    return poll(&waiting, 1, PATIENCE_MILLIS) > 0;
}

/* Returns whether the system has taken it. */
static int send_datagram(struct worker *worker, int descriptor, size_t size) {
    if (send(descriptor, worker->pattern, size, MSG_NOSIGNAL) >= 0) return 1;
    if (errno != EAGAIN) fail(worker, "cannot send: %s", strerror(errno));
    else wait_until(descriptor, POLLOUT);
    return 0;
}

/* Questions and answers may get lost. */
static struct arrived ask(struct worker *worker, int descriptor) {
    uint64_t answer[2];
    while (recv(descriptor, answer, sizeof answer, 0) >= 0) continue;
    for (int i = 0; i < ATTEMPTS && !worker->errors; i++) {
        if (!send_datagram(worker, descriptor, 1) || !wait_until(descriptor, POLLIN)) continue;
        if (recv(descriptor, answer, sizeof answer, 0) == sizeof answer) {
            return (struct arrived){be64toh(answer[0]), be64toh(answer[1]), now_nanos()};
        }
    }
    fail(worker, "the server does not say how much it got");
    return (struct arrived){0};
}

static void send_until(struct worker *worker, int descriptor, uint64_t end) {
    while (!worker->errors && now_nanos() < end) send_datagram(worker, descriptor, (size_t)worker->bytes);
}

static void run(struct worker *worker) {
    int descriptor = worker->slots[0].connection.descriptor;
    send_until(worker, descriptor, worker->measure_from);
    struct arrived before = ask(worker, descriptor);
    send_until(worker, descriptor, worker->measure_until);
    struct arrived after = ask(worker, descriptor);
    uint64_t datagrams = after.datagrams - before.datagrams;
    uint64_t bytes = after.bytes - before.bytes;
    if (!worker->errors && bytes != datagrams * (uint64_t)worker->bytes) fail(worker, "datagrams arrived in another size");
    double share = (double)(worker->measure_until - worker->measure_from) / (double)(after.at - before.at);
    worker->operations = (uint64_t)((double)datagrams * share);
    worker->moved_bytes = (uint64_t)((double)bytes * share);
}

static void report(const struct worker *total, double seconds) {
    printf("per_second=%.1f gb_per_second=%.4f", (double)total->operations / seconds, (double)total->moved_bytes / seconds / 1e9);
}

static const struct mode oneway = {.name = "oneway", .open = open_one, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&oneway); }
