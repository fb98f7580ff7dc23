/*
 * Every connection subscribes, and gets each message that is published, whole and in order.
 *
 * Who publishes is told over a connection of its own: the size of the messages and their content first, and then, byte by byte, how many to
 * publish. Each begins with its number. So many are asked for as fit into a window, and half a window more whenever half of it has
 * arrived everywhere: no server has to drop any, and the slowest subscriber counts.
 *
 * With rate=PER_SECOND that is only the beginning. Then each message is asked for when it is due, and its times are counted from
 * then. With stopped=1 one of the subscribers reads nothing, and more than enough to fill all that is before it has been sent by then.
 */
#include "load.h"

#include "load_dialect.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { WINDOW = 128, WINDOW_BYTES = 160 << 10, FLOOD = 2048, RING = 4096, LOOK_NANOS = 10000000 };

/* What a worker's subscribers have, and what they expect: messages of this size, with the number still to be put in. */
struct share {
    size_t size;
    struct head head;
    unsigned char *message;
    int subscribers;
    uint64_t arrived;
    int having[RING];
};

/* Of all workers together. */
static struct {
    int publisher;
    _Atomic uint64_t asked;
    _Atomic uint64_t arrived;
    _Atomic int having[RING];
    _Atomic uint64_t paced_from;
    _Atomic int ended;
} feed;

static int ends_with(const char *answer, size_t size, const char *end) {
    size_t length = strlen(end);
    return size >= length && !memcmp(answer + size - length, end, length);
}

static void subscribe(struct worker *worker, struct connection *connection) {
    const struct dialect *dialect = worker->server->dialect;
    char answer[4096];
    size_t size = 0;
    if (worker->errors) return;
    if (send_bytes(connection, dialect->subscription, dialect->subscription_size) < 0) return fail(worker, "cannot send: %s", why());
    while (!ends_with(answer, size, dialect->subscribed)) {
        struct pollfd waiting = {.fd = connection->descriptor, .events = POLLIN};
        if (poll(&waiting, 1, DRAIN_NANOS / 1000000) <= 0) return fail(worker, "a subscription was not answered");
        ssize_t count = receive_bytes(connection, answer + size, sizeof answer - size);
        if (count <= 0) return fail(worker, "a subscription was refused");
        size += (size_t)count;
    }
}

static void open_publisher(struct worker *worker) {
    uint32_t size = htobe32((uint32_t)worker->bytes);
    feed.publisher = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(feed.publisher, (const struct sockaddr *)&worker->server->publisher, sizeof worker->server->publisher) < 0 ||
        send(feed.publisher, &size, sizeof size, MSG_NOSIGNAL) < 0 ||
        send(feed.publisher, worker->pattern, (size_t)worker->bytes, MSG_NOSIGNAL) < 0) {
        fail(worker, "cannot tell the publisher: %s", strerror(errno));
    }
}

static void prepare_message(struct worker *worker, struct share *share) {
    const struct dialect *dialect = worker->server->dialect;
    size_t content = (size_t)worker->bytes, tail = strlen(dialect->tail);
    dialect->head(&share->head, content);
    share->size = share->head.size + content + tail;
    share->message = malloc(share->size);
    memcpy(share->message, share->head.bytes, share->head.size);
    memcpy(share->message + share->head.size, worker->pattern, content);
    memcpy(share->message + share->head.size + content, dialect->tail, tail);
}

/* The one that stops is the first of the first worker's. */
static int stops(const struct worker *worker, int slot) {
    return worker->settings->stopped && !worker->index && !slot;
}

static void open_all(struct worker *worker) {
    struct share *share = calloc(1, sizeof *share);
    worker->state = share;
    prepare_slots(worker);
    if (!worker->server->dialect) return fail(worker, "there are no messages");
    if (worker->bytes < (int)sizeof(uint64_t)) return fail(worker, "a message has no room for its number");
    share->subscribers = worker->connections - stops(worker, 0);
    if (!share->subscribers) return fail(worker, "too few connections for one that stops");
    prepare_message(worker, share);
    for (int i = 0; i < worker->connections && !worker->errors; i++) {
        struct connection *connection = &worker->slots[i].connection;
        if (stops(worker, i)) open_narrow_connection(worker, connection);
        else open_connection(worker, connection);
        subscribe(worker, connection);
    }
    if (!worker->index) open_publisher(worker);
}

static void ask(struct worker *worker, uint64_t messages) {
    unsigned char byte = (unsigned char)messages;
    if (atomic_fetch_add(&feed.asked, messages) + messages > feed.arrived + RING) fail(worker, "messages do not arrive");
    if (send(feed.publisher, &byte, 1, MSG_NOSIGNAL) < 0) fail(worker, "cannot tell the publisher: %s", strerror(errno));
}

static uint64_t half_window(const struct worker *worker) {
    int messages = WINDOW_BYTES / worker->bytes;
    return (uint64_t)(messages < 2 ? 2 : messages > WINDOW ? WINDOW : messages) / 2;
}

static void ask_half(struct worker *worker) {
    uint64_t messages = half_window(worker);
    uint64_t rest = worker->settings->rate > 0 ? FLOOD - feed.asked : messages;
    if (rest) ask(worker, messages < rest ? messages : rest);
}

/* All messages before this number have arrived everywhere. */
static void arrived_everywhere(struct worker *worker, uint64_t number, uint64_t now) {
    feed.arrived = number;
    if (worker->settings->rate > 0 && number == FLOOD) feed.paced_from = now;
    if (number % half_window(worker) || feed.paced_from) return;
    if (worker->settings->rate == 0 && now >= worker->measure_until) feed.ended = 1;
    else if (!feed.ended) ask_half(worker);
}

