#include "load.h"

#include "load_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Without a name it could not be answered: this one the kernel makes up. */
static int name_if_local(const struct target *server, int descriptor) {
    struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    if (server->type != SOCK_DGRAM || server->any.sa_family != AF_UNIX) return 0;
    return bind(descriptor, (struct sockaddr *)&unnamed, sizeof unnamed.sun_family);
}

/* Small segments have the peer's system keep little, and a small buffer ours. */
static void narrow(int descriptor) {
    int segment = 536, room = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
}

static void open_socket(struct worker *worker, struct connection *connection, int is_narrow) {
    const struct target *server = worker->server;
    int yes = 1;
    connection->descriptor = socket(server->any.sa_family, server->type | SOCK_CLOEXEC, 0);
    if (connection->descriptor < 0) return fail(worker, "cannot open a socket: %s", strerror(errno));
    if (is_narrow) narrow(connection->descriptor);
    if (name_if_local(server, connection->descriptor) < 0 || connect(connection->descriptor, &server->any, server->length) < 0) {
        return fail(worker, "cannot connect: %s", strerror(errno));
    }
    if (server->type == SOCK_STREAM && server->any.sa_family == AF_INET) {
        setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    if (server->tls) tls_open(worker, connection);
    fcntl(connection->descriptor, F_SETFL, O_NONBLOCK);
}

void open_connection(struct worker *worker, struct connection *connection) { open_socket(worker, connection, 0); }

void open_narrow_connection(struct worker *worker, struct connection *connection) { open_socket(worker, connection, 1); }

ssize_t send_bytes(struct connection *connection, const void *from, size_t count) {
    if (connection->tls) return tls_send(connection->tls, from, count);
    return send(connection->descriptor, from, count, MSG_NOSIGNAL);
}

ssize_t receive_bytes(struct connection *connection, void *into, size_t room) {
    if (connection->tls) return tls_receive(connection->tls, into, room);
    return recv(connection->descriptor, into, room, 0);
}

void close_connection(struct connection *connection) {
    if (connection->tls) tls_end(connection->tls);
    connection->tls = NULL;
    close(connection->descriptor);
}

const char *why(void) {
    return errno == EPROTO ? tls_complaint() : strerror(errno);
}

void fill_pattern(unsigned char *target, int count) {
    uint32_t random = 1;
    for (int i = 0; i < count; i++) {
        if (i % PATTERN_PERIOD == 0) random = 2463534242u;
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        target[i] = (unsigned char)random;
    }
}
