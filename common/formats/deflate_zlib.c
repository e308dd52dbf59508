/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/deflate.h"

#include <zlib.h>

#define OUT_SIZE 65536
#define PIECE (1u << 30)

struct _ActDeflate {
  z_stream stream;
  guint8 out[OUT_SIZE];
};

ActDeflate *
act_deflate_new (void)
{
  ActDeflate *self = g_new0 (ActDeflate, 1);

  /* raw; arrays of mostly zeros: higher levels cost several times as much and
   * save little */
  if (deflateInit2 (&self->stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY)
      != Z_OK)
    g_error ("zlib: cannot begin, version %s or no memory", zlibVersion ());
  return self;
}

void
act_deflate_free (ActDeflate *self)
{
  if (self == NULL)
    return;
  deflateEnd (&self->stream);
  g_free (self);
}

void
act_deflate_restart (ActDeflate *self)
{
  deflateReset (&self->stream);
}

/* until nothing waits to be taken out */
static gboolean
pack (ActDeflate *self, gboolean last, ActDeflateWrite write, gpointer to,
    GError **error)
{
  z_stream *stream = &self->stream;

  do {
    stream->next_out = self->out;
    stream->avail_out = OUT_SIZE;
    deflate (stream, last ? Z_FINISH : Z_NO_FLUSH);
    if (stream->avail_out < OUT_SIZE
        && !write (to, self->out, OUT_SIZE - stream->avail_out, error))
      return FALSE;
  } while (stream->avail_out == 0);
  return TRUE;
}

gboolean
act_deflate_append (ActDeflate *self, const void *data, gsize size,
    gboolean last, ActDeflateWrite write, gpointer to, GError **error)
{
  const guint8 *p = data;

  do {
    gsize n = MIN (size, PIECE);

    self->stream.next_in = (guint8 *) p;
    self->stream.avail_in = n;
    if (!pack (self, last && n == size, write, to, error))
      return FALSE;
    p += n;
    size -= n;
  } while (size > 0);
  return TRUE;
}

guint32
act_deflate_crc (guint32 crc, const void *data, gsize size)
{
  return crc32_z (crc, data, size);
}
