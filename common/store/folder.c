/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/output.h"

void
act_store_folder_free (ActStoreFolder *self)
{
  if (self == NULL)
    return;
  if (self->lock >= 0)
    close (self->lock);
  g_free (self->path);
  act_manifest_free (self->manifest);
  g_array_unref (self->batches);
  g_ptr_array_unref (self->repaired);
  g_free (self);
}

/* Two runs in one folder would sweep each other's files. The lock goes with
 * the process; a file system without locks has to do without. */
static gboolean
lock_folder (ActStoreFolder *self, GError **error)
{
  self->lock = open (self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->lock < 0) {
    act_set_errno_error (error, errno, FALSE, "cannot open '%s'", self->path);
    return FALSE;
  }
  if (flock (self->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
      "the store '%s' is in use by another run", self->path);
  return FALSE;
}

/* one segment's batches onto the list */
static gboolean
read_segment (ActStoreFolder *self, const ActSegmentFile *file, GError **error)
{
  const ActStoreShape shape = act_identity_get_shape (self->manifest->identity);
  g_autoptr (ActSegment) segment = NULL;

  if (!act_segment_file_verify (self->path, file, error))
    return FALSE;
  segment = act_segment_file_open (
      self->path, file, &shape, self->manifest->clusters_stored, error);
  if (segment == NULL)
    return FALSE;
  for (gsize b = 0; b < act_segment_get_n_batches (segment); b++) {
    ActBatchRange range = act_segment_get_range (segment, b);
    g_array_append_val (self->batches, range);
  }
  self->n_values += file->n_values;
  return TRUE;
}

static gboolean
drop_segment (ActStoreFolder *self, guint i, GError **error)
{
  ActManifest *manifest = self->manifest;
  const ActSegmentFile *file =
      &g_array_index (manifest->segments, ActSegmentFile, i);
  g_autofree char *path = g_build_filename (self->path, file->file, NULL);

  g_ptr_array_add (self->repaired, g_strdup (file->file));
  g_array_remove_index (manifest->segments, i);
  manifest->complete = FALSE;
  if (!act_manifest_write (manifest, self->path, error))
    return FALSE;
  (void) g_unlink (path);
  return TRUE;
}

/* What is wrong or not there, and not what could just not be read now: a
 * lack of memory or descriptors must not cost a segment. */
static gboolean
is_damage (
    const ActStoreFolder *self, const ActSegmentFile *file, const GError *error)
{
  g_autofree char *path = g_build_filename (self->path, file->file, NULL);

  return g_error_matches (error, ACT_ERROR, ACT_ERROR_FORMAT)
      || g_error_matches (error, ACT_ERROR, ACT_ERROR_MISMATCH)
      || (g_access (path, F_OK) != 0 && errno == ENOENT);
}

static gboolean
read_segments (ActStoreFolder *self, gboolean repair, GError **error)
{
  GArray *segments = self->manifest->segments;

  for (guint i = 0; i < segments->len;) {
    const ActSegmentFile *file = &g_array_index (segments, ActSegmentFile, i);
    g_autoptr (GError) damage = NULL;

    if (read_segment (self, file, &damage)) {
      i++;
    } else if (!repair || !is_damage (self, file, damage)) {
      g_propagate_error (error, g_steal_pointer (&damage));
      return FALSE;
    } else if (!drop_segment (self, i, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

/* Nothing but what a killed run can leave before there is a manifest. Segments
 * are not: they are work that somebody may miss, so repair is asked for. */
static gboolean
check_unused (const char *path, gboolean repair, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  const char *name;

  if (dir == NULL)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL) {
    if (act_store_is_early (name) || (repair && act_store_is_segment (name)))
      continue;
    if (act_store_is_segment (name)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "the store '%s' has lost its %s: nobody knows whose '%s' is; with "
          "repair all of it is made again",
          path, ACT_MANIFEST_NAME, name);
      return FALSE;
    }
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "'%s' exists and is no store: it has '%s' but no %s", path, name,
        ACT_MANIFEST_NAME);
    return FALSE;
  }
  return TRUE;
}

ActStoreFolder *
act_store_folder_open (const char *path, gboolean repair, GError **error)
{
  g_autoptr (ActStoreFolder) self = g_new0 (ActStoreFolder, 1);
  g_autofree char *manifest = NULL;

  self->path = g_canonicalize_filename (path, NULL);
  self->lock = -1;
  self->batches = g_array_new (FALSE, FALSE, sizeof (ActBatchRange));
  self->repaired = g_ptr_array_new_with_free_func (g_free);
  if (!g_file_test (self->path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&self);
  if (!lock_folder (self, error))
    return NULL;
  manifest = g_build_filename (self->path, ACT_MANIFEST_NAME, NULL);
  if (!g_file_test (manifest, G_FILE_TEST_EXISTS))
    return check_unused (self->path, repair, error) ? g_steal_pointer (&self)
                                                    : NULL;

  self->manifest = act_manifest_read (self->path, error);
  if (self->manifest == NULL || !read_segments (self, repair, error))
    return NULL;
  act_segment_files_sweep (self->path,
      (const ActSegmentFile *) self->manifest->segments->data,
      self->manifest->segments->len);
  return g_steal_pointer (&self);
}

static gboolean
check_same (ActStoreFolder *self, const ActIdentity *identity,
    gboolean clusters_stored, GError **error)
{
  g_autofree char *name = g_strdup_printf ("the store '%s'", self->path);

  if (!act_identity_check_same (
          self->manifest->identity, name, identity, "this stream", error))
    return FALSE;
  if (self->manifest->clusters_stored == clusters_stored)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "%s has cluster activations that are %s; those of this run are %s", name,
      clusters_stored ? "derived from the components" : "of their own",
      clusters_stored ? "of their own" : "derived from the components");
  return FALSE;
}

/* From here on the folder is this run's. It was not there when it was opened:
 * what is there now another run has made. */
static gboolean
take_new_folder (ActStoreFolder *self, GError **error)
{
  g_autofree char *manifest = NULL;

  if (!lock_folder (self, error))
    return FALSE;
  manifest = g_build_filename (self->path, ACT_MANIFEST_NAME, NULL);
  if (!g_file_test (manifest, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
      "the store '%s' was made by another run meanwhile", self->path);
  return FALSE;
}

gboolean
act_store_folder_begin (ActStoreFolder *self, ActIdentity *identity,
    gboolean clusters_stored, guint segment_size, GError **error)
{
  if (self->manifest != NULL) {
    gboolean same = check_same (self, identity, clusters_stored, error);

    act_identity_free (identity);
    return same;
  }
  self->manifest = act_manifest_new (identity);
  self->manifest->clusters_stored = clusters_stored;
  self->manifest->segment_size = segment_size;
  if (g_mkdir_with_parents (self->path, 0777) != 0) {
    act_set_errno_error (error, errno, TRUE, "cannot create '%s'", self->path);
    return FALSE;
  }
  if (self->lock < 0 && !take_new_folder (self, error))
    return FALSE;
  act_segment_files_sweep (self->path, NULL, 0);
  return act_manifest_write (self->manifest, self->path, error);
}
