/* The golden vectors of libketama for tests in C: what the original library made of each file. */
#ifndef KMC_TESTS_BINDINGS_VECTORS_H
#define KMC_TESTS_BINDINGS_VECTORS_H

#include <stddef.h>
#include <stdint.h>

typedef struct vector_bytes {
    char* data; /* a zero follows, which is not counted */
    size_t size;
} vector_bytes;

typedef struct vector_answer {
    vector_bytes key;
    size_t server;
} vector_answer;

typedef struct vector_point {
    uint32_t value;
    size_t server;
} vector_point;

typedef struct vector_case {
    const char* path;
    vector_bytes file; /* of servers */
    vector_bytes* servers;
    size_t server_count;
    vector_point* points;
    size_t point_count;
    vector_answer* answers;
    size_t answer_count;
} vector_case;

/* What the parser of libketama made of a file: how many points an address has. */
typedef struct vector_parse {
    vector_bytes file;
    int is_good;
    vector_bytes* servers;
    size_t* points;
    size_t server_count;
} vector_parse;

/* False after a word about it: there are tests to do without. */
int has_vectors(const char* folder);

/* Calls `check` with every case below `folder`, and returns how many there were. A file that cannot
 * be read ends the program. */
size_t for_each_case(const char* folder, void (*check)(const vector_case*));

size_t for_each_parse(const char* folder, void (*check)(const vector_parse*));

#endif
