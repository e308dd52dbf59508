/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* JSON as Python's json module writes it: ", " and ": ", ASCII only, shortest
 * digits that give a double back, keys in the order they are given. The same
 * code writes every JSON file of the project. */

typedef struct _ActJsonWriter ActJsonWriter;

/* indent 0: all on one line; 2: as json.dump (indent=2) */
ActJsonWriter *act_json_writer_new (GString *out, guint indent);
void act_json_writer_free (ActJsonWriter *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActJsonWriter, act_json_writer_free)

void act_json_begin_object (ActJsonWriter *json);
void act_json_end_object (ActJsonWriter *json);
void act_json_begin_array (ActJsonWriter *json);
void act_json_end_array (ActJsonWriter *json);
void act_json_key (ActJsonWriter *json, const char *key);
void act_json_string (ActJsonWriter *json, const char *value);
/* length in bytes; value may hold NUL; must be UTF-8 */
void act_json_string_len (ActJsonWriter *json, const char *value, gsize length);
/* what act_json_escape () made, for strings that are written often */
void act_json_string_escaped (
    ActJsonWriter *json, const char *text, gsize length);
void act_json_int (ActJsonWriter *json, gint64 value);
void act_json_uint (ActJsonWriter *json, guint64 value);
void act_json_double (ActJsonWriter *json, double value);
void act_json_float (ActJsonWriter *json, float value); /* widened first */
void act_json_boolean (ActJsonWriter *json, gboolean value);
void act_json_null (ActJsonWriter *json);

/* appends what stands between the quotes; value as for act_json_string_len ()
 */
void act_json_escape (GString *out, const char *value, gsize length);
/* a key and its value; a string that is NULL is null */
void act_json_add_string (
    ActJsonWriter *json, const char *key, const char *value);
void act_json_add_uint (ActJsonWriter *json, const char *key, guint64 value);
void act_json_add_double (ActJsonWriter *json, const char *key, double value);

/* Python's repr of a finite double; buffer of at least 32 bytes; returns how
 * many there are before its NUL */
guint act_double_to_string (double value, char *buffer);

/* Reading, on json-glib: a whole file, and fields with clear errors that name
 * file and field. Strings that hold U+0000 are refused, never cut; see below
 * where they are wanted. */
JsonNode *act_json_read_file (
    const char *filename, gsize max_size, GError **error);
JsonNode *act_json_parse (
    const char *data, gsize length, const char *name, GError **error);
/* As act_json_parse (), but strings and keys may hold U+0000. A node's string
 * ends at a NUL, so there it is the two bytes C0 80, which are in no UTF-8 and
 * can mean nothing else. act_json_append_bytes () gives the string as it is in
 * the file; where it comes into an error, act_json_show_nul () makes \\u0000
 * of it. */
JsonNode *act_json_parse_with_nul (
    const char *data, gsize length, const char *name, GError **error);
void act_json_append_bytes (GString *to, const char *string);
void act_json_show_nul (GError **error);
/* whether "format" and "version" are these */
gboolean act_json_check_format (JsonObject *object, const char *format,
    guint version, const char *path, GError **error);
gboolean act_json_get_uint (JsonObject *object, const char *field,
    const char *name, guint64 max, guint64 *value, GError **error);
gboolean act_json_get_double (JsonObject *object, const char *field,
    const char *name, double *value, GError **error);
const char *act_json_get_string (
    JsonObject *object, const char *field, const char *name, GError **error);
gboolean act_json_get_boolean (JsonObject *object, const char *field,
    const char *name, gboolean *value, GError **error);
