/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/storeset.h"

#include "acterror.h"
#include "store/ranges.h"

typedef struct {
  char *folder;
  ActManifest *manifest;
} Member;

/* a segment of one of them */
typedef struct {
  const Member *member;
  const ActSegmentFile *file;
  guint64 first;        /* how many batches the segments before have */
  guint64 first_sample; /* and samples */
} Part;

struct _ActStoreSet {
  Member *members;
  guint n_members;
  ActStoreSetUse use;
  char *missing; /* or NULL */
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
  g_free (self->missing);
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
        &g_array_index (segments, ActSegmentFile, s), 0, 0 };
      g_array_append_val (self->parts, part);
    }
  }
  g_array_sort (self->parts, compare_parts);
  for (guint i = 0; i < self->parts->len; i++) {
    Part *part = &g_array_index (self->parts, Part, i);

    part->first = self->n_batches;
    part->first_sample = self->n_samples;
    self->n_batches += part->file->n_batches;
    self->n_samples += part->file->n_samples;
  }
}

/* --- what is missing or doubled --- */

typedef struct {
  ActRanges missing, doubled;
} Faults;

static void
faults_clear (Faults *faults)
{
  act_ranges_clear (&faults->missing);
  act_ranges_clear (&faults->doubled);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Faults, faults_clear)

static void
compare_neighbours (const ActStoreSet *self, Faults *faults)
{
  guint64 end = 0;

  for (guint i = 0; i < self->parts->len; i++) {
    const ActSegmentFile *file = g_array_index (self->parts, Part, i).file;
    guint64 file_end = file->first_batch + file->n_batches;

    if (i > 0 && file->first_batch > end)
      act_ranges_add (&faults->missing, end, file->first_batch);
    if (i > 0 && file->first_batch < end)
      act_ranges_add (&faults->doubled, file->first_batch, MIN (end, file_end));
    end = MAX (end, file_end);
  }
}

ActStoreSetPlace
act_store_set_get_place (const ActStoreSet *self)
{
  ActStoreSetPlace place = { FALSE };

  for (guint i = 0; i < self->n_members; i++) {
    const ActManifest *m = self->members[i].manifest;

    if (!m->complete)
      continue;
    place.has_first |= m->shard_index == 0;
    place.has_last |= m->shard_index + 1 == m->shard_count;
    place.batches = MAX (place.batches, m->run_batches);
    place.samples = MAX (place.samples, m->run_samples);
  }
  return place;
}

/* where the run begins, if its first shard is there to say so */
static guint64
find_begin (const ActStoreSet *self)
{
  guint64 begin = 0;

  for (guint i = 0; i < self->n_members; i++) {
    const ActManifest *m = self->members[i].manifest;

    if (m->complete && m->shard_index == 0)
      begin = m->first_batch;
  }
  return begin;
}

/* before and behind all that is there */
static void
find_ends (const ActStoreSet *self, guint64 *first, guint64 *end)
{
  *first = G_MAXUINT64;
  *end = 0;
  for (guint i = 0; i < self->n_members; i++)
    if (self->members[i].manifest->complete)
      *first = MIN (*first, self->members[i].manifest->first_batch);
  if (self->parts->len > 0) {
    const ActSegmentFile *last =
        g_array_index (self->parts, Part, self->parts->len - 1).file;

    *first = g_array_index (self->parts, Part, 0).file->first_batch;
    *end = last->first_batch + last->n_batches;
  }
}

/* What shards that are complete say of the run's beginning. */
static void
check_begin (const ActStoreSet *self, Faults *faults)
{
  guint64 begin = find_begin (self), first, end;

  find_ends (self, &first, &end);
  if (self->n_batches < act_store_set_get_place (self).batches
      && first != G_MAXUINT64 && first > begin)
    act_ranges_add (&faults->missing, begin, first);
}

