/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/npy.h"
#include "formats/safetensors.h"

/* Files for the tests of the model: golden arrays, and copies of a model with
 * something wrong in them. */

/* path below tests/data; (transfer full) */
char *test_data (const char *path);
const char *test_sample (void);
ActNpy *test_npy (const char *path);

/* A folder with a copy of the sample model that a test may spoil. */
typedef struct {
  char *folder;
  GHashTable *tensors; /* name -> ActTensor, data of its own */
  GPtrArray *order;
  char *config;
} TestModel;

/* of a model's folder */
TestModel *test_model_new (const char *folder);
/* writes both files */
void test_model_save (TestModel *model);
/* replaces text in config.json, which must be there */
void test_model_edit (TestModel *model, const char *from, const char *to);
ActTensor *test_model_tensor (TestModel *model, const char *name);
/* widened to float32, kept */
float *test_model_floats (TestModel *model, const char *name);
void test_model_remove (TestModel *model, const char *name);
void test_model_free (TestModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestModel, test_model_free)
