/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/export.h"

#include <string.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/output.h"

#define MAX_PAGE ((gsize) 16 << 20)

/* a tag that names a file, and what stands for it */
typedef struct {
  const char *open;
  const char *close;
  const char *open_inline;
  const char *close_inline;
  const char *directive;
} Tag;

static const Tag tags[] = {
  { "<script src=\"", "\"></script>", "<script>\n", "</script>", "script-src" },
  { "<link rel=\"stylesheet\" href=\"", "\">", "<style>\n", "</style>",
      "style-src" },
};

static gboolean
write_text (ActOutputFile *out, const char *text, GError **error)
{
  return act_output_file_write (out, text, strlen (text), error);
}

/* what ends the element would end it wherever it stands */
static gboolean
check_inline (const char *name, const char *data, gsize size, const Tag *tag,
    GError **error)
{
  gsize length = strlen (tag->close_inline) - 1;

  for (gsize i = 0; i + length <= size; i++)
    if (data[i] == '<'
        && g_ascii_strncasecmp (data + i, tag->close_inline, length) == 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
          "'%s' holds '%s', so it cannot be part of another file", name,
          tag->close_inline);
      return FALSE;
    }
  return TRUE;
}

/* sources of a policy: 'sha256-..' of each element, as CSP 3 names them */
static void
add_source (GString *sources, const char *text, gsize size)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize n_digest = sizeof digest;
  g_autofree char *base64 = NULL;

  g_checksum_update (sum, (const guchar *) text, size);
  g_checksum_get_digest (sum, digest, &n_digest);
  base64 = g_base64_encode (digest, n_digest);
  g_string_append_printf (sources, " 'sha256-%s'", base64);
}

static gboolean
append_inline (GString *out, GString *sources, const char *folder,
    const char *name, const Tag *tag, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GBytes) bytes = NULL;
  const char *data;
  gsize size, content;

  if (g_path_is_absolute (name) || strchr (name, ':') != NULL
      || strstr (name, "..") != NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "index.html names '%s', expected a file below its folder", name);
    return FALSE;
  }
  bytes = act_file_read (path, MAX_PAGE, error);
  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  if (!check_inline (path, data, size, tag, error))
    return FALSE;
  g_string_append (out, tag->open_inline);
  content = out->len - 1;
  g_string_append_len (out, data, size);
  add_source (sources, out->str + content, out->len - content);
  g_string_append (out, tag->close_inline);
  return TRUE;
}

/* the text, with the files that it names in place of their tags */
static gboolean
append_page (GString *out, GString *sources[], const char *folder,
    const char *text, GError **error)
{
  while (*text != '\0') {
    guint kind = 0;
    const char *first = NULL, *name, *end;
    g_autofree char *file = NULL;

    for (guint i = 0; i < G_N_ELEMENTS (tags); i++) {
      const char *found = strstr (text, tags[i].open);

      if (found != NULL && (first == NULL || found < first)) {
        first = found;
        kind = i;
      }
    }
    if (first == NULL) {
      g_string_append (out, text);
      return TRUE;
    }
    name = first + strlen (tags[kind].open);
    end = strstr (name, tags[kind].close);
    if (end == NULL) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "index.html: a tag '%s..' does not end with '%s'", tags[kind].open,
          tags[kind].close);
      return FALSE;
    }
    file = g_strndup (name, end - name);
    g_string_append_len (out, text, first - text);
    if (!append_inline (out, sources[kind], folder, file, &tags[kind], error))
      return FALSE;
    text = end + strlen (tags[kind].close);
  }
  return TRUE;
}

/* the page's policy allows files; now it is these elements, and no others */
static void
set_policy (GString *head, GString *sources[])
{
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++) {
    g_autofree char *own = g_strdup_printf ("%s%s", tags[i].directive,
        sources[i]->len > 0 ? sources[i]->str : " 'none'");
    g_autofree char *files =
        g_strdup_printf ("%s 'self' file:", tags[i].directive);
    char *found = strstr (head->str, files);
    gsize at;

    if (found == NULL)
      continue;
    at = found - head->str;
    g_string_erase (head, at, strlen (files));
    g_string_insert (head, at, own);
  }
}

