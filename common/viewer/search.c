/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/search.h"

#include "formats/scratch.h"
#include "viewer/numbers.h"
#include "viewer/texts.h"

/* of a string there are at most this many texts, and lines */
#define MAX_TEXTS 200
#define MAX_LINES 100000
/* A file has so many strings, and so many items, at most, unless one string
 * has more. */
#define PART_STRINGS 4096
#define PART_ITEMS 200000
/* items that are in memory at once */
#define MEMORY_ITEMS (1u << 19)
#define BLOCK_ITEMS 4096
/* of the sort: six passes over 64 bits */
#define RADIX_BITS 11
#define RADIX (1u << RADIX_BITS)

/* as spooled */
typedef struct {
  guint32 string;
  guint32 line;
  double lift;
} Item;

struct _ActViewerSearch {
  guint n_strings;
  ActScratch *spool;
  guint64 n_items;
  guint32 *n_lines; /* [n_strings] */
  guint32 *n_texts; /* [n_strings] that are listed */
  guint32 *n_found; /* [n_strings] texts that hold it */
  guint32 *last;    /* [n_strings] the line, or text, that was counted last */
  GArray *firsts;   /* guint32: the string that each file begins with */
};

/* the lists of strings [first, end) */
typedef struct {
  guint first;
  guint end;
  guint32 *line_start; /* [end - first + 1] */
  guint32 *text_start;
  Item *items;
  guint32 *texts;
} Lists;

ActViewerSearch *
act_viewer_search_new (const char *folder, guint n_strings, GError **error)
{
  ActViewerSearch *self = g_new0 (ActViewerSearch, 1);

  act_small_numbers_init ();
  self->n_strings = n_strings;
  self->n_lines = g_new0 (guint32, (gsize) n_strings + 1);
  self->n_texts = g_new0 (guint32, (gsize) n_strings + 1);
  self->n_found = g_new0 (guint32, (gsize) n_strings + 1);
  self->last = g_new (guint32, (gsize) n_strings + 1);
  memset (self->last, 0xff, n_strings * sizeof (guint32));
  self->firsts = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->spool = act_scratch_new (folder, error);
  if (self->spool == NULL)
    g_clear_pointer (&self, act_viewer_search_free);
  return self;
}

void
act_viewer_search_free (ActViewerSearch *self)
{
  if (self == NULL)
    return;
  act_scratch_free (self->spool);
  g_free (self->n_lines);
  g_free (self->n_texts);
  g_free (self->n_found);
  g_free (self->last);
  g_array_unref (self->firsts);
  g_free (self);
}

