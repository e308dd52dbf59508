/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/segmentfile.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/output.h"
#include "store/manifest.h"
#include "strhash.h"

#define PREFIX "segment-"
#define SUFFIX ".safetensors"
#define TEMPORARY ".tmp"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)

void
act_segment_file_clear (ActSegmentFile *file)
{
  g_clear_pointer (&file->file, g_free);
}

/* --- checksums --- */

static EVP_MD_CTX *
hash_new (void)
{
  EVP_MD_CTX *hash = EVP_MD_CTX_new ();

  if (hash == NULL || EVP_DigestInit_ex (hash, EVP_sha256 (), NULL) != 1)
    g_error ("no SHA-256 in libcrypto");
  return hash;
}

/* What libcrypto keeps for a thread goes with the thread; one that ends while
 * the program does, as those of GStreamer may, would leak it. So it goes now.
 */
static void
hash_finish (EVP_MD_CTX *hash, char text[65])
{
  guint8 digest[EVP_MAX_MD_SIZE];
  unsigned int n;

  EVP_DigestFinal_ex (hash, digest, &n);
  for (unsigned int i = 0; i < 32; i++)
    g_snprintf (text + 2 * i, 3, "%02x", digest[i]);
  OPENSSL_thread_stop ();
}

/* --- writing --- */

typedef struct {
  const ActStoreShape *shape;
  const ActStoredBatch *const *batches;
  gsize n_batches;
  gboolean with_clusters;
  char sha256[65];
  GThread *thread;
} Hashing;

static gboolean
append_to_hash (gpointer hash, const void *data, gsize size, GError **error)
{
  EVP_DigestUpdate (hash, data, size);
  return TRUE;
}

/* Hashing takes about as long as writing, so it has a thread: the segment goes
 * to both from the batches. */
static gpointer
hash_batches (gpointer data)
{
  Hashing *hashing = data;
  g_autoptr (EVP_MD_CTX) hash = hash_new ();
  gboolean ok = act_segment_write (hashing->shape, hashing->batches,
      hashing->n_batches, hashing->with_clusters, append_to_hash, hash, NULL);

  hash_finish (hash, hashing->sha256);
  return GINT_TO_POINTER (ok);
}

typedef struct {
  ActOutputFile *file;
  guint64 size;
} Output;

static gboolean
append_to_file (
    gpointer user_data, const void *data, gsize size, GError **error)
{
  Output *output = user_data;

  output->size += size;
  return act_output_file_write (output->file, data, size, error);
}

struct _ActSegmentOutput {
  char *target;
  char *temporary;
  ActOutputFile *out;
  ActSegmentFile file;
};

static gboolean
write_batches (ActSegmentOutput *self, const ActStoreShape *shape,
    const ActStoredBatch *const *batches, gboolean with_clusters,
    GError **error)
{
  Hashing hashing = { shape, batches, self->file.n_batches, with_clusters, "",
    NULL };
  Output output = { self->out, 0 };
  gboolean ok;

  hashing.thread = g_thread_new ("act-sha256", hash_batches, &hashing);
  ok = act_segment_write (shape, batches, self->file.n_batches, with_clusters,
      append_to_file, &output, error);
  /* what could not be hashed could not be written either */
  ok = GPOINTER_TO_INT (g_thread_join (hashing.thread)) && ok;
  memcpy (self->file.sha256, hashing.sha256, sizeof self->file.sha256);
  self->file.size = output.size;
  return ok;
}

