/* What the server gives its services: a service is one server_NAME.c that joins itself. */
#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BUFFER_SIZE = 256 << 10 };

struct connection {
    int descriptor;
    int epoll;
    /* For the service to use; zero at first. */
    void *state;
};

/* What a service listens on: where, and how the load generator calls it. */
struct transport {
    const char *scheme;
    int family;
    int type;
};

extern const struct transport tcp, udp, local_stream, local_datagrams;

struct service {
    const char *name;
    const struct transport *transport;
    /* Reads the file before the first connection; may be null. */
    void (*load)(const char *file);
    /* Of datagrams: serves the socket, which blocks, for ever. Then there is no ready. */
    void (*serve)(int descriptor);
    /* The connection can be read, or written if that is what it waits for; the buffer of BUFFER_SIZE is the thread's. */
    void (*ready)(struct connection *, unsigned char *buffer);
};

void service_join(const struct service *service);

/* What the connection waits for: EPOLLIN at first, or EPOLLOUT. */
void wait_for(struct connection *connection, uint32_t events);

/* Closes the connection and frees it and its state. */
void end(struct connection *connection);

/* As send and recv, but 0 if that would block, and -1, with the connection ended, if it cannot go on or the peer has ended. */
ssize_t send_some(struct connection *connection, const unsigned char *from, size_t count);
ssize_t receive_some(struct connection *connection, unsigned char *into, size_t room);

/* Says why on stderr and exits. */
void give_up(const char *subject) __attribute__((noreturn));

#endif
