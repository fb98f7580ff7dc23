package io.hawser.event

/** What happened to a socket, as data. */
public sealed interface SocketEvent
