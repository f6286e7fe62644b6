/* Reads whole files, line by line, into memory that is given back when its case has been checked.
 */
#define _GNU_SOURCE
#include "vectors.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { most_keys = 2000, most_fields = 64, most_of_a_kind = 40000 };

static void stop(const char* what, const char* where) {
    fprintf(stderr, "vectors: %s: %s\n", what, where);
    exit(1);
}

static void* room_for(size_t count, size_t size) {
    void* const room = calloc(count, size);
    if (room == NULL) stop("no memory", "");
    return room;
}

static unsigned hex_digit(char c) {
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static vector_bytes from_hex(const char* text) {
    vector_bytes out = {room_for(strlen(text) / 2 + 1, 1), strlen(text) / 2};
    for (size_t i = 0; i < out.size; ++i) {
        out.data[i] = (char)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    return out;
}

static vector_bytes copy_of(const char* text) {
    vector_bytes out = {room_for(strlen(text) + 1, 1), strlen(text)};
    memcpy(out.data, text, out.size);
    return out;
}

static FILE* open_file(const char* path) {
    FILE* const file = fopen(path, "r");
    if (file == NULL) stop("cannot read", path);
    return file;
}

/* Splits a line in place; returns the number of fields, 0 at the end of the file. */
static size_t read_fields(FILE* file, char** line, size_t* room, char** fields) {
    ssize_t size = getline(line, room, file);
    if (size <= 0) return 0;
    if ((*line)[size - 1] == '\n') (*line)[size - 1] = '\0';
    size_t count = 0;
    char* rest = *line;
    while (rest != NULL && count < most_fields) fields[count++] = strsep(&rest, "\t");
    return count;
}

static void load_keys(const char* folder, const char* name, vector_bytes* keys) {
    char path[4096];
    snprintf(path, sizeof path, "%s/keys/%s.tsv", folder, name);
    FILE* const file = open_file(path);
    char* line = NULL;
    size_t room = 0;
    char* fields[most_fields];
    while (read_fields(file, &line, &room, fields) == 2) {
        const size_t number = strtoul(fields[0], NULL, 10);
        if (number >= most_keys) stop("too many keys", path);
        keys[number] = from_hex(fields[1]);
    }
    free(line);
    fclose(file);
}

static void add_answer(vector_case* to, vector_bytes key, size_t server) {
    if (to->answer_count == most_of_a_kind) stop("too many answers", to->path);
    to->answers[to->answer_count++] = (vector_answer){key, server};
}

static void check_case(const char* folder, const char* path, void (*check)(const vector_case*)) {
    vector_case one = {.path = path};
    one.servers = room_for(2000, sizeof *one.servers);
    one.points = room_for(most_of_a_kind, sizeof *one.points);
    one.answers = room_for(most_of_a_kind, sizeof *one.answers);
    vector_bytes* const keys = room_for(most_keys, sizeof *keys);

    FILE* const file = open_file(path);
    char* line = NULL;
    size_t room = 0;
    char* fields[most_fields];
    for (size_t count; (count = read_fields(file, &line, &room, fields)) != 0;) {
        const char* const tag = fields[0];
        if (strcmp(tag, "file") == 0) one.file = from_hex(fields[1]);
        if (strcmp(tag, "server") == 0) one.servers[one.server_count++] = copy_of(fields[2]);
        if (strcmp(tag, "keyset") == 0) load_keys(folder, fields[1], keys);
        if (strcmp(tag, "P") == 0) {
            if (one.point_count == most_of_a_kind) stop("too many points", path);
            one.points[one.point_count++] = (vector_point){(uint32_t)strtoul(fields[1], NULL, 10),
                                                           strtoul(fields[2], NULL, 10)};
        }
        if (strcmp(tag, "X") == 0) {
            add_answer(&one, from_hex(fields[1]), strtoul(fields[2], NULL, 10));
        }
        if (strcmp(tag, "K") == 0) {
            size_t number = strtoul(fields[1], NULL, 10);
            for (char* word = strtok(fields[2], " "); word != NULL; word = strtok(NULL, " ")) {
                if (number >= most_keys) stop("too many keys", path);
                const vector_bytes key = copy_of(keys[number].data);
                if (key.size != keys[number].size) stop("a key has a zero byte", path);
                add_answer(&one, key, strtoul(word, NULL, 10));
                ++number;
            }
        }
    }
    free(line);
    fclose(file);

    check(&one);

    for (size_t i = 0; i < most_keys; ++i) free(keys[i].data);
    for (size_t i = 0; i < one.answer_count; ++i) free(one.answers[i].key.data);
    for (size_t i = 0; i < one.server_count; ++i) free(one.servers[i].data);
    free(keys);
    free(one.answers);
    free(one.points);
    free(one.servers);
    free(one.file.data);
}

int has_vectors(const char* folder) {
    if (access(folder, F_OK) == 0) return 1;
    printf("SKIPPED: no golden vectors in %s\n", folder);
    return 0;
}

size_t for_each_case(const char* folder, void (*check)(const vector_case*)) {
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s/libketama/*.tsv", folder);
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0) stop("nothing like", pattern);
    size_t cases = 0;
    for (size_t i = 0; i < found.gl_pathc; ++i) {
        if (strstr(found.gl_pathv[i], "/parse.tsv") != NULL) continue;
        check_case(folder, found.gl_pathv[i], check);
        ++cases;
    }
    globfree(&found);
    return cases;
}

size_t for_each_parse(const char* folder, void (*check)(const vector_parse*)) {
    char path[4096];
    snprintf(path, sizeof path, "%s/libketama/parse.tsv", folder);
    FILE* const file = open_file(path);
    char* line = NULL;
    size_t room = 0;
    char* fields[most_fields];
    size_t cases = 0;
    for (size_t count; (count = read_fields(file, &line, &room, fields)) != 0;) {
        if (strcmp(fields[0], "F") != 0) continue;
        vector_bytes servers[16];
        size_t points[16];
        vector_parse one = {from_hex(fields[1]), strcmp(fields[2], "ok") == 0, servers, points, 0};
        char* list = count > 3 ? fields[3] : NULL;
        for (char* word = strtok(list, ";"); list != NULL && word != NULL;
             word = strtok(NULL, ";")) {
            char* const equals = strchr(word, '=');
            *equals = '\0';
            servers[one.server_count] = from_hex(word);
            points[one.server_count++] = strtoul(equals + 1, NULL, 10);
        }
        check(&one);
        for (size_t i = 0; i < one.server_count; ++i) free(servers[i].data);
        free(one.file.data);
        ++cases;
    }
    free(line);
    fclose(file);
    return cases;
}
