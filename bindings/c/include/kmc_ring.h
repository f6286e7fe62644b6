/* The rings of kmc for C, and for every language that can call C: which server has a key.
 *
 * Nothing here opens a connection, starts a thread or knows a clock. A ring does not change once it
 * is open: any number of threads may ask it at once, without locks. No call throws; memory that
 * runs out is a failure like any other. Rings and keys that are asked for must be there: only
 * where it says so, null is allowed. Texts that a ring returns live until it is closed.
 */
#ifndef KMC_RING_H
#define KMC_RING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kmc_ring kmc_ring;

/* A point of the ring, and the number of the server that has the keys up to it. */
typedef struct kmc_ring_point {
    uint32_t value;
    uint32_t server;
} kmc_ring_point;

/* Opens a ring over servers written as "host[:port[:weight]]", "[v6][:port[:weight]]" or
 * "/unix/path[:weight]", separated by commas.
 *
 * ring      its name: "libketama", "libmemcached_weighted", "twemproxy", "rendezvous", ...; an
 *           unknown one fails and kmc_ring_error() lists all.
 * settings  null or "", or any of these, separated by blanks:
 *               hash=NAME          the hash of keys: md5, crc, fnv1a_64, one_at_a_time, ...
 *               point_hash=NAME    of points, where the ring makes them with another hash
 *               weights=used | weights=ignored
 *               labels=libmemcached
 *               bytes=without_sign how hashes see bytes from 0x80 on
 *
 * Returns null on failure; kmc_ring_error() says why. Close what it returns with kmc_ring_close().
 */
kmc_ring* kmc_ring_open(const char* ring, const char* settings, const char* servers);

/* The same over the servers of a libketama file ("address<TAB>weight" a line), read to the byte as
 * libketama reads it. A null `ring` means "libketama". */
kmc_ring* kmc_ring_open_ketama_file(const char* ring, const char* settings, const char* path);

/* The same with the text of such a file, `size` bytes. */
kmc_ring* kmc_ring_open_ketama_text(const char* ring, const char* settings, const char* text,
                                    size_t size);

/* Null is allowed. */
void kmc_ring_close(kmc_ring* ring);

/* Why the last call of this thread failed that could open no ring; "" after one that did. Lives
 * until this thread's next kmc_ring_open*(). */
const char* kmc_ring_error(void);

/* What a libketama file has that libketama reads otherwise than it stands there, in words. Null
 * from the last one on. */
const char* kmc_ring_warning(const kmc_ring* ring, size_t number);

/* Servers are numbered from 0 in the order of their list. Null or 0 for numbers beyond it. */
size_t kmc_ring_server_count(const kmc_ring* ring);
const char* kmc_ring_server_name(const kmc_ring* ring, size_t server); /* as it was written */
uint32_t kmc_ring_server_weight(const kmc_ring* ring, size_t server);

/* The number of the key's server. Keys are bytes, zero bytes included. */
uint32_t kmc_ring_locate(const kmc_ring* ring, const char* key, size_t size);

/* servers[i] = the server of keys[i], `count` of them; hashes[i] = its hash, unless null. Several
 * times as fast as one by one. Allocates nothing. */
void kmc_ring_locate_many(const kmc_ring* ring, const char* const* keys, const size_t* sizes,
                          size_t count, uint32_t* servers, uint32_t* hashes);

/* The ring's hash of a key. */
uint32_t kmc_ring_hash(const kmc_ring* ring, const char* key, size_t size);

/* Copies at most `room` points, lowest first, and returns how many the ring has: 0 for those that
 * work without points. */
size_t kmc_ring_points(const kmc_ring* ring, kmc_ring_point* out, size_t room);

/* 32 hexadecimal digits and a zero; "" where memory ran out. Two rings with the same digest send
 * every key to the server of the same address: processes compare it when they start. The order of
 * the list makes no difference where it makes none to the ring. `kmc ring digest` prints it, too. */
void kmc_ring_digest(const kmc_ring* ring, char out[33]);

#ifdef __cplusplus
}
#endif

#endif
