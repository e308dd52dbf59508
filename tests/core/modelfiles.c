/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "modelfiles.h"

#include <glib/gstdio.h>
#include <string.h>

char *
test_data (const char *path)
{
  return g_build_filename (g_getenv ("ACT_TEST_DATA"), path, NULL);
}

const char *
test_sample (void)
{
  return g_getenv ("ACT_TEST_SAMPLE");
}

ActNpy *
test_npy (const char *path)
{
  g_autofree char *filename = test_data (path);
  g_autoptr (GError) error = NULL;
  ActNpy *npy = act_npy_open (filename, &error);

  g_assert_no_error (error);
  return npy;
}

static void
tensor_free (gpointer data)
{
  ActTensor *tensor = data;

  g_free ((char *) tensor->name);
  g_free ((gpointer) tensor->data);
  g_free (tensor);
}

TestModel *
test_model_new (const char *folder)
{
  TestModel *model = g_new0 (TestModel, 1);
  g_autofree char *weights =
      g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *config = g_build_filename (folder, "config.json", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (ActSafetensors) file = act_safetensors_open (weights, &error);

  g_assert_no_error (error);
  model->folder = g_dir_make_tmp ("act-model-XXXXXX", NULL);
  model->tensors = g_hash_table_new (g_str_hash, g_str_equal);
  model->order = g_ptr_array_new_with_free_func (tensor_free);
  for (guint i = 0; i < act_safetensors_get_n_tensors (file); i++) {
    ActTensor *tensor =
        g_memdup2 (act_safetensors_get (file, i), sizeof *tensor);

    tensor->name = g_strdup (tensor->name);
    tensor->data = g_memdup2 (tensor->data, tensor->size);
    g_ptr_array_add (model->order, tensor);
    g_hash_table_insert (model->tensors, (char *) tensor->name, tensor);
  }
  g_assert_true (g_file_get_contents (config, &model->config, NULL, NULL));
  return model;
}

void
test_model_save (TestModel *model)
{
  g_autofree char *weights =
      g_build_filename (model->folder, "model.safetensors", NULL);
  g_autofree char *config =
      g_build_filename (model->folder, "config.json", NULL);
  g_autofree ActTensor *tensors = g_new (ActTensor, model->order->len);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < model->order->len; i++)
    tensors[i] = *(ActTensor *) model->order->pdata[i];
  g_remove (weights);
  act_safetensors_write (weights, tensors, model->order->len, NULL, &error);
  g_assert_no_error (error);
  g_file_set_contents (config, model->config, -1, &error);
  g_assert_no_error (error);
}

void
test_model_edit (TestModel *model, const char *from, const char *to)
{
  g_auto (GStrv) parts = g_strsplit (model->config, from, 2);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_free (model->config);
  model->config = g_strjoinv (to, parts);
}

ActTensor *
test_model_tensor (TestModel *model, const char *name)
{
  ActTensor *tensor = g_hash_table_lookup (model->tensors, name);

  g_assert_nonnull (tensor);
  return tensor;
}

float *
test_model_floats (TestModel *model, const char *name)
{
  ActTensor *tensor = test_model_tensor (model, name);
  float *data;

  if (tensor->dtype == ACT_DTYPE_F32)
    return (float *) tensor->data;
  data = g_new (float, tensor->n_elements);
  g_assert_true (
      act_to_f32 (tensor->dtype, tensor->data, tensor->n_elements, data, NULL));
  g_free ((gpointer) tensor->data);
  tensor->data = data;
  tensor->dtype = ACT_DTYPE_F32;
  g_assert_true (act_tensor_set_sizes (tensor, NULL));
  return data;
}

void
test_model_remove (TestModel *model, const char *name)
{
  ActTensor *tensor = test_model_tensor (model, name);

  g_hash_table_remove (model->tensors, name);
  g_ptr_array_remove (model->order, tensor);
}

void
test_model_free (TestModel *model)
{
  g_autofree char *weights =
      g_build_filename (model->folder, "model.safetensors", NULL);
  g_autofree char *config =
      g_build_filename (model->folder, "config.json", NULL);

  g_remove (weights);
  g_remove (config);
  g_rmdir (model->folder);
  g_hash_table_unref (model->tensors);
  g_ptr_array_unref (model->order);
  g_free (model->config);
  g_free (model->folder);
  g_free (model);
}
