/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/npy.h"

#include <glib/gstdio.h>
#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/npy-private.h"
#include "formats/output.h"

#define MAGIC "\x93NUMPY"
#define MAX_HEADER_SIZE 65536

struct _ActNpy {
  char *name;
  GBytes *bytes;
  gsize data_start;
  ActTensor tensor;
  void *copy; /* where the data do not lie aligned */
};

static const struct {
  const char *descr;
  ActDtype dtype;
} descrs[] = {
  { "|b1", ACT_DTYPE_BOOL },
  { "|u1", ACT_DTYPE_U8 },
  { "|i1", ACT_DTYPE_I8 },
  { "<u2", ACT_DTYPE_U16 },
  { "<i2", ACT_DTYPE_I16 },
  { "<f2", ACT_DTYPE_F16 },
  { "<u4", ACT_DTYPE_U32 },
  { "<i4", ACT_DTYPE_I32 },
  { "<f4", ACT_DTYPE_F32 },
  { "<u8", ACT_DTYPE_U64 },
  { "<i8", ACT_DTYPE_I64 },
  { "<f8", ACT_DTYPE_F64 },
};

/* The header is a Python literal: {'descr': '<f4', 'fortran_order': False,
 * 'shape': (3, 4), }. Three keys, each once, in any order. */
typedef struct {
  ActNpy *npy;
  const char *p, *end;
  gboolean has_descr, has_order, has_shape;
  gboolean fortran_order;
  GError **error;
} Parser;

