/* Every connection asks once and reads the content of the file, over and over, without a pause. */
#include "load.h"

#include <stdio.h>

static void open_all(struct worker *worker) {
    map_content(worker);
    if (!worker->errors) open_slots(worker);
}

static enum step read_on(struct worker *worker, struct slot *slot, uint64_t now) {
    if (now >= worker->measure_until) return DONE;
    if (!slot->sent && !send_request(worker, slot)) return BLOCKED;
    size_t count = receive_content(worker, slot);
    count_bytes(worker, now, count);
    return count ? MOVED : BLOCKED;
}

static void run(struct worker *worker) {
    take_turns(worker, read_on, "were sent nothing more");
}

static void report(const struct worker *total, double seconds) {
    printf("gb_per_second=%.4f", (double)total->moved_bytes / seconds / 1e9);
}

static const struct mode pull = {.name = "pull", .open = open_all, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&pull); }