/* And of its end. */
static void
check_end (const ActStoreSet *self, Faults *faults)
{
  ActStoreSetPlace place = act_store_set_get_place (self);
  guint64 first, end;

  find_ends (self, &first, &end);
  if (self->n_batches < place.batches && !place.has_last && end < place.batches)
    act_ranges_add (&faults->missing, end, place.batches);
}

static gboolean
check_complete (const ActStoreSet *self, gboolean *lacks, GError **error)
{
  if (self->use == ACT_STORE_SET_ANY)
    return TRUE;
  for (guint i = 0; i < self->n_members; i++) {
    const Member *member = &self->members[i];

    if (member->manifest->complete)
      continue;
    *lacks = TRUE;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the store '%s' is not complete: its run was cut off; run it again to "
        "go on",
        member->folder);
    return FALSE;
  }
  return TRUE;
}

/* the first that knows how long the run is, or NULL */
static const Member *
find_complete (const ActStoreSet *self)
{
  for (guint i = 0; i < self->n_members; i++)
    if (self->members[i].manifest->complete)
      return &self->members[i];
  return NULL;
}

/* Shards of runs that had other lengths, of a text that grew for instance, are
 * not of one run; nor are parts whose samples do not follow each other. */
static gboolean
check_one_run (const ActStoreSet *self, GError **error)
{
  const Member *first = find_complete (self);

  for (guint i = 0; i < self->n_members; i++) {
    const ActManifest *a = first != NULL ? first->manifest : NULL;
    const ActManifest *b = self->members[i].manifest;

    if (!b->complete
        || (a->run_batches == b->run_batches
            && a->run_samples == b->run_samples))
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the stores '%s' and '%s' are not of the same run; the whole run has "
        "%" G_GUINT64_FORMAT " batches and %" G_GUINT64_FORMAT
        " samples in one, %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
        " in the other",
        first->folder, self->members[i].folder, a->run_batches, a->run_samples,
        b->run_batches, b->run_samples);
    return FALSE;
  }
  return TRUE;
}

/* after check_ranges (): parts touch, or there is a gap that is no error */
static gboolean
check_samples (const ActStoreSet *self, GError **error)
{
  for (guint i = 1; i < self->parts->len; i++) {
    const ActSegmentFile *last = g_array_index (self->parts, Part, i - 1).file;
    const Part *part = &g_array_index (self->parts, Part, i);
    guint64 end = last->first_sample + last->n_samples;
    gboolean gap =
        part->file->first_batch > last->first_batch + last->n_batches;

    if (gap ? part->file->first_sample > end : part->file->first_sample == end)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the stores do not make one run: '%s' in '%s' begins with sample "
        "%" G_GUINT64_FORMAT ", after the batches before it comes "
        "%" G_GUINT64_FORMAT,
        part->file->file, part->member->folder, part->file->first_sample, end);
    return FALSE;
  }
  return TRUE;
}

/* What is missing, where that is no error. */
static void
describe_missing (ActStoreSet *self, const ActRanges *missing)
{
  g_autofree char *ranges = act_ranges_to_string (missing, ", ");
  guint64 n_batches = act_store_set_get_place (self).batches;

  if (find_complete (self) == NULL)
    self->missing = g_strdup_printf ("%" G_GUINT64_FORMAT " batches are there, "
                                     "of a run of which no shard is complete",
        self->n_batches);
  else if (*ranges != '\0')
    self->missing = g_strdup_printf (
        "of %" G_GUINT64_FORMAT " batches no store has %s", n_batches, ranges);
}

