/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/deflate.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#define OUT_SIZE 65536
#define PIECE (1u << 30)
/* so few bytes are packed without the assembler code for level 1 */
#define FIRST_PIECE 8

struct _ActDeflate {
  struct isal_zstream stream;
  gboolean begun;
  guint8 level_buffer[ISAL_DEF_LVL1_DEFAULT];
  guint8 out[OUT_SIZE];
};

ActDeflate *
act_deflate_new (void)
{
  ActDeflate *deflate = g_new0 (ActDeflate, 1);

  act_deflate_restart (deflate);
  return deflate;
}

void
act_deflate_free (ActDeflate *deflate)
{
  g_free (deflate);
}

void
act_deflate_restart (ActDeflate *deflate)
{
  isal_deflate_init (&deflate->stream);
  deflate->begun = FALSE;
  deflate->stream.gzip_flag = IGZIP_DEFLATE;
  deflate->stream.level = 1;
  deflate->stream.level_buf = deflate->level_buffer;
  deflate->stream.level_buf_size = sizeof deflate->level_buffer;
}

/* until nothing waits to be taken out */
static gboolean
pack (ActDeflate *deflate, ActDeflateWrite write, gpointer to, GError **error)
{
  struct isal_zstream *stream = &deflate->stream;

  do {
    stream->next_out = deflate->out;
    stream->avail_out = OUT_SIZE;
    /* it has no errors but wrong settings */
    g_return_val_if_fail (isal_deflate (stream) == COMP_OK, FALSE);
    if (stream->avail_out < OUT_SIZE
        && !write (to, deflate->out, OUT_SIZE - stream->avail_out, error))
      return FALSE;
  } while (stream->avail_out == 0 || stream->avail_in > 0);
  return TRUE;
}

/* Where a stream begins, the assembler code of ISA-L 2.30 takes bits of the
 * stream's own address for bytes of the text (.write_first_byte in
 * igzip_icf_body_h1_gr_bt.asm reads rcx, which nothing has set), and what comes
 * out may differ from run to run. The code for a stream's end, in C, has no
 * such fault; a flush brings it to the first bytes, at the price of a small
 * block. */
static gboolean
pack_first (
    ActDeflate *deflate, ActDeflateWrite write, gpointer to, GError **error)
{
  gboolean ok;

  deflate->stream.flush = SYNC_FLUSH;
  ok = pack (deflate, write, to, error);
  deflate->stream.flush = NO_FLUSH;
  return ok;
}

gboolean
act_deflate_append (ActDeflate *deflate, const void *data, gsize size,
    gboolean last, ActDeflateWrite write, gpointer to, GError **error)
{
  const guint8 *p = data;

  if (size == 0 && !last)
    return TRUE;
  do {
    gboolean first = !deflate->begun;
    gsize n = MIN (size, first ? FIRST_PIECE : PIECE);

    deflate->begun = TRUE;
    deflate->stream.next_in = (guint8 *) p;
    deflate->stream.avail_in = n;
    deflate->stream.end_of_stream = last && n == size;
    if (!(first ? pack_first : pack) (deflate, write, to, error))
      return FALSE;
    p += n;
    size -= n;
  } while (size > 0);
  return TRUE;
}

guint32
act_deflate_crc (guint32 crc, const void *data, gsize size)
{
  return crc32_gzip_refl (crc, data, size);
}
