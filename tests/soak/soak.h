/* The program of the soak test: what runs inside, and what looks at the processes from outside. The command line is in
 * main.c. */
#ifndef SBX_SOAK_H
#define SBX_SOAK_H

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <wchar.h>

#define PATH_UNITS 500

/* Ends the program with a message and the last error, unless `done`. */
void need(BOOL done, const wchar_t *what);

/* What the program keeps after each batch, for the test that growth is seen. */
enum keeping {
    KEEP_NOTHING,
    KEEP_CONNECTIONS, /* one more to the broker */
    KEEP_OWN          /* a handle and 64 KiB of its own */
};

/* Brokered operations in a round of the mix, without the one of the short process. */
unsigned mix_operations(void);

/* Files older than the root's stamp, of which the mix uses up one in each round. */
void mix_prepare(const wchar_t *root, unsigned long rounds);

/* Does rounds of the mix until there were `operations`; after each of `samples` parts it says so on standard output and
 * waits for a line on standard input. */
void mix_run(const wchar_t *root, const wchar_t *outside, unsigned long operations, unsigned samples,
             enum keeping keeping);

/* One replace: the whole of what a short process does. */
void mix_replace(const wchar_t *root, const wchar_t *name);

/* Reads lines of process ids and prints for each the private bytes, the working set, handles and threads. */
void look_at_processes(void);

/* Every process there is but this one: id and name. */
void look_for_processes(void);

/* Reads names of pipes and prints those that exist. */
void look_for_pipes(void);

/* A line of standard input without its end. */
bool read_line(char *line, int size);

#endif
