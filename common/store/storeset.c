/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/storeset.h"

#include "acterror.h"

typedef struct {
  char *folder;
  ActManifest *manifest;
} Member;

/* a segment of one of them */
typedef struct {
  const Member *member;
  const ActSegmentFile *file;
  guint64 first; /* how many batches the segments before have */
} Part;

struct _ActStoreSet {
  Member *members;
  guint n_members;
  GArray *parts; /* Part, by batch */
  ActStoreShape shape;
  guint64 n_batches;
  guint64 n_samples;
  ActSegment *current;
  guint current_part;
};

void
act_store_set_free (ActStoreSet *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_members; i++) {
    g_free (self->members[i].folder);
    act_manifest_free (self->members[i].manifest);
  }
  g_free (self->members);
  g_array_unref (self->parts);
  act_segment_free (self->current);
  g_free (self);
}

/* --- opening --- */

static gboolean
check_agrees (const ActStoreSet *self, guint i, GError **error)
{
  const Member *a = &self->members[0], *b = &self->members[i];
  g_autofree char *a_name = g_strdup_printf ("the stores '%s'", a->folder);
  g_autofree char *b_name = g_strdup_printf ("'%s'", b->folder);

  if (!act_identity_check_same (
          a->manifest->identity, a_name, b->manifest->identity, b_name, error))
    return FALSE;
  if (a->manifest->clusters_stored == b->manifest->clusters_stored)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "%s and %s: only one of them stores cluster activations", a_name, b_name);
  return FALSE;
}

static gboolean
open_members (ActStoreSet *self, const char *const *folders, GError **error)
{
  for (guint i = 0; i < self->n_members; i++) {
    Member *member = &self->members[i];

    member->folder = g_canonicalize_filename (folders[i], NULL);
    member->manifest = act_manifest_read (member->folder, error);
    if (member->manifest == NULL || !check_agrees (self, i, error))
      return FALSE;
  }
  self->shape = act_identity_get_shape (self->members[0].manifest->identity);
  return TRUE;
}

static gint
compare_parts (gconstpointer a, gconstpointer b)
{
  guint64 x = ((const Part *) a)->file->first_batch;
  guint64 y = ((const Part *) b)->file->first_batch;

  return x < y ? -1 : x > y;
}

static void
collect_parts (ActStoreSet *self)
{
  for (guint i = 0; i < self->n_members; i++) {
    const GArray *segments = self->members[i].manifest->segments;

    for (guint s = 0; s < segments->len; s++) {
      Part part = { &self->members[i],
        &g_array_index (segments, ActSegmentFile, s), 0 };
      g_array_append_val (self->parts, part);
    }
  }
  g_array_sort (self->parts, compare_parts);
  for (guint i = 0; i < self->parts->len; i++) {
    Part *part = &g_array_index (self->parts, Part, i);

    part->first = self->n_batches;
    self->n_batches += part->file->n_batches;
    self->n_samples += part->file->n_samples;
  }
}

/* --- what is missing or doubled --- */

/* ranges of batches, in words */
typedef struct {
  GString *text;
  guint64 first, end; /* the last one, not yet in the text */
} Ranges;

typedef struct {
  Ranges missing, doubled;
} Faults;

static void
end_range (Ranges *ranges)
{
  if (ranges->first == ranges->end)
    return;
  g_string_append_printf (ranges->text, "%s%" G_GUINT64_FORMAT,
      ranges->text->len > 0 ? ", " : "", ranges->first);
  if (ranges->end - ranges->first > 1)
    g_string_append_printf (
        ranges->text, "-%" G_GUINT64_FORMAT, ranges->end - 1);
}

static void
add_range (Ranges *ranges, guint64 first, guint64 end)
{
  if (first != ranges->end) {
    end_range (ranges);
    ranges->first = first;
  }
  ranges->end = end;
}

