/*
 * epoll_echo [THREADS]: the least that an echo server must do, as a ceiling for the others.
 *
 * One epoll per thread, by default a thread per core; the first one also accepts and deals connections out in turn.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_THREADS = 64, BUFFER_SIZE = 256 << 10, ACCEPT_BACKLOG = 4096 };

/* What the peer has not taken yet; while there is some, nothing more is read. */
struct connection {
    int descriptor;
    size_t from;
    size_t until;
    unsigned char *pending;
};

static int epolls[MAX_THREADS];
static int threads;
static int listener;

static void end(struct connection *connection) {
    close(connection->descriptor);
    free(connection->pending);
    free(connection);
}

static void watch(int epoll, int operation, struct connection *connection, uint32_t events) {
    struct epoll_event interest = {.events = events, .data.ptr = connection};
    epoll_ctl(epoll, operation, connection->descriptor, &interest);
}

static void accept_one(void) {
    static int next;
    int yes = 1;
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct connection *connection = calloc(1, sizeof *connection);
    connection->descriptor = descriptor;
    watch(epolls[next++ % threads], EPOLL_CTL_ADD, connection, EPOLLIN);
}

static void keep(int epoll, struct connection *connection, const unsigned char *rest, size_t count) {
    if (!connection->pending) connection->pending = malloc(BUFFER_SIZE);
    memcpy(connection->pending, rest, count);
    connection->from = 0;
    connection->until = count;
    watch(epoll, EPOLL_CTL_MOD, connection, EPOLLOUT);
}

static void echo(int epoll, struct connection *connection, unsigned char *buffer) {
    ssize_t count = recv(connection->descriptor, buffer, BUFFER_SIZE, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return end(connection);
    ssize_t sent = send(connection->descriptor, buffer, (size_t)count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return end(connection);
    if (sent < 0) sent = 0;
    if (sent < count) keep(epoll, connection, buffer + sent, (size_t)(count - sent));
}

static void flush(int epoll, struct connection *connection) {
    ssize_t sent = send(connection->descriptor, connection->pending + connection->from,
                        connection->until - connection->from, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return end(connection);
    connection->from += (size_t)sent;
    if (connection->from == connection->until) {
        connection->from = connection->until = 0;
        watch(epoll, EPOLL_CTL_MOD, connection, EPOLLIN);
    }
}

__attribute__((noreturn)) static void *loop(void *argument) {
    int epoll = *(int *)argument;
    unsigned char *buffer = malloc(BUFFER_SIZE);
    struct epoll_event ready[256];
    for (;;) {
        int count = epoll_wait(epoll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            struct connection *connection = ready[i].data.ptr;
            if (!connection) accept_one();
            else if (connection->until) flush(epoll, connection);
            else echo(epoll, connection, buffer);
        }
    }
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, ACCEPT_BACKLOG) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
        return -1;
    }
    return ntohs(address.sin_port);
}

int main(int count, char **arguments) {
    pthread_t handle;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    threads = count > 1 ? atoi(arguments[1]) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (threads < 1) threads = 1;
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    for (int i = 0; i < threads; i++) epolls[i] = epoll_create1(EPOLL_CLOEXEC);
    int port = listen_on_loopback();
    if (port < 0) return perror("epoll_echo: listen"), 1;
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epolls[0], EPOLL_CTL_ADD, listener, &interest);
    for (int i = 1; i < threads; i++) pthread_create(&handle, NULL, loop, &epolls[i]);
    printf("listening %d\n", port);
    fflush(stdout);
    loop(&epolls[0]);
}
