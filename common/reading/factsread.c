/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reading/factsread.h"

#include "acterror.h"
#include "formats/jsonscan.h"
#include "reading/clusterread.h"

static GArray *
uints_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (guint64));
}

static GArray *
doubles_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (double));
}

/* --- making and freeing --- */

static ActShownRanking *
ranking_new (void)
{
  ActShownRanking *self = g_new (ActShownRanking, 1);

  self->tokens = act_shown_strings_new ();
  self->counts = uints_new ();
  self->run_counts = uints_new ();
  self->given_active = doubles_new ();
  self->given_token = doubles_new ();
  self->lifts = doubles_new ();
  return self;
}

static void
ranking_free (ActShownRanking *self)
{
  g_ptr_array_unref (self->tokens);
  g_array_unref (self->counts);
  g_array_unref (self->run_counts);
  g_array_unref (self->given_active);
  g_array_unref (self->given_token);
  g_array_unref (self->lifts);
  g_free (self);
}

static void
samples_free (gpointer data)
{
  ActShownSamples *self = data;

  g_string_free (self->key, TRUE);
  g_array_unref (self->rows);
  g_array_unref (self->samples);
  g_ptr_array_unref (self->hashes);
  g_free (self);
}

static void
member_free (gpointer data)
{
  ActShownMember *self = data;

  g_string_free (self->label, TRUE);
  g_free (self);
}

static ActShownFacts *
facts_new (guint64 line)
{
  ActShownFacts *self = g_new0 (ActShownFacts, 1);

  self->line = line;
  self->name = g_string_new (NULL);
  self->samples = g_ptr_array_new_with_free_func (samples_free);
  self->members = g_ptr_array_new_with_free_func (member_free);
  self->tokens.by_count = ranking_new ();
  self->tokens.by_lift = ranking_new ();
  self->next_tokens.by_count = ranking_new ();
  self->next_tokens.by_lift = ranking_new ();
  self->coactive = g_new (ActShownCoactive, 1);
  self->coactive->names = act_shown_strings_new ();
  self->coactive->counts = uints_new ();
  self->coactive->jaccards = doubles_new ();
  self->coactive->lifts = doubles_new ();
  return self;
}

void
act_shown_facts_free (ActShownFacts *self)
{
  if (self == NULL)
    return;
  g_string_free (self->name, TRUE);
  g_ptr_array_unref (self->samples);
  g_ptr_array_unref (self->members);
  ranking_free (self->tokens.by_count);
  ranking_free (self->tokens.by_lift);
  ranking_free (self->next_tokens.by_count);
  ranking_free (self->next_tokens.by_lift);
  g_ptr_array_unref (self->coactive->names);
  g_array_unref (self->coactive->counts);
  g_array_unref (self->coactive->jaccards);
  g_array_unref (self->coactive->lifts);
  g_free (self->coactive);
  g_free (self);
}

/* --- reading --- */

static gboolean
fail_lengths (ActJsonScan *scan)
{
  g_set_error (scan->error, ACT_ERROR, ACT_ERROR_FORMAT,
      "its lists are not of equal length");
  return FALSE;
}

#define AT(field) G_STRUCT_OFFSET (ActShownFacts, field)

static gboolean
read_activation (ActJsonScan *scan, gpointer to)
{
  static const ActJsonField fields[] = {
    { "n_samples", act_json_scan_uint, AT (n_samples) },
    { "sum", act_json_scan_double, AT (sum) },
    { "mean", act_json_scan_double, AT (mean) },
    { "n_active_positions", act_json_scan_uint, AT (n_active_positions) },
    { "n_active_samples", act_json_scan_uint, AT (n_active_samples) },
    { "position_rate", act_json_scan_double, AT (position_rate) },
    { "sample_rate", act_json_scan_double, AT (sample_rate) },
  };

  return act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), to);
}

static gboolean
read_list (ActJsonScan *scan, const GString *key, gpointer data)
{
  static const ActJsonField fields[] = {
    { "row", act_json_scan_uints, G_STRUCT_OFFSET (ActShownSamples, rows),
        TRUE },
    { "sample", act_json_scan_uints, G_STRUCT_OFFSET (ActShownSamples, samples),
        TRUE },
    { "text_hash", act_json_scan_strings,
        G_STRUCT_OFFSET (ActShownSamples, hashes), TRUE },
  };
  ActShownSamples *list = g_new (ActShownSamples, 1);

  list->key = g_string_new_len (key->str, (gssize) key->len);
  list->rows = uints_new ();
  list->samples = uints_new ();
  list->hashes = act_shown_strings_new ();
  g_ptr_array_add (data, list);
  if (!act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), list))
    return FALSE;
  return (list->rows->len == list->samples->len
             && list->rows->len == list->hashes->len)
      || fail_lengths (scan);
}

static gboolean
read_samples (ActJsonScan *scan, gpointer to)
{
  g_ptr_array_set_size (to, 0);
  return act_json_scan_members (scan, read_list, to);
}

static gboolean
read_ranking (ActJsonScan *scan, gpointer to)
{
#define COLUMN(name, read, field)                                              \
  {                                                                            \
    name, read, G_STRUCT_OFFSET (ActShownRanking, field), TRUE                 \
  }
  static const ActJsonField fields[] = {
    COLUMN ("token", act_json_scan_strings, tokens),
    COLUMN ("count", act_json_scan_uints, counts),
    COLUMN ("run_count", act_json_scan_uints, run_counts),
    COLUMN ("p_token_given_active", act_json_scan_doubles, given_active),
    COLUMN ("p_active_given_token", act_json_scan_doubles, given_token),
    COLUMN ("lift", act_json_scan_doubles, lifts),
  };
#undef COLUMN
  ActShownRanking *self = to;
  guint n;

  if (!act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), self))
    return FALSE;
  n = self->tokens->len;
  return (self->counts->len == n && self->run_counts->len == n
             && self->given_active->len == n && self->given_token->len == n
             && self->lifts->len == n)
      || fail_lengths (scan);
}

