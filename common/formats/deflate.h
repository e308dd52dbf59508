/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A raw deflate stream, made piece by piece: deflate_isal.c where ISA-L is
 * there (a fifth of the time, and smaller), else deflate_zlib.c. */
typedef struct _ActDeflate ActDeflate;

typedef gboolean (*ActDeflateWrite) (
    gpointer to, const void *data, gsize size, GError **error);

ActDeflate *act_deflate_new (void);
void act_deflate_free (ActDeflate *deflate);

/* begins a new stream */
void act_deflate_restart (ActDeflate *deflate);
/* What is packed goes to write (to, ...), some of it later. Only the stream's
 * last piece has last set; it may be empty. */
gboolean act_deflate_append (ActDeflate *deflate, const void *data, gsize size,
    gboolean last, ActDeflateWrite write, gpointer to, GError **error);

/* CRC-32 of what came before and this; from 0 */
guint32 act_deflate_crc (guint32 crc, const void *data, gsize size);
