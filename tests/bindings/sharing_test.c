/* Processes that share rings while the file changes and while others are killed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "ketama.h"
#include "scratch.h"

enum { versions = 16, rewrites = 1000, readers = 2, keys = 40 };

static char folder[scratch_path_size];
static char servers_file[scratch_path_size];
static char shared[scratch_path_size];

/* All of one size, so that nothing but their content tells them apart. */
static char texts[versions][64];
static ketama_continuum right[versions]; /* from files of their own */

struct board {
    volatile int stop;
    volatile unsigned long rolls[readers];
};

static void make_versions(void) {
    for (int v = 0; v < versions; ++v) {
        snprintf(texts[v], sizeof texts[v], "10.1.0.1:1\t%d\n10.1.0.2:%d\t%d\n10.1.0.3:1\t100\n",
                 100 + v * 37, 10 + v, 900 - v * 50);
        char path[scratch_path_size];
        char name[16];
        snprintf(name, sizeof name, "version%02d", v);
        scratch_path(path, folder, name);
        write_file(path, texts[v], strlen(texts[v]));
        REQUIRE(strlen(texts[v]) == strlen(texts[0]));
        REQUIRE(ketama_roll(&right[v], path) == 1);
        unlink(path);
    }
}

/* The version that a ring is of, to the last point; -1 if of none. */
static int version_of(ketama_continuum c) {
    for (int v = 0; v < versions; ++v) {
        if (c->numpoints == right[v]->numpoints &&
            memcmp(c->array, right[v]->array, (size_t)c->numpoints * sizeof(mcs)) == 0) {
            return v;
        }
    }
    return -1;
}

static void check_answers(ketama_continuum c, int version) {
    for (int i = 0; i < keys; ++i) {
        char key[16];
        snprintf(key, sizeof key, "key%d", i);
        CHECK(strcmp(ketama_get_server(key, c)->ip, ketama_get_server(key, right[version])->ip) ==
              0);
    }
}

static int read_until_stopped(struct board* board, int me) {
    ketama_continuum held = NULL;
    int held_version = -1;
    unsigned seen = 0;
    while (!board->stop) {
        ketama_continuum now = NULL;
        REQUIRE(ketama_roll(&now, servers_file) == 1);
        const int version = version_of(now);
        REQUIRE(version >= 0);
        check_answers(now, version);
        seen |= 1u << version;
        /* What an earlier roll gave is still what it was. */
        if (held != NULL) {
            CHECK(version_of(held) == held_version);
            check_answers(held, held_version);
            ketama_smoke(held);
        }
        held = now;
        held_version = version;
        ++board->rolls[me];
    }
    ketama_smoke(held);
    printf("reader %d: %lu rolls, %d versions\n", me, board->rolls[me], __builtin_popcount(seen));
    CHECK(__builtin_popcount(seen) > 1);
    return report_checks();
}

static void wait_for(const struct board* board, int reader, unsigned long rolls) {
    while (board->rolls[reader] < rolls) {
        siginfo_t ended = {0};
        REQUIRE(waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0);
        sched_yield();
    }
}

static void end_well(pid_t child) {
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* @param put  how a version becomes the file */
static void rewrite_beside_readers(void (*put)(const char*, const char*, size_t)) {
    struct board* const board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(board != MAP_FAILED);
    memset(board, 0, sizeof *board);
    put(servers_file, texts[0], strlen(texts[0]));
    fflush(stdout);
    pid_t children[readers];
    for (int r = 0; r < readers; ++r) {
        children[r] = fork();
        REQUIRE(children[r] >= 0);
        if (children[r] == 0) _exit(read_until_stopped(board, r) + fflush(stdout));
    }
    for (int r = 0; r < readers; ++r) wait_for(board, r, 1);

    for (int i = 1; i <= rewrites; ++i) {
        const int version = i * 7 % versions;
        put(servers_file, texts[version], strlen(texts[version]));
        /* Whoever rolls after a change has the file as it is now. */
        ketama_continuum now = NULL;
        REQUIRE(ketama_roll(&now, servers_file) == 1);
        CHECK(version_of(now) == version);
        ketama_smoke(now);
        if (i % 100 == 0) {
            for (int r = 0; r < readers; ++r) wait_for(board, r, board->rolls[r] + 1);
        }
    }
    board->stop = 1;
    for (int r = 0; r < readers; ++r) end_well(children[r]);
    CHECK(!exists(shared));
    munmap(board, sizeof *board);
}

/* In place, without a moment in which the file is cut short. */
static void overwrite(const char* path, const char* text, size_t size) {
    const int file = open(path, O_WRONLY | O_CREAT, 0644);
    REQUIRE(file >= 0);
    REQUIRE(pwrite(file, text, size, 0) == (ssize_t)size);
    close(file);
}

/* Killed at every moment of building and publishing; whatever it left, the next roll is right. */
static void kill_publishers(void) {
    unsigned published = 0;
    for (int i = 0; i < 300; ++i) {
        const int version = i % versions;
        replace_file(servers_file, texts[version], strlen(texts[version]));
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            for (int v = 0;; v = (v + 1) % versions) {
                ketama_continuum c = NULL;
                replace_file(servers_file, texts[v], strlen(texts[v]));
                if (ketama_roll(&c, servers_file) != 1 || version_of(c) != v) _exit(1);
            }
        }
        /* Not to wait for something, but to hit it at another point each time. */
        const struct timespec moment = {0, 1000000 + i * 7919 % 14000 * 1000};
        nanosleep(&moment, NULL);
        REQUIRE(kill(child, SIGKILL) == 0);
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status));
        if (exists(shared)) ++published;

        replace_file(servers_file, texts[version], strlen(texts[version]));
        ketama_continuum c = NULL;
        REQUIRE(ketama_roll(&c, servers_file) == 1);
        CHECK(version_of(c) == version);
        ketama_smoke(c);
        char lock[scratch_path_size + 8];
        snprintf(lock, sizeof lock, "%s.lock", shared);
        CHECK(!exists(lock));
        snprintf(lock, sizeof lock, "%s.new", shared);
        CHECK(!exists(lock));
        CHECK(!exists(shared));
    }
    printf("%u of 300 killed processes left a ring behind\n", published);
    CHECK(published > 0);
}

