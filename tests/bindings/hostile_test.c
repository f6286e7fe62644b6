/* A drop-in libketama in a world that means no good: files cut short while they are read, readers
 * killed, objects that others put in the place of a ring, and programs that close what is not
 * theirs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "ketama.h"
#include "scratch.h"

enum { nobody = 65534, patience_seconds = 30 };

/* Whose own allocator may leave a forked child with a lock that nobody opens. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef HAS_ADDRESS_SANITIZER
#define HAS_ADDRESS_SANITIZER 0
#endif

static char folder[scratch_path_size];
static char servers_file[scratch_path_size];
static char shared[scratch_path_size];

static ketama_continuum roll(void) {
    ketama_continuum made = NULL;
    if (ketama_roll(&made, servers_file) != 1) fprintf(stderr, "%s\n", ketama_error());
    REQUIRE(made != NULL);
    return made;
}

static void put(const char* text) {
    replace_file(servers_file, text, strlen(text));
}

static int has(ketama_continuum c, const char* address) {
    mcs* const points = c->array;
    for (int i = 0; i < c->numpoints; ++i) {
        if (strcmp(points[i].ip, address) == 0) return 1;
    }
    return 0;
}

static pid_t start(int (*work)(void)) {
    fflush(stdout);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        alarm(patience_seconds); /* what hangs is a failure and not a test that never ends */
        checks_failed = 0;
        const int result = work();
        _exit(result != 0 || checks_failed != 0);
    }
    return child;
}

