#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int open_connection(struct worker *worker) {
    int yes = 1;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        fail(worker, "cannot open a socket: %s", strerror(errno));
        return -1;
    }
    if (connect(descriptor, (struct sockaddr *)&worker->server, sizeof worker->server) < 0) {
        fail(worker, "cannot connect: %s", strerror(errno));
        close(descriptor);
        return -1;
    }
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
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
