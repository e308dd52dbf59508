/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/output.h"
#include "formats/tokens.h"
#include "strhash.h"

/* a segment that was checked: while the file is the same one, nobody has to
 * read it again */
typedef struct {
  GStatBuf stat;
  char sha256[65];
  guint64 n_values;
  GArray *batches; /* ActBatchRange */
  GArray *digests; /* guint64 */
} Known;

static void
known_free (gpointer data)
{
  Known *known = data;

  g_array_unref (known->batches);
  g_array_unref (known->digests);
  g_free (known);
}

void
act_store_folder_free (ActStoreFolder *self)
{
  if (self == NULL)
    return;
  if (self->lock >= 0)
    close (self->lock);
  g_free (self->path);
  act_lease_file_free (self->lease);
  act_manifest_free (self->manifest);
  g_array_unref (self->batches);
  g_array_unref (self->digests);
  g_ptr_array_unref (self->damaged);
  g_hash_table_unref (self->known);
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

/* --- what the segments hold --- */

static gboolean
is_same_file (const GStatBuf *a, const GStatBuf *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino
      && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec
      && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static Known *
check_segment (ActStoreFolder *self, const ActSegmentFile *file,
    ActStoreCancelled cancelled, gpointer user_data, GError **error)
{
  const ActStoreShape shape = act_identity_get_shape (self->manifest->identity);
  g_autoptr (ActSegment) segment = NULL;
  Known *known;

  if (!act_segment_file_verify (self->path, file, cancelled, user_data, error))
    return NULL;
  segment = act_segment_file_open (
      self->path, file, &shape, self->manifest->clusters_stored, error);
  if (segment == NULL)
    return NULL;
  known = g_new0 (Known, 1);
  known->batches = g_array_new (FALSE, FALSE, sizeof (ActBatchRange));
  known->digests = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (gsize b = 0; b < act_segment_get_n_batches (segment); b++) {
    ActBatchRange range = act_segment_get_range (segment, b);
    guint64 digest = act_tokens_digest (act_segment_get_tokens (segment, b),
        (gsize) range.n_samples * shape.n_ctx);

    g_array_append_val (known->batches, range);
    g_array_append_val (known->digests, digest);
  }
  known->n_values = file->n_values;
  g_strlcpy (known->sha256, file->sha256, sizeof known->sha256);
  return known;
}

/* What is known of a segment: from before, or as it is now. The file is looked
 * at before it is read, so that a change meanwhile shows. */
static const Known *
know_segment (ActStoreFolder *self, const ActSegmentFile *file,
    ActStoreCancelled cancelled, gpointer user_data, GError **error)
{
  g_autofree char *path = g_build_filename (self->path, file->file, NULL);
  Known *known = g_hash_table_lookup (self->known, file->file);
  GStatBuf now;
  gboolean there = g_stat (path, &now) == 0;

  if (!there)
    memset (&now, 0, sizeof now);

  if (known != NULL && there && is_same_file (&known->stat, &now)
      && strcmp (known->sha256, file->sha256) == 0)
    return known;
  known = check_segment (self, file, cancelled, user_data, error);
  if (known == NULL)
    return NULL;
  known->stat = now;
  g_hash_table_replace (self->known, g_strdup (file->file), known);
  return known;
}

/* one segment's batches onto the list */
static gboolean
read_segment (ActStoreFolder *self, const ActSegmentFile *file,
    ActStoreCancelled cancelled, gpointer user_data, GError **error)
{
  const Known *known = know_segment (self, file, cancelled, user_data, error);

  if (known == NULL)
    return FALSE;
  g_array_append_vals (
      self->batches, known->batches->data, known->batches->len);
  g_array_append_vals (
      self->digests, known->digests->data, known->digests->len);
  self->n_values += known->n_values;
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

/* what can be done about it */
static void
add_to_message (GError *error, const char *advice)
{
  char *message = g_strdup_printf ("%s (%s)", error->message, advice);

  g_free (error->message);
  error->message = message;
}

static void
forget (ActStoreFolder *self)
{
  self->checked = FALSE;
  g_array_set_size (self->batches, 0);
  g_array_set_size (self->digests, 0);
  self->n_values = 0;
  g_ptr_array_set_size (self->damaged, 0);
}

gboolean
act_store_folder_check (ActStoreFolder *self, ActStoreCancelled cancelled,
    gpointer user_data, GError **error)
{
  GArray *segments = self->manifest != NULL ? self->manifest->segments : NULL;

  if (self->checked)
    return TRUE;
  forget (self);
  for (guint i = 0; segments != NULL && i < segments->len; i++) {
    const ActSegmentFile *file = &g_array_index (segments, ActSegmentFile, i);
    g_autoptr (GError) damage = NULL;

    if (read_segment (self, file, cancelled, user_data, &damage))
      continue;
    if (!self->repair || !is_damage (self, file, damage)) {
      if (is_damage (self, file, damage))
        add_to_message (damage,
            "repair=true, or --repair of gst-activations "
            "dashboard, makes its batches again");
      g_propagate_error (error, g_steal_pointer (&damage));
      return FALSE;
    }
    g_ptr_array_add (self->damaged, g_strdup (file->file));
  }
  self->checked = TRUE;
  return TRUE;
}

/* --- opening --- */

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
          "the store '%s' has lost its %s: nobody knows whose '%s' is; "
          "repair=true, or --repair of gst-activations dashboard, makes all "
          "of it again",
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

gboolean
act_store_folder_reload (ActStoreFolder *self, GError **error)
{
  g_autofree char *manifest =
      g_build_filename (self->path, ACT_MANIFEST_NAME, NULL);

  forget (self);
  g_clear_pointer (&self->manifest, act_manifest_free);
  if (!g_file_test (self->path, G_FILE_TEST_EXISTS))
    return TRUE;
  if (self->lock < 0 && !lock_folder (self, error))
    return FALSE;
  if (!g_file_test (manifest, G_FILE_TEST_EXISTS))
    return check_unused (self->path, self->repair, error);
  self->manifest = act_manifest_read (self->path, error);
  return self->manifest != NULL;
}

ActStoreFolder *
act_store_folder_open (const char *path, gboolean repair, GError **error)
{
  g_autoptr (ActStoreFolder) self = g_new0 (ActStoreFolder, 1);

  self->path = g_canonicalize_filename (path, NULL);
  self->repair = repair;
  self->lock = -1;
  self->batches = g_array_new (FALSE, FALSE, sizeof (ActBatchRange));
  self->digests = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->damaged = g_ptr_array_new_with_free_func (g_free);
  self->known =
      g_hash_table_new_full (act_str_hash, g_str_equal, g_free, known_free);
  return act_store_folder_reload (self, error) ? g_steal_pointer (&self) : NULL;
}

/* --- beginning --- */

static gboolean
advise (gboolean same, GError **error)
{
  if (!same && error != NULL && *error != NULL)
    add_to_message (*error,
        "give another folder for this run, or the settings that the store was "
        "made with");
  return same;
}

gboolean
act_store_folder_check_tokens (
    const ActStoreFolder *self, const ActIdentity *tokens, GError **error)
{
  g_autofree char *name = g_strdup_printf ("the store '%s'", self->path);

  return self->manifest == NULL
      || advise (act_identity_check_same_tokens (self->manifest->identity, name,
                     tokens, "this stream", error),
          error);
}

static gboolean
check_same (ActStoreFolder *self, const ActIdentity *identity,
    gboolean clusters_stored, GError **error)
{
  g_autofree char *name = g_strdup_printf ("the store '%s'", self->path);

  if (!advise (act_identity_check_same (self->manifest->identity, name,
                   identity, "this stream", error),
          error))
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

/* From here on their batches are known to be missing. A log that another run
 * left goes into the manifest: its end may be torn. */
static gboolean
drop_damaged (ActStoreFolder *self, GError **error)
{
  GArray *segments = self->manifest->segments;

  if (self->damaged->len == 0)
    return !self->manifest->has_log
        || act_manifest_write (self->manifest, self->path, error);
  for (guint i = segments->len; i > 0; i--)
    if (g_ptr_array_find_with_equal_func (self->damaged,
            g_array_index (segments, ActSegmentFile, i - 1).file, g_str_equal,
            NULL))
      g_array_remove_index (segments, i - 1);
  self->manifest->complete = FALSE;
  return act_manifest_write (self->manifest, self->path, error);
}

/* Of a run that was killed before it had a manifest: this one may have none of
 * its own to put in their place. */
static void
sweep_context (ActStoreFolder *self)
{
  static const char *const names[] = { ACT_STORE_CLUSTERS_NAME,
    ACT_STORE_VOCABULARY_NAME };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (self->path, names[i], NULL);

    (void) g_unlink (path);
  }
}

static void
sweep (ActStoreFolder *self)
{
  const GArray *segments = self->manifest->segments;

  act_segment_files_sweep (
      self->path, (const ActSegmentFile *) segments->data, segments->len);
}

static gboolean
go_on (ActStoreFolder *self, const ActIdentity *identity,
    gboolean clusters_stored, GError **error)
{
  if (!check_same (self, identity, clusters_stored, error)
      || !drop_damaged (self, error))
    return FALSE;
  sweep (self);
  return TRUE;
}

/* before anything is changed: what another holder has made is not in the
 * manifest that was read, and would be swept */
static gboolean
hold_lease (ActStoreFolder *self, GError **error)
{
  self->manifest->lease = self->lease;
  return act_lease_file_hold (self->lease, error);
}

gboolean
act_store_folder_begin (ActStoreFolder *self, ActIdentity *identity,
    gboolean clusters_stored, guint segment_size, GError **error)
{
  g_return_val_if_fail (self->checked, FALSE);
  if (self->manifest != NULL) {
    gboolean begun = hold_lease (self, error)
        && go_on (self, identity, clusters_stored, error);

    act_identity_free (identity);
    return begun;
  }
  self->manifest = act_manifest_new (identity);
  self->manifest->clusters_stored = clusters_stored;
  self->manifest->segment_size = segment_size;
  if (!hold_lease (self, error))
    return FALSE;
  if (g_mkdir_with_parents (self->path, 0777) != 0) {
    act_set_errno_error (error, errno, TRUE, "cannot create '%s'", self->path);
    return FALSE;
  }
  if (self->lock < 0 && !take_new_folder (self, error))
    return FALSE;
  sweep (self);
  sweep_context (self);
  return act_manifest_write (self->manifest, self->path, error);
}
