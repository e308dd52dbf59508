/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/tokens.h"

#include <string.h>

gboolean
act_tokens_is_dtype (ActDtype dtype)
{
  return dtype == ACT_DTYPE_I32 || dtype == ACT_DTYPE_I64
      || dtype == ACT_DTYPE_U32 || dtype == ACT_DTYPE_U16;
}

static gint64
load (ActDtype dtype, const guint8 *src, gsize i)
{
  gint64 i64;
  gint32 i32;
  guint32 u32;
  guint16 u16;

  switch (dtype) {
  case ACT_DTYPE_I64:
    memcpy (&i64, src + 8 * i, 8);
    return i64;
  case ACT_DTYPE_I32:
    memcpy (&i32, src + 4 * i, 4);
    return i32;
  case ACT_DTYPE_U32:
    memcpy (&u32, src + 4 * i, 4);
    return u32;
  case ACT_DTYPE_U16:
    memcpy (&u16, src + 2 * i, 2);
    return u16;
  default:
    g_return_val_if_reached (-1);
  }
}

gsize
act_tokens_to_i32 (ActDtype dtype, const void *src, gsize n, guint vocab_size,
    gint32 *dst, gint64 *bad)
{
  gint64 limit = vocab_size > 0 ? vocab_size : (gint64) G_MAXINT32 + 1;

  for (gsize i = 0; i < n; i++) {
    gint64 id = load (dtype, src, i);

    if (id < 0 || id >= limit) {
      *bad = id;
      return i;
    }
    dst[i] = id;
  }
  return n;
}

gboolean
act_tokens_is_padding (ActDtype dtype, const void *src, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (load (dtype, src, i) != -1)
      return FALSE;
  }
  return n > 0;
}