static void
compare_neighbours (const ActStoreSet *self, Faults *faults)
{
  guint64 end = 0;

  for (guint i = 0; i < self->parts->len; i++) {
    const ActSegmentFile *file = g_array_index (self->parts, Part, i).file;
    guint64 file_end = file->first_batch + file->n_batches;

    if (i > 0 && file->first_batch > end)
      add_range (&faults->missing, end, file->first_batch);
    if (i > 0 && file->first_batch < end)
      add_range (&faults->doubled, file->first_batch, MIN (end, file_end));
    end = MAX (end, file_end);
  }
}

/* What shards that are complete say of the run's ends. */
static void
check_ends (const ActStoreSet *self, Faults *faults)
{
  /* where the run begins, if its first shard is there to say so */
  guint64 begin = 0, first = G_MAXUINT64, end = 0, run_batches = 0;
  gboolean has_last = FALSE;

  for (guint i = 0; i < self->n_members; i++) {
    const ActManifest *m = self->members[i].manifest;

    if (m->shard_index == 0)
      begin = m->first_batch;
    has_last |= m->shard_index + 1 == m->shard_count;
    first = MIN (first, m->first_batch);
    run_batches = MAX (run_batches, m->run_batches);
  }
  if (self->parts->len > 0) {
    const ActSegmentFile *last =
        g_array_index (self->parts, Part, self->parts->len - 1).file;

    first = g_array_index (self->parts, Part, 0).file->first_batch;
    end = last->first_batch + last->n_batches;
  }
  if (self->n_batches >= run_batches)
    return;
  if (first > begin)
    add_range (&faults->missing, begin, first);
  if (!has_last && end < run_batches)
    add_range (&faults->missing, end, run_batches);
}

static gboolean
check_complete (const ActStoreSet *self, GError **error)
{
  for (guint i = 0; i < self->n_members; i++) {
    const Member *member = &self->members[i];

    if (member->manifest->complete)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the store '%s' is not complete: its run was cut off; run it again to "
        "go on",
        member->folder);
    return FALSE;
  }
  return TRUE;
}

/* Shards of runs that had other lengths, of a text that grew for instance, are
 * not of one run; nor are parts whose samples do not follow each other. */
static gboolean
check_one_run (const ActStoreSet *self, GError **error)
{
  const ActManifest *a = self->members[0].manifest;

  for (guint i = 1; i < self->n_members; i++) {
    const ActManifest *b = self->members[i].manifest;

    if (a->run_batches == b->run_batches && a->run_samples == b->run_samples)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the stores '%s' and '%s' are not of the same run; the whole run has "
        "%" G_GUINT64_FORMAT " batches and %" G_GUINT64_FORMAT
        " samples in one, %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
        " in the other",
        self->members[0].folder, self->members[i].folder, a->run_batches,
        a->run_samples, b->run_batches, b->run_samples);
    return FALSE;
  }
  return TRUE;
}

/* after check_ranges (): parts touch */
static gboolean
check_samples (const ActStoreSet *self, GError **error)
{
  for (guint i = 1; i < self->parts->len; i++) {
    const ActSegmentFile *last = g_array_index (self->parts, Part, i - 1).file;
    const Part *part = &g_array_index (self->parts, Part, i);

    if (part->file->first_sample == last->first_sample + last->n_samples)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the stores do not make one run: '%s' in '%s' begins with sample "
        "%" G_GUINT64_FORMAT ", after the batches before it comes "
        "%" G_GUINT64_FORMAT,
        part->file->file, part->member->folder, part->file->first_sample,
        last->first_sample + last->n_samples);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_ranges (const ActStoreSet *self, GError **error)
{
  g_autoptr (GString) missing = g_string_new (NULL);
  g_autoptr (GString) doubled = g_string_new (NULL);
  Faults faults = { { missing, 0, 0 }, { doubled, 0, 0 } };

  compare_neighbours (self, &faults);
  check_ends (self, &faults);
  end_range (&faults.missing);
  end_range (&faults.doubled);
  if (missing->len == 0 && doubled->len == 0)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "the stores do not make one run:%s%s%s%s%s",
      missing->len > 0 ? " no store has batches " : "", missing->str,
      missing->len > 0 && doubled->len > 0 ? ";" : "",
      doubled->len > 0 ? " two stores have batches " : "", doubled->str);
  return FALSE;
}

