#include "load.h"

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

int open_connection(struct worker *worker) {
    const struct target *server = worker->server;
    int yes = 1;
    int descriptor = socket(server->any.sa_family, server->type | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        fail(worker, "cannot open a socket: %s", strerror(errno));
        return -1;
    }
    if (name_if_local(server, descriptor) < 0 || connect(descriptor, &server->any, server->length) < 0) {
        fail(worker, "cannot connect: %s", strerror(errno));
        close(descriptor);
        return -1;
    }
    if (server->type == SOCK_STREAM && server->any.sa_family == AF_INET) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return descriptor;
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
