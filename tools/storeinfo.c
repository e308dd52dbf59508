/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storeinfo.h"

#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include <acterror.h>
#include <formats/json.h>
#include <formats/output.h>

#include "toolerror.h"
#include "units.h"

#define N_COLUMNS 12
#define SHORT 8 /* digits of a fingerprint */

ActStoreInfo *
act_store_info_new (const char *folder, GError **error)
{
  g_autoptr (ActManifest) manifest = NULL;
  g_autofree char *path = g_build_filename (folder, ACT_MANIFEST_NAME, NULL);
  ActStoreInfo *self;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    const char *what = "exists, but is no folder";

    if (g_file_test (folder, G_FILE_TEST_IS_DIR))
      what = "is no store: it has no " ACT_MANIFEST_NAME;
    else if (!g_file_test (folder, G_FILE_TEST_EXISTS))
      what = "does not exist";
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_FAILED,
        "'%s' %s, expected the folder of a store", folder, what);
    return NULL;
  }
  manifest = act_manifest_read (folder, error);
  if (manifest == NULL)
    return NULL;
  self = g_new0 (ActStoreInfo, 1);
  self->folder = g_strdup (folder);
  self->manifest = g_steal_pointer (&manifest);
  return self;
}

void
act_store_info_free (ActStoreInfo *self)
{
  if (self == NULL)
    return;
  g_free (self->folder);
  act_manifest_free (self->manifest);
  g_free (self);
}

/* --- sums --- */

typedef struct {
  guint64 batches, samples, values, segments, bytes;
} Totals;

static Totals
add_up (const ActManifest *manifest)
{
  Totals totals = { .segments = manifest->segments->len };

  for (guint i = 0; i < manifest->segments->len; i++) {
    const ActSegmentFile *file =
        &g_array_index (manifest->segments, ActSegmentFile, i);

    totals.batches += file->n_batches;
    totals.samples += file->n_samples;
    totals.values += file->n_values;
    totals.bytes += file->size;
  }
  return totals;
}

/* --- the table --- */

static char *
shorten (const char *fingerprint)
{
  return fingerprint != NULL ? g_strndup (fingerprint, SHORT) : g_strdup ("-");
}

static char *
clustering_name (const ActIdentity *identity)
{
  if (identity->run == NULL)
    return g_strdup ("-");
  return g_strdup_printf ("%s-%d", identity->run, identity->iteration);
}

/* a store that has only begun does not know what part of the run it is */
static char *
shard_name (const ActManifest *manifest)
{
  if (manifest->shard_count == 0)
    return g_strdup ("-");
  return g_strdup_printf (
      "%u of %u", manifest->shard_index, manifest->shard_count);
}

static void
fill_row (char *row[N_COLUMNS], const ActStoreInfo *info)
{
  const ActManifest *manifest = info->manifest;
  const ActIdentity *identity = manifest->identity;
  Totals totals = add_up (manifest);
  guint i = 0;

  row[i++] = shorten (identity->model);
  row[i++] = shorten (identity->assignment);
  row[i++] = clustering_name (identity);
  row[i++] = g_strdup_printf ("%u", identity->n_ctx);
  row[i++] = shard_name (manifest);
  row[i++] = act_units_count (totals.batches);
  row[i++] = act_units_count (totals.samples);
  row[i++] = act_units_count (totals.values);
  row[i++] = act_units_count (totals.segments);
  row[i++] = act_units_count (totals.bytes);
  row[i++] = g_strdup (manifest->complete ? "yes" : "no");
  row[i++] = g_strdup (info->folder);
}

static void
append_row (GString *out, char *const row[N_COLUMNS], const int *widths)
{
  for (guint i = 0; i + 1 < N_COLUMNS; i++)
    g_string_append_printf (out, "%*s  ",
        widths[i] - (int) g_utf8_strlen (row[i], -1) + (int) strlen (row[i]),
        row[i]);
  g_string_append_printf (out, "%s\n", row[N_COLUMNS - 1]);
}

char *
act_store_info_table (const GPtrArray *infos)
{
  static const char *const names[N_COLUMNS] = { "model", "clusters", "run",
    "n-ctx", "shard", "batches", "samples", "values", "segments", "bytes",
    "complete", "store" };
  const guint n_rows = infos->len + 1;
  g_autofree char **cells = g_new0 (char *, (gsize) n_rows *N_COLUMNS);
  GString *out = g_string_new (NULL);
  int widths[N_COLUMNS] = { 0 };

  for (guint c = 0; c < N_COLUMNS; c++)
    cells[c] = g_strdup (names[c]);
  for (guint i = 0; i < infos->len; i++)
    fill_row (cells + (gsize) (i + 1) * N_COLUMNS, infos->pdata[i]);
  for (guint k = 0; k < n_rows * N_COLUMNS; k++)
    widths[k % N_COLUMNS] =
        MAX (widths[k % N_COLUMNS], (int) g_utf8_strlen (cells[k], -1));
  for (guint r = 0; r < n_rows; r++)
    append_row (out, cells + (gsize) r * N_COLUMNS, widths);
  for (guint k = 0; k < n_rows * N_COLUMNS; k++)
    g_free (cells[k]);
  return g_string_free (out, FALSE);
}