ActStoreSet *
act_store_set_open (const char *const *folders, guint n_folders, GError **error)
{
  g_autoptr (ActStoreSet) self = g_new0 (ActStoreSet, 1);

  g_return_val_if_fail (n_folders > 0, NULL);
  self->n_members = n_folders;
  self->members = g_new0 (Member, n_folders);
  self->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  if (!open_members (self, folders, error) || !check_complete (self, error)
      || !check_one_run (self, error))
    return NULL;
  collect_parts (self);
  if (!check_ranges (self, error) || !check_samples (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* --- reading --- */

const ActIdentity *
act_store_set_get_identity (const ActStoreSet *self)
{
  return self->members[0].manifest->identity;
}

gboolean
act_store_set_get_clusters_stored (const ActStoreSet *self)
{
  return self->members[0].manifest->clusters_stored;
}

const char *
act_store_set_get_folder (const ActStoreSet *self)
{
  return self->members[0].folder;
}

guint64
act_store_set_get_n_batches (const ActStoreSet *self)
{
  return self->n_batches;
}

guint64
act_store_set_get_n_samples (const ActStoreSet *self)
{
  return self->n_samples;
}

guint64
act_store_set_get_first_batch (const ActStoreSet *self)
{
  return self->parts->len > 0
      ? g_array_index (self->parts, Part, 0).file->first_batch
      : 0;
}

guint64
act_store_set_get_first_sample (const ActStoreSet *self)
{
  return self->parts->len > 0
      ? g_array_index (self->parts, Part, 0).file->first_sample
      : 0;
}

static gboolean
make_current (ActStoreSet *self, guint i, GError **error)
{
  const Part *part = &g_array_index (self->parts, Part, i);

  if (self->current != NULL && self->current_part == i)
    return TRUE;
  g_clear_pointer (&self->current, act_segment_free);
  if (!act_segment_file_verify (
          part->member->folder, part->file, NULL, NULL, error))
    return FALSE;
  self->current = act_segment_file_open (part->member->folder, part->file,
      &self->shape, part->member->manifest->clusters_stored, error);
  self->current_part = i;
  return self->current != NULL;
}

/* the part that holds the i-th batch */
static guint
find_part (const ActStoreSet *self, guint64 i)
{
  guint low = 0, high = self->parts->len;

  while (high - low > 1) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (self->parts, Part, middle).first > i)
      high = middle;
    else
      low = middle;
  }
  return low;
}

gboolean
act_store_set_get (
    ActStoreSet *self, guint64 i, ActStoredBatch *batch, GError **error)
{
  guint part = find_part (self, i);

  g_return_val_if_fail (i < self->n_batches, FALSE);
  if (!make_current (self, part, error))
    return FALSE;
  act_segment_get (self->current,
      (gsize) (i - g_array_index (self->parts, Part, part).first), batch);
  return TRUE;
}

/* A segment is opened for it only in its middle, and if that cannot be done
 * reading it will say so. */
guint64
act_store_set_first_sample (ActStoreSet *self, guint64 i)
{
  const Part *part;
  guint at;

  if (i >= self->n_batches)
    return act_store_set_get_first_sample (self) + self->n_samples;
  at = find_part (self, i);
  part = &g_array_index (self->parts, Part, at);
  if (i == part->first || !make_current (self, at, NULL))
    return part->file->first_sample;
  return act_segment_get_range (self->current, (gsize) (i - part->first))
      .first_sample;
}
