#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { WRITE_SIZE = 64 << 10, WRITES_IN_A_ROW = 16 };

static unsigned char *content;
static size_t size;

static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) < 0) give_up(path);
    size = (size_t)ftell(file);
    content = malloc(size);
    rewind(file);
    if (!size || fread(content, 1, size, file) < size) give_up(path);
    fclose(file);
}

/* After some writes others have their turn: epoll reports again what can still be written. */
static void write_on(struct connection *connection, size_t *at) {
    for (int i = 0; i < WRITES_IN_A_ROW; i++) {
        size_t left = size - *at;
        ssize_t sent = send_some(connection, content + *at, left < WRITE_SIZE ? left : WRITE_SIZE);
        if (sent <= 0) return;
        *at = (*at + (size_t)sent) % size;
    }
}

static void ready(struct connection *connection, unsigned char *buffer) {
    if (connection->state) return write_on(connection, connection->state);
    if (receive_some(connection, buffer, 1) <= 0) return;
    connection->state = calloc(1, sizeof(size_t));
    wait_for(connection, EPOLLOUT);
}

static const struct service source = {.name = "source", .transport = &tcp, .load = load, .ready = ready};

__attribute__((constructor)) static void join(void) { service_join(&source); }
