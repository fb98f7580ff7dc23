#include "server.h"

#include <endian.h>
#include <sys/socket.h>

static unsigned char buffer[BUFFER_SIZE];

static void echo(int descriptor) {
    for (;;) {
        struct sockaddr_storage sender;
        socklen_t length = sizeof sender;
        ssize_t count = recvfrom(descriptor, buffer, sizeof buffer, 0, (struct sockaddr *)&sender, &length);
        if (count >= 0) sendto(descriptor, buffer, (size_t)count, 0, (struct sockaddr *)&sender, length);
    }
}

/* One byte asks for how much there was else. */
static void sink(int descriptor) {
    uint64_t datagrams = 0, bytes = 0;
    for (;;) {
        struct sockaddr_storage sender;
        socklen_t length = sizeof sender;
        ssize_t count = recvfrom(descriptor, buffer, sizeof buffer, 0, (struct sockaddr *)&sender, &length);
        if (count == 1) {
            uint64_t answer[] = {htobe64(datagrams), htobe64(bytes)};
            sendto(descriptor, answer, sizeof answer, 0, (struct sockaddr *)&sender, length);
        } else if (count > 1) {
            datagrams++;
            bytes += (uint64_t)count;
        }
    }
}

static const struct service services[] = {
    {.name = "udp-echo", .transport = &udp, .serve = echo},
    {.name = "udp-sink", .transport = &udp, .serve = sink},
    {.name = "unixgram-sink", .transport = &local_datagrams, .serve = sink},
};

__attribute__((constructor)) static void join(void) {
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) service_join(&services[i]);
}