/* One that has the lock and never goes on, and an object that was never given its name. */
static void stop_a_publisher(void) {
    char lock[scratch_path_size + 8];
    char beside[scratch_path_size + 8];
    snprintf(lock, sizeof lock, "%s.lock", shared);
    snprintf(beside, sizeof beside, "%s.new", shared);
    const int held = open(lock, O_RDWR | O_CREAT, 0600);
    REQUIRE(held >= 0 && flock(held, LOCK_EX) == 0);
    write_file(beside, "half of a ri", 12);

    replace_file(servers_file, texts[3], strlen(texts[3]));
    ketama_continuum c = NULL;
    REQUIRE(ketama_roll(&c, servers_file) == 1);
    CHECK(version_of(c) == 3);
    CHECK(!exists(shared)); /* it has the ring for itself */
    ketama_smoke(c);

    close(held); /* as if killed: the empty file stays */
    REQUIRE(ketama_roll(&c, servers_file) == 1);
    CHECK(version_of(c) == 3);
    CHECK(exists(shared) && !exists(beside) && !exists(lock));
    ketama_smoke(c);
}

/* Two processes have one copy, and the first to leave takes nothing from the other. */
static void share_one_copy(void) {
    replace_file(servers_file, texts[5], strlen(texts[5]));
    ketama_continuum mine = NULL;
    REQUIRE(ketama_roll(&mine, servers_file) == 1);
    struct stat before;
    REQUIRE(stat(shared, &before) == 0);
    char program[] = "/proc/self/exe";
    const pid_t child = fork();
    REQUIRE(child >= 0);
    /* A new program, that has nothing from its parent. */
    if (child == 0) execl(program, "sharing_test", "--roll", servers_file, (char*)NULL);
    end_well(child);
    struct stat after;
    CHECK(stat(shared, &after) == 0 && after.st_ino == before.st_ino);
    CHECK(version_of(mine) == 5);
    ketama_smoke(mine);
    CHECK(!exists(shared));
}

static int is_mapped(const char* path) {
    FILE* const maps = fopen("/proc/self/maps", "r");
    REQUIRE(maps != NULL);
    char line[1024];
    int found = 0;
    while (fgets(line, sizeof line, maps) != NULL) found |= strstr(line, path) != NULL;
    fclose(maps);
    return found;
}

static int only_roll(char* path) {
    char name[scratch_path_size];
    shared_path(name, path);
    struct stat before;
    struct stat after;
    REQUIRE(stat(name, &before) == 0);
    ketama_continuum c = NULL;
    REQUIRE(ketama_roll(&c, path) == 1);
    REQUIRE(stat(name, &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(is_mapped(name));
    ketama_smoke(c);
    CHECK(exists(name));
    return report_checks();
}

int main(int count, char** arguments) {
    if (count == 3 && strcmp(arguments[1], "--roll") == 0) return only_roll(arguments[2]);
    make_scratch(folder);
    scratch_path(servers_file, folder, "servers");
    make_versions();
    write_file(servers_file, texts[0], strlen(texts[0]));
    shared_path(shared, servers_file);

    rewrite_beside_readers(replace_file);
    rewrite_beside_readers(overwrite);
    kill_publishers();
    stop_a_publisher();
    share_one_copy();

    for (int v = 0; v < versions; ++v) ketama_smoke(right[v]);
    unlink(servers_file);
    char left[scratch_path_size];
    scratch_path(left, folder, "servers.tmp");
    unlink(left);
    remove_scratch(folder);
    return report_checks();
}
