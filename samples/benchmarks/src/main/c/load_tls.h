/* TLS over a connected socket. Without OpenSSL's headers it is compiled all the same, and fails. */
#ifndef LOAD_TLS_H
#define LOAD_TLS_H

#include "load.h"

/* Shakes hands at once; the socket has to block. */
void tls_open(struct worker *worker, struct connection *connection);

/*
 * Shakes hands when something is sent, which suits a socket that does not block.
 *
 * If there is a session it is resumed, and in its place comes each that the server gives. The pointer to it may be null.
 */
void tls_begin(struct worker *worker, struct connection *connection, struct ssl_session_st **session);

/* Whether the handshake was that of a session that is resumed. */
int tls_resumed(const struct ssl_st *tls);

/* As send and recv, where errno is EPROTO if it is not the system that failed. What could not be sent has to be sent again. */
ssize_t tls_send(struct ssl_st *tls, const void *from, size_t count);
ssize_t tls_receive(struct ssl_st *tls, void *into, size_t room);

/* Tells the peer that nothing more comes, if that can be sent, and frees it. */
void tls_end(struct ssl_st *tls);

/* What EPROTO was about. */
const char *tls_complaint(void);

#endif