static gboolean
add_facts (ActViewerSearch *self, guint line, const ActTokenTable *table,
    const ActTokenFact *facts, guint n, GError **error)
{
  for (guint i = 0; i < n; i++) {
    guint32 string = facts[i].string;
    Item item = { string, line };

    if (self->last[string] == line)
      continue;
    self->last[string] = line;
    item.lift = ((double) facts[i].count / table->n_active_pairs)
        / ((double) facts[i].total / table->n_pairs);
    self->n_lines[string]++;
    self->n_items++;
    if (!act_scratch_append (self->spool, &item, sizeof item, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
act_viewer_search_add (ActViewerSearch *self, guint line,
    const ActTokenTable *tokens, GError **error)
{
  return add_facts (
             self, line, tokens, tokens->by_count, tokens->n_by_count, error)
      && add_facts (
          self, line, tokens, tokens->by_lift, tokens->n_by_lift, error);
}

/* of each string, the first texts that hold it */
static void
count_texts (
    ActViewerSearch *self, const ActTexts *texts, const guint32 *shown, gsize n)
{
  guint n_ctx = act_texts_get_n_ctx (texts);

  memset (self->last, 0xff, self->n_strings * sizeof (guint32));
  for (gsize i = 0; i < n; i++) {
    const guint32 *tokens = act_texts_get_text_tokens (texts, shown[i]);

    for (guint k = 0; k < n_ctx; k++) {
      if (self->last[tokens[k]] == i)
        continue;
      self->last[tokens[k]] = i;
      self->n_found[tokens[k]]++;
    }
  }
  for (guint i = 0; i < self->n_strings; i++)
    self->n_texts[i] = MIN (self->n_found[i], MAX_TEXTS);
}

static guint64
count_items (const ActViewerSearch *self, guint first, guint end)
{
  guint64 n = 0;

  for (guint i = first; i < end; i++)
    n += self->n_lines[i] + self->n_texts[i];
  return n;
}

/* where files begin */
static void
cut_into_files (ActViewerSearch *self)
{
  guint64 n_items = 0;
  guint32 first = 0;

  for (guint32 i = 0; i < self->n_strings; i++) {
    guint64 n = count_items (self, i, i + 1);

    if (i == 0 || n_items + n > PART_ITEMS || i - first == PART_STRINGS) {
      first = i;
      n_items = 0;
      g_array_append_val (self->firsts, first);
    }
    n_items += n;
  }
}

const guint32 *
act_viewer_search_get_files (const ActViewerSearch *self, guint *n_files)
{
  *n_files = self->firsts->len;
  return (const guint32 *) self->firsts->data;
}

/* where a file ends */
static guint
end_of (const ActViewerSearch *self, guint file)
{
  return file + 1 < self->firsts->len
      ? g_array_index (self->firsts, guint32, file + 1)
      : self->n_strings;
}

static void
lists_clear (Lists *lists)
{
  g_clear_pointer (&lists->line_start, g_free);
  g_clear_pointer (&lists->text_start, g_free);
  g_clear_pointer (&lists->items, g_free);
  g_clear_pointer (&lists->texts, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Lists, lists_clear)

static guint32 *
add_up (const guint32 *counts, guint n)
{
  guint32 *start = g_new (guint32, (gsize) n + 1);

  start[0] = 0;
  for (guint i = 0; i < n; i++)
    start[i + 1] = start[i] + counts[i];
  return start;
}

/* the spooled items of these strings, in order of lines */
static gboolean
read_items (
    ActViewerSearch *self, const Lists *lists, Item *items, GError **error)
{
  g_autofree Item *block = g_new (Item, BLOCK_ITEMS);

  for (guint64 at = 0; at < self->n_items; at += BLOCK_ITEMS) {
    gsize n = MIN (BLOCK_ITEMS, self->n_items - at);

    if (!act_scratch_read (
            self->spool, at * sizeof (Item), block, n * sizeof (Item), error))
      return FALSE;
    for (gsize i = 0; i < n; i++)
      if (block[i].string >= lists->first && block[i].string < lists->end)
        *items++ = block[i];
  }
  return TRUE;
}

/* Bits of numbers above 0 are in order like the numbers. */
static inline guint
digit_of (const Item *item, guint shift)
{
  guint64 bits;

  memcpy (&bits, &item->lift, sizeof bits);
  return ~bits >> shift & (RADIX - 1);
}

/* by falling lift, equals as they were; the result is where it began, after an
 * even number of passes */
static void
sort_items (Item *items, Item *other, gsize n)
{
  for (guint shift = 0; shift < 64; shift += RADIX_BITS) {
    gsize start[RADIX] = { 0 }, sum = 0;
    Item *from = items;

    for (gsize i = 0; i < n; i++)
      start[digit_of (&items[i], shift)]++;
    for (guint i = 0; i < RADIX; i++) {
      gsize count = start[i];

      start[i] = sum;
      sum += count;
    }
    for (gsize i = 0; i < n; i++)
      other[start[digit_of (&items[i], shift)]++] = items[i];
    items = other;
    other = from;
  }
}

/* Sorted all at once, and then dealt out. */
static gboolean
fill_lines (ActViewerSearch *self, Lists *lists, GError **error)
{
  guint n_strings = lists->end - lists->first;
  gsize n = lists->line_start[n_strings];
  g_autofree Item *items = g_new (Item, n + 1);
  g_autofree guint32 *next =
      g_memdup2 (lists->line_start, (n_strings + 1) * sizeof (guint32));

  lists->items = g_new (Item, n + 1);
  if (!read_items (self, lists, items, error))
    return FALSE;
  sort_items (items, lists->items, n);
  for (gsize i = 0; i < n; i++)
    lists->items[next[items[i].string - lists->first]++] = items[i];
  return TRUE;
}

static void
fill_texts (ActViewerSearch *self, Lists *lists, const ActTexts *texts,
    const guint32 *shown, gsize n_shown)
{
  guint n = lists->end - lists->first, n_ctx = act_texts_get_n_ctx (texts);
  g_autofree guint32 *next =
      g_memdup2 (lists->text_start, (n + 1) * sizeof (guint32));

  lists->texts = g_new (guint32, (gsize) lists->text_start[n] + 1);
  memset (self->last, 0xff, self->n_strings * sizeof (guint32));
  for (gsize i = 0; i < n_shown; i++) {
    const guint32 *tokens = act_texts_get_text_tokens (texts, shown[i]);

    for (guint k = 0; k < n_ctx; k++) {
      guint32 string = tokens[k], place = string - lists->first;

      if (string < lists->first || string >= lists->end
          || self->last[string] == i)
        continue;
      self->last[string] = i;
      if (next[place] < lists->text_start[place + 1])
        lists->texts[next[place]++] = i;
    }
  }
}

static void
append_lines (GString *out, const Item *items, guint n)
{
  g_autofree guint32 *lines = g_new (guint32, n + 1);

  n = MIN (n, MAX_LINES);
  for (guint i = 0; i < n; i++)
    lines[i] = items[i].line;
  act_append_u32_list (out, lines, n);
}

static gboolean
write_part (const ActViewerSearch *self, const Lists *lists, const char *folder,
    guint part, GError **error)
{
  guint first = g_array_index (self->firsts, guint32, part);
  guint end = end_of (self, part);
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_printf (text, "{\"first\":%u,\"clusters\":[", first);
  for (guint i = first - lists->first; i < end - lists->first; i++) {
    append_lines (text, lists->items + lists->line_start[i],
        lists->line_start[i + 1] - lists->line_start[i]);
    g_string_append_c (text, ',');
  }
  g_string_truncate (text, text->len - 1);
  g_string_append (text, "],\"texts\":[");
  for (guint i = first - lists->first; i < end - lists->first; i++) {
    act_append_u32_list (text, lists->texts + lists->text_start[i],
        lists->text_start[i + 1] - lists->text_start[i]);
    g_string_append_c (text, ',');
  }
  g_string_truncate (text, text->len - 1);
  g_string_append (text, "],\"n_texts\":");
  act_append_u32_list (text, self->n_found + first, end - first);
  g_string_append_c (text, '}');
  return act_viewer_write_part (folder, "search", part, text, error);
}

/* the file behind those from `part` on whose items fit into memory; at least
 * one */
static guint
find_end (const ActViewerSearch *self, guint part)
{
  guint first = g_array_index (self->firsts, guint32, part), end = part + 1;
  guint64 n = count_items (self, first, end_of (self, part));

  for (; end < self->firsts->len; end++) {
    n += count_items (
        self, g_array_index (self->firsts, guint32, end), end_of (self, end));
    if (n > MEMORY_ITEMS)
      break;
  }
  return end;
}

gboolean
act_viewer_search_write (ActViewerSearch *self, const char *folder,
    const ActTexts *texts, const guint32 *shown, gsize n, const gint *cancelled,
    GError **error)
{
  guint part = 0, end;

  count_texts (self, texts, shown, n);
  cut_into_files (self);
  for (; part < self->firsts->len; part = end) {
    g_auto (Lists) lists = { g_array_index (self->firsts, guint32, part) };
    guint n_strings;

    end = find_end (self, part);
    lists.end = end_of (self, end - 1);
    n_strings = lists.end - lists.first;
    lists.line_start = add_up (self->n_lines + lists.first, n_strings);
    lists.text_start = add_up (self->n_texts + lists.first, n_strings);
    if (!act_viewer_go_on (cancelled, error)
        || !fill_lines (self, &lists, error))
      return FALSE;
    fill_texts (self, &lists, texts, shown, n);
    for (guint i = part; i < end; i++)
      if (!write_part (self, &lists, folder, i, error))
        return FALSE;
  }
  return TRUE;
}
