/*
 * server SERVICE [FILE]: the least that a server must do, as a ceiling for the others.
 *
 * One epoll per thread and a thread per core; the first one also accepts and deals connections out in turn.
 */
#define _GNU_SOURCE
#include "server.h"

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
#include <sys/un.h>
#include <unistd.h>

enum { MAX_SERVICES = 16, MAX_THREADS = 64, ACCEPT_BACKLOG = 4096 };

static const struct service *services[MAX_SERVICES];
static int service_count;
static const struct service *service;
static int epolls[MAX_THREADS];
static int threads;
static int listener;

void service_join(const struct service *joining) {
    if (service_count < MAX_SERVICES) services[service_count++] = joining;
}

void give_up(const char *subject) {
    fprintf(stderr, "%s: %s\n", subject, strerror(errno));
    exit(1);
}

static void tell_epoll(struct connection *connection, int operation, uint32_t events) {
    struct epoll_event interest = {.events = events, .data.ptr = connection};
    epoll_ctl(connection->epoll, operation, connection->descriptor, &interest);
}

void wait_for(struct connection *connection, uint32_t events) {
    tell_epoll(connection, EPOLL_CTL_MOD, events);
}

void end(struct connection *connection) {
    close(connection->descriptor);
    free(connection->state);
    free(connection);
}

ssize_t send_some(struct connection *connection, const unsigned char *from, size_t count) {
    ssize_t sent = send(connection->descriptor, from, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return 0;
    if (sent < 0) end(connection);
    return sent;
}

ssize_t receive_some(struct connection *connection, unsigned char *into, size_t room) {
    ssize_t received = recv(connection->descriptor, into, room, 0);
    if (received > 0) return received;
    if (received < 0 && errno == EAGAIN) return 0;
    end(connection);
    return -1;
}

static void accept_one(void) {
    static int next;
    int yes = 1;
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    if (service->transport == &tcp) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct connection *connection = calloc(1, sizeof *connection);
    connection->descriptor = descriptor;
    connection->epoll = epolls[next++ % threads];
    tell_epoll(connection, EPOLL_CTL_ADD, EPOLLIN);
}

__attribute__((noreturn)) static void *loop(void *argument) {
    int epoll = *(int *)argument;
    unsigned char *buffer = malloc(BUFFER_SIZE);
    struct epoll_event ready[256];
    for (;;) {
        int count = epoll_wait(epoll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            struct connection *connection = ready[i].data.ptr;
            if (connection) service->ready(connection, buffer);
            else accept_one();
        }
    }
}

const struct transport tcp = {"tcp://", AF_INET, SOCK_STREAM};
const struct transport udp = {"udp://", AF_INET, SOCK_DGRAM};
const struct transport local_stream = {"unix:", AF_UNIX, SOCK_STREAM};
const struct transport local_datagrams = {"unixgram:", AF_UNIX, SOCK_DGRAM};

static void announce(const struct sockaddr_in *address) {
    printf("listening %s127.0.0.1:%d\n", service->transport->scheme, ntohs(address->sin_port));
}

static void bind_to_loopback(int descriptor) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(descriptor, (struct sockaddr *)&address, length) < 0 ||
        getsockname(descriptor, (struct sockaddr *)&address, &length) < 0) {
        give_up("bind");
    }
    announce(&address);
}

/* In a folder of its own, which nobody else has. */
static void bind_to_path(int descriptor) {
    char folder[] = "/tmp/benchmark-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!mkdtemp(folder)) give_up("mkdtemp");
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", folder);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) give_up("bind");
    printf("listening %s%s\n", service->transport->scheme, address.sun_path);
}

/* Announces itself, which nobody sees before it is flushed. */
static int bound_socket(int flags) {
    int descriptor = socket(service->transport->family, service->transport->type | SOCK_CLOEXEC | flags, 0);
    if (descriptor < 0) give_up("socket");
    if (service->transport->family == AF_UNIX) bind_to_path(descriptor);
    else bind_to_loopback(descriptor);
    return descriptor;
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int usage(void) {
    fprintf(stderr, "usage: server SERVICE [FILE]\nservices:");
    for (int i = 0; i < service_count; i++) fprintf(stderr, " %s", services[i]->name);
    fprintf(stderr, "\n");
    return 2;
}

int main(int count, char **arguments) {
    pthread_t handle;
    for (int i = 0; i < service_count; i++) {
        if (count > 1 && !strcmp(arguments[1], services[i]->name)) service = services[i];
    }
    if (!service || (service->load && count < 3)) return usage();
    if (service->load) service->load(arguments[2]);
    raise_descriptor_limit();
    if (service->serve) {
        int descriptor = bound_socket(0);
        fflush(stdout);
        service->serve(descriptor);
    }
    threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    for (int i = 0; i < threads; i++) epolls[i] = epoll_create1(EPOLL_CLOEXEC);
    listener = bound_socket(SOCK_NONBLOCK);
    if (listen(listener, ACCEPT_BACKLOG) < 0) give_up("listen");
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epolls[0], EPOLL_CTL_ADD, listener, &interest);
    for (int i = 1; i < threads; i++) pthread_create(&handle, NULL, loop, &epolls[i]);
    fflush(stdout);
    loop(&epolls[0]);
}
