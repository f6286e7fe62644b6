/* Server files of a test's own, and the names of what is shared for them. */
#ifndef KMC_TESTS_BINDINGS_SCRATCH_H
#define KMC_TESTS_BINDINGS_SCRATCH_H

#include <stddef.h>

enum { scratch_path_size = 512 };

/* Makes an empty folder; ends the program if it cannot. */
void make_scratch(char folder[scratch_path_size]);
void remove_scratch(const char* folder);

/* "folder/name" */
void scratch_path(char out[scratch_path_size], const char* folder, const char* name);

void write_file(const char* path, const char* text, size_t size);
/* Writes beside it, then renames. */
void replace_file(const char* path, const char* text, size_t size);

/* The documented place of the shared ring of a file. */
void shared_path(char out[scratch_path_size], char* file);
int exists(const char* path);

#endif
