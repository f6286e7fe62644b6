/* A program written for libketama, built against kmc's: the documented calls, every vector, and
 * what was at fault in the original. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "ketama.h"
#include "scratch.h"
#include "vectors.h"

static char folder[scratch_path_size];
static char servers_file[scratch_path_size];

static ketama_continuum roll(const char* text) {
    write_file(servers_file, text, strlen(text));
    ketama_continuum made = NULL;
    REQUIRE(ketama_roll(&made, servers_file) == 1);
    CHECK(ketama_error()[0] == '\0');
    return made;
}

static void check_case(const vector_case* one) {
    write_file(servers_file, one->file.data, one->file.size);
    ketama_continuum c = NULL;
    REQUIRE(ketama_roll(&c, servers_file) == 1);

    REQUIRE(c->numpoints == (int)one->point_count);
    mcs* const points = c->array;
    for (size_t i = 0; i < one->point_count; ++i) {
        CHECK(points[i].point == one->points[i].value);
        CHECK(strcmp(points[i].ip, one->servers[one->points[i].server].data) == 0);
    }
    for (size_t i = 0; i < one->answer_count; ++i) {
        mcs* const found = ketama_get_server(one->answers[i].key.data, c);
        CHECK(strcmp(found->ip, one->servers[one->answers[i].server].data) == 0);
    }
    ketama_smoke(c);
}

static size_t points_of(ketama_continuum c, const char* address) {
    size_t count = 0;
    mcs* const points = c->array;
    for (int i = 0; i < c->numpoints; ++i) count += strcmp(points[i].ip, address) == 0;
    return count;
}

static void check_parse(const vector_parse* one) {
    write_file(servers_file, one->file.data, one->file.size);
    ketama_continuum c = NULL;
    CHECK(ketama_roll(&c, servers_file) == one->is_good);
    CHECK((c != NULL) == one->is_good);
    CHECK((ketama_error()[0] == '\0') == one->is_good);
    if (c == NULL) return;
    size_t all = 0;
    for (size_t i = 0; i < one->server_count; ++i) {
        CHECK(points_of(c, one->servers[i].data) == one->points[i]);
        all += one->points[i];
    }
    CHECK(c->numpoints == (int)all);
    ketama_smoke(c);
}

static void check_small_calls(void) {
    CHECK(sizeof(mcs) == 28);
    CHECK(sizeof(serverinfo) == 32);
    CHECK(sizeof(continuum) == 24);
    CHECK(ketama_hashi("foo") == 3675831724u);
    CHECK(ketama_hashi("") == 3649838548u);
    unsigned char digest[16];
    ketama_md5_digest("foo", digest);
    CHECK(memcmp(digest, "\xac\xbd\x18\xdb\x4c\xc2\xf8\x5c\xed\xef\x65\x4f\xcc\xc4\xa4\xd8", 16) ==
          0);
    mcs low = {1, "a"};
    mcs high = {4000000000u, "b"};
    CHECK(ketama_compare(&low, &high) == -1);
    CHECK(ketama_compare(&high, &low) == 1);
    CHECK(ketama_compare(&low, &low) == 0);
    CHECK(ketama_get_server("foo", NULL) == NULL);
    CHECK(ketama_hashi(NULL) == 3649838548u);
    CHECK(ketama_roll(NULL, servers_file) == 0);
    CHECK(ketama_roll(&(ketama_continuum){NULL}, NULL) == 0);
    ketama_smoke(NULL);

    /* What python_ketama's own test expects. */
    ketama_continuum c = roll("127.0.0.1:11211\t600\n127.0.0.1:11212\t400\n");
    mcs* const found = ketama_get_server("test", c);
    CHECK(found->point == 3454255383u && strcmp(found->ip, "127.0.0.1:11211") == 0);
    struct stat state;
    REQUIRE(stat(servers_file, &state) == 0);
    CHECK(*(time_t*)c->modtime == state.st_mtime);
    CHECK(ketama_get_server(NULL, c) == NULL);
    CHECK(ketama_get_server("", c)->point >= 3649838548u);

    /* A key of 10 MB, and points sorted as programs do. */
    enum { large = 10000000 };
    char* const key = malloc(large + 1);
    memset(key, 'x', large);
    key[large] = '\0';
    CHECK(ketama_hashi(key) == 2451275828u);
    CHECK(ketama_get_server(key, c) != NULL);
    free(key);
    mcs* const copy = malloc((size_t)c->numpoints * sizeof *copy);
    for (int i = 0; i < c->numpoints; ++i) copy[i] = ((mcs*)c->array)[c->numpoints - 1 - i];
    qsort(copy, (size_t)c->numpoints, sizeof *copy, (compfn)ketama_compare);
    CHECK(memcmp(copy, c->array, (size_t)c->numpoints * sizeof *copy) == 0);
    free(copy);
    ketama_smoke(c);
}

