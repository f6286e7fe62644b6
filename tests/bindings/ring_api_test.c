/* kmc_ring.h from C11: every vector of libketama, and what the border owes to its callers. */
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "kmc_ring.h"
#include "vectors.h"

enum { chunk = 1000 };

/* The number that the original answers with: the first server of that name. */
static size_t first_of_name(const kmc_ring* ring, uint32_t server) {
    size_t first = 0;
    while (strcmp(kmc_ring_server_name(ring, first), kmc_ring_server_name(ring, server)) != 0) {
        ++first;
    }
    return first;
}

static void check_answers(const kmc_ring* ring, const vector_case* one) {
    const char* keys[chunk];
    size_t sizes[chunk];
    uint32_t servers[chunk];
    uint32_t hashes[chunk];
    for (size_t done = 0; done < one->answer_count; done += chunk) {
        const size_t left = one->answer_count - done;
        const size_t now = left < chunk ? left : chunk;
        for (size_t i = 0; i < now; ++i) {
            keys[i] = one->answers[done + i].key.data;
            sizes[i] = one->answers[done + i].key.size;
        }
        kmc_ring_locate_many(ring, keys, sizes, now, servers, hashes);
        for (size_t i = 0; i < now; ++i) {
            CHECK(first_of_name(ring, servers[i]) == one->answers[done + i].server);
            CHECK(kmc_ring_locate(ring, keys[i], sizes[i]) == servers[i]);
            CHECK(kmc_ring_hash(ring, keys[i], sizes[i]) == hashes[i]);
        }
    }
}

static void check_case(const vector_case* one) {
    kmc_ring* const ring = kmc_ring_open_ketama_text(NULL, NULL, one->file.data, one->file.size);
    REQUIRE(ring != NULL);

    CHECK(kmc_ring_server_count(ring) == one->server_count);
    for (size_t i = 0; i < one->server_count; ++i) {
        CHECK(strcmp(kmc_ring_server_name(ring, i), one->servers[i].data) == 0);
    }
    CHECK(kmc_ring_points(ring, NULL, 0) == one->point_count);
    kmc_ring_point* const points = calloc(one->point_count, sizeof *points);
    kmc_ring_points(ring, points, one->point_count);
    for (size_t i = 0; i < one->point_count; ++i) {
        CHECK(points[i].value == one->points[i].value);
        CHECK(first_of_name(ring, points[i].server) == one->points[i].server);
    }
    free(points);
    check_answers(ring, one);
    kmc_ring_close(ring);
}

static void check_parse(const vector_parse* one) {
    kmc_ring* const ring = kmc_ring_open_ketama_text(NULL, NULL, one->file.data, one->file.size);
    CHECK((ring != NULL) == one->is_good);
    CHECK((kmc_ring_error()[0] == '\0') == one->is_good);
    kmc_ring_close(ring);
}

static int fails_with(const char* ring, const char* settings, const char* servers,
                      const char* words) {
    kmc_ring* const opened = kmc_ring_open(ring, settings, servers);
    const int is_right = opened == NULL && strstr(kmc_ring_error(), words) != NULL;
    if (!is_right) fprintf(stderr, "the error is: %s\n", kmc_ring_error());
    kmc_ring_close(opened);
    return is_right;
}

static void check_errors(void) {
    CHECK(fails_with("ketama", NULL, "a", "libketama"));
    CHECK(fails_with(NULL, NULL, "a", "ring"));
    CHECK(fails_with("libketama", NULL, NULL, ""));
    CHECK(fails_with("libketama", NULL, "a:1:0", "weight"));
    CHECK(fails_with("libketama", "hash=crc", "a", "hash"));
    CHECK(fails_with("jump", NULL, "a,b:1:7", "weight"));
    CHECK(fails_with("libketama", "hash=md6", "a", "md5"));
    CHECK(fails_with("libketama", "weight=used", "a", "weights="));
    CHECK(fails_with("libmemcached_ketama", "weights=maybe", "a", "weights=used"));
    CHECK(fails_with("spymemcached", "labels=own", "a", "labels=libmemcached"));
    CHECK(kmc_ring_open_ketama_file(NULL, NULL, "/nowhere/at/all") == NULL);
    CHECK(strstr(kmc_ring_error(), "/nowhere/at/all") != NULL);
}

static uint32_t hash_by(const char* ring_name, const char* settings, const char* key) {
    kmc_ring* const ring = kmc_ring_open(ring_name, settings, "a,b");
    if (ring == NULL) fprintf(stderr, "%s: %s\n", ring_name, kmc_ring_error());
    REQUIRE(ring != NULL);
    CHECK(kmc_ring_error()[0] == '\0');
    const uint32_t hash = kmc_ring_hash(ring, key, strlen(key));
    kmc_ring_close(ring);
    return hash;
}