/* --- JSON --- */

/* null where it is not known */
static void
add_if (ActJsonWriter *json, const char *key, guint64 value, gboolean known)
{
  act_json_key (json, key);
  if (known)
    act_json_uint (json, value);
  else
    act_json_null (json);
}

static void
add_part (ActJsonWriter *json, const ActManifest *manifest)
{
  gboolean known = manifest->shard_count > 0;

  act_json_key (json, "complete");
  act_json_boolean (json, manifest->complete);
  add_if (json, "shard_index", manifest->shard_index, known);
  add_if (json, "shard_count", manifest->shard_count, known);
  add_if (json, "run_batches", manifest->run_batches, manifest->complete);
  add_if (json, "run_samples", manifest->run_samples, manifest->complete);
}

static void
add_store (ActJsonWriter *json, const ActStoreInfo *info)
{
  Totals totals = add_up (info->manifest);

  act_json_begin_object (json);
  act_json_add_string (json, "store", info->folder);
  act_identity_write (info->manifest->identity, json);
  add_part (json, info->manifest);
  act_json_add_uint (json, "batches", totals.batches);
  act_json_add_uint (json, "samples", totals.samples);
  act_json_add_uint (json, "values", totals.values);
  act_json_add_uint (json, "segments", totals.segments);
  act_json_add_uint (json, "bytes", totals.bytes);
  act_json_end_object (json);
}

char *
act_store_info_json (const GPtrArray *infos)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 1);

  act_json_begin_array (json);
  for (guint i = 0; i < infos->len; i++)
    add_store (json, infos->pdata[i]);
  act_json_end_array (json);
  g_string_append_c (text, '\n');
  return g_strdup (text->str);
}

/* --- checking --- */

static gboolean
check_segment (
    const ActStoreInfo *info, const ActSegmentFile *file, GError **error)
{
  const ActStoreShape shape = act_identity_get_shape (info->manifest->identity);
  g_autoptr (ActSegment) segment = NULL;

  if (!act_segment_file_verify (info->folder, file, NULL, NULL, error))
    return FALSE;
  segment = act_segment_file_open (
      info->folder, file, &shape, info->manifest->clusters_stored, error);
  return segment != NULL;
}

static gboolean
check_sum (const ActStoreInfo *info, GError **error)
{
  Totals totals = add_up (info->manifest);

  if (!info->manifest->complete || info->manifest->n_samples == totals.samples)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "'%s/" ACT_MANIFEST_NAME "': its segments have %" G_GUINT64_FORMAT
      " samples, expected %" G_GUINT64_FORMAT,
      info->folder, totals.samples, info->manifest->n_samples);
  return FALSE;
}

gboolean
act_store_info_check_file (
    const ActStoreInfo *info, const ActSegmentFile *file, GError **error)
{
  g_autofree char *path = g_build_filename (info->folder, file->file, NULL);
  GStatBuf status;

  if (g_stat (path, &status) != 0) {
    act_set_errno_error (error, errno, FALSE, "cannot find '%s'", path);
    return FALSE;
  }
  if ((guint64) status.st_size == file->size)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' is damaged: it has %" G_GUINT64_FORMAT
      " bytes, expected %" G_GUINT64_FORMAT,
      path, (guint64) status.st_size, file->size);
  return FALSE;
}

gboolean
act_store_info_check_files (const ActStoreInfo *info, GError **error)
{
  const GArray *files = info->manifest->segments;

  for (guint i = 0; i < files->len; i++)
    if (!act_store_info_check_file (
            info, &g_array_index (files, ActSegmentFile, i), error))
      return FALSE;
  return TRUE;
}

guint
act_store_info_verify (
    const ActStoreInfo *info, ActStoreFault on_fault, gpointer user_data)
{
  const GArray *files = info->manifest->segments;
  guint n_faults = 0;

  for (guint i = 0; i <= files->len; i++) {
    g_autoptr (GError) error = NULL;
    gboolean fine = i < files->len ? check_segment (
                        info, &g_array_index (files, ActSegmentFile, i), &error)
                                   : check_sum (info, &error);

    if (fine)
      continue;
    on_fault (error, user_data);
    n_faults++;
  }
  return n_faults;
}

/* --- errors --- */

gboolean
act_store_is_damage (const GError *error)
{
  return g_error_matches (error, ACT_ERROR, ACT_ERROR_FORMAT)
      || g_error_matches (error, ACT_ERROR, ACT_ERROR_VALUE)
      || g_error_matches (error, ACT_ERROR, ACT_ERROR_MISMATCH);
}

void
act_store_add_remedy (GError *error, const char *remedy)
{
  g_autofree char *text = error->message;

  error->message = g_strconcat (text, "; ", remedy, NULL);
}
