#define _GNU_SOURCE
#include "scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "ketama.h"

void make_scratch(char folder[scratch_path_size]) {
    const char* const root = getenv("TMPDIR");
    snprintf(folder, scratch_path_size, "%s/kmc-bindings-XXXXXX", root != NULL ? root : "/tmp");
    REQUIRE(mkdtemp(folder) != NULL);
}

void remove_scratch(const char* folder) {
    CHECK(rmdir(folder) == 0);
}

void scratch_path(char out[scratch_path_size], const char* folder, const char* name) {
    REQUIRE(snprintf(out, scratch_path_size, "%s/%s", folder, name) < scratch_path_size);
}

void write_file(const char* path, const char* text, size_t size) {
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    REQUIRE(file >= 0);
    REQUIRE(write(file, text, size) == (ssize_t)size);
    close(file);
}

void replace_file(const char* path, const char* text, size_t size) {
    char beside[scratch_path_size + 8];
    snprintf(beside, sizeof beside, "%s.tmp", path);
    write_file(beside, text, size);
    REQUIRE(rename(beside, path) == 0);
}

void shared_path(char out[scratch_path_size], char* file) {
    char* const whole = realpath(file, NULL);
    REQUIRE(whole != NULL);
    unsigned char digest[16];
    ketama_md5_digest(whole, digest);
    free(whole);
    int used = snprintf(out, scratch_path_size, "/dev/shm/kmc-ketama.%u.", (unsigned)geteuid());
    for (int i = 0; i < 16; ++i) used += sprintf(out + used, "%02x", digest[i]);
}

int exists(const char* path) {
    struct stat state;
    return stat(path, &state) == 0;
}
