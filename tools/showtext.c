/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "showtext.h"

#include <math.h>

#include <text/visible.h>
#include <tokenizer/charclass.h>

#define MAX_BARS 16
#define N_LEVELS 8

char *
act_show_number (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    return g_strdup ("-");
  return g_strdup (g_ascii_formatd (text, sizeof text, "%.3g", value));
}

char *
act_show_percent (double rate)
{
  g_autofree char *number = act_show_number (100 * rate);

  return rate < 0 ? g_strdup ("-") : g_strconcat (number, "%", NULL);
}

char *
act_show_string (const GString *string)
{
  GString *out = g_string_new (NULL);

  act_visible_append (out, string->str, string->len, ACT_VISIBLE_TEXT);
  return g_string_free (out, FALSE);
}

char *
act_show_token (ActTokenKind kind, const GString *token)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  GString *out = g_string_new (NULL);

  act_token_decode (kind, token->str, token->len, bytes);
  act_visible_append (out, bytes->str, bytes->len, ACT_VISIBLE_BLANKS);
  return g_string_free (out, FALSE);
}

GString *
act_show_token_text (ActTokenKind kind, const GString *token)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  act_token_decode (kind, token->str, token->len, bytes);
  return act_utf8_replace (bytes->str, bytes->len);
}

char *
act_show_histogram (const GArray *bin_counts)
{
  const guint n = bin_counts->len, n_bars = MIN (n, MAX_BARS);
  double bars[MAX_BARS] = { 0 }, most = 0;
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    bars[(guint64) i * n_bars / n] +=
        (double) g_array_index (bin_counts, guint64, i);
  for (guint i = 0; i < n_bars; i++)
    most = MAX (most, bars[i]);
  for (guint i = 0; i < n_bars; i++) {
    double share = most > 0 ? log1p (bars[i]) / log1p (most) : 0;
    gunichar level = (gunichar) (share * (N_LEVELS - 1) + 0.5);

    g_string_append_unichar (
        out, bars[i] > 0 ? 0x2581 + level : 0xb7 /* ▁ to █, · */);
  }
  return g_string_free (out, FALSE);
}
