/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/labels.h"

#include <string.h>

#include "acterror.h"
#include "strhash.h"

/* Memory goes with the largest index, so a slip in a label must not take it
 * all; the largest models have a few ten thousand components a module. */
#define MAX_COMPONENTS (1 << 24)

typedef struct {
  const char *name;
  GPtrArray *modules;
  GArray *components; /* guint */
  GArray *label_module, *label_index;
  GHashTable *module_of; /* name -> index + 1 */
  GHashTable *seen;
  GError **error;
} Parser;

static gboolean
split_label (Parser *parser, const char *label, guint line, char **module,
    guint64 *index)
{
  const char *colon = strrchr (label, ':');

  if (colon == NULL || colon == label
      || !g_ascii_string_to_unsigned (
          colon + 1, 10, 0, MAX_COMPONENTS - 1, index, NULL)) {
    g_set_error (parser->error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s', line %u: '%s' is no label, expected module:index with an index "
        "below %d",
        parser->name, line, label, MAX_COMPONENTS);
    return FALSE;
  }
  *module = g_strndup (label, colon - label);
  return TRUE;
}

static gboolean
add_label (Parser *parser, const char *label, guint line)
{
  g_autofree char *module = NULL;
  guint64 index;
  guint m, component;

  if (!split_label (parser, label, line, &module, &index))
    return FALSE;
  m = GPOINTER_TO_UINT (g_hash_table_lookup (parser->module_of, module));
  if (m == 0) {
    guint none = 0;

    g_array_append_val (parser->components, none);
    m = parser->components->len;
    g_hash_table_insert (parser->module_of, module, GUINT_TO_POINTER (m));
    g_ptr_array_add (parser->modules, g_steal_pointer (&module));
  }
  m--;
  component = index;
  if (!g_hash_table_add (
          parser->seen, g_strdup_printf ("%u:%u", m, component))) {
    g_set_error (parser->error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s', line %u: label '%s' comes twice", parser->name, line, label);
    return FALSE;
  }
  if (component >= g_array_index (parser->components, guint, m))
    g_array_index (parser->components, guint, m) = component + 1;
  g_array_append_val (parser->label_module, m);
  g_array_append_val (parser->label_index, component);
  return TRUE;
}

static gboolean
add_lines (Parser *parser, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);

  if (n > 0 && lines[n - 1][0] == '\0') /* after the last newline */
    n--;
  for (guint i = 0; i < n; i++) {
    gsize length = strlen (lines[i]);

    if (length > 0 && lines[i][length - 1] == '\r')
      lines[i][length - 1] = '\0';
    if (!add_label (parser, lines[i], i + 1))
      return FALSE;
  }
  if (n == 0)
    g_set_error (parser->error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' has no labels, expected one of the form module:index a line",
        parser->name);
  return n > 0;
}

static gboolean
number_columns (ActLabels *labels, const guint *label_index, const char *name,
    GError **error)
{
  g_autofree guint *first = g_new (guint, labels->n_modules);
  guint64 total = 0;

  for (guint m = 0; m < labels->n_modules; m++) {
    first[m] = total;
    total += labels->components[m];
    if (total > G_MAXINT32) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
          "'%s': more than %d components in all", name, G_MAXINT32);
      return FALSE;
    }
  }
  labels->n_components = total;
  labels->identity = labels->n_labels == total;
  for (guint i = 0; i < labels->n_labels; i++) {
    labels->columns[i] = first[labels->label_module[i]] + label_index[i];
    labels->identity = labels->identity && labels->columns[i] == i;
  }
  return TRUE;
}

/* a counting sort: labels of a module stay in their order */
static void
group_by_module (ActLabels *labels)
{
  guint *start = g_new0 (guint, labels->n_modules + 1);
  g_autofree guint *next = NULL;

  for (guint i = 0; i < labels->n_labels; i++)
    start[labels->label_module[i] + 1]++;
  for (guint m = 0; m < labels->n_modules; m++)
    start[m + 1] += start[m];
  next = g_memdup2 (start, labels->n_modules * sizeof (guint));
  labels->by_module = g_new (guint, labels->n_labels);
  for (guint i = 0; i < labels->n_labels; i++)
    labels->by_module[next[labels->label_module[i]]++] = i;
  labels->module_start = start;
}