static void end_well(pid_t child) {
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void pause_for(long nanoseconds) {
    const struct timespec pause = {0, nanoseconds};
    nanosleep(&pause, NULL);
}

static atomic_int* stop;
static atomic_int* rests; /* of a writer in the middle of its file, which no reader can know of */

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* As most programs write: cut short, then in pieces. All versions have the same lines but one. */
enum { lines = 400 };

static void cut_and_write(unsigned version) {
    char text[lines * 24];
    size_t used = 0;
    for (unsigned i = 0; i < lines; ++i) {
        used += (size_t)sprintf(text + used, "10.%u.0.%u:1\t1\n", version % 8, i);
    }
    const int file = open(servers_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    REQUIRE(file >= 0);
    const double begun = seconds_now();
    for (size_t done = 0; done < used;) {
        const size_t piece = used - done < 1000 ? used - done : 1000;
        REQUIRE(write(file, text + done, piece) == (ssize_t)piece);
        done += piece;
    }
    if (seconds_now() - begun > 0.002) ++*rests;
    close(file);
}

static int is_whole(ketama_continuum c) {
    mcs* const points = c->array;
    for (int i = 0; i < c->numpoints; ++i) {
        if (points[i].ip[3] != points[0].ip[3]) return 0;
    }
    return c->numpoints > (lines - 1) * 156;
}

/* Every ring is that of a whole file: all of its servers are there, and all of one version. */
static int read_whole_files(void) {
    unsigned long rolls = 0;
    while (!*stop) {
        const int rests_before = *rests;
        ketama_continuum c = roll();
        const int first_is_whole = is_whole(c);
        while (!is_whole(c)) {
            ketama_smoke(c);
            c = roll();
        }
        CHECK(first_is_whole || *rests > rests_before);
        ketama_smoke(c);
        ++rolls;
    }
    printf("%lu rolls beside a file that is cut short\n", rolls);
    fflush(stdout);
    return rolls < 3;
}

static void cut_beside_readers(void) {
    cut_and_write(0);
    *stop = 0;
    pid_t readers[2];
    for (int i = 0; i < 2; ++i) readers[i] = start(read_whole_files);
    for (unsigned i = 0; i < 1000; ++i) {
        cut_and_write(i);
        pause_for(i % 4 == 0 ? 4000000 : 400000); /* not to wait, but to write at other moments */
    }
    *stop = 1;
    for (int i = 0; i < 2; ++i) end_well(readers[i]);
    printf("the writer had to rest in %d of 1000 files\n", *rests);
    unlink(shared);
}

static int roll_and_smoke_for_ever(void) {
    for (;;) {
        ketama_continuum c = roll();
        if (!has(c, "a:1") || !has(c, "b:1")) return 1;
        ketama_smoke(c);
    }
}

/* Killed while it opens, maps, asks, and gives back what another process published. */
static void kill_readers(void) {
    put("a:1\t1\nb:1\t1\n");
    for (int i = 0; i < 200; ++i) {
        ketama_continuum mine = i % 2 == 0 ? roll() : NULL;
        const pid_t child = start(roll_and_smoke_for_ever);
        pause_for(300000 + i * 7919 % 4000 * 1000);
        REQUIRE(kill(child, SIGKILL) == 0);
        int status = 0;
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        if (mine != NULL) CHECK(has(mine, "a:1") && has(mine, "b:1"));
        ketama_continuum now = roll();
        CHECK(has(now, "a:1") && has(now, "b:1") && now->numpoints == 320);
        ketama_smoke(now);
        ketama_smoke(mine);
        CHECK(!exists(shared));
    }
}

/* Right in size and mark, and wrong in a single byte, wherever it stands. */
static int roll_over_wrong_bytes(void) {
    ketama_continuum good = roll();
    const int points = good->numpoints;
    mcs* const right = malloc((size_t)points * sizeof *right);
    memcpy(right, good->array, (size_t)points * sizeof *right);
    struct stat state;
    REQUIRE(stat(shared, &state) == 0);
    char* const copy = malloc((size_t)state.st_size);
    const int file = open(shared, O_RDONLY);
    REQUIRE(read(file, copy, (size_t)state.st_size) == state.st_size);
    close(file);
    ketama_smoke(good);

    for (off_t at = 0; at < state.st_size; at += at < 128 ? 1 : 501) {
        copy[at] ^= 0x41;
        unlink(shared);
        const int wrong = open(shared, O_WRONLY | O_CREAT | O_EXCL, 0600);
        REQUIRE(wrong >= 0 && write(wrong, copy, (size_t)state.st_size) == state.st_size);
        close(wrong);
        copy[at] ^= 0x41;
        ketama_continuum c = roll();
        CHECK(c->numpoints == points);
        CHECK(memcmp(c->array, right, (size_t)points * sizeof *right) == 0);
        CHECK(*(time_t*)c->modtime > 1000000000);
        ketama_smoke(c);
    }
    free(copy);
    free(right);
    return 0;
}

/* Where the ring, its lock or its next one should be, there is something else. */
static int roll_over_other_things(void) {
    char path[scratch_path_size + 8];
    const char* const places[] = {"", ".lock", ".new"};
    for (int place = 0; place < 3; ++place) {
        snprintf(path, sizeof path, "%s%s", shared, places[place]);
        for (int thing = 0; thing < 3; ++thing) {
            unlink(path);
            if (thing == 0) REQUIRE(mkfifo(path, 0600) == 0);
            if (thing == 1) REQUIRE(symlink("/dev/zero", path) == 0);
            if (thing == 2) REQUIRE(mkdir(path, 0700) == 0);
            ketama_continuum c = roll();
            CHECK(has(c, "a:1") && has(c, "b:1"));
            ketama_smoke(c);
            unlink(path);
            rmdir(path);
        }
    }
    return 0;
}

/* A daemon closes what it did not open. The numbers are other files' then. */
static int close_all_descriptors(void) {
    ketama_continuum c = roll();
    ketama_continuum newer = NULL;
    for (int i = 0; i < 256; ++i) close(i);
    int others[64];
    for (int i = 0; i < 64; ++i) others[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
    CHECK(has(c, "a:1"));
    put("a:1\t1\nb:1\t1\n");
    newer = roll();
    ketama_smoke(c);
    ketama_smoke(newer);
    for (int i = 0; i < 64; ++i) CHECK(fcntl(others[i], F_GETFD) != -1);
    return checks_failed != 0;
}

/* Nothing of a ring is ever reached by what a program prints. */
static int roll_without_standard_streams(void) {
    for (int i = 0; i < 3; ++i) close(i);
    ketama_continuum c = roll();
    for (int i = 0; i < 3; ++i) {
        if (fcntl(i, F_GETFD) != -1) return 1;
    }
    struct stat state;
    if (stat(shared, &state) != 0) return 2;
    ketama_smoke(c);
    return 0;
}

static int roll_with_no_file_size(void) {
    const struct rlimit none = {0, 0};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
    ketama_continuum c = roll();
    CHECK(has(c, "a:1") && !exists(shared));
    ketama_smoke(c);
    return 0;
}

static int roll_with_no_descriptors(void) {
    const int next = dup(0);
    close(next);
    const struct rlimit few = {(rlim_t)next, (rlim_t)next};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
    ketama_continuum c = NULL;
    CHECK(ketama_roll(&c, servers_file) == 0 && ketama_error()[0] != '\0');
    /* One: enough to read the file, and not to share. */
    const struct rlimit one = {(rlim_t)next + 1, (rlim_t)next + 1};
    if (setrlimit(RLIMIT_NOFILE, &one) != 0) return 0; /* only root may take more again */
    c = roll();
    CHECK(has(c, "a:1"));
    ketama_smoke(c);
    return 0;
}

static char* settled_file; /* that nobody changes: to roll it is little more than a look at it */

static void* keep_rolling(void* unused) {
    while (!*stop) {
        ketama_continuum c = NULL;
        if (ketama_roll(&c, settled_file) == 1) ketama_smoke(c);
    }
    return unused;
}

static int roll_settled(void) {
    ketama_continuum c = NULL;
    CHECK(ketama_roll(&c, settled_file) == 1 && has(c, "10.0.1.1:11211"));
    ketama_smoke(c);
    return 0;
}

/* The child has the locks of threads that it does not have. */
static void fork_beside_rolling_threads(void) {
    *stop = 0;
    ketama_continuum held = NULL;
    REQUIRE(ketama_roll(&held, settled_file) == 1);
    pthread_t threads[3];
    for (int i = 0; i < 3; ++i) {
        REQUIRE(pthread_create(&threads[i], NULL, keep_rolling, NULL) == 0);
    }
    for (int i = 0; i < 400; ++i) end_well(start(roll_settled));
    *stop = 1;
    for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
    ketama_smoke(held);
    char name[scratch_path_size];
    shared_path(name, settled_file);
    unlink(name);
}

static ketama_continuum inherited;

static int use_inherited(void) {
    CHECK(has(inherited, "a:1"));
    ketama_continuum mine = roll();
    CHECK(has(mine, "a:1") && has(mine, "b:1"));
    ketama_smoke(inherited);
    CHECK(has(mine, "a:1"));
    ketama_smoke(mine);
    return 0;
}

static void fork_after_roll(void) {
    inherited = roll();
    pid_t children[4];
    for (int i = 0; i < 4; ++i) children[i] = start(use_inherited);
    for (int i = 0; i < 4; ++i) end_well(children[i]);
    CHECK(has(inherited, "a:1") && has(inherited, "b:1"));
    ketama_smoke(inherited);
    unlink(shared);
}

static int become_nobody(void) {
    return setgroups(0, NULL) != 0 || setgid(nobody) != 0 || setuid(nobody) != 0;
}

/* Has the file, and a ring of its own; what root left under this user's name is not believed. */
static int roll_as_nobody(void) {
    if (become_nobody()) return 1;
    char mine[scratch_path_size];
    shared_path(mine, servers_file);
    struct stat before;
    const int is_taken = stat(mine, &before) == 0;
    ketama_continuum c = roll();
    CHECK(has(c, "a:1") && has(c, "b:1") && c->numpoints == 320);
    struct stat state;
    CHECK(stat(mine, &state) == 0);
    if (is_taken) CHECK(state.st_uid == 0 && state.st_ino == before.st_ino);
    if (!is_taken) CHECK(state.st_uid == nobody && (state.st_mode & 0777) == 0400);
    ketama_smoke(c);
    CHECK(exists(mine) == is_taken);
    return 0;
}

static int fail_as_nobody(void) {
    if (become_nobody()) return 1;
    ketama_continuum c = NULL;
    CHECK(ketama_roll(&c, servers_file) == 0);
    CHECK(strstr(ketama_error(), servers_file) != NULL);
    CHECK(strstr(ketama_error(), "Permission denied") != NULL);
    return 0;
}

static void two_users(void) {
    if (geteuid() != 0) {
        printf("NOT CHECKED: two users, which takes root\n");
        return;
    }
    REQUIRE(chmod(folder, 0755) == 0);
    ketama_continuum mine = roll();
    end_well(start(roll_as_nobody));

    char theirs[scratch_path_size];
    snprintf(theirs, sizeof theirs, "/dev/shm/kmc-ketama.%d%s", nobody, strrchr(shared, '.'));
    char copy[65536];
    const int file = open(shared, O_RDONLY);
    const ssize_t size = read(file, copy, sizeof copy);
    close(file);
    REQUIRE(size > 0);
    write_file(theirs, copy, (size_t)size);
    end_well(start(roll_as_nobody));
    unlink(theirs);

    CHECK(chmod(servers_file, 0600) == 0);
    end_well(start(fail_as_nobody));
    CHECK(has(mine, "a:1"));
    ketama_smoke(mine);
    CHECK(chmod(servers_file, 0644) == 0);
}

/* Handles outlive their file, and what is known of files that nobody has a ring of is forgotten. */
static void many_files(void) {
    ketama_continuum kept = roll();
    unlink(servers_file);
    ketama_continuum c = kept;
    CHECK(ketama_roll(&c, servers_file) == 0 && c == kept);
    CHECK(strncmp(ketama_error(), "Invalid filename specified: ", 28) == 0);
    CHECK(has(kept, "a:1"));
    ketama_smoke(kept);

    size_t before = 0;
    for (int i = 0; i < 2100; ++i) {
        if (i == 100) before = mallinfo2().uordblks;
        char path[scratch_path_size];
        char name[24];
        snprintf(name, sizeof name, "servers%d", i);
        scratch_path(path, folder, name);
        write_file(path, "a:1\t1\n", 6);
        REQUIRE(ketama_roll(&c, path) == 1);
        ketama_smoke(c);
        unlink(path);
    }
    CHECK(mallinfo2().uordblks < before + 20000);
    put("a:1\t1\nb:1\t1\n");
}

int main(int count, char** arguments) {
    REQUIRE(count == 2);
    settled_file = arguments[1];
    make_scratch(folder);
    scratch_path(servers_file, folder, "servers");
    put("a:1\t1\nb:1\t1\n");
    shared_path(shared, servers_file);
    stop = mmap(NULL, 2 * sizeof *stop, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(stop != MAP_FAILED);
    rests = stop + 1;

    end_well(start(roll_over_wrong_bytes));
    end_well(start(roll_over_other_things));
    end_well(start(close_all_descriptors));
    unlink(shared);
    end_well(start(roll_without_standard_streams));
    end_well(start(roll_with_no_file_size));
    end_well(start(roll_with_no_descriptors));
    fork_after_roll();
    if (HAS_ADDRESS_SANITIZER) {
        printf("NOT CHECKED: forks beside threads, because of the sanitizer\n");
    } else {
        fork_beside_rolling_threads();
    }
    unlink(shared);
    two_users();
    many_files();
    kill_readers();
    cut_beside_readers();

    unlink(servers_file);
    remove_scratch(folder);
    return report_checks();
}
