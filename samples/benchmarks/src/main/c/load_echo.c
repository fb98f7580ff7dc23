/* Every connection sends one message, waits for all of it to come back, and sends the next. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct exchange {
    struct connection connection;
    int sent;
    int received;
    uint64_t number;
    uint64_t sent_at;
    unsigned char *out;
    unsigned char *in;
};

static void open_all(struct worker *worker) {
    struct exchange *slots = calloc((size_t)worker->connections, sizeof *slots);
    worker->state = slots;
    for (int i = 0; i < worker->connections && !worker->errors; i++) {
        slots[i].out = malloc((size_t)worker->bytes * 2);
        slots[i].in = slots[i].out + worker->bytes;
        fill_pattern(slots[i].out, worker->bytes);
        open_connection(worker, &slots[i].connection);
    }
}

static void send_rest(struct worker *worker, struct exchange *slot) {
    size_t left = (size_t)(worker->bytes - slot->sent);
    ssize_t count = send_bytes(&slot->connection, slot->out + slot->sent, left);
    if (count >= 0) slot->sent += (int)count;
    else if (errno != EAGAIN) fail(worker, "cannot send: %s", why());
}

/* The number at its head makes each message differ from the one before. */
static void send_next(struct worker *worker, struct exchange *slot, uint64_t now) {
    size_t head = worker->bytes < 8 ? (size_t)worker->bytes : 8;
    slot->number++;
    memcpy(slot->out, &slot->number, head);
    slot->sent = 0;
    slot->received = 0;
    slot->sent_at = now;
    send_rest(worker, slot);
}

/* Returns whether the connection has its answer and asks no more. */
static int turn(struct worker *worker, struct exchange *slot) {
    if (slot->sent < worker->bytes) send_rest(worker, slot);
    size_t missing = (size_t)(worker->bytes - slot->received);
    ssize_t count = receive_bytes(&slot->connection, slot->in + slot->received, missing);
    if (count == 0) fail(worker, "the server closed a connection");
    if (count < 0 && errno != EAGAIN) fail(worker, "cannot receive: %s", why());
    if (count <= 0) return 0;
    slot->received += (int)count;
    if (slot->received < worker->bytes) return 0;

    if (memcmp(slot->in, slot->out, (size_t)worker->bytes)) {
        fail(worker, "message %llu came back changed", (unsigned long long)slot->number);
        return 0;
    }
    uint64_t now = now_nanos();
    if (measured(worker, now)) {
        worker->operations++;
        histogram_add(&worker->latency, now - slot->sent_at);
    }
    if (now >= worker->measure_until) return 1;
    send_next(worker, slot, now);
    return 0;
}

static void run(struct worker *worker) {
    struct exchange *slots = worker->state;
    struct epoll_event ready[256];
    int waiting = worker->connections;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < worker->connections; i++) {
        struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &slots[i]};
        send_next(worker, &slots[i], now_nanos());
        epoll_ctl(epoll, EPOLL_CTL_ADD, slots[i].connection.descriptor, &interest);
    }
    while (waiting && !worker->errors && now_nanos() < worker->measure_until + DRAIN_NANOS) {
        int count = epoll_wait(epoll, ready, 256, 100);
        for (int i = 0; i < count && !worker->errors; i++) waiting -= turn(worker, ready[i].data.ptr);
    }
    if (waiting && !worker->errors) fail(worker, "%d connections got no answer", waiting);
    for (int i = 0; i < worker->connections; i++) close_connection(&slots[i].connection);
    close(epoll);
}

static void report(const struct worker *total, double seconds) {
    printf("per_second=%.1f p50_us=%.2f p99_us=%.2f", (double)total->operations / seconds,
           histogram_micros(&total->latency, 0.50), histogram_micros(&total->latency, 0.99));
}

static const struct mode echo = {.name = "echo", .open = open_all, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&echo); }
