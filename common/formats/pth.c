/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/pth.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/pickle.h"
#include "formats/zipstored.h"
#include "strhash.h"

#define PICKLE "/data.pkl"
#define ORDERED_DICT "collections.OrderedDict"
#define TENSOR "torch._utils._rebuild_tensor_v2"
#define PARAMETER "torch._utils._rebuild_parameter"

struct _ActPth {
  char *filename;
  ActZipStored *zip;
  ActPickle *pickle;    /* holds the tensors' names */
  char *prefix;         /* of the members: "archive" */
  GHashTable *storages; /* key -> GBytes */
  GArray *tensors;      /* of ActTensor */
  GHashTable *copies;   /* a Copy -> itself */
  guint64 copied;       /* bytes */
  guint64 file_size;
};

static const struct {
  const char *name;
  ActDtype dtype;
} storage_types[] = {
  { "torch.FloatStorage", ACT_DTYPE_F32 },
  { "torch.HalfStorage", ACT_DTYPE_F16 },
  { "torch.BFloat16Storage", ACT_DTYPE_BF16 },
  { "torch.DoubleStorage", ACT_DTYPE_F64 },
  { "torch.LongStorage", ACT_DTYPE_I64 },
  { "torch.IntStorage", ACT_DTYPE_I32 },
  { "torch.ShortStorage", ACT_DTYPE_I16 },
  { "torch.CharStorage", ACT_DTYPE_I8 },
  { "torch.ByteStorage", ACT_DTYPE_U8 },
  { "torch.BoolStorage", ACT_DTYPE_BOOL },
};

/* all that a state dict of tensors refers to */
static const char *const known_names[] = {
  ORDERED_DICT,
  TENSOR,
  PARAMETER,
  "torch.FloatStorage",
  "torch.HalfStorage",
  "torch.BFloat16Storage",
  "torch.DoubleStorage",
  "torch.LongStorage",
  "torch.IntStorage",
  "torch.ShortStorage",
  "torch.CharStorage",
  "torch.ByteStorage",
  "torch.BoolStorage",
  NULL,
};

static gboolean G_GNUC_PRINTF (4, 5) fail (const ActPth *pth,
    const char *tensor, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s': tensor '%s': %s",
      pth->filename, tensor, what);
  return FALSE;
}

/* Where a tensor lies: its arguments, read and checked. */
typedef struct {
  ActDtype dtype;
  GBytes *storage; /* of the table */
  guint64 n_stored;
  guint64 offset; /* in elements, as strides are */
  guint64 strides[ACT_TENSOR_MAX_DIMS];
} Place;

static gboolean
get_count (const ActPickleValue *value, guint64 *count)
{
  if (value->kind != ACT_PICKLE_INT || value->integer < 0)
    return FALSE;
  *count = (guint64) value->integer;
  return TRUE;
}

/* a tuple of whole numbers from 0 on */
static gboolean
get_counts (const ActPickleValue *value, guint *n, guint64 *counts)
{
  if (value->kind != ACT_PICKLE_TUPLE
      || act_pickle_get_n_items (value) > ACT_TENSOR_MAX_DIMS)
    return FALSE;
  *n = act_pickle_get_n_items (value);
  for (guint i = 0; i < *n; i++)
    if (!get_count (value->items->pdata[i], &counts[i]))
      return FALSE;
  return TRUE;
}

/* The bytes of a storage; each is looked up, and its checksum tested, once. */
static GBytes *
get_storage (ActPth *pth, const char *tensor, const char *key, GError **error)
{
  g_autofree char *member = g_strdup_printf ("%s/data/%s", pth->prefix, key);
  GBytes *bytes = g_hash_table_lookup (pth->storages, key);
  gint index;

  if (bytes != NULL)
    return bytes;
  index = act_zip_stored_find (pth->zip, member);
  if (index < 0) {
    fail (pth, tensor, error, "the file has no member '%s' for it", member);
    return NULL;
  }
  bytes = act_zip_stored_get (pth->zip, (guint) index, error);
  if (bytes != NULL)
    g_hash_table_insert (pth->storages, g_strdup (key), bytes);
  return bytes;
}

