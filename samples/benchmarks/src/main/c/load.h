/* What the load generator gives its modes: a mode is one load_NAME.c that joins itself. */
#ifndef LOAD_H
#define LOAD_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

enum { SUB_BUCKETS = 32, BUCKETS = 64 * SUB_BUCKETS };

/* Nanoseconds in logarithmic buckets, each within 1/32 of its values. */
struct histogram {
    uint64_t buckets[BUCKETS];
    uint64_t count;
    uint64_t max;
};

void histogram_add(struct histogram *histogram, uint64_t nanos);
void histogram_merge(struct histogram *into, const struct histogram *from);
double histogram_micros(const struct histogram *histogram, double quantile);

/* What the command line says as key=value; 0 or null where it does not. */
struct settings {
    double rate;
    const char *file;
    const char *samples;
    int resume;
    int stopped;
};

struct dialect;

/* Where the server is. */
struct target {
    union {
        struct sockaddr any;
        struct sockaddr_in inet;
        struct sockaddr_un local;
    };
    socklen_t length;
    /* SOCK_STREAM or SOCK_DGRAM. */
    int type;
    /* Whether there is TLS over it. */
    int tls;
    /* How one subscribes to messages there, or null. */
    const struct dialect *dialect;
    /* Where it is said how many are to be published. */
    struct sockaddr_in publisher;
};

/*
 * Reads tcp://A.B.C.D:PORT, tls://A.B.C.D:PORT, udp://A.B.C.D:PORT, unix:PATH, unixgram:PATH, or, where there are messages,
 * hub://A.B.C.D:PORT,PORT, nats://A.B.C.D:PORT,PORT or redis://A.B.C.D:PORT,PORT. Returns whether it is one.
 */
int read_target(const char *endpoint, struct target *target);

struct ssl_st;
struct ssl_session_st;

/* A socket, and the TLS over it or null. */
struct connection {
    int descriptor;
    struct ssl_st *tls;
};

/* What most modes have to remember of a connection. */
struct slot {
    struct connection connection;
    int done;
    uint64_t sent;
    uint64_t received;
};

/* One thread's share of the work. A mode fills in what lies below the line. */
struct worker {
    const struct settings *settings;
    const struct target *server;
    int index;
    int workers;
    int connections;
    int bytes;
    uint64_t start;
    uint64_t measure_from;
    uint64_t measure_until;
    /* ------ */
    void *state;
    struct slot *slots;
    int epoll;
    unsigned char *pattern;
    unsigned char *in;
    uint64_t operations;
    uint64_t moved_bytes;
    uint64_t errors;
    struct histogram latency;
    char failure[200];
};

struct mode {
    const char *name;
    /* Opens the connections before the clock starts; may be null. */
    void (*open)(struct worker *);
    /* Called once when all workers have opened theirs, and says whether to go on; may be null. */
    int (*opened)(const struct settings *);
    /* Works until measure_until, then takes in what is still on its way: for DRAIN_NANOS, or while more comes. */
    void (*run)(struct worker *);
    /* Prints its key=value figures of all workers together. */
    void (*report)(const struct worker *total, double seconds);
};

#define DRAIN_NANOS 10000000000ull

void mode_join(const struct mode *mode);

/* Notes the first failure of a worker, which ends its run. */
void fail(struct worker *worker, const char *format, ...) __attribute__((format(printf, 2, 3)));

uint64_t now_nanos(void);

/* Whether an operation that ended at this moment counts. */
static inline int measured(const struct worker *worker, uint64_t now) {
    return now >= worker->measure_from && now < worker->measure_until;
}

static inline void count_bytes(struct worker *worker, uint64_t now, size_t count) {
    if (measured(worker, now)) worker->moved_bytes += count;
}

/* Connects without Nagle's delay, so that it can be answered, shakes hands if there is TLS, and has nothing block from then on. */
void open_connection(struct worker *worker, struct connection *connection);

/* The same for one that hardly anything fits into that is not read. */
void open_narrow_connection(struct worker *worker, struct connection *connection);

/* As send and recv. Of TLS that has not shaken hands yet, the first one does. */
ssize_t send_bytes(struct connection *connection, const void *from, size_t count);
ssize_t receive_bytes(struct connection *connection, void *into, size_t room);

/* Tells the peer first if there is TLS. */
void close_connection(struct connection *connection);

/* Why the last of these failed. */
const char *why(void);

/* Bytes that repeat only after PATTERN_PERIOD, which no buffer size divides: a lost or doubled chunk never fits. */
enum { PATTERN_PERIOD = 65521 };
void fill_pattern(unsigned char *target, int count);

enum { READ_SIZE = 256 << 10 };

/* Slots without connections, the pattern, a buffer to read into, and an epoll. */
void prepare_slots(struct worker *worker);

/* Prepares the slots and connects them all. */
void open_slots(struct worker *worker);

/* Has the epoll report the slot, at once if it is ready: edge-triggered, for both directions. */
void watch_slot(struct worker *worker, struct slot *slot);

/* Has the epoll report the slot again if it is ready still. Any thread. */
void rewatch_slot(struct worker *worker, struct slot *slot);

/* Waits until slots are ready, or for the moment. Returns how many are, and who. */
int wait_ready(struct worker *worker, struct epoll_event *ready, int room, uint64_t moment);

/* Sends the pattern from where the slot is, at most this much. Returns how much the kernel took. */
size_t send_pattern(struct worker *worker, struct slot *slot, size_t limit);

/* Sends the one byte that asks for content. */
int send_request(struct worker *worker, struct slot *slot);

/* Reads what is there into worker->in. Returns 0 if there is nothing; the end is a failure. */
size_t receive(struct worker *worker, struct slot *slot);

/* The same, where what comes has to go on with the pattern; it is checked and counted in the slot. */
size_t receive_pattern(struct worker *worker, struct slot *slot);

/* What came of one step of a slot: it has to wait, it got on, it is through. */
enum step { BLOCKED, MOVED, DONE };

/* Lets every slot that is ready step until all are done; what the others are is the complaint. Closes them all. */
void take_turns(struct worker *worker, enum step (*step)(struct worker *, struct slot *, uint64_t now), const char *complaint);

/* A file in memory, to compare with. */
struct content {
    const unsigned char *bytes;
    size_t size;
};

/* Maps the file that the settings name, as the worker's state. */
void map_content(struct worker *worker);

/* Reads what is there, which has to be the content, over and over, from where the slot is. */
size_t receive_content(struct worker *worker, struct slot *slot);

#endif
