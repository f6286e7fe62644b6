/* The little that a test in C needs: a check that says what failed and goes on, and the exit code:
 * 0, 1, or 77 where nothing failed and something could not be checked. */
#ifndef KMC_TESTS_BINDINGS_CHECK_H
#define KMC_TESTS_BINDINGS_CHECK_H

#include <stdio.h>
#include <stdlib.h>

static unsigned long checks_made;
static unsigned long checks_failed;
static unsigned long checks_skipped;

#define CHECK(condition)                                                            \
    do {                                                                            \
        ++checks_made;                                                              \
        if (!(condition) && ++checks_failed < 20) {                                 \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                           \
    } while (0)

/* For what the rest of a test stands on. */
#define REQUIRE(condition)                                                            \
    do {                                                                              \
        ++checks_made;                                                                \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: required: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

static inline int report_checks(void) {
    printf("%lu checks, %lu failed", checks_made, checks_failed);
    if (checks_skipped != 0) printf(", %lu kinds SKIPPED", checks_skipped);
    printf("\n");
    if (checks_failed != 0) return 1;
    return checks_skipped != 0 ? 77 : 0;
}

#endif