static void check_failures(void) {
    char missing[scratch_path_size];
    scratch_path(missing, folder, "missing");
    ketama_continuum untouched = (ketama_continuum)&missing;
    CHECK(ketama_roll(&untouched, missing) == 0);
    CHECK((char*)untouched == missing);
    CHECK(strncmp(ketama_error(), "Invalid filename specified: ", 28) == 0);
    CHECK(strcmp(ketama_error() + 28, missing) == 0);

    CHECK(ketama_roll(&untouched, folder) == 0);
    CHECK(untouched == NULL);

    /* A bad file fails, and a handle that was there before goes on. */
    ketama_continuum good = roll("a:1\t1\n");
    write_file(servers_file, "a:1\t1\nb:1\tx\n", 12);
    ketama_continuum bad = good;
    CHECK(ketama_roll(&bad, servers_file) == 0);
    CHECK(bad == NULL);
    CHECK(strstr(ketama_error(), "line 2") != NULL);
    CHECK(strcmp(ketama_get_server("key", good)->ip, "a:1") == 0);
    ketama_smoke(good);
}

static void check_faults_of_the_original(void) {
    /* Addresses that fill the 22 bytes of a name, and 23 that go over; of 24 it takes none. */
    ketama_continuum names = roll("123456789012345678:111\t1\n1234567890123456789:222\t1\n");
    CHECK(points_of(names, "123456789012345678:111") == 160);
    CHECK(points_of(names, "1234567890123456789:222") == 160);
    ketama_continuum none = NULL;
    write_file(servers_file, "12345678901234567890:333\t1\n", 27);
    CHECK(ketama_roll(&none, servers_file) == 0);

    /* 118 servers were too many. */
    char* const many = calloc(2000, 32);
    size_t used = 0;
    for (int i = 0; i < 2000; ++i) {
        used += (size_t)sprintf(many + used, "10.0.%d.%d:1\t1\n", i / 250, i % 250);
    }
    ketama_continuum big = roll(many);
    free(many);
    CHECK(big->numpoints > 300000);
    CHECK(points_of(big, "10.0.7.249:1") >= 156);

    /* Giving one back takes nothing from the others, of the same file or another. */
    ketama_continuum again = NULL;
    REQUIRE(ketama_roll(&again, servers_file) == 1);
    ketama_smoke(big);
    CHECK(points_of(again, "10.0.7.249:1") >= 156);
    CHECK(points_of(names, "123456789012345678:111") == 160);
    ketama_smoke(again);
    ketama_smoke(names);
}