/* so that nothing in it is markup */
static gboolean
is_plain (const char *text, gsize length, const char *others)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i])
        && (text[i] == '\0' || strchr (others, text[i]) == NULL))
      return FALSE;
  return TRUE;
}

/* actdata("NAME", "BASE64");\n */
static gboolean
write_data_file (
    ActOutputFile *out, const char *folder, const char *base, GError **error)
{
  g_autofree char *path = g_build_filename (folder, base, NULL);
  g_autofree char *name = g_strndup (base, strlen (base) - strlen (".js"));
  g_autofree char *before = g_strdup_printf ("actdata(\"%s\", \"", name);
  g_autofree char *open =
      g_strdup_printf ("<script type=\"text/plain\" data-name=\"%s\">", name);
  static const char after[] = "\");\n";
  g_autoptr (GBytes) bytes = act_file_map (path, error);
  gsize size, n_before = strlen (before), n_after = strlen (after);
  const char *data;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  if (size < n_before + n_after || memcmp (data, before, n_before) != 0
      || memcmp (data + size - n_after, after, n_after) != 0
      || !is_plain (name, strlen (name), "_-")
      || !is_plain (data + n_before, size - n_before - n_after, "+/=")) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no file of a page's data, expected %sBASE64\");", path,
        before);
    return FALSE;
  }
  return write_text (out, open, error)
      && act_output_file_write (
          out, data + n_before, size - n_before - n_after, error)
      && write_text (out, "</script>\n", error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static gboolean
write_data (ActOutputFile *out, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "data", NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  const char *name;

  if (dir == NULL)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".js"))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!write_data_file (out, path, names->pdata[i], error))
      return FALSE;
  return TRUE;
}

static char *
read_page (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "index.html", NULL);
  g_autoptr (GBytes) bytes = NULL;

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
        "there is no folder '%s', expected a dashboard", folder);
    return NULL;
  }
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
        "'%s' has no index.html: expected the folder of a dashboard that was"
        " made with its page (not viewer=false or facts=false)",
        folder);
    return NULL;
  }
  bytes = act_file_read (path, MAX_PAGE, error);
  return bytes != NULL
      ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes))
      : NULL;
}

static gboolean
write_all (
    ActOutputFile *out, const char *folder, const char *page, GError **error)
{
  const char *body = strstr (page, "<body");
  const char *end = body != NULL ? strchr (body, '>') : NULL;
  g_autofree char *before = NULL;
  g_autoptr (GString) head = g_string_new (NULL);
  g_autoptr (GString) rest = g_string_new (NULL);
  g_autoptr (GString) scripts = g_string_new (NULL);
  g_autoptr (GString) styles = g_string_new (NULL);
  GString *sources[] = { scripts, styles };

  if (end == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "index.html of '%s' has no tag '<body>'", folder);
    return FALSE;
  }
  before = g_strndup (page, end + 1 - page);
  if (!append_page (head, sources, folder, before, error)
      || !append_page (rest, sources, folder, end + 1, error))
    return FALSE;
  set_policy (head, sources);
  return write_text (out, head->str, error) && write_text (out, "\n", error)
      && write_data (out, folder, error)
      && act_output_file_write (out, rest->str, rest->len, error);
}

gboolean
act_viewer_export (const char *folder, const char *filename, gboolean overwrite,
    GError **error)
{
  g_autofree char *above = g_path_get_dirname (filename);
  g_autofree char *base = g_path_get_basename (filename);
  g_autofree char *temporary =
      g_strdup_printf ("%s/.%s.tmp-%d", above, base, (int) getpid ());
  g_autofree char *page = read_page (folder, error);
  g_autoptr (ActOutputFile) out = NULL;

  if (page == NULL)
    return FALSE;
  if (!overwrite && g_file_test (filename, G_FILE_TEST_EXISTS)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "'%s' exists already, expected a new file (--overwrite replaces it)",
        filename);
    return FALSE;
  }
  out = act_output_file_new (temporary, error);
  if (out == NULL)
    return FALSE;
  if (write_all (out, folder, page, error)
      && act_output_file_close (g_steal_pointer (&out), error)
      && act_output_rename (temporary, filename, error))
    return TRUE;
  (void) unlink (temporary);
  return FALSE;
}