static gboolean
check_ranges (ActStoreSet *self, gboolean *lacks, GError **error)
{
  g_auto (Faults) faults = { { NULL }, { NULL } };
  g_autofree char *missing = NULL, *doubled = NULL;

  /* in their order */
  if (self->use != ACT_STORE_SET_PART)
    check_begin (self, &faults);
  compare_neighbours (self, &faults);
  if (self->use != ACT_STORE_SET_PART)
    check_end (self, &faults);
  missing = act_ranges_to_string (&faults.missing, ", ");
  doubled = act_ranges_to_string (&faults.doubled, ", ");
  if (self->use == ACT_STORE_SET_ANY && *doubled == '\0') {
    describe_missing (self, &faults.missing);
    return TRUE;
  }
  if (*missing == '\0' && *doubled == '\0')
    return TRUE;
  *lacks = *doubled == '\0';
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "the stores do not make one run:%s%s%s%s%s",
      *missing != '\0' ? " no store has batches " : "", missing,
      *missing != '\0' && *doubled != '\0' ? ";" : "",
      *doubled != '\0' ? " two stores have batches " : "", doubled);
  return FALSE;
}

ActStoreSet *
act_store_set_open (const char *const *folders, guint n_folders,
    ActStoreSetUse use, gboolean *lacks, GError **error)
{
  g_autoptr (ActStoreSet) self = g_new0 (ActStoreSet, 1);
  gboolean ignored = FALSE;

  g_return_val_if_fail (n_folders > 0, NULL);
  lacks = lacks != NULL ? lacks : &ignored;
  *lacks = FALSE;
  self->n_members = n_folders;
  self->use = use;
  self->members = g_new0 (Member, n_folders);
  self->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  if (!open_members (self, folders, error)
      || !check_complete (self, lacks, error) || !check_one_run (self, error))
    return NULL;
  collect_parts (self);
  if (!check_ranges (self, lacks, error) || !check_samples (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* --- reading --- */

guint64
act_store_set_get_n_values (const ActStoreSet *self)
{
  guint64 n = 0;

  for (guint i = 0; i < self->parts->len; i++)
    n += g_array_index (self->parts, Part, i).file->n_values;
  return n;
}

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

const char *
act_store_set_get_missing (const ActStoreSet *self)
{
  return self->missing;
}

/* whether what is there is counted anew */
static gboolean
is_renumbered (const ActStoreSet *self)
{
  return self->missing != NULL;
}

guint64
act_store_set_get_first_batch (const ActStoreSet *self)
{
  return self->parts->len > 0 && !is_renumbered (self)
      ? g_array_index (self->parts, Part, 0).file->first_batch
      : 0;
}

guint64
act_store_set_get_first_sample (const ActStoreSet *self)
{
  return self->parts->len > 0 && !is_renumbered (self)
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

/* what a sample of a part is called */
static guint64
number_of (const ActStoreSet *self, const Part *part, guint64 sample)
{
  return is_renumbered (self)
      ? sample - part->file->first_sample + part->first_sample
      : sample;
}

gboolean
act_store_set_get (
    ActStoreSet *self, guint64 i, ActStoredBatch *batch, GError **error)
{
  guint at = find_part (self, i);
  const Part *part = &g_array_index (self->parts, Part, at);

  g_return_val_if_fail (i < self->n_batches, FALSE);
  if (!make_current (self, at, error))
    return FALSE;
  act_segment_get (self->current, (gsize) (i - part->first), batch);
  batch->first_sample = number_of (self, part, batch->first_sample);
  if (is_renumbered (self))
    batch->index = i;
  return TRUE;
}

/* A segment is opened for it only in its middle, and if that cannot be done
 * reading it will say so. */
guint64
act_store_set_first_sample (ActStoreSet *self, guint64 i)
{
  const Part *part;
  guint64 sample;
  guint at;

  if (i >= self->n_batches)
    return act_store_set_get_first_sample (self) + self->n_samples;
  at = find_part (self, i);
  part = &g_array_index (self->parts, Part, at);
  sample = part->file->first_sample;
  if (i != part->first && make_current (self, at, NULL))
    sample = act_segment_get_range (self->current, (gsize) (i - part->first))
                 .first_sample;
  return number_of (self, part, sample);
}
