/*
 * Messages at a given rate whatever comes back: message k of all is due at start + k / rate, and is sent then.
 *
 * Its time is counted from when it was due, so a server that stalls is charged for all that would have been sent meanwhile. The
 * threads take the messages in turn, and each deals its own out to its connections in turn.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

struct pace {
    uint64_t next;
    uint64_t answered;
    uint64_t *samples;
    uint64_t sample_count;
    uint64_t sample_room;
};

static FILE *samples;

static void open_all(struct worker *worker) {
    worker->state = calloc(1, sizeof(struct pace));
    if (worker->settings->rate > 0) open_slots(worker);
    else fail(worker, "there is no rate=PER_SECOND");
}

static int open_samples(const struct settings *settings) {
    if (!settings->samples) return 1;
    samples = fopen(settings->samples, "wb");
    if (!samples) perror(settings->samples);
    return samples != NULL;
}

static uint64_t due(const struct worker *worker, uint64_t message) {
    uint64_t number = message * (uint64_t)worker->workers + (uint64_t)worker->index;
    return worker->start + (uint64_t)((double)number * 1e9 / worker->settings->rate);
}

static void keep_sample(struct pace *pace, uint64_t nanos) {
    if (pace->sample_count == pace->sample_room) {
        pace->sample_room = pace->sample_room ? pace->sample_room * 2 : 1 << 16;
        pace->samples = realloc(pace->samples, pace->sample_room * sizeof *pace->samples);
    }
    pace->samples[pace->sample_count++] = nanos;
}

static void answered(struct worker *worker, uint64_t message, uint64_t now) {
    struct pace *pace = worker->state;
    uint64_t was_due = due(worker, message);
    pace->answered++;
    if (measured(worker, now)) worker->operations++;
    if (!measured(worker, was_due)) return;
    histogram_add(&worker->latency, now - was_due);
    if (samples) keep_sample(pace, now - was_due);
}

/* How far the slot should have sent by now. */
static uint64_t owed(const struct worker *worker, const struct slot *slot) {
    const struct pace *pace = worker->state;
    uint64_t connections = (uint64_t)worker->connections;
    uint64_t index = (uint64_t)(slot - worker->slots);
    return (pace->next + connections - 1 - index) / connections * (uint64_t)worker->bytes;
}

static void send_owed(struct worker *worker, struct slot *slot) {
    uint64_t end = owed(worker, slot);
    size_t taken = 1;
    while (slot->sent < end && taken && !worker->errors) {
        taken = send_pattern(worker, slot, end - slot->sent < READ_SIZE ? end - slot->sent : READ_SIZE);
    }
}

static void send_due(struct worker *worker, uint64_t now) {
    struct pace *pace = worker->state;
    uint64_t at;
    while ((at = due(worker, pace->next)) <= now && at < worker->measure_until && !worker->errors) {
        struct slot *slot = &worker->slots[pace->next++ % (uint64_t)worker->connections];
        send_owed(worker, slot);
    }
}

/* A read that does not fill the buffer has taken everything. */
static void receive_answers(struct worker *worker, struct slot *slot) {
    uint64_t index = (uint64_t)(slot - worker->slots);
    size_t count = READ_SIZE;
    while (count == READ_SIZE && !worker->errors) {
        uint64_t message = slot->received / (uint64_t)worker->bytes;
        count = receive_pattern(worker, slot);
        if (slot->received > slot->sent) fail(worker, "more came back than was sent");
        uint64_t end = slot->received / (uint64_t)worker->bytes;
        uint64_t now = now_nanos();
        while (message < end) answered(worker, message++ * (uint64_t)worker->connections + index, now);
    }
}

static void write_samples(struct worker *worker) {
    struct pace *pace = worker->state;
    if (!samples) return;
    size_t written = fwrite(pace->samples, sizeof *pace->samples, pace->sample_count, samples);
    if (written < pace->sample_count || fflush(samples)) fail(worker, "cannot write the samples: %s", strerror(errno));
}

static void run(struct worker *worker) {
    struct pace *pace = worker->state;
    struct epoll_event ready[256];
    uint64_t deadline = worker->measure_until + DRAIN_NANOS;
    uint64_t now = now_nanos();
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    for (int i = 0; i < worker->connections; i++) watch_slot(worker, &worker->slots[i]);
    for (; !worker->errors && now < deadline; now = now_nanos()) {
        send_due(worker, now);
        uint64_t next = due(worker, pace->next);
        if (now >= worker->measure_until && pace->answered == pace->next) break;
        if (next >= worker->measure_until) next = now < worker->measure_until ? worker->measure_until : deadline;
        int count = wait_ready(worker, ready, 256, next);
        for (int i = 0; i < count && !worker->errors; i++) {
            send_owed(worker, ready[i].data.ptr);
            receive_answers(worker, ready[i].data.ptr);
        }
    }
    uint64_t unanswered = pace->next - pace->answered;
    if (unanswered && !worker->errors) fail(worker, "%llu messages unanswered", (unsigned long long)unanswered);
    write_samples(worker);
}

static void report(const struct worker *total, double seconds) {
    const struct histogram *latency = &total->latency;
    printf("per_second=%.1f p50_us=%.2f p99_us=%.2f p999_us=%.2f max_us=%.2f", (double)total->operations / seconds,
           histogram_micros(latency, 0.50), histogram_micros(latency, 0.99), histogram_micros(latency, 0.999),
           (double)latency->max / 1e3);
}

static const struct mode paced = {.name = "paced", .open = open_all, .opened = open_samples, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&paced); }