static gboolean G_GNUC_PRINTF (2, 3)
    fail (Parser *parser, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (parser->error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' is no valid .npy file: %s", parser->npy->name, what);
  return FALSE;
}

static gboolean
take (Parser *parser, char c)
{
  while (parser->p < parser->end
      && (*parser->p == ' ' || *parser->p == '\n' || *parser->p == '\t'))
    parser->p++;
  if (parser->p >= parser->end || *parser->p != c)
    return FALSE;
  parser->p++;
  return TRUE;
}

static gboolean
take_word (Parser *parser, const char *word)
{
  gsize length = strlen (word);

  if (!take (parser, word[0]))
    return FALSE;
  if ((gsize) (parser->end - parser->p) < length - 1
      || memcmp (parser->p, word + 1, length - 1) != 0) {
    parser->p--;
    return FALSE;
  }
  parser->p += length - 1;
  return TRUE;
}

/* a string without escapes; (transfer full), or NULL */
static char *
take_string (Parser *parser)
{
  const char *start;
  char quote;

  if (take (parser, '\''))
    quote = '\'';
  else if (take (parser, '"'))
    quote = '"';
  else
    return NULL;
  start = parser->p;
  while (parser->p < parser->end && *parser->p != quote && *parser->p != '\\'
      && g_ascii_isprint (*parser->p))
    parser->p++;
  if (parser->p >= parser->end || *parser->p != quote)
    return NULL;
  parser->p++;
  return g_strndup (start, parser->p - 1 - start);
}

static gboolean
parse_descr (Parser *parser)
{
  g_autofree char *descr = NULL;

  if (take (parser, '[')) {
    g_set_error (parser->error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s' holds records ('descr' is a list), expected plain numbers",
        parser->npy->name);
    return FALSE;
  }
  descr = take_string (parser);
  if (descr == NULL)
    return fail (parser, "'descr' is no string");
  for (guint i = 0; i < G_N_ELEMENTS (descrs); i++) {
    if (strcmp (descr, descrs[i].descr) == 0) {
      parser->npy->tensor.dtype = descrs[i].dtype;
      return TRUE;
    }
  }
  g_set_error (parser->error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s' has element type '%s'%s, expected a number or truth value in "
      "little-endian order, such as '<f4' or '<i4'",
      parser->npy->name, descr, descr[0] == '>' ? " (big-endian)" : "");
  return FALSE;
}

static gboolean
parse_order (Parser *parser)
{
  if (take_word (parser, "True"))
    parser->fortran_order = TRUE;
  else if (!take_word (parser, "False"))
    return fail (parser, "'fortran_order' is neither True nor False");
  return TRUE;
}

static gboolean
take_number (Parser *parser, guint64 *number)
{
  const char *start = parser->p;

  *number = 0;
  while (parser->p < parser->end && g_ascii_isdigit (*parser->p)) {
    if (!g_uint64_checked_mul (number, *number, 10)
        || !g_uint64_checked_add (number, *number, *parser->p - '0'))
      return FALSE;
    parser->p++;
  }
  return parser->p > start;
}

static gboolean
parse_shape (Parser *parser)
{
  ActTensor *tensor = &parser->npy->tensor;
  gboolean comma = TRUE;

  if (!take (parser, '('))
    return fail (parser, "'shape' is no tuple");
  while (!take (parser, ')')) {
    if (!comma)
      return fail (parser, "'shape' is no tuple of whole numbers");
    if (tensor->n_dims == ACT_TENSOR_MAX_DIMS)
      return fail (
          parser, "'shape' has more than %d dimensions", ACT_TENSOR_MAX_DIMS);
    if (!take_number (parser, &tensor->shape[tensor->n_dims]))
      return fail (parser,
          "'shape': dimension %u is no whole number from 0 to 2^64 - 1",
          tensor->n_dims);
    tensor->n_dims++;
    comma = take (parser, ',');
    while (parser->p < parser->end && *parser->p == ' ')
      parser->p++;
  }
  if (tensor->n_dims == 1 && !comma)
    return fail (parser, "'shape' is no tuple");
  return TRUE;
}

static gboolean
parse_item (Parser *parser)
{
  g_autofree char *key = take_string (parser);
  gboolean *seen;

  if (key == NULL)
    return fail (parser, "the header is no dictionary");
  if (strcmp (key, "descr") == 0)
    seen = &parser->has_descr;
  else if (strcmp (key, "fortran_order") == 0)
    seen = &parser->has_order;
  else if (strcmp (key, "shape") == 0)
    seen = &parser->has_shape;
  else
    return fail (parser, "the header has the unknown key '%s'", key);
  if (*seen)
    return fail (parser, "the header has the key '%s' twice", key);
  *seen = TRUE;
  if (!take (parser, ':'))
    return fail (parser, "the header is no dictionary");
  if (seen == &parser->has_descr)
    return parse_descr (parser);
  if (seen == &parser->has_order)
    return parse_order (parser);
  return parse_shape (parser);
}

static gboolean
parse_dictionary (Parser *parser)
{
  if (!take (parser, '{'))
    return fail (parser, "the header is no dictionary");
  while (!take (parser, '}')) {
    if (!parse_item (parser))
      return FALSE;
    if (!take (parser, ',')) {
      if (!take (parser, '}'))
        return fail (parser, "the header is no dictionary");
      break;
    }
  }
  (void) take (parser, '\0'); /* skips blanks */
  if (parser->p < parser->end)
    return fail (parser, "something follows the header's dictionary");
  if (!parser->has_descr || !parser->has_order || !parser->has_shape)
    return fail (
        parser, "the header lacks one of 'descr', 'fortran_order' and 'shape'");
  return TRUE;
}

/* Column-major order is the same as row-major where at most one dimension is
 * larger than 1, or there is nothing at all. */
static gboolean
order_matters (const ActTensor *tensor)
{
  guint larger = 0;

  for (guint i = 0; i < tensor->n_dims; i++) {
    if (tensor->shape[i] == 0)
      return FALSE;
    larger += tensor->shape[i] > 1;
  }
  return larger > 1;
}

/* -> length of what comes before the data, 0 on error */
static gsize
locate_header (Parser *parser, const guint8 *data, gsize size)
{
  gsize prefix, length;

  if (size < 10 || memcmp (data, MAGIC, 6) != 0) {
    fail (parser, "it does not begin with \\x93NUMPY and a version");
    return 0;
  }
  if (data[6] < 1 || data[6] > 3 || data[7] != 0) {
    g_set_error (parser->error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s' has .npy version %d.%d, expected 1.0, 2.0 or 3.0",
        parser->npy->name, data[6], data[7]);
    return 0;
  }
  prefix = data[6] == 1 ? 10 : 12;
  if (size < prefix) {
    fail (parser, "it ends within the header");
    return 0;
  }
  length = data[8] | data[9] << 8;
  if (data[6] > 1)
    length |= (gsize) data[10] << 16 | (gsize) data[11] << 24;
  if (length > MAX_HEADER_SIZE) {
    fail (parser,
        "its header length is %" G_GSIZE_FORMAT ", expected at most %d", length,
        MAX_HEADER_SIZE);
    return 0;
  }
  if (length > size - prefix) {
    fail (parser,
        "its header length is %" G_GSIZE_FORMAT ", but only %" G_GSIZE_FORMAT
        " bytes follow",
        length, size - prefix);
    return 0;
  }
  parser->p = (const char *) data + prefix;
  parser->end = parser->p + length;
  return prefix + length;
}

/* size: of the whole file, of which npy->bytes need not have the array */
static gboolean
parse_header (ActNpy *npy, gsize size, GError **error)
{
  const guint8 *data = g_bytes_get_data (npy->bytes, NULL);
  Parser parser = { .npy = npy, .error = error };
  g_autoptr (GError) size_error = NULL;
  g_autofree char *shape = NULL;

  npy->data_start = locate_header (&parser, data, size);
  if (npy->data_start == 0 || !parse_dictionary (&parser))
    return FALSE;
  if (!act_tensor_set_sizes (&npy->tensor, &size_error))
    return fail (&parser, "%s", size_error->message);
  shape = act_tensor_shape_to_string (npy->tensor.n_dims, npy->tensor.shape);
  if (size - npy->data_start != npy->tensor.size)
    return fail (&parser,
        "it has %" G_GSIZE_FORMAT " bytes of data, expected %" G_GSIZE_FORMAT
        " for %s %s",
        size - npy->data_start, npy->tensor.size,
        act_dtype_name (npy->tensor.dtype), shape);
  if (parser.fortran_order && order_matters (&npy->tensor)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s' is in Fortran order, expected C order (row-major) for shape %s",
        npy->name, shape);
    return FALSE;
  }
  return TRUE;
}

