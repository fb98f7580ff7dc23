#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* What the peer has not taken yet; while there is some, nothing more is read. */
struct rest {
    size_t from;
    size_t until;
    unsigned char bytes[BUFFER_SIZE];
};

static void keep(struct connection *connection, const unsigned char *bytes, size_t count) {
    struct rest *rest = connection->state;
    if (!rest) rest = connection->state = malloc(sizeof *rest);
    memcpy(rest->bytes, bytes, count);
    rest->from = 0;
    rest->until = count;
    wait_for(connection, EPOLLOUT);
}

static void flush(struct connection *connection, struct rest *rest) {
    ssize_t sent = send_some(connection, rest->bytes + rest->from, rest->until - rest->from);
    if (sent <= 0) return;
    rest->from += (size_t)sent;
    if (rest->from < rest->until) return;
    rest->from = rest->until = 0;
    wait_for(connection, EPOLLIN);
}

static void ready(struct connection *connection, unsigned char *buffer) {
    struct rest *rest = connection->state;
    if (rest && rest->until) return flush(connection, rest);
    ssize_t count = receive_some(connection, buffer, BUFFER_SIZE);
    if (count <= 0) return;
    ssize_t sent = send_some(connection, buffer, (size_t)count);
    if (sent >= 0 && sent < count) keep(connection, buffer + sent, (size_t)(count - sent));
}

static const struct service echo = {.name = "echo", .transport = &tcp, .ready = ready};
static const struct service unix_echo = {.name = "unix-echo", .transport = &local_stream, .ready = ready};

__attribute__((constructor)) static void join(void) {
    service_join(&echo);
    service_join(&unix_echo);
}