ActSegmentOutput *
act_segment_output_new (const char *folder, const ActStoreShape *shape,
    const ActStoredBatch *const *batches, gsize n_batches,
    gboolean with_clusters, GError **error)
{
  g_autoptr (ActSegmentOutput) self = g_new0 (ActSegmentOutput, 1);
  char *name =
      g_strdup_printf (PREFIX "%06" G_GUINT64_FORMAT SUFFIX, batches[0]->index);

  self->file = (ActSegmentFile){ .file = name,
    .first_batch = batches[0]->index,
    .n_batches = n_batches,
    .first_sample = batches[0]->first_sample };
  for (gsize b = 0; b < n_batches; b++) {
    self->file.n_samples += batches[b]->n_samples;
    self->file.n_values += batches[b]->components.n_values;
  }
  self->target = g_build_filename (folder, name, NULL);
  /* one who lost his lease and does not know it yet may write the same one */
  self->temporary =
      g_strdup_printf ("%s/.%s.%08x" TEMPORARY, folder, name, g_random_int ());
  self->out = act_output_file_new (self->temporary, error);
  if (self->out == NULL
      || !write_batches (self, shape, batches, with_clusters, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
act_segment_output_publish (ActSegmentOutput *output, const ActLeaseFile *lease,
    ActSegmentFile *file, GError **error)
{
  g_autoptr (ActSegmentOutput) self = output;

  if (!act_output_file_close (g_steal_pointer (&self->out), error)
      || !act_lease_file_hold (lease, error)
      || !act_output_rename_unsynced (self->temporary, self->target, error))
    return FALSE;
  g_clear_pointer (&self->temporary, g_free);
  *file = self->file;
  self->file.file = NULL;
  return TRUE;
}

void
act_segment_output_free (ActSegmentOutput *self)
{
  if (self == NULL)
    return;
  act_output_file_free (self->out);
  if (self->temporary != NULL)
    (void) g_unlink (self->temporary);
  g_free (self->temporary);
  g_free (self->target);
  act_segment_file_clear (&self->file);
  g_free (self);
}

/* --- reading --- */

static gboolean
check_counts (const ActSegment *segment, const ActSegmentFile *file,
    const char *path, GError **error)
{
  ActBatchRange first = act_segment_get_range (segment, 0);

  if (first.index != file->first_batch
      || first.first_sample != file->first_sample
      || act_segment_get_n_batches (segment) != file->n_batches) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s' holds %" G_GSIZE_FORMAT " batches from %" G_GUINT64_FORMAT
        "; the manifest says %" G_GUINT64_FORMAT " from %" G_GUINT64_FORMAT,
        path, act_segment_get_n_batches (segment), first.index, file->n_batches,
        file->first_batch);
    return FALSE;
  }
  if (act_segment_get_n_samples (segment) == file->n_samples
      && act_segment_get_n_values (segment) == file->n_values)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "'%s' holds %" G_GUINT64_FORMAT " samples with %" G_GUINT64_FORMAT
      " values; the manifest says %" G_GUINT64_FORMAT
      " with %" G_GUINT64_FORMAT,
      path, act_segment_get_n_samples (segment),
      act_segment_get_n_values (segment), file->n_samples, file->n_values);
  return FALSE;
}

ActSegment *
act_segment_file_open (const char *folder, const ActSegmentFile *file,
    const ActStoreShape *shape, gboolean with_clusters, GError **error)
{
  g_autofree char *path = g_build_filename (folder, file->file, NULL);
  g_autoptr (GBytes) bytes = act_file_map (path, error);
  g_autoptr (ActSegment) segment = NULL;

  if (bytes == NULL)
    return NULL;
  segment = act_segment_new (bytes, path, shape, with_clusters, error);
  if (segment == NULL || !check_counts (segment, file, path, error))
    return NULL;
  return g_steal_pointer (&segment);
}

/* a hundredth of a second or less */
#define PIECE ((gsize) 4 << 20)

static gboolean
hash_pieces (EVP_MD_CTX *hash, const guint8 *data, gsize size,
    ActStoreCancelled cancelled, gpointer user_data, GError **error)
{
  for (gsize at = 0; at < size; at += PIECE) {
    if (cancelled != NULL && cancelled (user_data)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    EVP_DigestUpdate (hash, data + at, MIN (size - at, PIECE));
  }
  return TRUE;
}

gboolean
act_segment_file_verify (const char *folder, const ActSegmentFile *file,
    ActStoreCancelled cancelled, gpointer user_data, GError **error)
{
  g_autofree char *path = g_build_filename (folder, file->file, NULL);
  g_autoptr (GBytes) bytes = act_file_map (path, error);
  g_autoptr (EVP_MD_CTX) hash = hash_new ();
  char sha256[65];
  gsize size;
  const void *data;
  gboolean hashed;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  hashed = hash_pieces (hash, data, size, cancelled, user_data, error);
  hash_finish (hash, sha256);
  if (!hashed || (size == file->size && strcmp (sha256, file->sha256) == 0))
    return hashed;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' is damaged: %" G_GSIZE_FORMAT
      " bytes with SHA-256 %.8s..., expected %" G_GUINT64_FORMAT
      " with %.8s...",
      path, size, sha256, file->size, file->sha256);
  return FALSE;
}

/* --- what is left over --- */

gboolean
act_store_is_segment (const char *name)
{
  return (g_str_has_prefix (name, PREFIX) && g_str_has_suffix (name, SUFFIX))
      || strcmp (name, ACT_SEGMENT_LOG_NAME) == 0;
}

/* of a segment, of another file of the store, of a drain */
static gboolean
is_temporary (const char *name)
{
  return name[0] == '.'
      && (g_str_has_suffix (name, TEMPORARY)
          || g_str_has_prefix (name, ".scratch-"));
}

gboolean
act_store_is_early (const char *name)
{
  return is_temporary (name) || strcmp (name, ACT_STORE_CLUSTERS_NAME) == 0
      || strcmp (name, ACT_STORE_VOCABULARY_NAME) == 0;
}

void
act_segment_files_sweep (
    const char *folder, const ActSegmentFile *files, guint n)
{
  g_autoptr (GHashTable) listed = g_hash_table_new (act_str_hash, g_str_equal);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  for (guint i = 0; i < n; i++)
    g_hash_table_add (listed, files[i].file);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    if (is_temporary (name)
        || (act_store_is_segment (name)
            && !g_hash_table_contains (listed, name))) {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      (void) g_unlink (path);
    }
  }
}
