#include "load.h"

#include "load_dialect.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const char *without(const char *prefix, const char *text) {
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) ? NULL : text + length;
}

static int read_inet(const char *text, struct target *target) {
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    if (!colon || colon - text >= (long)sizeof host) return 0;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    target->inet = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    target->length = sizeof target->inet;
    return inet_pton(AF_INET, host, &target->inet.sin_addr) == 1;
}

static int read_local(const char *path, struct target *target) {
    target->local = (struct sockaddr_un){.sun_family = AF_UNIX};
    target->length = sizeof target->local;
    if (strlen(path) >= sizeof target->local.sun_path) return 0;
    strcpy(target->local.sun_path, path);
    return *path != 0;
}

/* The first port is for subscribers, the second for who has something published. */
static int read_messages(const char *text, struct target *target) {
    const char *comma = strrchr(text, ',');
    if (!comma || !read_inet(text, target)) return 0;
    target->publisher = target->inet;
    target->publisher.sin_port = htons((uint16_t)atoi(comma + 1));
    return 1;
}

int read_target(const char *endpoint, struct target *target) {
    const char *rest;
    memset(target, 0, sizeof *target);
    target->type = SOCK_STREAM;
    if ((rest = without("tcp://", endpoint))) return read_inet(rest, target);
    if ((rest = without("tls://", endpoint))) return target->tls = read_inet(rest, target);
    if ((rest = without("unix:", endpoint))) return read_local(rest, target);
    for (const struct dialect *dialect = dialects; dialect->scheme; dialect++) {
        target->dialect = dialect;
        if ((rest = without(dialect->scheme, endpoint))) return read_messages(rest, target);
    }
    target->dialect = NULL;
    target->type = SOCK_DGRAM;
    if ((rest = without("udp://", endpoint))) return read_inet(rest, target);
    if ((rest = without("unixgram:", endpoint))) return read_local(rest, target);
    return 0;
}