/* ('storage', torch.FloatStorage, key, device, number of elements) */
static gboolean
read_storage (ActPth *pth, const char *tensor, const ActPickleValue *value,
    Place *place, GError **error)
{
  const ActPickleValue *id = value->value;
  ActPickleValue **parts;
  gsize size;

  if (value->kind != ACT_PICKLE_PERSISTENT || id->kind != ACT_PICKLE_TUPLE
      || act_pickle_get_n_items (id) != 5)
    return fail (pth, tensor, error, "what it lies in is no storage");
  parts = (ActPickleValue **) id->items->pdata;
  if (parts[0]->kind != ACT_PICKLE_STRING
      || !g_str_equal (parts[0]->text, "storage")
      || parts[1]->kind != ACT_PICKLE_NAME
      || parts[2]->kind != ACT_PICKLE_STRING
      || !get_count (parts[4], &place->n_stored))
    return fail (pth, tensor, error, "what it lies in is no storage");
  for (guint i = 0;; i++) {
    if (i == G_N_ELEMENTS (storage_types))
      return fail (pth, tensor, error, "'%s' is no storage", parts[1]->text);
    place->dtype = storage_types[i].dtype;
    if (g_str_equal (storage_types[i].name, parts[1]->text))
      break;
  }
  place->storage = get_storage (pth, tensor, parts[2]->text, error);
  if (place->storage == NULL)
    return FALSE;
  if (!g_size_checked_mul (
          &size, place->n_stored, act_dtype_size (place->dtype))
      || size != g_bytes_get_size (place->storage))
    return fail (pth, tensor, error,
        "its storage has %" G_GSIZE_FORMAT " bytes, expected %" G_GUINT64_FORMAT
        " elements of %s",
        g_bytes_get_size (place->storage), place->n_stored,
        act_dtype_name (place->dtype));
  return TRUE;
}

/* Whether all elements lie in the storage, and are not more than it has: one
 * that is shown at many places (expanded) could be of any size. */
static gboolean
check_place (const ActPth *pth, const ActTensor *tensor, const Place *place,
    GError **error)
{
  guint64 last = place->offset;
  gboolean fits = TRUE;

  if (tensor->n_elements == 0)
    return TRUE;
  for (guint i = 0; i < tensor->n_dims; i++) {
    guint64 reach;

    fits = fits
        && g_uint64_checked_mul (
            &reach, tensor->shape[i] - 1, place->strides[i])
        && g_uint64_checked_add (&last, last, reach);
  }
  if (fits && last < place->n_stored && tensor->n_elements <= place->n_stored)
    return TRUE;
  return fail (pth, tensor->name, error,
      "it reaches beyond its storage of %" G_GUINT64_FORMAT " elements",
      place->n_stored);
}

static gboolean
in_order (const ActTensor *tensor, const Place *place)
{
  guint64 stride = 1;

  for (guint i = tensor->n_dims; i-- > 0;) {
    if (tensor->shape[i] != 1 && place->strides[i] != stride)
      return FALSE;
    stride *= tensor->shape[i];
  }
  return TRUE;
}

/* A tensor that does not lie in order, in order: one for all names of it. */
typedef struct {
  Place place;
  ActTensor tensor; /* with the data */
} Copy;

static guint
copy_hash (gconstpointer data)
{
  const Copy *copy = data;

  /* few differ in what is left out here */
  return g_direct_hash (copy->place.storage)
      ^ (guint) (copy->place.offset * 0x9e3779b97f4a7c15 >> 32);
}

static gboolean
copy_equal (gconstpointer a, gconstpointer b)
{
  const Copy *x = a, *y = b;
  gsize size = x->tensor.n_dims * sizeof (guint64);

  return x->place.storage == y->place.storage
      && x->place.offset == y->place.offset
      && x->tensor.dtype == y->tensor.dtype
      && x->tensor.n_dims == y->tensor.n_dims
      && memcmp (x->tensor.shape, y->tensor.shape, size) == 0
      && memcmp (x->place.strides, y->place.strides, size) == 0;
}

static void
copy_free (gpointer data)
{
  g_free ((gpointer) ((Copy *) data)->tensor.data);
  g_free (data);
}

/* row-major, whatever the strides */
static void
copy_in_order (const ActTensor *tensor, const Place *place, guint8 *to)
{
  gsize size = act_dtype_size (tensor->dtype);
  const guint8 *from = g_bytes_get_data (place->storage, NULL);
  guint64 index[ACT_TENSOR_MAX_DIMS] = { 0 };
  guint64 at = place->offset;

  for (gsize n = 0; n < tensor->n_elements; n++) {
    memcpy (to, from + at * size, size);
    to += size;
    for (guint i = tensor->n_dims; i-- > 0;) {
      at += place->strides[i];
      if (++index[i] < tensor->shape[i])
        break;
      at -= index[i] * place->strides[i];
      index[i] = 0;
    }
  }
}