/* Where the clock would be if the pace had begun with it. */
static uint64_t due(const struct worker *worker, uint64_t number) {
    return worker->start + (uint64_t)((double)(number - FLOOD) * 1e9 / worker->settings->rate);
}

static void count_message(struct worker *worker, uint64_t number, uint64_t now) {
    if (worker->settings->rate == 0) {
        if (measured(worker, now)) worker->operations++;
    } else if (number >= FLOOD && measured(worker, due(worker, number))) {
        worker->operations++;
        histogram_add(&worker->latency, now - (due(worker, number) - worker->start + feed.paced_from));
    }
}

static void arrived(struct worker *worker, uint64_t number, uint64_t now) {
    struct share *share = worker->state;
    int slot = (int)(number % RING);
    count_message(worker, number, now);
    if (++share->having[slot] < share->subscribers) return;
    share->having[slot] = 0;
    share->arrived = number + 1;
    if (atomic_fetch_add(&feed.having[slot], 1) + 1 < worker->workers) return;
    feed.having[slot] = 0;
    arrived_everywhere(worker, number + 1, now);
}

/* Of what has come, how much the server has said between two messages, which may be cut off anywhere: the slot counts it as sent. */
static size_t aside(const char *text, const struct share *share, struct slot *slot, const unsigned char *in, size_t count) {
    size_t size = strlen(text), length = 0;
    size_t at = size ? slot->sent % size : 0;
    if (!at && slot->received % share->size) return 0;
    while (length < count && at + length < size && in[length] == (unsigned char)text[at + length]) length++;
    slot->sent += length;
    return length;
}

/* Whether these bytes of a message, from the given one on, are what they have to be between two others. */
static int fits(const struct share *share, const unsigned char *in, size_t at, size_t length, size_t from, size_t to) {
    size_t begin = at > from ? at : from;
    size_t end = at + length < to ? at + length : to;
    return begin >= end || !memcmp(in + (begin - at), share->message + begin, end - begin);
}

/* Goes on in a message, and returns how much of what has come belongs to it. */
static size_t go_on(struct worker *worker, struct slot *slot, const unsigned char *in, size_t count, uint64_t now) {
    struct share *share = worker->state;
    size_t at = slot->received % share->size;
    size_t length = share->size - at < count ? share->size - at : count;
    uint64_t number = slot->received / share->size;
    uint64_t head = htobe64(number);
    memcpy(share->message + share->head.size, &head, sizeof head);
    if (!fits(share, in, at, length, 0, share->head.differs_from) || !fits(share, in, at, length, share->head.differs_to, share->size)) {
        fail(worker, "message %llu came changed, or another in its place", (unsigned long long)number);
        return count;
    }
    slot->received += length;
    if (at + length == share->size) arrived(worker, number, now);
    return length;
}

static void take_in(struct worker *worker, struct slot *slot) {
    struct share *share = worker->state;
    size_t count;
    while (!worker->errors && (count = receive(worker, slot))) {
        const unsigned char *in = worker->in, *end = in + count;
        uint64_t now = now_nanos();
        while (in < end && !worker->errors) {
            size_t length = aside(worker->server->dialect->aside, share, slot, in, (size_t)(end - in));
            in += length ? length : go_on(worker, slot, in, (size_t)(end - in), now);
        }
        if (count < READ_SIZE) return;
    }
}

/* Returns when to look again. */
static uint64_t ask_for_what_is_due(struct worker *worker, uint64_t now) {
    uint64_t late = feed.paced_from - worker->start;
    if (!feed.paced_from || feed.ended || worker->index) return now + LOOK_NANOS;
    while (!worker->errors && due(worker, feed.asked) < worker->measure_until) {
        if (due(worker, feed.asked) + late > now) return due(worker, feed.asked) + late;
        ask(worker, 1);
    }
    feed.ended = 1;
    return now;
}

static void run(struct worker *worker) {
    struct share *share = worker->state;
    struct epoll_event ready[256];
    uint64_t moved_at = now_nanos(), now = moved_at;
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    for (int i = stops(worker, 0); i < worker->connections; i++) watch_slot(worker, &worker->slots[i]);
    for (int i = 0; i < 2 && !worker->index; i++) ask_half(worker);
    for (; !worker->errors && !(feed.ended && share->arrived == feed.asked); now = now_nanos()) {
        uint64_t next = ask_for_what_is_due(worker, now);
        int count = wait_ready(worker, ready, 256, next);
        if (count > 0 || share->arrived == feed.asked) moved_at = now;
        if (now > moved_at + DRAIN_NANOS) fail(worker, "%llu messages did not arrive", (unsigned long long)(feed.asked - share->arrived));
        for (int i = 0; i < count && !worker->errors; i++) take_in(worker, ready[i].data.ptr);
    }
    for (int i = 0; i < worker->connections; i++) close_connection(&worker->slots[i].connection);
    close(worker->epoll);
}

static void report(const struct worker *total, double seconds) {
    printf("per_second=%.1f", (double)total->operations / seconds);
    if (!total->latency.count) return;
    printf(" p50_us=%.2f p99_us=%.2f", histogram_micros(&total->latency, 0.50), histogram_micros(&total->latency, 0.99));
}

static const struct mode fanout = {.name = "fanout", .open = open_all, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&fanout); }
