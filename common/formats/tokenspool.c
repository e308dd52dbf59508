/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/tokenspool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/output.h"

/* documents may be short: so many ids are written at once */
#define MAX_WAITING (256 * 1024)

struct _ActTokenSpool {
  int fd;
  guint64 n_written;
  GArray *waiting; /* gint32, those after them */
};

ActTokenSpool *
act_token_spool_new (GError **error)
{
  g_autofree char *name =
      g_build_filename (g_get_tmp_dir (), "act-tokens-XXXXXX", NULL);
  ActTokenSpool *spool;
  int fd;

  fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    act_set_errno_error (error, errno, TRUE,
        "Could not create a file for tokens in '%s'", g_get_tmp_dir ());
    return NULL;
  }
  g_unlink (name);
  spool = g_new0 (ActTokenSpool, 1);
  spool->fd = fd;
  spool->waiting = g_array_new (FALSE, FALSE, sizeof (gint32));
  return spool;
}

void
act_token_spool_free (ActTokenSpool *spool)
{
  if (spool == NULL)
    return;
  close (spool->fd);
  g_array_unref (spool->waiting);
  g_free (spool);
}

guint64
act_token_spool_get_size (const ActTokenSpool *spool)
{
  return spool->n_written + spool->waiting->len;
}

static gboolean
write_all (ActTokenSpool *spool, const gint32 *ids, gsize n_ids, GError **error)
{
  const guint8 *data = (const guint8 *) ids;
  gsize size = n_ids * sizeof *ids, done = 0;

  while (done < size) {
    gssize n = pwrite (spool->fd, data + done, size - done,
        (off_t) (spool->n_written * sizeof *ids + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      act_set_errno_error (error, errno, TRUE,
          "Could not write a file for tokens in '%s'", g_get_tmp_dir ());
      return FALSE;
    }
    done += (gsize) n;
  }
  spool->n_written += n_ids;
  return TRUE;
}

gboolean
act_token_spool_append (
    ActTokenSpool *spool, const gint32 *ids, gsize n_ids, GError **error)
{
  GArray *waiting = spool->waiting;

  if (n_ids > MAX_WAITING - MIN (waiting->len, MAX_WAITING)) {
    if (!write_all (spool, (const gint32 *) (gpointer) waiting->data,
            waiting->len, error))
      return FALSE;
    g_array_set_size (waiting, 0);
  }
  if (n_ids > MAX_WAITING)
    return write_all (spool, ids, n_ids, error);
  if (n_ids > 0)
    g_array_append_vals (waiting, ids, (guint) n_ids);
  return TRUE;
}

static gboolean
read_all (ActTokenSpool *spool, guint64 first, gint32 *ids, gsize n_ids,
    GError **error)
{
  guint8 *data = (guint8 *) ids;
  gsize size = n_ids * sizeof *ids, done = 0;

  while (done < size) {
    gssize n = pread (spool->fd, data + done, size - done,
        (off_t) (first * sizeof *ids + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      act_set_errno_error (error, n < 0 ? errno : EIO, FALSE,
          "Could not read a file for tokens in '%s'", g_get_tmp_dir ());
      return FALSE;
    }
    done += (gsize) n;
  }
  return TRUE;
}

gboolean
act_token_spool_read (ActTokenSpool *spool, guint64 first, gint32 *ids,
    gsize n_ids, GError **error)
{
  gsize n = 0;

  g_return_val_if_fail (first <= act_token_spool_get_size (spool)
          && n_ids <= act_token_spool_get_size (spool) - first,
      FALSE);

  if (first < spool->n_written)
    n = (gsize) MIN (n_ids, spool->n_written - first);
  if (!read_all (spool, first, ids, n, error))
    return FALSE;
  for (; n < n_ids; n++)
    ids[n] = g_array_index (
        spool->waiting, gint32, (guint) (first + n - spool->n_written));
  return TRUE;
}

gboolean
act_token_spool_clear (ActTokenSpool *spool, GError **error)
{
  g_array_set_size (spool->waiting, 0);
  spool->n_written = 0;
  if (ftruncate (spool->fd, 0) == 0)
    return TRUE;
  act_set_errno_error (error, errno, TRUE,
      "Could not empty a file for tokens in '%s'", g_get_tmp_dir ());
  return FALSE;
}