static ActNpy *
npy_new (GBytes *bytes, const char *name, gboolean align, GError **error)
{
  g_autoptr (ActNpy) npy = g_new0 (ActNpy, 1);
  const guint8 *p;

  npy->name = g_strdup (name);
  npy->bytes = g_bytes_ref (bytes);
  if (!parse_header (npy, g_bytes_get_size (bytes), error))
    return NULL;
  p = (const guint8 *) g_bytes_get_data (bytes, NULL) + npy->data_start;
  if (align && (gsize) p % act_dtype_size (npy->tensor.dtype) != 0)
    p = npy->copy = g_memdup2 (p, npy->tensor.size);
  npy->tensor.name = npy->name;
  npy->tensor.data = p;
  return g_steal_pointer (&npy);
}

ActNpy *
act_npy_open_full (const char *filename, gboolean align, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_map (filename, error);

  return bytes ? npy_new (bytes, filename, align, error) : NULL;
}

ActNpy *
act_npy_open (const char *filename, GError **error)
{
  return act_npy_open_full (filename, TRUE, error);
}

ActNpy *
act_npy_new_from_bytes (GBytes *bytes, const char *name, GError **error)
{
  return npy_new (bytes, name, TRUE, error);
}

void
act_npy_free (ActNpy *npy)
{
  if (npy == NULL)
    return;
  g_clear_pointer (&npy->bytes, g_bytes_unref);
  g_free (npy->copy);
  g_free (npy->name);
  g_free (npy);
}

gsize
act_npy_header_size (const guint8 start[ACT_NPY_START_SIZE])
{
  gsize prefix = start[6] == 1 ? 10 : 12;
  gsize length = start[8] | start[9] << 8;

  if (start[6] > 1)
    length |= (gsize) start[10] << 16 | (gsize) start[11] << 24;
  return length > MAX_HEADER_SIZE ? ACT_NPY_START_SIZE
                                  : MAX (prefix + length, ACT_NPY_START_SIZE);
}

gboolean
act_npy_parse_header (GBytes *header, const char *name, gsize size,
    ActTensor *tensor, GError **error)
{
  g_autoptr (ActNpy) npy = g_new0 (ActNpy, 1);

  npy->name = g_strdup (name);
  npy->bytes = g_bytes_ref (header);
  if (!parse_header (npy, size, error))
    return FALSE;
  *tensor = npy->tensor;
  return TRUE;
}

const ActTensor *
act_npy_get (const ActNpy *npy)
{
  return &npy->tensor;
}

guint64
act_npy_get_offset (const ActNpy *npy)
{
  return npy->data_start;
}

static const char *
descr_of (ActDtype dtype)
{
  for (guint i = 0; i < G_N_ELEMENTS (descrs); i++) {
    if (descrs[i].dtype == dtype)
      return descrs[i].descr;
  }
  return NULL; /* BF16, which NumPy does not have */
}

GBytes *
act_npy_header (ActDtype dtype, guint n_dims, const guint64 *shape)
{
  GString *header = g_string_new (MAGIC "\x01");
  gsize length;

  g_return_val_if_fail (descr_of (dtype) != NULL, NULL);
  g_string_append_len (header, "\0\0\0", 3);
  g_string_append_printf (header,
      "{'descr': '%s', 'fortran_order': False, 'shape': (", descr_of (dtype));
  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (
        header, "%s%" G_GUINT64_FORMAT, i > 0 ? ", " : "", shape[i]);
  g_string_append (header, n_dims == 1 ? ",), }" : "), }");
  while (header->len % 64 != 63)
    g_string_append_c (header, ' ');
  g_string_append_c (header, '\n');
  length = header->len - 10;
  header->str[8] = length & 0xff;
  header->str[9] = length >> 8;
  return g_string_free_to_bytes (header);
}

static gboolean
write_file (const char *filename, GBytes *header, const ActTensor *tensor,
    gsize size, GError **error)
{
  g_autoptr (ActOutputFile) file = act_output_file_new (filename, error);
  gsize header_size;
  const void *start = g_bytes_get_data (header, &header_size);

  return file != NULL && act_output_file_write (file, start, header_size, error)
      && act_output_file_write (file, tensor->data, size, error)
      && act_output_file_close (g_steal_pointer (&file), error);
}

gboolean
act_npy_write (const char *filename, const ActTensor *tensor, GError **error)
{
  g_autoptr (GBytes) header = NULL;
  ActTensor sized = *tensor;

  if (descr_of (tensor->dtype) == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "cannot write '%s': .npy has no element type %s", filename,
        act_dtype_name (tensor->dtype));
    return FALSE;
  }
  if (!act_tensor_set_sizes (&sized, error)) {
    g_prefix_error (error, "cannot write '%s': ", filename);
    return FALSE;
  }
  header = act_npy_header (tensor->dtype, tensor->n_dims, tensor->shape);
  if (write_file (filename, header, &sized, sized.size, error))
    return TRUE;
  (void) g_unlink (filename);
  return FALSE;
}
