/* Servers are compared by the same work: all get the same version, suite and group offered, and nothing else. */
#include "load_tls.h"

#if __has_include(<openssl/ssl.h>)

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

/* How much one call may take from the socket: several records. */
enum { READ_AHEAD = 64 << 10 };

/* Threads that share one wait for each other. */
static _Thread_local SSL_CTX *context;

static int keep_session(SSL *tls, SSL_SESSION *session) {
    SSL_SESSION **kept = SSL_get_app_data(tls);
    if (!kept) return 0;
    SSL_SESSION_free(*kept);
    *kept = session;
    return 1;
}

static SSL_CTX *new_context(void) {
    SSL_CTX *made = SSL_CTX_new(TLS_client_method());
    if (!made || !SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) || !SSL_CTX_set_max_proto_version(made, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(made, "TLS_AES_128_GCM_SHA256") || !SSL_CTX_set1_groups_list(made, "X25519")) {
        SSL_CTX_free(made);
        return NULL;
    }
    SSL_CTX_set_verify(made, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(made, 1);
    SSL_CTX_set_default_read_buffer_len(made, READ_AHEAD);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(made, keep_session);
    /* OpenSSL writes without MSG_NOSIGNAL. */
    signal(SIGPIPE, SIG_IGN);
    return made;
}

void tls_begin(struct worker *worker, struct connection *connection, SSL_SESSION **session) {
    if (!context) context = new_context();
    SSL *tls = context ? SSL_new(context) : NULL;
    if (!tls || !SSL_set_fd(tls, connection->descriptor) || (session && *session && !SSL_set_session(tls, *session))) {
        SSL_free(tls);
        return fail(worker, "cannot set up TLS: %s", tls_complaint());
    }
    SSL_set_app_data(tls, session);
    SSL_set_connect_state(tls);
    connection->tls = tls;
}

void tls_open(struct worker *worker, struct connection *connection) {
    struct timeval patience = {.tv_sec = DRAIN_NANOS / 1000000000};
    tls_begin(worker, connection, NULL);
    if (!connection->tls) return;
    setsockopt(connection->descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ERR_clear_error();
    int result = SSL_connect(connection->tls);
    if (result == 1) return;
    int reason = SSL_get_error(connection->tls, result);
    fail(worker, "no TLS handshake: %s", reason == SSL_ERROR_SSL ? tls_complaint() : strerror(errno));
}

int tls_resumed(const SSL *tls) {
    return SSL_session_reused(tls);
}

static ssize_t failed(const SSL *tls) {
    switch (SSL_get_error(tls, 0)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_SYSCALL:
        if (!errno) errno = EPROTO;
        return -1;
    default:
        errno = EPROTO;
        return -1;
    }
}

ssize_t tls_send(SSL *tls, const void *from, size_t count) {
    size_t sent;
    ERR_clear_error();
    errno = 0;
    return SSL_write_ex(tls, from, count, &sent) ? (ssize_t)sent : failed(tls);
}

/* OpenSSL gives one record at a time, and nobody would report those that it has read ahead. */
ssize_t tls_receive(SSL *tls, void *into, size_t room) {
    size_t received = 0, more;
    ERR_clear_error();
    errno = 0;
    while (received < room && SSL_read_ex(tls, (unsigned char *)into + received, room - received, &more)) received += more;
    return received ? (ssize_t)received : failed(tls);
}

void tls_end(SSL *tls) {
    ERR_clear_error();
    if (SSL_is_init_finished(tls)) SSL_shutdown(tls);
    SSL_free(tls);
}

const char *tls_complaint(void) {
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "TLS failed";
}

#else

void tls_open(struct worker *worker, struct connection *connection) { tls_begin(worker, connection, NULL); }

void tls_begin(struct worker *worker, struct connection *connection, struct ssl_session_st **session) {
    (void)connection, (void)session;
    fail(worker, "compiled without TLS: there was no openssl/ssl.h");
}

int tls_resumed(const struct ssl_st *tls) { return (void)tls, 0; }

ssize_t tls_send(struct ssl_st *tls, const void *from, size_t count) { return (void)tls, (void)from, (void)count, -1; }

ssize_t tls_receive(struct ssl_st *tls, void *into, size_t room) { return (void)tls, (void)into, (void)room, -1; }

void tls_end(struct ssl_st *tls) { (void)tls; }

const char *tls_complaint(void) { return "there is no TLS"; }

#endif
