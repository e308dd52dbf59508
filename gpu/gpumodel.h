/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpuforward.h"
#include "model/forward.h"

/* An ActForward's plan as the device runs it. */

/* Where weights go: allocate n bytes on the device and fill them from host
 * memory; NULL with error set where that fails. convert: the matrix is used in
 * products, and goes through act_gpu_to_bf16 () with that precision. */
typedef void *(*ActGpuUpload) (gpointer data, const float *host, gsize n_floats,
    gboolean convert, GError **error);

typedef struct _ActGpuModel ActGpuModel;

/* selected [n_modules], NULL: all. sequence_length: the longest sample there
 * will be. The device memory is the caller's, and lives as long. */
ActGpuModel *act_gpu_model_new (ActModel *model, const guint8 *selected,
    guint sequence_length, ActGpuUpload upload, gpointer data, GError **error);
void act_gpu_model_free (ActGpuModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActGpuModel, act_gpu_model_free)
/* (transfer none) */
const ActGpuForward *act_gpu_model_get_forward (const ActGpuModel *model);
