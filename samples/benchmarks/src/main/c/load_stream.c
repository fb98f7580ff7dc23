/* Every connection writes without a pause and reads what comes back, in writes of the given size. */
#include "load.h"

#include <stdio.h>

/* Bytes on their way at most: a server that reads faster than it writes must not need endless memory. */
enum { WINDOW = 2 << 20 };

static enum step write_and_read(struct worker *worker, struct slot *slot, uint64_t now) {
    size_t written = 0;
    int ended = now >= worker->measure_until;
    if (!ended && slot->sent - slot->received + (uint64_t)worker->bytes <= WINDOW) {
        written = send_pattern(worker, slot, (size_t)worker->bytes);
    }
    size_t read = receive_pattern(worker, slot);
    count_bytes(worker, now, read);
    if (ended && slot->received == slot->sent) return DONE;
    return written || read ? MOVED : BLOCKED;
}

static void run(struct worker *worker) {
    take_turns(worker, write_and_read, "did not get everything back");
}

static void report(const struct worker *total, double seconds) {
    printf("gb_per_second=%.4f", (double)total->moved_bytes / seconds / 1e9);
}

static const struct mode stream = {.name = "stream", .open = open_slots, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&stream); }
