/* Every connection writes without a pause and reads what comes back, in writes of the given size. */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* Bytes on their way at most: a server that reads faster than it writes must not need endless memory. */
    WINDOW = 2 << 20,
    READ_SIZE = 256 << 10,
    STEPS_IN_A_ROW = 16,
};

struct slot {
    int descriptor;
    int finished;
    uint64_t sent;
    uint64_t received;
};

struct state {
    struct slot *slots;
    unsigned char *pattern;
    unsigned char *in;
};

static void open_all(struct worker *worker) {
    struct state *state = calloc(1, sizeof *state);
    int length = PATTERN_PERIOD + (worker->bytes > READ_SIZE ? worker->bytes : READ_SIZE);
    worker->state = state;
    state->slots = calloc((size_t)worker->connections, sizeof *state->slots);
    state->pattern = malloc((size_t)length);
    state->in = malloc(READ_SIZE);
    fill_pattern(state->pattern, length);
    for (int i = 0; i < worker->connections && !worker->errors; i++) {
        state->slots[i].descriptor = open_connection(worker);
    }
}

static int write_some(struct worker *worker, struct slot *slot) {
    struct state *state = worker->state;
    if (slot->sent - slot->received + (uint64_t)worker->bytes > WINDOW) return 0;
    const unsigned char *from = state->pattern + slot->sent % PATTERN_PERIOD;
    ssize_t count = send(slot->descriptor, from, (size_t)worker->bytes, MSG_NOSIGNAL);
    if (count > 0) slot->sent += (uint64_t)count;
    else if (errno != EAGAIN) fail(worker, "cannot send: %s", strerror(errno));
    return count > 0;
}

static int read_some(struct worker *worker, struct slot *slot, uint64_t now) {
    struct state *state = worker->state;
    ssize_t count = recv(slot->descriptor, state->in, READ_SIZE, 0);
    if (count == 0) fail(worker, "the server closed a connection");
    if (count < 0 && errno != EAGAIN) fail(worker, "cannot receive: %s", strerror(errno));
    if (count <= 0) return 0;
    if (memcmp(state->in, state->pattern + slot->received % PATTERN_PERIOD, (size_t)count)) {
        fail(worker, "the stream came back changed near byte %llu", (unsigned long long)slot->received);
    }
    slot->received += (uint64_t)count;
    if (slot->received > slot->sent) fail(worker, "more came back than was sent");
    if (measured(worker, now)) {
        worker->operations++;
        worker->echoed_bytes += (uint64_t)count;
    }
    return 1;
}

/* Returns whether everything is back and nothing more will be sent. */
static int turn(struct worker *worker, int epoll, struct slot *slot) {
    if (slot->finished) return 0;
    for (int step = 0; step < STEPS_IN_A_ROW && !worker->errors; step++) {
        uint64_t now = now_nanos();
        int progress = now < worker->measure_until && write_some(worker, slot);
        progress |= read_some(worker, slot, now);
        if (now >= worker->measure_until && slot->received == slot->sent) return slot->finished = 1;
        if (!progress) return 0;
    }
    /* Others have their turn first; modifying makes the kernel report it again. */
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};
    epoll_ctl(epoll, EPOLL_CTL_MOD, slot->descriptor, &interest);
    return 0;
}

static void run(struct worker *worker) {
    struct state *state = worker->state;
    struct epoll_event ready[256];
    int waiting = worker->connections;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < worker->connections; i++) {
        struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &state->slots[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, state->slots[i].descriptor, &interest);
    }
    while (waiting && !worker->errors && now_nanos() < worker->measure_until + DRAIN_NANOS) {
        int count = epoll_wait(epoll, ready, 256, 100);
        for (int i = 0; i < count && !worker->errors; i++) waiting -= turn(worker, epoll, ready[i].data.ptr);
    }
    if (waiting && !worker->errors) fail(worker, "%d streams did not come back whole", waiting);
    for (int i = 0; i < worker->connections; i++) close(state->slots[i].descriptor);
    close(epoll);
}

static void report(const struct worker *total, double seconds) {
    printf("gb_per_second=%.4f", (double)total->echoed_bytes / seconds / 1e9);
}

static const struct mode stream = {"stream", open_all, run, report};

__attribute__((constructor)) static void join(void) { mode_join(&stream); }
