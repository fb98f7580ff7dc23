#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* What one call may send before others have their turn. */
enum { PIECE = 1 << 20 };

/* How many files were asked for and not sent yet, and the one that is being sent. */
struct sending {
    ssize_t requests;
    int file;
    off_t at;
    off_t size;
};

static const char *path;

static void remember(const char *file) {
    path = file;
    if (access(path, R_OK) < 0) give_up(path);
}

static void fail(struct connection *connection) {
    close(((struct sending *)connection->state)->file);
    end(connection);
}

static void open_next(struct connection *connection, struct sending *sending) {
    struct stat status;
    sending->file = open(path, O_RDONLY | O_CLOEXEC);
    sending->at = 0;
    if (sending->file < 0 || fstat(sending->file, &status) < 0) return fail(connection);
    sending->size = status.st_size;
}

static void finish(struct connection *connection, struct sending *sending) {
    close(sending->file);
    if (--sending->requests) open_next(connection, sending);
    else wait_for(connection, EPOLLIN);
}

static void send_on(struct connection *connection, struct sending *sending) {
    ssize_t sent = sendfile(connection->descriptor, sending->file, &sending->at, PIECE);
    if (sending->at == sending->size) finish(connection, sending);
    else if (sent == 0 || (sent < 0 && errno != EAGAIN)) fail(connection);
}

static void ready(struct connection *connection, unsigned char *buffer) {
    if (!connection->state) connection->state = calloc(1, sizeof(struct sending));
    struct sending *sending = connection->state;
    if (sending->requests) return send_on(connection, sending);
    ssize_t count = receive_some(connection, buffer, BUFFER_SIZE);
    if (count <= 0) return;
    sending->requests = count;
    wait_for(connection, EPOLLOUT);
    open_next(connection, sending);
}

static const struct service file = {.name = "file", .transport = &tcp, .load = remember, .ready = ready};

__attribute__((constructor)) static void join(void) { service_join(&file); }
