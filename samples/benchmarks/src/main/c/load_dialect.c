#include "load_dialect.h"

#include <stdio.h>
#include <string.h>

/* Literals with zeros in them have a size, and no length. */
#define SUBSCRIPTION(text) .subscription = text, .subscription_size = sizeof(text) - 1

/* MessagePack, as core/messaging/PROTOCOL.md has it; a string of up to 31 bytes begins with 0xa0 and its size, or "\240" and more. */
#define EVENT "\252event_name\247fan-out"
#define HELLO "\205" EVENT "\254timestamp_ms\0\255timestamp_iso\241-\254message_type\247control\244data\201\245hello\303"

/* Its prefix is in the subscription. */
enum { HELLO_SIZE = 0124 };
_Static_assert(sizeof HELLO - 1 == HELLO_SIZE, "the size of the greeting");

/* With the byte that each begins with. */
enum { NUMBER_SIZE = 9, ISO_SIZE = 30 };

static void append(struct head *head, const void *bytes, size_t size) {
    memcpy(head->bytes + head->size, bytes, size);
    head->size += size;
}

static void append_text(struct head *head, const char *text) { append(head, text, strlen(text)); }

static void append_big_endian(struct head *head, size_t value, int size) {
    for (int i = size - 1; i >= 0; i--) head->bytes[head->size++] = (unsigned char)(value >> 8 * i);
}

/* The shortest form that has room for the size. */
static void append_binary(struct head *head, size_t content) {
    int exponent = content < 1 << 8 ? 0 : content < 1 << 16 ? 1 : 2;
    head->bytes[head->size++] = (unsigned char)(0xc4 + exponent);
    append_big_endian(head, content, 1 << exponent);
}

static void hub_head(struct head *head, size_t content) {
    static const unsigned char stamps[NUMBER_SIZE + sizeof "\255timestamp_iso" - 1 + ISO_SIZE];
    head->size = 4;
    append_text(head, "\205" EVENT "\254timestamp_ms");
    head->differs_from = head->size;
    append(head, stamps, sizeof stamps);
    head->differs_to = head->size;
    append_text(head, "\254message_type\244data\244data\201\247content");
    append_binary(head, content);
    size_t size = head->size;
    head->size = 0;
    append_big_endian(head, size - 4 + content, 4);
    head->size = size;
}

static void nats_head(struct head *head, size_t content) {
    head->size = (size_t)sprintf((char *)head->bytes, "MSG fan-out 1 %zu\r\n", content);
}

static void redis_head(struct head *head, size_t content) {
    head->size = (size_t)sprintf((char *)head->bytes, "*3\r\n$7\r\nmessage\r\n$7\r\nfan-out\r\n$%zu\r\n", content);
}

const struct dialect dialects[] = {
    /* Who is greeted is there already. */
    {.scheme = "hub://", SUBSCRIPTION("\0\0\0\124" HELLO), .subscribed = "\250may_send\303", .head = hub_head, .tail = "", .aside = ""},
    {.scheme = "nats://", SUBSCRIPTION("CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB fan-out 1\r\nPING\r\n"),
     .subscribed = "PONG\r\n", .head = nats_head, .tail = "\r\n", .aside = "PING\r\n"},
    {.scheme = "redis://", SUBSCRIPTION("*2\r\n$9\r\nSUBSCRIBE\r\n$7\r\nfan-out\r\n"), .subscribed = ":1\r\n", .head = redis_head,
     .tail = "\r\n", .aside = ""},
    {0},
};
