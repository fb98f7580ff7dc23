#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void map_open_file(struct worker *worker, int descriptor, struct content *content) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) return fail(worker, "cannot map %s: %s", worker->settings->file, strerror(errno));
    if (!status.st_size) return fail(worker, "%s is empty", worker->settings->file);
    content->size = (size_t)status.st_size;
    content->bytes = mmap(NULL, content->size, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor, 0);
    if (content->bytes == MAP_FAILED) fail(worker, "cannot map %s: %s", worker->settings->file, strerror(errno));
}

void map_content(struct worker *worker) {
    struct content *content = calloc(1, sizeof *content);
    worker->state = content;
    if (!worker->settings->file) return fail(worker, "there is no file=PATH");
    int descriptor = open(worker->settings->file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return fail(worker, "cannot open %s: %s", worker->settings->file, strerror(errno));
    map_open_file(worker, descriptor, content);
    close(descriptor);
}

static int differs(const struct content *content, uint64_t position, const unsigned char *in, size_t count) {
    while (count) {
        size_t from = (size_t)(position % content->size);
        size_t length = content->size - from < count ? content->size - from : count;
        if (memcmp(in, content->bytes + from, length)) return 1;
        in += length;
        count -= length;
        position += length;
    }
    return 0;
}

size_t receive_content(struct worker *worker, struct slot *slot) {
    size_t count = receive(worker, slot);
    if (differs(worker->state, slot->received, worker->in, count)) {
        fail(worker, "the content came changed near byte %llu", (unsigned long long)slot->received);
    }
    slot->received += count;
    return count;
}
