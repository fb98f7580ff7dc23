/* How one subscribes to messages, and what they look like on the wire. */
#ifndef LOAD_DIALECT_H
#define LOAD_DIALECT_H

#include <stddef.h>

/* A message is its head, its content and a tail. Of the head these bytes differ from one to the next; where they are equal none does. */
struct head {
    unsigned char bytes[128];
    size_t size;
    size_t differs_from;
    size_t differs_to;
};

struct dialect {
    const char *scheme;
    /* What a subscriber says. */
    const char *subscription;
    size_t subscription_size;
    /* What the answer to it ends with. */
    const char *subscribed;
    /* The head of messages with so much content. */
    void (*head)(struct head *head, size_t content);
    const char *tail;
    /* What may come between messages; may be empty. */
    const char *aside;
};

/* The one without a scheme is the end. */
extern const struct dialect dialects[];

#endif
