/*
 * Every slot connects, has one byte echoed, closes, and connects again.
 *
 * With resume=1 each TLS session goes on in the next connection. The first of a slot has none yet, and does not count.
 */
#include "load.h"

#include "load_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Closed connections hold their port for a minute; with many source addresses there are enough of them. */
enum { SOURCES = 200 };

struct attempt {
    struct connection connection;
    int sent;
    int resumes;
    struct ssl_session_st *session;
    unsigned char byte;
    uint64_t began;
};

struct state {
    struct attempt *slots;
    uint32_t next_source;
    int epoll;
};

static void open_all(struct worker *worker) {
    struct state *state = calloc(1, sizeof *state);
    state->slots = calloc((size_t)worker->connections, sizeof *state->slots);
    worker->state = state;
}

static void bind_to_next_source(struct worker *worker, int descriptor) {
    struct state *state = worker->state;
    if (ntohl(worker->server->inet.sin_addr.s_addr) >> 24 != 127) return;
    int yes = 1;
    uint32_t address = (127u << 24) + 2 + state->next_source++ % SOURCES;
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (bind(descriptor, (struct sockaddr *)&source, sizeof source) < 0) fail(worker, "cannot bind: %s", strerror(errno));
}

static void begin(struct worker *worker, struct attempt *slot, uint64_t now) {
    struct state *state = worker->state;
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};
    int yes = 1;
    slot->began = now;
    slot->sent = 0;
    slot->byte++;
    slot->resumes = slot->session != NULL;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return fail(worker, "cannot open a socket: %s", strerror(errno));
    slot->connection.descriptor = descriptor;
    bind_to_next_source(worker, descriptor);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(descriptor, &worker->server->any, worker->server->length) < 0 && errno != EINPROGRESS) {
        return fail(worker, "cannot connect: %s", strerror(errno));
    }
    if (worker->server->tls) tls_begin(worker, &slot->connection, worker->settings->resume ? &slot->session : NULL);
    epoll_ctl(state->epoll, EPOLL_CTL_ADD, descriptor, &interest);
}

/* Returns whether the connection was what was asked for, a resumed one or any. */
static int counts(struct worker *worker, const struct attempt *slot) {
    if (!worker->settings->resume) return 1;
    if (!slot->session) fail(worker, "the server gives no session that could be resumed");
    else if (slot->resumes && !tls_resumed(slot->connection.tls)) fail(worker, "the server does not resume its session");
    return slot->resumes;
}

/* Returns whether the slot is done for good. */
static int turn(struct worker *worker, struct attempt *slot) {
    unsigned char in[2];
    if (!slot->sent) {
        ssize_t count = send_bytes(&slot->connection, &slot->byte, 1);
        if (count == 1) slot->sent = 1;
        else if (errno != EAGAIN && errno != ENOTCONN) fail(worker, "cannot connect: %s", why());
        return 0;
    }
    ssize_t count = receive_bytes(&slot->connection, in, sizeof in);
    if (count < 0 && errno == EAGAIN) return 0;
    if (count < 0) fail(worker, "cannot receive: %s", why());
    else if (count == 0) fail(worker, "the server closed a connection without an answer");
    else if (count > 1 || in[0] != slot->byte) fail(worker, "the byte came back changed");
    int complete = counts(worker, slot);
    close_connection(&slot->connection);

    uint64_t now = now_nanos();
    if (complete && measured(worker, now)) {
        worker->operations++;
        histogram_add(&worker->latency, now - slot->began);
    }
    if (now >= worker->measure_until || worker->errors) return 1;
    begin(worker, slot, now);
    return 0;
}

static void run(struct worker *worker) {
    struct state *state = worker->state;
    struct epoll_event ready[256];
    int waiting = worker->connections;
    state->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < worker->connections && !worker->errors; i++) begin(worker, &state->slots[i], now_nanos());
    while (waiting && !worker->errors && now_nanos() < worker->measure_until + DRAIN_NANOS) {
        int count = epoll_wait(state->epoll, ready, 256, 100);
        for (int i = 0; i < count && !worker->errors; i++) waiting -= turn(worker, ready[i].data.ptr);
    }
    if (waiting && !worker->errors) fail(worker, "%d connections got no answer", waiting);
    close(state->epoll);
}

static void report(const struct worker *total, double seconds) {
    printf("per_second=%.1f p50_us=%.2f p99_us=%.2f", (double)total->operations / seconds,
           histogram_micros(&total->latency, 0.50), histogram_micros(&total->latency, 0.99));
}

static const struct mode connect_and_close = {.name = "connect", .open = open_all, .run = run, .report = report};

__attribute__((constructor)) static void join(void) { mode_join(&connect_and_close); }
