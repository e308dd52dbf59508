/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* JSON read from front to back, without a tree: for long lines of which little
 * is wanted. All that is passed over is checked against RFC 8259 too; of
 * repeated keys the last counts, as in Python. Strings may hold U+0000. The
 * bytes must be valid UTF-8, which act_json_scan_init () does not check.
 *
 * Errors say what was expected at which byte; who reads a file puts its name
 * before them. After FALSE a scanner is of no more use. */
typedef struct {
  const char *start, *p, *end;
  gboolean replace; /* half a surrogate pair: U+FFFD in place of an error */
  guint depth;
  GString *key;
  GError **error;
} ActJsonScan;

void act_json_scan_init (ActJsonScan *scan, const char *data, gsize length,
    gboolean replace, GError **error);
/* frees what it holds, wherever it has come to */
void act_json_scan_clear (ActJsonScan *scan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ActJsonScan, act_json_scan_clear)

/* Reads the next value to where to points, whatever its type. */
typedef gboolean (*ActJsonRead) (ActJsonScan *scan, gpointer to);
/* The same for a member of an object; must read the value or skip it. The key
 * is there until then. */
typedef gboolean (*ActJsonMember) (
    ActJsonScan *scan, const GString *key, gpointer data);

gboolean act_json_scan_members (
    ActJsonScan *scan, ActJsonMember func, gpointer data);
/* func: for each element, with data */
gboolean act_json_scan_elements (
    ActJsonScan *scan, ActJsonRead func, gpointer data);
gboolean act_json_scan_skip (ActJsonScan *scan);
/* the character that the next value begins with, 0: there is none */
char act_json_scan_peek (ActJsonScan *scan);
/* nothing but blanks may follow */
gboolean act_json_scan_end (ActJsonScan *scan);
/* takes a null, if that comes next */
gboolean act_json_scan_null (ActJsonScan *scan);
gboolean act_json_scan_fail (ActJsonScan *scan, const char *what);

/* ActJsonReads: to a GString, a guint64, a gint64, a double, a GPtrArray of
 * GString, a GArray of guint64 or of double; what was there is replaced. */
gboolean act_json_scan_string (ActJsonScan *scan, gpointer to);
gboolean act_json_scan_uint (ActJsonScan *scan, gpointer to);
gboolean act_json_scan_int (ActJsonScan *scan, gpointer to);
gboolean act_json_scan_double (ActJsonScan *scan, gpointer to);
gboolean act_json_scan_strings (ActJsonScan *scan, gpointer to);
gboolean act_json_scan_uints (ActJsonScan *scan, gpointer to);
gboolean act_json_scan_doubles (ActJsonScan *scan, gpointer to);

/* An object whose members go to the fields of a structure; those without a
 * field are passed over. */
typedef struct {
  const char *key;
  ActJsonRead read;
  gsize offset;      /* of what to read to */
  gboolean indirect; /* at the offset is a pointer to it */
  gboolean optional;
} ActJsonField;

gboolean act_json_scan_fields (ActJsonScan *scan, const ActJsonField *fields,
    guint n_fields, gpointer structure);
