/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What formats.py needs of our side: reads with one core and writes with
 * another, so that NumPy and safetensors can be asked about the outcome.
 *
 *   npy IN OUT              read an array, write it again
 *   safetensors IN OUT      read every tensor and the metadata "k", write
 *   pth IN OUT              read a state dict of torch.save, write its tensors
 *   pth-all IN..            the same of each, nothing written: a line "ok", or
 *                           why not
 *   model-all IN..          opens each model folder: a line "ok", or why not
 *   zip IN MEMBER OUT       read a member, write its bytes
 *   to-zip IN OUT MEMBER    write the file's bytes as a zip's member
 *   doubles IN OUT          .npy of F64: a line each, as JSON writes it
 *   to-f32 IN OUT           F16 or F32: widened, F32
 *   to-f16 IN OUT           F32: rounded, F16
 *   yaml IN OUT             the same as JSON; an infinite number or NaN as
 * "inf",
 *                           "-inf" or "nan" in quotes
 *   json-strings IN OUT     a JSON list of strings, read and written again
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "formats/file.h"
#include "formats/json.h"
#include "formats/npy.h"
#include "formats/output.h"
#include "formats/pth.h"
#include "formats/safetensors.h"
#include "formats/yaml.h"
#include "formats/zip.h"
#include "model/model.h"

static gboolean
copy_npy (char **args, GError **error)
{
  g_autoptr (ActNpy) npy = act_npy_open (args[0], error);

  return npy && act_npy_write (args[1], act_npy_get (npy), error);
}

static gboolean
copy_safetensors (char **args, GError **error)
{
  g_autoptr (ActSafetensors) file = act_safetensors_open (args[0], error);
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (ActTensor));
  const char *metadata[3] = { NULL };

  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < act_safetensors_get_n_tensors (file); i++)
    g_array_append_vals (tensors, act_safetensors_get (file, i), 1);
  if (act_safetensors_get_metadata (file, "k") != NULL) {
    metadata[0] = "k";
    metadata[1] = act_safetensors_get_metadata (file, "k");
  }
  return act_safetensors_write (args[1], (ActTensor *) tensors->data,
      tensors->len, metadata[0] ? metadata : NULL, error);
}

static gboolean
copy_pth (char **args, GError **error)
{
  g_autoptr (ActPth) pth = act_pth_open (args[0], error);
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (ActTensor));

  if (pth == NULL)
    return FALSE;
  for (guint i = 0; i < act_pth_get_n_tensors (pth); i++)
    g_array_append_vals (tensors, act_pth_get (pth, i), 1);
  return act_safetensors_write (
      args[1], (ActTensor *) tensors->data, tensors->len, NULL, error);
}

/* every byte of every tensor is touched: a sanitizer sees where they lie */
static void
check_pth (const char *filename)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActPth) pth = act_pth_open (filename, &error);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_MD5);

  for (guint i = 0; pth != NULL && i < act_pth_get_n_tensors (pth); i++) {
    const ActTensor *tensor = act_pth_get (pth, i);

    g_checksum_update (checksum, tensor->data, tensor->size);
  }
  g_print ("%s\n", pth != NULL ? "ok" : error->message);
}

static gboolean
check_all_pth (char **filenames)
{
  for (; *filenames != NULL; filenames++)
    check_pth (*filenames);
  return TRUE;
}

static gboolean
open_all_models (char **folders)
{
  for (; *folders != NULL; folders++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (ActModel) model = act_model_open (*folders, &error);

    g_print ("%s\n", model != NULL ? "ok" : error->message);
  }
  return TRUE;
}

static gboolean
write_bytes (const char *filename, const void *data, gsize size, GError **error)
{
  g_autoptr (ActOutputFile) file = act_output_file_new (filename, error);

  return file && act_output_file_write (file, data, size, error)
      && act_output_file_close (g_steal_pointer (&file), error);
}

static gboolean
read_zip (char **args, GError **error)
{
  g_autoptr (GBytes) bytes =
      act_zip_read_member (args[0], args[1], 1u << 30, error);
  gsize size;
  const void *data;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  return write_bytes (args[2], data, size, error);
}

static gboolean
write_zip (char **args, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_map (args[0], error);
  g_autoptr (ActZipWriter) zip = NULL;
  const guint8 *data;
  gsize size;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  zip = act_zip_writer_new (args[1], error);
  if (zip == NULL || !act_zip_writer_begin (zip, args[2], size, error))
    return FALSE;
  for (gsize done = 0; done < size; done += 1000) {
    if (!act_zip_writer_append (
            zip, data + done, MIN (1000, size - done), error))
      return FALSE;
  }
  return act_zip_writer_end (zip, error)
      && act_zip_writer_close (g_steal_pointer (&zip), error);
}

