/*
 * Every connection writes without a pause, in writes of the given size, ends its direction, and is told how much came.
 *
 * Bytes count when the kernel takes them: after the warm-up all buffers are as full as they are at the end.
 */
#include "load.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static enum step read_answer(struct worker *worker, struct slot *slot) {
    uint64_t expected = htobe64(slot->sent);
    ssize_t count = receive_bytes(&slot->connection, worker->in, READ_SIZE);
    if (count < 0 && errno == EAGAIN) return BLOCKED;
    if (count < 0) fail(worker, "cannot receive: %s", why());
    if (count <= 0 && slot->received < sizeof expected) fail(worker, "the server closed a connection without an answer");
    if (count <= 0) return DONE;
    if (slot->received + (uint64_t)count > sizeof expected ||
        memcmp(worker->in, (unsigned char *)&expected + slot->received, (size_t)count)) {
        fail(worker, "of %llu bytes another number arrived", (unsigned long long)slot->sent);
    }
    slot->received += (uint64_t)count;
    return MOVED;
}

static enum step write_on(struct worker *worker, struct slot *slot, uint64_t now) {
    if (now < worker->measure_until) {
        size_t count = send_pattern(worker, slot, (size_t)worker->bytes);
        count_bytes(worker, now, count);
        return count ? MOVED : BLOCKED;
    }
    shutdown(slot->connection.descriptor, SHUT_WR);
    return read_answer(worker, slot);
}

static void run(struct worker *worker) {
    take_turns(worker, write_on, "got no answer");
}

static void report(const struct worker *total, double seconds) {
    printf("gb_per_second=%.4f", (double)total->moved_bytes / seconds / 1e9);
}

static const struct mode push = {.name = "push", .open = open_slots, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&push); }
