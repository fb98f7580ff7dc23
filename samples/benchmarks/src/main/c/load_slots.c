#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STEPS_IN_A_ROW = 16 };

void prepare_slots(struct worker *worker) {
    int length = PATTERN_PERIOD + (worker->bytes > READ_SIZE ? worker->bytes : READ_SIZE);
    worker->slots = calloc((size_t)worker->connections, sizeof *worker->slots);
    worker->pattern = malloc((size_t)length);
    worker->in = malloc(READ_SIZE);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    fill_pattern(worker->pattern, length);
}

void open_slots(struct worker *worker) {
    prepare_slots(worker);
    for (int i = 0; i < worker->connections && !worker->errors; i++) {
        open_connection(worker, &worker->slots[i].connection);
    }
}

static void tell_epoll(struct worker *worker, int operation, struct slot *slot) {
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};
    epoll_ctl(worker->epoll, operation, slot->connection.descriptor, &interest);
}

void watch_slot(struct worker *worker, struct slot *slot) {
    tell_epoll(worker, EPOLL_CTL_ADD, slot);
}

void rewatch_slot(struct worker *worker, struct slot *slot) {
    tell_epoll(worker, EPOLL_CTL_MOD, slot);
}

/* glibc has a function for this call from 2.35 on. */
int wait_ready(struct worker *worker, struct epoll_event *ready, int room, uint64_t moment) {
    uint64_t now = now_nanos();
    uint64_t nanos = moment > now ? moment - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(nanos / 1000000000), .tv_nsec = (long)(nanos % 1000000000)};
    int count = (int)syscall(SYS_epoll_pwait2, worker->epoll, ready, room, &timeout, NULL, 0);
    if (count < 0 && errno != EINTR) fail(worker, "cannot wait: %s", strerror(errno));
    return count;
}

size_t send_pattern(struct worker *worker, struct slot *slot, size_t limit) {
    ssize_t count = send_bytes(&slot->connection, worker->pattern + slot->sent % PATTERN_PERIOD, limit);
    if (count < 0 && errno != EAGAIN) fail(worker, "cannot send: %s", why());
    if (count < 0) return 0;
    slot->sent += (uint64_t)count;
    return (size_t)count;
}

int send_request(struct worker *worker, struct slot *slot) {
    return send_pattern(worker, slot, 1) == 1;
}

size_t receive(struct worker *worker, struct slot *slot) {
    ssize_t count = receive_bytes(&slot->connection, worker->in, READ_SIZE);
    if (count == 0) fail(worker, "the server closed a connection");
    if (count < 0 && errno != EAGAIN) fail(worker, "cannot receive: %s", why());
    return count > 0 ? (size_t)count : 0;
}

size_t receive_pattern(struct worker *worker, struct slot *slot) {
    size_t count = receive(worker, slot);
    if (memcmp(worker->in, worker->pattern + slot->received % PATTERN_PERIOD, count)) {
        fail(worker, "the stream came back changed near byte %llu", (unsigned long long)slot->received);
    }
    slot->received += count;
    return count;
}

typedef enum step step_of_mode(struct worker *, struct slot *, uint64_t now);

/* Returns whether the slot is through. After some steps others have their turn first: modifying makes the kernel report it again. */
static int turn(struct worker *worker, struct slot *slot, step_of_mode *step, uint64_t *moved_at) {
    for (int i = 0; i < STEPS_IN_A_ROW && !worker->errors; i++) {
        uint64_t now = now_nanos();
        enum step result = step(worker, slot, now);
        if (result == BLOCKED) return 0;
        *moved_at = now;
        if (result == DONE) return slot->done = 1;
    }
    rewatch_slot(worker, slot);
    return 0;
}

void take_turns(struct worker *worker, step_of_mode *step, const char *complaint) {
    struct epoll_event ready[256];
    int waiting = worker->connections;
    uint64_t moved_at = worker->measure_until;
    for (int i = 0; i < worker->connections; i++) watch_slot(worker, &worker->slots[i]);
    while (waiting && !worker->errors) {
        uint64_t last = moved_at > worker->measure_until ? moved_at : worker->measure_until;
        if (now_nanos() > last + DRAIN_NANOS) fail(worker, "%d connections %s", waiting, complaint);
        int count = epoll_wait(worker->epoll, ready, 256, 100);
        for (int i = 0; i < count && !worker->errors; i++) {
            struct slot *slot = ready[i].data.ptr;
            if (!slot->done) waiting -= turn(worker, slot, step, &moved_at);
        }
    }
    for (int i = 0; i < worker->connections; i++) close_connection(&worker->slots[i].connection);
    close(worker->epoll);
}