static gboolean
read_tokens (ActJsonScan *scan, gpointer to)
{
#define FIELD(name, read, field, indirect)                                     \
  {                                                                            \
    name, read, G_STRUCT_OFFSET (ActShownTokens, field), indirect              \
  }
  static const ActJsonField fields[] = {
    FIELD ("n_positions", act_json_scan_uint, n_positions, FALSE),
    FIELD ("n_active_positions", act_json_scan_uint, n_active_positions, FALSE),
    FIELD ("n_unique", act_json_scan_uint, n_unique, FALSE),
    FIELD ("by_count", read_ranking, by_count, TRUE),
    FIELD ("by_lift", read_ranking, by_lift, TRUE),
  };
#undef FIELD

  return act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), to);
}

static gboolean
read_share (ActJsonScan *scan, gpointer to)
{
  *(double *) to = -1;
  return act_json_scan_null (scan) || act_json_scan_double (scan, to);
}

static gboolean
read_member (ActJsonScan *scan, gpointer to)
{
#define FIELD(name, read, field)                                               \
  {                                                                            \
    name, act_json_scan_##read, G_STRUCT_OFFSET (ActShownMember, field)        \
  }
  static const ActJsonField fields[] = {
    { "label", act_json_scan_string, G_STRUCT_OFFSET (ActShownMember, label),
        TRUE },
    FIELD ("n_samples", uint, n_samples),
    FIELD ("n_active_positions", uint, n_active_positions),
    FIELD ("n_active_samples", uint, n_active_samples),
    FIELD ("mean", double, mean),
    FIELD ("min", double, min),
    FIELD ("max", double, max),
    FIELD ("median", double, median),
    FIELD ("position_rate", double, position_rate),
    FIELD ("sample_rate", double, sample_rate),
    FIELD ("mass", double, mass),
    { "mass_share", read_share, G_STRUCT_OFFSET (ActShownMember, mass_share) },
  };
#undef FIELD
  ActShownMember *member = g_new0 (ActShownMember, 1);

  member->label = g_string_new (NULL);
  g_ptr_array_add (to, member);
  return act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), member);
}

static gboolean
read_members (ActJsonScan *scan, gpointer to)
{
  g_ptr_array_set_size (to, 0);
  return act_json_scan_null (scan)
      || act_json_scan_elements (scan, read_member, to);
}

static gboolean
read_coactive (ActJsonScan *scan, gpointer to)
{
#define COLUMN(name, read, field)                                              \
  {                                                                            \
    name, read, G_STRUCT_OFFSET (ActShownCoactive, field), TRUE                \
  }
  static const ActJsonField fields[] = {
    COLUMN ("cluster_hash", act_json_scan_strings, names),
    COLUMN ("count", act_json_scan_uints, counts),
    COLUMN ("jaccard", act_json_scan_doubles, jaccards),
    COLUMN ("lift", act_json_scan_doubles, lifts),
  };
#undef COLUMN
  ActShownCoactive *self = to;
  guint n;

  if (!act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), self))
    return FALSE;
  n = self->names->len;
  return (self->counts->len == n && self->jaccards->len == n
             && self->lifts->len == n)
      || fail_lengths (scan);
}

static gboolean
read_coactivating (ActJsonScan *scan, gpointer to)
{
  static const ActJsonField fields[] = {
    { "by_count", read_coactive, AT (coactive), TRUE },
  };

  return act_json_scan_fields (scan, fields, G_N_ELEMENTS (fields), to);
}

/* those of a part come first */
static const ActJsonField line_fields[] = {
  { "cluster_hash", act_json_scan_string, AT (name), TRUE },
  { "tokens", read_tokens, AT (tokens) },
  { "next_tokens", read_tokens, AT (next_tokens) },
  { "activation", read_activation, 0 },
  { "samples", read_samples, AT (samples), TRUE },
  { "members", read_members, AT (members), TRUE },
  { "coactivating", read_coactivating, 0 },
};
#define N_TOKEN_FIELDS 3

gboolean
act_shown_facts_next (
    ActLines *lines, ActShownPart part, ActShownFacts **facts, GError **error)
{
  g_autoptr (ActShownFacts) self = NULL;
  g_auto (ActJsonScan) scan = { NULL };
  const char *line;
  gsize length;
  gboolean ok;

  *facts = NULL;
  if (!act_lines_next (lines, &line, &length, error))
    return FALSE;
  if (line == NULL)
    return TRUE;
  self = facts_new (act_lines_get_number (lines) - 1);
  act_json_scan_init (&scan, line, length, TRUE, error);
  if (!g_utf8_validate_len (line, length, &scan.p)) {
    ok = act_json_scan_fail (&scan, "invalid UTF-8");
  } else {
    scan.p = line;
    ok =
        act_json_scan_fields (&scan, line_fields,
            part == ACT_SHOWN_ALL ? G_N_ELEMENTS (line_fields) : N_TOKEN_FIELDS,
            self)
        && act_json_scan_end (&scan);
  }
  if (!ok) {
    act_lines_prefix (lines, error);
    return FALSE;
  }
  *facts = g_steal_pointer (&self);
  return TRUE;
}

const ActShownSamples *
act_shown_facts_get_samples (const ActShownFacts *self, const char *key)
{
  for (guint i = 0; i < self->samples->len; i++) {
    const ActShownSamples *list = self->samples->pdata[i];

    if (key == NULL || act_shown_key_matches (list->key, key))
      return list;
  }
  return NULL;
}
