/* Every connection asks for the file, reads all of it, and asks again. */
#include "load.h"

#include <stdio.h>

static void open_all(struct worker *worker) {
    map_content(worker);
    if (!worker->errors) open_slots(worker);
}

/* How much is to come of what the slot asked for. */
static uint64_t missing(const struct worker *worker, const struct slot *slot) {
    const struct content *content = worker->state;
    return slot->sent * content->size - slot->received;
}

static enum step ask_and_read(struct worker *worker, struct slot *slot, uint64_t now) {
    if (!missing(worker, slot)) {
        if (now >= worker->measure_until) return DONE;
        if (!send_request(worker, slot)) return BLOCKED;
    }
    size_t count = receive_content(worker, slot);
    count_bytes(worker, now, count);
    if (slot->received > slot->sent * ((const struct content *)worker->state)->size) fail(worker, "more came than the file");
    if (!missing(worker, slot) && measured(worker, now)) worker->operations++;
    return count ? MOVED : BLOCKED;
}

static void run(struct worker *worker) {
    take_turns(worker, ask_and_read, "did not get the whole file");
}

static void report(const struct worker *total, double seconds) {
    printf("gb_per_second=%.4f per_second=%.2f", (double)total->moved_bytes / seconds / 1e9, (double)total->operations / seconds);
}

static const struct mode file = {.name = "file", .open = open_all, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&file); }