/* Together they take no more than the file, however many it says there are. */
static gboolean
set_copy (ActPth *pth, ActTensor *tensor, const Place *place, GError **error)
{
  Copy key = { *place, *tensor };
  Copy *copy = g_hash_table_lookup (pth->copies, &key);

  if (copy == NULL) {
    guint8 *data = NULL;

    if (tensor->size > pth->file_size - pth->copied)
      return fail (pth, tensor->name, error,
          "it is not row-major, and copies of all such tensors are more than "
          "the file's %" G_GUINT64_FORMAT " bytes",
          pth->file_size);
    data = g_try_malloc (tensor->size);
    if (data == NULL)
      return fail (pth, tensor->name, error,
          "there is no memory for its %" G_GSIZE_FORMAT " bytes", tensor->size);
    copy_in_order (tensor, place, data);
    pth->copied += tensor->size;
    copy = g_memdup2 (&key, sizeof key);
    copy->tensor.data = data;
    g_hash_table_add (pth->copies, copy);
  }
  tensor->data = copy->tensor.data;
  return TRUE;
}

static gboolean
set_data (ActPth *pth, ActTensor *tensor, const Place *place, GError **error)
{
  static const guint64 nothing = 0;
  gsize size = act_dtype_size (tensor->dtype);
  const guint8 *data = g_bytes_get_data (place->storage, NULL);

  tensor->data = &nothing;
  if (tensor->n_elements == 0)
    return TRUE;
  tensor->data = data + place->offset * size;
  if (in_order (tensor, place) && (gsize) tensor->data % size == 0)
    return TRUE;
  return set_copy (pth, tensor, place, error);
}

/* (storage, offset, shape, strides, whether it has a gradient, hooks, ..) */
static gboolean
read_place (ActPth *pth, ActTensor *tensor, const ActPickleValue *call,
    Place *place, GError **error)
{
  guint n_strides;
  g_autoptr (GError) size_error = NULL;

  if (!read_storage (
          pth, tensor->name, act_pickle_get_arg (call, 0), place, error))
    return FALSE;
  if (!get_count (act_pickle_get_arg (call, 1), &place->offset)
      || !get_counts (
          act_pickle_get_arg (call, 2), &tensor->n_dims, tensor->shape)
      || !get_counts (act_pickle_get_arg (call, 3), &n_strides, place->strides)
      || n_strides != tensor->n_dims)
    return fail (pth, tensor->name, error,
        "its offset, shape or strides are no whole numbers from 0 on, of at "
        "most %d dimensions",
        ACT_TENSOR_MAX_DIMS);
  tensor->dtype = place->dtype;
  if (!act_tensor_set_sizes (tensor, &size_error))
    return fail (pth, tensor->name, error, "%s", size_error->message);
  return check_place (pth, tensor, place, error);
}

static gboolean
read_tensor (ActPth *pth, const ActPickleValue *key,
    const ActPickleValue *value, GError **error)
{
  ActTensor tensor = { 0 };
  Place place = { 0 };
  guint n_args;

  if (key->kind != ACT_PICKLE_STRING) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': a key of its dict is %s, expected a tensor's name",
        pth->filename, act_pickle_kind_name (key->kind));
    return FALSE;
  }
  tensor.name = key->text;
  if (act_pickle_is_call (value, PARAMETER, &n_args) && n_args == 3)
    value = act_pickle_get_arg (value, 0);
  if (!act_pickle_is_call (value, TENSOR, &n_args) || n_args < 6) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': '%s' is %s%s, expected a tensor", pth->filename, key->text,
        act_pickle_kind_name (value->kind),
        value->kind == ACT_PICKLE_DICT || value->kind == ACT_PICKLE_CALL
            ? " (a state dict must be the outermost dict)"
            : "");
    return FALSE;
  }
  if (!read_place (pth, &tensor, value, &place, error)
      || !set_data (pth, &tensor, &place, error))
    return FALSE;
  g_array_append_val (pth->tensors, tensor);
  return TRUE;
}

static gboolean
read_dict (ActPth *pth, GError **error)
{
  const ActPickleValue *root = act_pickle_get_root (pth->pickle);
  g_autoptr (GHashTable) names = g_hash_table_new (act_str_hash, g_str_equal);
  guint n_args, n;

  if (root->kind != ACT_PICKLE_DICT
      && !act_pickle_is_call (root, ORDERED_DICT, &n_args)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s' holds %s, expected a state dict of tensors", pth->filename,
        act_pickle_kind_name (root->kind));
    return FALSE;
  }
  n = act_pickle_get_n_items (root);
  if (n % 2 != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': its dict has a key without a value", pth->filename);
    return FALSE;
  }
  for (guint i = 0; i < n; i += 2) {
    const ActPickleValue *key = root->items->pdata[i];

    if (!read_tensor (pth, key, root->items->pdata[i + 1], error))
      return FALSE;
    if (!g_hash_table_add (names, key->text))
      return fail (pth, key->text, error, "it comes twice");
  }
  return TRUE;
}

