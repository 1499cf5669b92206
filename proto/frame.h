/* Frames of the sbx pipe: a little-endian u32 length, then that many bytes of payload.
 *
 * Portable C11, no allocation: the receiver owns one fixed buffer, so what a peer claims in a length never costs
 * memory. */
#ifndef SBX_PROTO_FRAME_H
#define SBX_PROTO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define SBX_FRAME_HEADER 4u
/* Largest payload: three names of 32,767 UTF-16 units (replace) and their headers fit, nothing much larger does. */
#define SBX_FRAME_MAX 66560u /* 65 KiB: the longest name and the other fields */

/* A buffer that is fed bytes in any portions and gives whole frames. `bytes` and `capacity` belong to the caller. */
struct sbx_frame_buffer {
    uint8_t *bytes;
    size_t capacity; /* at least SBX_FRAME_HEADER; a frame over capacity - SBX_FRAME_HEADER is an error */
    size_t used;     /* bytes held, beginning at bytes[0] */
};

enum sbx_frame_result { SBX_FRAME_READY, SBX_FRAME_MORE, SBX_FRAME_BAD };

/* Writes the 4-byte header for a payload of `size` bytes to `header`. Returns 0, or -1 when size is 0 or over
 * SBX_FRAME_MAX. */
int sbx_frame_put_header(uint8_t header[SBX_FRAME_HEADER], size_t size);

/* Prepares `buffer` to use `capacity` bytes at `bytes` (kept by the caller for as long as the buffer is used). */
void sbx_frame_buffer_init(struct sbx_frame_buffer *buffer, uint8_t *bytes, size_t capacity);

/* Where to write received bytes, and in *room how many fit. *room is 0 only when a whole frame waits to be taken. */
uint8_t *sbx_frame_buffer_space(struct sbx_frame_buffer *buffer, size_t *room);

/* Says that `count` bytes were written at sbx_frame_buffer_space(); count must not exceed its room. */
void sbx_frame_buffer_commit(struct sbx_frame_buffer *buffer, size_t count);

/* Looks for a frame at the start of the buffer. READY: *payload points into the buffer, *size is its length; both are
 * good until sbx_frame_buffer_drop(). MORE: feed more bytes. BAD: the length is 0, over SBX_FRAME_MAX or over the
 * capacity; the connection is to be closed. */
enum sbx_frame_result sbx_frame_buffer_peek(const struct sbx_frame_buffer *buffer, const uint8_t **payload,
                                            size_t *size);

/* Removes the frame that peek returned READY for. */
void sbx_frame_buffer_drop(struct sbx_frame_buffer *buffer);

#endif
