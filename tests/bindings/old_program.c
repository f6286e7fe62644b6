/* What a program for libketama looks like, and nothing more: prints its ring, and the server of
 * each line of the input. */
#include <ketama.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
    ketama_continuum c;
    char key[512];

    if (argc != 2) return 2;
    if (!ketama_roll(&c, argv[1])) {
        fprintf(stderr, "%s\n", ketama_error());
        return 1;
    }
    ketama_print_continuum(c);
    while (fgets(key, sizeof key, stdin) != NULL) {
        mcs* m;
        key[strcspn(key, "\n")] = '\0';
        m = ketama_get_server(key, c);
        printf("%s %u %u %s\n", key, ketama_hashi(key), m->point, m->ip);
    }
    ketama_smoke(c);
    return 0;
}
