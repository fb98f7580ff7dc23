#include "load.h"

static int bucket_of(uint64_t nanos) {
    if (nanos < SUB_BUCKETS) return (int)nanos;
    int shift = 63 - __builtin_clzll(nanos) - 5;
    return (shift + 1) * SUB_BUCKETS + (int)((nanos >> shift) - SUB_BUCKETS);
}

static double middle_of(int bucket) {
    if (bucket < SUB_BUCKETS) return bucket;
    int shift = bucket / SUB_BUCKETS - 1;
    return ((double)(bucket % SUB_BUCKETS + SUB_BUCKETS) + 0.5) * (double)(1ull << shift);
}

void histogram_add(struct histogram *histogram, uint64_t nanos) {
    histogram->buckets[bucket_of(nanos)]++;
    histogram->count++;
    if (nanos > histogram->max) histogram->max = nanos;
}

void histogram_merge(struct histogram *into, const struct histogram *from) {
    for (int i = 0; i < BUCKETS; i++) into->buckets[i] += from->buckets[i];
    into->count += from->count;
    if (from->max > into->max) into->max = from->max;
}

double histogram_micros(const struct histogram *histogram, double quantile) {
    uint64_t rank = (uint64_t)(quantile * (double)histogram->count);
    uint64_t seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > rank) return (middle_of(i) < (double)histogram->max ? middle_of(i) : (double)histogram->max) / 1000;
    }
    return 0;
}
