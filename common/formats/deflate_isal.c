/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/deflate.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#define OUT_SIZE 65536
#define PIECE (1u << 30)

struct _ActDeflate {
  struct isal_zstream stream;
  guint8 level_buffer[ISAL_DEF_LVL1_DEFAULT];
  guint8 out[OUT_SIZE];
};

ActDeflate *
act_deflate_new (void)
{
  ActDeflate *deflate = g_new (ActDeflate, 1);

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

gboolean
act_deflate_append (ActDeflate *deflate, const void *data, gsize size,
    gboolean last, ActDeflateWrite write, gpointer to, GError **error)
{
  const guint8 *p = data;

  do {
    gsize n = MIN (size, PIECE);

    deflate->stream.next_in = (guint8 *) p;
    deflate->stream.avail_in = n;
    deflate->stream.end_of_stream = last && n == size;
    if (!pack (deflate, write, to, error))
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
