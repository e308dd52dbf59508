/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/tokens.h"

#include <string.h>

gboolean
act_tokens_is_dtype (ActDtype dtype)
{
  return dtype == ACT_DTYPE_I32 || dtype == ACT_DTYPE_I64
      || dtype == ACT_DTYPE_U32 || dtype == ACT_DTYPE_U16;
}

/* a loop for each type: whether a row is padding, and narrowing */
#define DEFINE_KERNELS(type)                                                   \
  static inline gint64 type##_load (const guint8 *src, gsize i)                \
  {                                                                            \
    type id;                                                                   \
                                                                               \
    memcpy (&id, src + i * sizeof id, sizeof id);                              \
    return id;                                                                 \
  }                                                                            \
                                                                               \
  static gsize type##_to_i32 (                                                 \
      const guint8 *src, gsize n, gint64 limit, gint32 *dst, gint64 *bad)      \
  {                                                                            \
    for (gsize i = 0; i < n; i++) {                                            \
      gint64 id = type##_load (src, i);                                        \
                                                                               \
      if (id < 0 || id >= limit) {                                             \
        *bad = id;                                                             \
        return i;                                                              \
      }                                                                        \
      dst[i] = id;                                                             \
    }                                                                          \
    return n;                                                                  \
  }                                                                            \
                                                                               \
  static gboolean type##_is_padding (const guint8 *src, gsize n)               \
  {                                                                            \
    for (gsize i = 0; i < n; i++) {                                            \
      if (type##_load (src, i) != -1)                                          \
        return FALSE;                                                          \
    }                                                                          \
    return n > 0;                                                              \
  }

DEFINE_KERNELS (guint16)
DEFINE_KERNELS (guint32)
DEFINE_KERNELS (gint32)
DEFINE_KERNELS (gint64)

gsize
act_tokens_to_i32 (ActDtype dtype, const void *src, gsize n, guint vocab_size,
    gint32 *dst, gint64 *bad)
{
  gint64 limit = vocab_size > 0 ? vocab_size : (gint64) G_MAXINT32 + 1;

  switch (dtype) {
  case ACT_DTYPE_U16:
    return guint16_to_i32 (src, n, limit, dst, bad);
  case ACT_DTYPE_U32:
    return guint32_to_i32 (src, n, limit, dst, bad);
  case ACT_DTYPE_I32:
    return gint32_to_i32 (src, n, limit, dst, bad);
  case ACT_DTYPE_I64:
    return gint64_to_i32 (src, n, limit, dst, bad);
  default:
    g_return_val_if_reached (0);
  }
}

gboolean
act_tokens_is_padding (ActDtype dtype, const void *src, gsize n)
{
  switch (dtype) {
  case ACT_DTYPE_U16:
    return guint16_is_padding (src, n);
  case ACT_DTYPE_U32:
    return guint32_is_padding (src, n);
  case ACT_DTYPE_I32:
    return gint32_is_padding (src, n);
  case ACT_DTYPE_I64:
    return gint64_is_padding (src, n);
  default:
    g_return_val_if_reached (FALSE);
  }
}

/* the first 8 bytes of what was hashed; frees sum */
static guint64
end_digest (GChecksum *sum)
{
  guint8 digest[32];
  gsize size = sizeof digest;
  guint64 first;

  g_checksum_get_digest (sum, digest, &size);
  g_checksum_free (sum);
  memcpy (&first, digest, sizeof first);
  return GUINT64_FROM_BE (first);
}

guint64
act_tokens_digest (const gint32 *tokens, gsize n)
{
  /* GLib's, and not libcrypto's, which keeps memory for each thread */
  GChecksum *sum = g_checksum_new (G_CHECKSUM_SHA256);
  const guint8 *bytes = (const guint8 *) tokens;

  for (gsize left = n * sizeof *tokens; left > 0;) {
    gsize piece = MIN (left, 1u << 30); /* it takes a gssize */

    g_checksum_update (sum, bytes, (gssize) piece);
    bytes += piece;
    left -= piece;
  }
  return end_digest (sum);
}

static void
add_number (GChecksum *sum, guint64 number)
{
  guint64 bytes = GUINT64_TO_BE (number);

  g_checksum_update (sum, (const guint8 *) &bytes, sizeof bytes);
}

guint64
act_tokens_digest_shard (guint64 first_batch, guint64 run_batches,
    guint64 run_samples, const guint64 *digests, gsize n)
{
  GChecksum *sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint64 digest;

  add_number (sum, first_batch);
  add_number (sum, run_batches);
  add_number (sum, run_samples);
  for (gsize i = 0; i < n; i++)
    add_number (sum, digests[i]);
  digest = end_digest (sum);
  return MAX (digest, 1);
}
