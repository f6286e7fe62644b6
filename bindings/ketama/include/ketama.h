/* The interface of libketama, as kmc's libketama.so.1 has it: programs and extensions written for
 * libketama build and run against it unchanged, and get the same points and servers.
 *
 * ketama_roll() reads a file of lines "address<TAB>weight" and gives a handle on its ring. A handle
 * is a snapshot: it stays as it is, whatever becomes of the file, until ketama_smoke() gives it
 * back. To follow the file, roll again; an unchanged file costs a look at it.
 *
 * All calls may be made by any number of threads; one handle may be read by many.
 */
#ifndef KMC_KETAMA_H
#define KMC_KETAMA_H

#ifdef __cplusplus
extern "C" {
#endif

/* A point of the ring. An address has up to 23 bytes; the last two and the terminating zero lie in
 * the structure's padding, so read `ip` as text and copy an mcs whole. */
typedef struct {
    unsigned int point;
    char ip[22];
} mcs;

/* What qsort() wants ketama_compare() to be cast to. */
typedef int (*compfn)(const void*, const void*);

typedef struct {
    char addr[22];
    unsigned long memory;
} serverinfo;

typedef struct {
    int numpoints;
    void* modtime; /* time_t*: when the file was changed last */
    void* array;   /* mcs*: `numpoints` of them, lowest first; not to be written to */
} continuum;

typedef continuum* ketama_continuum;

/* 1, and a new handle in *contptr; 0 on failure, see ketama_error(). *contptr is left alone if
 * there is no such file, and null if the file cannot be used. */
int ketama_roll(ketama_continuum* contptr, char* filename);

/* Gives back this handle and no other. Null is allowed. */
void ketama_smoke(ketama_continuum contptr);

/* The point, and so the server, that has the key. Lives as long as the handle. Null if there is no
 * key or no handle. */
mcs* ketama_get_server(char* key, ketama_continuum cont);

/* The first four bytes of the key's md5, lowest first. */
unsigned int ketama_hashi(char* inString);

void ketama_md5_digest(char* inString, unsigned char md5pword[16]);

/* -1, 0 or 1, as the point of `a` is below, at or above that of `b`. */
int ketama_compare(mcs* a, mcs* b);

/* To stdout. */
void ketama_print_continuum(ketama_continuum cont);

/* Why this thread's last ketama_roll() failed; "" after one that did not. Lives until the next. */
char* ketama_error(void);

#ifdef __cplusplus
}
#endif

#endif
