/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "screen.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "toolerror.h"

#define DEFAULT_WIDTH 100
#define MIN_WIDTH 40
#define MAX_WIDTH 10000

static guint
find_width (void)
{
  const char *columns = g_getenv ("COLUMNS");
  struct winsize size = { 0 };
  guint64 number;

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  if (columns != NULL
      && g_ascii_string_to_unsigned (columns, 10, 1, MAX_WIDTH, &number, NULL))
    return (guint) number;
  return DEFAULT_WIDTH;
}

static gboolean
wants_colours (void)
{
  const char *term = g_getenv ("TERM"), *none = g_getenv ("NO_COLOR");

  return isatty (STDOUT_FILENO) && (none == NULL || *none == '\0')
      && term != NULL && !g_str_equal (term, "dumb");
}

gboolean
act_screen_init (
    ActScreen *self, const char *colour, guint width, GError **error)
{
  if (colour == NULL || g_str_equal (colour, "auto")) {
    self->colours = wants_colours ();
  } else if (g_str_equal (colour, "always") || g_str_equal (colour, "never")) {
    self->colours = g_str_equal (colour, "always");
  } else {
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "--color is '%s', expected auto, always or never", colour);
    return FALSE;
  }
  self->width = CLAMP (width > 0 ? width : find_width (), MIN_WIDTH, MAX_WIDTH);
  return TRUE;
}

void
act_screen_append_shaded (const ActScreen *self, GString *out, const char *text,
    double share, gboolean marked)
{
  /* backgrounds of the 256 colours, from pale to strong; the text is black */
  static const int shades[] = { 230, 223, 216, 209, 202 };
  const int n = G_N_ELEMENTS (shades);

  if (!self->colours || !(share > 0)) {
    g_string_append (out, text);
    return;
  }
  g_string_append_printf (out, "\033[%s38;5;16;48;5;%dm%s\033[0m",
      marked ? "1;4;" : "", shades[CLAMP ((int) (share * n), 0, n - 1)], text);
}

void
act_screen_append_title (const ActScreen *self, GString *out, const char *text)
{
  if (self->colours)
    g_string_append_printf (out, "\033[1m%s\033[0m", text);
  else
    g_string_append (out, text);
}