static gboolean
print_doubles (char **args, GError **error)
{
  g_autoptr (ActNpy) npy = act_npy_open (args[0], error);
  g_autoptr (GString) text = g_string_new (NULL);

  if (npy == NULL)
    return FALSE;
  g_assert_cmpint (act_npy_get (npy)->dtype, ==, ACT_DTYPE_F64);
  for (gsize i = 0; i < act_npy_get (npy)->n_elements; i++) {
    char buffer[32];

    act_double_to_string (((double *) act_npy_get (npy)->data)[i], buffer);
    g_string_append_printf (text, "%s\n", buffer);
  }
  return write_bytes (args[1], text->str, text->len, error);
}

static gboolean
convert (char **args, ActDtype to, GError **error)
{
  g_autoptr (ActNpy) npy = act_npy_open (args[0], error);
  g_autofree void *data = NULL;
  ActTensor out;

  if (npy == NULL)
    return FALSE;
  out = *act_npy_get (npy);
  data = g_malloc (out.n_elements * 4);
  if (to == ACT_DTYPE_F16)
    for (gsize i = 0; i < out.n_elements; i++)
      ((guint16 *) data)[i] = act_f32_to_f16 (((const float *) out.data)[i]);
  else if (!act_to_f32 (out.dtype, out.data, out.n_elements, data, error))
    return FALSE;
  out.dtype = to;
  out.data = data;
  return act_npy_write (args[1], &out, error);
}

static gboolean
copy_strings (char **args, GError **error)
{
  g_autoptr (JsonNode) root = act_json_read_file (args[0], 1u << 30, error);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActJsonWriter) json = act_json_writer_new (text, 0);
  JsonArray *array;

  if (root == NULL)
    return FALSE;
  array = json_node_get_array (root);
  act_json_begin_array (json);
  for (guint i = 0; i < json_array_get_length (array); i++)
    act_json_string (json, json_array_get_string_element (array, i));
  act_json_end_array (json);
  return write_bytes (args[1], text->str, text->len, error);
}

/* JSON has no word for them, so they become strings */
static void
name_nonfinite (JsonObject *object, const char *name, JsonNode *node,
    G_GNUC_UNUSED gpointer data)
{
  double number;

  if (!JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_DOUBLE)
    return;
  number = json_node_get_double (node);
  if (!isfinite (number))
    json_object_set_string_member (object, name,
        isnan (number)   ? "nan"
            : number > 0 ? "inf"
                         : "-inf");
}

static gboolean
write_yaml (char **args, GError **error)
{
  g_autoptr (JsonNode) root = act_yaml_read_file (args[0], 1u << 20, error);
  g_autofree char *text = NULL;

  if (root == NULL)
    return FALSE;
  json_object_foreach_member (
      json_node_get_object (root), name_nonfinite, NULL);
  text = json_to_string (root, FALSE);
  return write_bytes (args[1], text, strlen (text), error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const char *what = argc > 1 ? argv[1] : "";
  char **args = argv + 2;
  gboolean ok = FALSE;

  if (argc == 4 && strcmp (what, "npy") == 0)
    ok = copy_npy (args, &error);
  else if (argc > 2 && strcmp (what, "pth-all") == 0)
    ok = check_all_pth (args);
  else if (argc > 2 && strcmp (what, "model-all") == 0)
    ok = open_all_models (args);
  else if (argc == 4 && strcmp (what, "pth") == 0)
    ok = copy_pth (args, &error);
  else if (argc == 4 && strcmp (what, "safetensors") == 0)
    ok = copy_safetensors (args, &error);
  else if (argc == 5 && strcmp (what, "zip") == 0)
    ok = read_zip (args, &error);
  else if (argc == 5 && strcmp (what, "to-zip") == 0)
    ok = write_zip (args, &error);
  else if (argc == 4 && strcmp (what, "doubles") == 0)
    ok = print_doubles (args, &error);
  else if (argc == 4 && strcmp (what, "to-f32") == 0)
    ok = convert (args, ACT_DTYPE_F32, &error);
  else if (argc == 4 && strcmp (what, "to-f16") == 0)
    ok = convert (args, ACT_DTYPE_F16, &error);
  else if (argc == 4 && strcmp (what, "yaml") == 0)
    ok = write_yaml (args, &error);
  else if (argc == 4 && strcmp (what, "json-strings") == 0)
    ok = copy_strings (args, &error);
  if (!ok)
    g_printerr ("%s\n", error ? error->message : "usage: see the source");
  return ok ? 0 : 1;
}
