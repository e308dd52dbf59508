/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/trim.h"

#include "viewer/bins.h"
#include "viewer/jsontext.h"
#include "viewer/numbers.h"

/* the items of a list, whose bracket is at p */
static guint
count_items (const char *p)
{
  guint n = 0;

  for (p++; *p != ']'; n++) {
    p = act_json_skip_value (p);
    if (*p == ',')
      p++;
  }
  return n;
}

/* every step-th edge, and the last */
static const char *
join_edges (const char *p, GString *out)
{
  guint n_bins = count_items (p) - 1;
  guint step = act_joined_bins (n_bins, ACT_PAGE_BINS);

  g_string_append_c (out, '[');
  p++;
  for (guint i = 0; i <= n_bins; i++) {
    const char *end = act_json_skip_value (p);

    if (i % step == 0 || i == n_bins)
      g_string_append_len (out, p, end - p + (i < n_bins));
    p = end + 1;
  }
  g_string_append_c (out, ']');
  return p;
}

/* sums of step counts */
static const char *
join_counts (const char *p, GString *out)
{
  guint n_bins = count_items (p);
  g_autofree guint64 *counts = g_new (guint64, (gsize) n_bins + 1);

  p++;
  for (guint i = 0; i < n_bins; i++) {
    counts[i] = g_ascii_strtoull (p, NULL, 10);
    p = act_json_skip_value (p) + 1;
  }
  act_append_joined_counts (out, counts, n_bins, ACT_PAGE_BINS);
  return p;
}

static gboolean
is_key (const char *key, const char *name)
{
  gsize length = strlen (name);

  return strncmp (key + 1, name, length) == 0 && key[length + 1] == '"';
}

static gboolean
stays_whole (const char *key)
{
  return is_key (key, "components") || is_key (key, "members")
      || is_key (key, "modules") || is_key (key, "layers");
}

static const char *copy_value (const char *p, guint most, GString *out);

/* a list, or an object, of which nothing is left out itself */
static const char *
copy_items (const char *p, gboolean is_list, guint most, GString *out)
{
  guint n = 0;
  char close = is_list ? ']' : '}';

  g_string_append_c (out, *p++);
  while (*p != close) {
    if (is_list && n++ == most) {
      while (out->str[out->len - 1] == ' ' || out->str[out->len - 1] == ',')
        g_string_truncate (out, out->len - 1);
      while (*p != close) {
        p = act_json_skip_value (p);
        if (*p == ',')
          p++;
      }
      break;
    }
    p = copy_value (p, most, out);
    if (*p == ',') {
      const char *next = act_json_skip_blanks (p + 1);

      g_string_append_len (out, p, next - p);
      p = next;
    }
  }
  g_string_append_c (out, close);
  return p + 1;
}

/* what has a key in an object: behind the key's colon */
static const char *
copy_member (const char *key, const char *p, guint most, GString *out)
{
  if (is_key (key, "bin_edges"))
    return join_edges (p, out);
  if (is_key (key, "bin_counts"))
    return join_counts (p, out);
  if (stays_whole (key)) {
    const char *end = act_json_skip_value (p);

    g_string_append_len (out, p, end - p);
    return end;
  }
  return copy_value (p, most, out);
}

/* a value, or a key with its value */
static const char *
copy_value (const char *p, guint most, GString *out)
{
  const char *end, *value;

  if (*p == '[' || *p == '{')
    return copy_items (p, *p == '[', most, out);
  end = *p == '"' ? act_json_skip_string (p) : act_json_skip_value (p);
  g_string_append_len (out, p, end - p);
  if (*p != '"' || *end != ':')
    return end;
  value = act_json_skip_blanks (end + 1);
  g_string_append_len (out, end, value - end);
  return copy_member (p, value, most, out);
}

void
act_trim_lists (const char *json, gsize length, guint most, GString *out)
{
  const char *end = copy_value (json, most, out);

  g_string_append_len (out, end, json + length - end);
}