static ActLabels *
labels_from_parser (Parser *parser)
{
  g_autoptr (ActLabels) labels = g_new0 (ActLabels, 1);
  g_autofree guint *label_index = NULL;

  labels->n_modules = parser->modules->len;
  labels->n_labels = parser->label_module->len;
  g_ptr_array_add (parser->modules, NULL);
  /* the array itself, now empty, stays the parser's */
  labels->modules = (char **) g_ptr_array_steal (parser->modules, NULL);
  labels->components = (guint *) g_array_steal (parser->components, NULL);
  labels->label_module = (guint *) g_array_steal (parser->label_module, NULL);
  label_index = (guint *) g_array_steal (parser->label_index, NULL);
  labels->columns = g_new (guint, labels->n_labels);
  if (!number_columns (labels, label_index, parser->name, parser->error))
    return NULL;
  group_by_module (labels);
  return g_steal_pointer (&labels);
}

ActLabels *
act_labels_parse (
    const char *text, gsize length, const char *name, GError **error)
{
  Parser parser = { name };
  g_autofree char *copy = NULL;
  ActLabels *labels = NULL;

  if (!g_utf8_validate_len (text, length, NULL)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no valid UTF-8 text", name);
    return NULL;
  }
  copy = g_strndup (text, length);
  parser.modules = g_ptr_array_new_with_free_func (g_free);
  parser.components = g_array_new (FALSE, FALSE, sizeof (guint));
  parser.label_module = g_array_new (FALSE, FALSE, sizeof (guint));
  parser.label_index = g_array_new (FALSE, FALSE, sizeof (guint));
  parser.module_of = g_hash_table_new (act_str_hash, g_str_equal);
  parser.seen = g_hash_table_new_full (act_str_hash, g_str_equal, g_free, NULL);
  parser.error = error;
  if (add_lines (&parser, copy))
    labels = labels_from_parser (&parser);
  g_ptr_array_unref (parser.modules);
  g_array_unref (parser.components);
  g_array_unref (parser.label_module);
  g_array_unref (parser.label_index);
  g_hash_table_unref (parser.module_of);
  g_hash_table_unref (parser.seen);
  return labels;
}

ActLabels *
act_labels_new_full (
    guint n_modules, const char *const *modules, const guint *components)
{
  ActLabels *labels = g_new0 (ActLabels, 1);
  guint n = 0;

  labels->n_modules = n_modules;
  labels->modules = g_new0 (char *, n_modules + 1);
  labels->components = g_memdup2 (components, n_modules * sizeof (guint));
  labels->identity = TRUE;
  for (guint m = 0; m < n_modules; m++) {
    labels->modules[m] = g_strdup (modules[m]);
    labels->n_components += components[m];
  }
  labels->n_labels = labels->n_components;
  labels->columns = g_new (guint, labels->n_labels);
  labels->label_module = g_new (guint, labels->n_labels);
  for (guint m = 0; m < n_modules; m++) {
    for (guint i = 0; i < components[m]; i++, n++) {
      labels->columns[n] = n;
      labels->label_module[n] = m;
    }
  }
  group_by_module (labels);
  return labels;
}

void
act_labels_free (ActLabels *labels)
{
  if (labels == NULL)
    return;
  g_strfreev (labels->modules);
  g_free (labels->components);
  g_free (labels->columns);
  g_free (labels->label_module);
  g_free (labels->by_module);
  g_free (labels->module_start);
  g_free (labels);
}

char *
act_labels_to_text (
    guint n_modules, const char *const *modules, const guint *components)
{
  GString *text = g_string_new (NULL);

  for (guint m = 0; m < n_modules; m++) {
    for (guint i = 0; i < components[m]; i++)
      g_string_append_printf (text, "%s:%u\n", modules[m], i);
  }
  return g_string_free (text, FALSE);
}

char *
act_labels_dup_label (const ActLabels *labels, guint label)
{
  guint m = labels->label_module[label], first = 0;

  for (guint i = 0; i < m; i++)
    first += labels->components[i];
  return g_strdup_printf (
      "%s:%u", labels->modules[m], labels->columns[label] - first);
}

GBytes *
act_labels_dup_alive (const ActLabels *labels)
{
  guint8 *alive;

  if (labels->n_labels == labels->n_components)
    return NULL;
  alive = g_malloc0 (labels->n_components);
  for (guint i = 0; i < labels->n_labels; i++)
    alive[labels->columns[i]] = 1;
  return g_bytes_new_take (alive, labels->n_components);
}