static void check_changes(void) {
    char shared[scratch_path_size];
    /* The same second, the same size, the same inode: seen all the same. */
    ketama_continuum first = roll("a:1\t1\nb:1\t1\n");
    shared_path(shared, servers_file);
    struct stat named;
    CHECK(stat(shared, &named) == 0 && (named.st_mode & 0777) == 0400);
    ketama_continuum second = roll("a:1\t1\nc:1\t1\n");
    CHECK(points_of(first, "b:1") == 160 && points_of(first, "c:1") == 0);
    CHECK(points_of(second, "c:1") == 160 && points_of(second, "b:1") == 0);

    /* An unchanged file is not built again. */
    struct stat before;
    struct stat after;
    ketama_continuum third = NULL;
    REQUIRE(stat(shared, &before) == 0);
    REQUIRE(ketama_roll(&third, servers_file) == 1);
    REQUIRE(stat(shared, &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(third->array == second->array);

    /* The last one out removes it. */
    ketama_smoke(second);
    ketama_smoke(first);
    CHECK(exists(shared));
    ketama_smoke(third);
    CHECK(!exists(shared));
}

/* Stores through a mapping leave the file's times as they are, from the second one on. */
static void check_edits_without_a_trace(void) {
    ketama_continuum c = roll("a:1\t1\nb:1\t1\n");
    ketama_smoke(c);
    const int file = open(servers_file, O_RDWR);
    char* const text = mmap(NULL, 12, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    REQUIRE(text != MAP_FAILED);
    for (char name = 'c'; name < 'z'; ++name) {
        text[6] = name;
        const char address[] = {name, ':', '1', '\0'};
        REQUIRE(ketama_roll(&c, servers_file) == 1);
        CHECK(points_of(c, address) == 160);
        ketama_continuum again = NULL;
        REQUIRE(ketama_roll(&again, servers_file) == 1);
        CHECK(again->array == c->array);
        text[6] = 'b';
        ketama_continuum back = NULL;
        REQUIRE(ketama_roll(&back, servers_file) == 1);
        CHECK(points_of(back, "b:1") == 160 && points_of(c, address) == 160);
        ketama_smoke(back);
        ketama_smoke(again);
        ketama_smoke(c);
    }
    munmap(text, 12);
    close(file);
}

enum { most_of_a_ring = 100000 };

/* The whole shared ring, to be freed. */
static char* copy_shared(const char* shared, size_t* size) {
    char* const copy = malloc(most_of_a_ring);
    FILE* const file = fopen(shared, "r");
    REQUIRE(file != NULL);
    *size = fread(copy, 1, most_of_a_ring, file);
    fclose(file);
    return copy;
}

/* A file that nobody has changed for long is told by its state alone. */
static void check_settled_file(char* path) {
    ketama_continuum first = NULL;
    ketama_continuum second = NULL;
    REQUIRE(ketama_roll(&first, path) == 1);
    REQUIRE(ketama_roll(&second, path) == 1);
    CHECK(first != second && first->array == second->array);
    CHECK(points_of(first, "10.0.1.1:11211") > points_of(first, "10.0.1.2:11211"));
    char shared[scratch_path_size];
    shared_path(shared, path);
    size_t size = 0;
    char* const copy = copy_shared(shared, &size);
    ketama_smoke(first);
    CHECK(points_of(second, "10.0.1.2:11211") > 0);
    ketama_smoke(second);

    /* What a process left that was killed serves the next one, as it is. */
    write_file(shared, copy, size);
    struct stat before;
    struct stat after;
    REQUIRE(stat(shared, &before) == 0);
    REQUIRE(ketama_roll(&first, path) == 1);
    REQUIRE(stat(shared, &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(points_of(first, "10.0.1.1:11211") > points_of(first, "10.0.1.2:11211"));
    ketama_smoke(first);

    /* Under the name of another file it does not. */
    write_file(servers_file, "a:1\t1\n", 6);
    shared_path(shared, servers_file);
    write_file(shared, copy, size);
    free(copy);
    REQUIRE(ketama_roll(&first, servers_file) == 1);
    CHECK(first->numpoints == 160 && points_of(first, "a:1") == 160);
    ketama_smoke(first);
}

/* What lies under the name and is no whole ring is not believed. */
static void check_rubbish(void) {
    char shared[scratch_path_size];
    ketama_continuum good = roll("a:1\t1\nb:1\t1\n");
    shared_path(shared, servers_file);
    size_t size = 0;
    char* const copy = copy_shared(shared, &size);
    const int points = good->numpoints;
    ketama_smoke(good);

    for (int kind = 0; kind < 4; ++kind) {
        write_file(shared, copy, kind == 0 ? size / 2 : kind == 1 ? 10 : size);
        if (kind == 2) write_file(shared, "", 0);
        if (kind == 3) chmod(shared, 0666);
        ketama_continuum c = NULL;
        REQUIRE(ketama_roll(&c, servers_file) == 1);
        CHECK(c->numpoints == points && points_of(c, "a:1") == 160);
        struct stat state;
        CHECK(stat(shared, &state) == 0 && (state.st_mode & 0777) == 0400);
        ketama_smoke(c);
        CHECK(!exists(shared));
    }
    free(copy);
}

/* As libketama obliged its users to: roll, and never give anything back. */
static void check_leaks(void) {
    ketama_continuum c = roll("a:1\t1\n");
    ketama_continuum* const all = calloc(5000, sizeof *all);
    for (int i = 0; i < 5000; ++i) {
        if (i % 10 == 0) replace_file(servers_file, i % 20 == 0 ? "b:1\t1\n" : "c:1\t1\n", 6);
        REQUIRE(ketama_roll(&all[i], servers_file) == 1);
        CHECK(strcmp(ketama_get_server("k", all[i])->ip, i % 20 < 10 ? "b:1" : "c:1") == 0);
    }
    const int next = dup(0);
    CHECK(next < 20); /* descriptors are handed out from below */
    close(next);
    for (int i = 0; i < 5000; ++i) ketama_smoke(all[i]);
    free(all);
    ketama_smoke(c);
}

static void* roll_and_ask(void* unused) {
    (void)unused;
    for (int i = 0; i < 300; ++i) {
        ketama_continuum c = NULL;
        if (ketama_roll(&c, servers_file) != 1 || c->numpoints != 160) return "failed";
        if (strcmp(ketama_get_server("k", c)->ip, "a:1") != 0) return "wrong";
        ketama_smoke(c);
    }
    return NULL;
}

static void check_threads(void) {
    write_file(servers_file, "a:1\t1\n", 6);
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) {
        REQUIRE(pthread_create(&threads[i], NULL, roll_and_ask, NULL) == 0);
    }
    for (int i = 0; i < 4; ++i) {
        void* wrong = "not joined";
        pthread_join(threads[i], &wrong);
        CHECK(wrong == NULL);
    }
}

int main(int count, char** arguments) {
    REQUIRE(count == 3);
    make_scratch(folder);
    scratch_path(servers_file, folder, "servers");

    if (has_vectors(arguments[1])) {
        CHECK(for_each_case(arguments[1], check_case) == 22);
        CHECK(for_each_parse(arguments[1], check_parse) == 27);
    } else {
        checks_skipped += 2;
    }
    check_small_calls();
    check_failures();
    check_faults_of_the_original();
    check_changes();
    check_edits_without_a_trace();
    check_settled_file(arguments[2]);
    check_rubbish();
    check_leaks();
    check_threads();

    unlink(servers_file);
    remove_scratch(folder);
    return report_checks();
}