static void check_settings(void) {
    CHECK(hash_by("libketama", "", "foo") == 3675831724u);
    CHECK(hash_by("libmemcached_ketama", NULL, "foo") == 596015325u);
    CHECK(hash_by("libmemcached_ketama", " hash=md5\tpoint_hash=crc ", "foo") == 3675831724u);
    CHECK(hash_by("libmemcached_modula", "hash=fnv1a_64", "foo") == 4275688823u);
    CHECK(hash_by("libmemcached_modula", NULL, "\xff\x80") == 3637588423u);
    CHECK(hash_by("libmemcached_modula", "bytes=without_sign", "\xff\x80") != 3637588423u);

    kmc_ring* const ring = kmc_ring_open("rendezvous", NULL, "a:1,/unix:7");
    REQUIRE(ring != NULL);
    CHECK(kmc_ring_points(ring, NULL, 0) == 0);
    CHECK(strcmp(kmc_ring_server_name(ring, 1), "/unix") == 0);
    CHECK(kmc_ring_server_weight(ring, 1) == 7);
    CHECK(kmc_ring_server_name(ring, 2) == NULL);
    CHECK(kmc_ring_server_weight(ring, 2) == 0);
    CHECK(kmc_ring_locate(ring, NULL, 0) < 2);
    kmc_ring_close(ring);
    kmc_ring_close(NULL);
}

static void digest_of(const char* name, const char* settings, const char* servers, char* out) {
    kmc_ring* const ring = kmc_ring_open(name, settings, servers);
    REQUIRE(ring != NULL);
    kmc_ring_digest(ring, out);
    CHECK(strspn(out, "0123456789abcdef") == 32 && out[32] == '\0');
    kmc_ring_close(ring);
}

static void check_digests(void) {
    char plain[33];
    char other[33];
    digest_of("libketama", NULL, "a:1:2,b:1", plain);
    digest_of("libketama", "hash=md5", "a:1:2,b:1", other);
    CHECK(strcmp(plain, other) == 0);
    digest_of("libketama", NULL, "a:1:2,c:1", other);
    CHECK(strcmp(plain, other) != 0);
    digest_of("libketama", NULL, "a:1:3,b:1", other);
    CHECK(strcmp(plain, other) != 0);
    /* The same points, in another order and by another name. */
    digest_of("libketama", NULL, "b:1,a:1:2", other);
    CHECK(strcmp(plain, other) == 0);
    digest_of("libmemcached_weighted", NULL, "a:1:2,b:1", other);
    CHECK(strcmp(plain, other) == 0);
    digest_of("libmemcached_weighted", "hash=crc", "a:1:2,b:1", plain);
    CHECK(strcmp(plain, other) != 0);
}

static void check_warnings(void) {
    const char text[] = "1.2.3.4:1 900\n5.6.7.8:1 400";
    kmc_ring* const ring = kmc_ring_open_ketama_text(NULL, NULL, text, sizeof text - 1);
    REQUIRE(ring != NULL);
    CHECK(kmc_ring_server_weight(ring, 1) == 40);
    CHECK(kmc_ring_warning(ring, 0) != NULL && strstr(kmc_ring_warning(ring, 0), "line 2") != NULL);
    CHECK(kmc_ring_warning(ring, 1) == NULL);
    kmc_ring_close(ring);
}

static void* locate_a_lot(void* shared) {
    const kmc_ring* const ring = shared;
    unsigned long sum = 0;
    for (unsigned i = 0; i < 20000; ++i) {
        char key[16];
        const int size = snprintf(key, sizeof key, "key%u", i);
        sum = sum * 31 + kmc_ring_locate(ring, key, (size_t)size);
    }
    /* An error of another thread is not this one's. */
    kmc_ring_open("nonsense", NULL, "a");
    if (strstr(kmc_ring_error(), "nonsense") == NULL) return NULL;
    return (void*)(sum | 1);
}

static void check_threads(void) {
    kmc_ring* const ring = kmc_ring_open("libketama", NULL, "a:1,b:1,c:1:3");
    REQUIRE(ring != NULL);
    void* const expected = locate_a_lot(ring);
    REQUIRE(kmc_ring_open("nonsense twice", NULL, "a") == NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) {
        REQUIRE(pthread_create(&threads[i], NULL, locate_a_lot, ring) == 0);
    }
    for (int i = 0; i < 4; ++i) {
        void* result = NULL;
        pthread_join(threads[i], &result);
        CHECK(result == expected);
    }
    CHECK(strstr(kmc_ring_error(), "nonsense twice") != NULL);
    kmc_ring_close(ring);
}

int main(int count, char** arguments) {
    REQUIRE(count == 2);
    if (has_vectors(arguments[1])) {
        CHECK(for_each_case(arguments[1], check_case) == 22);
        CHECK(for_each_parse(arguments[1], check_parse) == 27);
    } else {
        checks_skipped += 2;
    }
    check_errors();
    check_settings();
    check_digests();
    check_warnings();
    check_threads();
    return report_checks();
}