/* the one member that is NAME/data.pkl */
static gboolean
find_pickle (ActPth *pth, guint *member, GError **error)
{
  for (guint i = 0; i < act_zip_stored_get_n_members (pth->zip); i++) {
    const char *name = act_zip_stored_get_name (pth->zip, i);

    if (!g_str_has_suffix (name, PICKLE)
        || strchr (name, '/') != name + strlen (name) - strlen (PICKLE))
      continue;
    pth->prefix = g_strndup (name, strlen (name) - strlen (PICKLE));
    *member = i;
    return TRUE;
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' has no member '*" PICKLE "', it is no file of torch.save",
      pth->filename);
  return FALSE;
}

static gboolean
check_byte_order (ActPth *pth, GError **error)
{
  g_autofree char *name = g_strconcat (pth->prefix, "/byteorder", NULL);
  gint member = act_zip_stored_find (pth->zip, name);
  g_autoptr (GBytes) bytes = NULL;

  if (member < 0)
    return TRUE; /* before PyTorch 2.1 */
  bytes = act_zip_stored_get (pth->zip, (guint) member, error);
  if (bytes == NULL)
    return FALSE;
  if (g_bytes_get_size (bytes) == 6
      && memcmp (g_bytes_get_data (bytes, NULL), "little", 6) == 0)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': '%s' is not \"little\", other byte orders are not supported",
      pth->filename, name);
  return FALSE;
}

static gboolean
read_file (ActPth *pth, GBytes *bytes, GError **error)
{
  g_autoptr (GBytes) pickle = NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  guint member;

  if (size < 4 || memcmp (data, "PK", 2) != 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no checkpoint as torch.save writes it since PyTorch 1.6, a "
        "zip archive",
        pth->filename);
    return FALSE;
  }
  pth->zip = act_zip_stored_new (bytes, pth->filename, error);
  if (pth->zip == NULL || !find_pickle (pth, &member, error)
      || !check_byte_order (pth, error))
    return FALSE;
  pickle = act_zip_stored_get (pth->zip, member, error);
  if (pickle == NULL)
    return FALSE;
  pth->pickle = act_pickle_parse (pickle, known_names, pth->filename, error);
  return pth->pickle != NULL && read_dict (pth, error);
}

/* names in a file may hold anything; a message is one line */
static void
show_control (GError **error)
{
  if (error == NULL || *error == NULL)
    return;
  for (char *c = (*error)->message; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = '?';
}

ActPth *
act_pth_new (GBytes *bytes, const char *name, GError **error)
{
  g_autoptr (ActPth) pth = g_new0 (ActPth, 1);

  pth->filename = g_strdup (name);
  pth->storages = g_hash_table_new_full (
      act_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  pth->tensors = g_array_new (FALSE, FALSE, sizeof (ActTensor));
  pth->copies = g_hash_table_new_full (copy_hash, copy_equal, copy_free, NULL);
  pth->file_size = g_bytes_get_size (bytes);
  if (!read_file (pth, bytes, error)) {
    show_control (error);
    return NULL;
  }
  return g_steal_pointer (&pth);
}

ActPth *
act_pth_open (const char *filename, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_map (filename, error);

  return bytes != NULL ? act_pth_new (bytes, filename, error) : NULL;
}

void
act_pth_free (ActPth *pth)
{
  if (pth == NULL)
    return;
  g_hash_table_unref (pth->copies);
  g_array_unref (pth->tensors);
  g_hash_table_unref (pth->storages);
  g_clear_pointer (&pth->pickle, act_pickle_free);
  g_clear_pointer (&pth->zip, act_zip_stored_free);
  g_free (pth->prefix);
  g_free (pth->filename);
  g_free (pth);
}

guint
act_pth_get_n_tensors (const ActPth *pth)
{
  return pth->tensors->len;
}

const ActTensor *
act_pth_get (const ActPth *pth, guint i)
{
  g_return_val_if_fail (i < pth->tensors->len, NULL);
  return &g_array_index (pth->tensors, ActTensor, i);
}
