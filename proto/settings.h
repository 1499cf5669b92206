/* The block of memory that sbx leaves in a process it puts the shim into: how to reach the broker, where the roots are.
 *
 * The environment of a child may be emptied by its parent and LoadLibraryW takes one argument only, so the block stands
 * at the first free address of a short list in the (fresh) process; the shim looks through that list. The shim copies
 * it on to its own children. Nothing in it is secret and the broker trusts nothing of it: a child can change its copy
 * and fools itself. */
#ifndef SBX_PROTO_SETTINGS_H
#define SBX_PROTO_SETTINGS_H

#include <stdint.h>

#define SBX_SETTINGS_MAGIC 0x3146434b42585331ull
#define SBX_SETTINGS_SIZE 0x10000u /* bytes reserved and committed for the block: one allocation granule */
#define SBX_SETTINGS_SLOTS 16u
/* Address of slot n: far from images, stacks and heaps in a new 64-bit process. */
#define SBX_SETTINGS_ADDRESS(n) (0x00005b5800000000ull + (uint64_t)(n)*0x0000000123450000ull)

#define SBX_MAX_ROOTS 64u
#define SBX_SID_MAX 68u /* bytes: SECURITY_MAX_SID_SIZE */

#define SBX_SETTINGS_HIDES 1u /* flags: the run hides something, so denied reads are of interest */

struct sbx_settings_root {
    uint32_t path_offset; /* bytes from the start of the block: NT path (\??\C:\dir) without a trailing backslash */
    uint32_t path_size;   /* bytes of UTF-16LE */
    uint32_t sid_size;
    uint8_t sid[SBX_SID_MAX]; /* capability SID of the root, as in memory */
};

struct sbx_settings {
    uint64_t magic;
    uint32_t size; /* bytes in use */
    uint32_t flags;
    uint32_t protocol;
    uint32_t root_count;
    uint32_t pipe_offset; /* NT path of the pipe (\??\pipe\...) */
    uint32_t pipe_size;
    uint32_t shim_offset; /* DOS path of sbxshim.dll, followed by a NUL unit that path size does not count */
    uint32_t shim_size;
    uint32_t wait_ms;  /* bound of one round trip */
    uint32_t run_root; /* index of the root whose SID is the run's own: the private TEMP */
    struct sbx_settings_root roots[SBX_MAX_ROOTS];
    /* strings follow */
};

#endif
