/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "problem.h"

#include <string.h>

#include <gst/activations/activations.h>

/* a name in a file may be as long as the file */
#define MAX_TEXT 4000

/* Newlines and runs of blanks become one blank, other controls, which a
 * terminal might obey, a question mark. */
static char *
one_line (const char *text)
{
  g_auto (GStrv) parts = g_strsplit_set (text, "\r\n\t", -1);
  GString *out = g_string_new (NULL);

  for (guint i = 0; parts[i] != NULL; i++) {
    g_strstrip (parts[i]);
    if (parts[i][0] != '\0')
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", parts[i]);
  }
  for (gsize i = 0; i < out->len; i++)
    if (g_ascii_iscntrl (out->str[i]))
      out->str[i] = '?';
  if (out->len > MAX_TEXT) {
    g_string_truncate (
        out, g_utf8_find_prev_char (out->str, out->str + MAX_TEXT) - out->str);
    g_string_append (out, " ...");
  }
  return g_string_free (out, FALSE);
}

ActProblem *
act_problem_new (const char *element, const char *text, const char *hint)
{
  ActProblem *self = g_new0 (ActProblem, 1);

  self->element = g_strdup (element);
  self->text = one_line (text);
  self->hint = g_strdup (hint);
  return self;
}

void
act_problem_free (ActProblem *self)
{
  g_free (self->element);
  g_free (self->text);
  g_free (self->hint);
  g_free (self);
}

/* GStreamer puts the place in its source before the details */
static const char *
details_of (const char *debug)
{
  const char *newline = debug ? strchr (debug, '\n') : NULL;

  if (newline == NULL || newline[1] == '\0'
      || g_str_has_prefix (newline + 1, g_quark_to_string (GST_ACT_ERROR)))
    return NULL;
  return newline + 1;
}

static const char *
resource_hint (gint code)
{
  switch (code) {
  case GST_RESOURCE_ERROR_NOT_FOUND:
  case GST_RESOURCE_ERROR_OPEN_READ:
  case GST_RESOURCE_ERROR_READ:
    return "check that the path is right and may be read";
  case GST_RESOURCE_ERROR_OPEN_WRITE:
  case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
  case GST_RESOURCE_ERROR_WRITE:
    return "check that the folder above it may be written";
  case GST_RESOURCE_ERROR_NO_SPACE_LEFT:
    return "make room, or write to another place";
  default:
    return NULL;
  }
}

/* Whether a store that is read may be damaged; a folder that is not there is
 * more likely a path that was mistyped. */
static gboolean
is_damaged_store (const char *text, GstElementFactory *factory)
{
  static const char *const signs[] = { "is damaged", "manifest.json'",
    "/segment-", "has neither cluster activations" };
  const char *start = strchr (text, '\'');
  const char *end = start != NULL ? strchr (start + 1, '\'') : NULL;
  g_autofree char *path = NULL, *folder = NULL;
  gboolean found = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (signs); i++)
    found |= strstr (text, signs[i]) != NULL;
  if (!found || end == NULL || factory == NULL
      || !g_str_equal (GST_OBJECT_NAME (factory), "actstoresrc"))
    return FALSE;
  path = g_strndup (start + 1, (gsize) (end - start - 1));
  folder = g_path_get_dirname (path);
  return g_file_test (folder, G_FILE_TEST_IS_DIR);
}

static char *
hint_for (const GError *error, const char *text, GstObject *source)
{
  GstElementFactory *factory = NULL;

  if (GST_IS_ELEMENT (source))
    factory = gst_element_get_factory (GST_ELEMENT (source));
  if (is_damaged_store (text, factory))
    return g_strdup ("what is damaged of a store is made again by the command "
                     "that made it, with --repair: merge, run --plan, or "
                     "dashboard");
  if (error->domain == GST_RESOURCE_ERROR) {
    if (error->code == GST_RESOURCE_ERROR_SETTINGS && factory)
      return g_strdup_printf ("gst-inspect-1.0 %s explains its properties",
          GST_OBJECT_NAME (factory));
    return g_strdup (resource_hint (error->code));
  }
  if (g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION))
    return g_strdup ("gst-inspect-1.0 shows what each element's pads take");
  return NULL;
}

ActProblem *
act_problem_new_from_message (GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL, *text = NULL, *hint = NULL;
  const char *details;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &debug);
  else
    gst_message_parse_warning (message, &error, &debug);
  details = details_of (debug);
  if (details && strstr (error->message, details) == NULL)
    text = g_strdup_printf ("%s %s", error->message, details);
  else
    text = g_strdup (error->message);
  hint = hint_for (error, text, GST_MESSAGE_SRC (message));
  return act_problem_new (GST_MESSAGE_SRC_NAME (message), text, hint);
}

ActProblem *
act_problem_new_from_parse_error (const GError *error)
{
  const char *hint = NULL;

  if (error->domain != GST_PARSE_ERROR)
    return act_problem_new (NULL, error->message, NULL);
  switch (error->code) {
  case GST_PARSE_ERROR_NO_SUCH_ELEMENT:
    hint = "GST_PLUGIN_PATH_1_0 names the folders of plugins; "
           "gst-inspect-1.0 -b lists those that could not be loaded";
    break;
  case GST_PARSE_ERROR_NO_SUCH_PROPERTY:
  case GST_PARSE_ERROR_COULD_NOT_SET_PROPERTY:
    hint = "gst-inspect-1.0 ELEMENT lists its properties and their ranges";
    break;
  case GST_PARSE_ERROR_LINK:
    hint = "gst-inspect-1.0 shows what each element's pads take";
    break;
  default:
    break;
  }
  return act_problem_new (NULL, error->message, hint);
}

void
act_problem_print (const ActProblem *self, const char *kind)
{
  g_printerr ("%s: %s%s%s", kind, self->element ? self->element : "",
      self->element ? ": " : "", self->text);
  if (self->hint)
    g_printerr (" (%s)", self->hint);
  g_printerr ("\n");
}
