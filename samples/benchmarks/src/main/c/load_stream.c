/*
 * Every connection writes without a pause, in writes of the given size, and reads what comes back.
 *
 * Who writes and who reads are threads of their own: one for both would be busier than the server. With TLS one does both, because
 * OpenSSL has no more than one at a time in a connection.
 */
#include "load.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pair {
    struct worker writer;
    struct worker *reader;
    /* For each connection all that was sent, plus one; 0 until the last byte has been. */
    _Atomic uint64_t *ends;
};

static void open_all(struct worker *worker) {
    struct pair *pair = calloc(1, sizeof *pair);
    open_slots(worker);
    worker->state = pair;
    pair->reader = worker;
    pair->ends = calloc((size_t)worker->connections, sizeof *pair->ends);
}

static enum step write_on(struct worker *writer, struct slot *slot, uint64_t now) {
    if (now < writer->measure_until) return send_pattern(writer, slot, (size_t)writer->bytes) ? MOVED : BLOCKED;
    struct pair *pair = writer->state;
    long index = slot - writer->slots;
    atomic_store(&pair->ends[index], slot->sent + 1);
    /* The reader may have it all already, and then nothing else would have it look. */
    rewatch_slot(pair->reader, &pair->reader->slots[index]);
    return DONE;
}

static enum step read_on(struct worker *reader, struct slot *slot, uint64_t now) {
    struct pair *pair = reader->state;
    size_t count = receive_pattern(reader, slot);
    uint64_t end = atomic_load(&pair->ends[slot - reader->slots]);
    count_bytes(reader, now, count);
    if (end && slot->received >= end) fail(reader, "more came back than was sent");
    if (end && slot->received + 1 == end) return DONE;
    return count ? MOVED : BLOCKED;
}

static void *write_all(void *argument) {
    struct pair *pair = argument;
    take_turns(&pair->writer, write_on, "could not write");
    return NULL;
}

/* What OpenSSL has begun to send it has to send: the end comes after a write that got on. */
static enum step write_and_read(struct worker *worker, struct slot *slot, uint64_t now) {
    struct pair *pair = worker->state;
    _Atomic uint64_t *end = &pair->ends[slot - worker->slots];
    size_t count = *end ? 0 : send_pattern(worker, slot, (size_t)worker->bytes);
    if (count && now >= worker->measure_until) *end = slot->sent + 1;
    enum step result = read_on(worker, slot, now);
    return result == BLOCKED && count ? MOVED : result;
}

static void run(struct worker *worker) {
    if (worker->server->tls) return take_turns(worker, write_and_read, "did not get everything back");
    struct pair *pair = worker->state;
    pthread_t handle;
    pair->writer = *worker;
    prepare_slots(&pair->writer);
    for (int i = 0; i < worker->connections; i++) {
        pair->writer.slots[i].connection.descriptor = dup(worker->slots[i].connection.descriptor);
    }
    if ((errno = pthread_create(&handle, NULL, write_all, pair))) {
        fail(worker, "no thread: %s", strerror(errno));
        return;
    }
    take_turns(worker, read_on, "did not get everything back");
    pthread_join(handle, NULL);
    if (pair->writer.errors) fail(worker, "%s", pair->writer.failure);
}

static void report(const struct worker *total, double seconds) {
    printf("gb_per_second=%.4f", (double)total->moved_bytes / seconds / 1e9);
}

static const struct mode stream = {.name = "stream", .open = open_all, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&stream); }
