/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tensor.h"

/* A state dict that torch.save wrote: a zip with NAME/data.pkl, a pickle of
 * names and of where each tensor lies, and NAME/data/KEY, the storages that
 * tensors lie in. The pickle is read as data (pickle.h): nothing in it is run,
 * and a checkpoint that holds anything but a dict of strings to tensors is
 * refused by the name of what it holds. Tensors that lie in order are used in
 * place, others (transposed ones) copied. */

typedef struct _ActPth ActPth;

ActPth *act_pth_open (const char *filename, GError **error);
/* the same of bytes in memory; name is for messages */
ActPth *act_pth_new (GBytes *bytes, const char *name, GError **error);
void act_pth_free (ActPth *pth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActPth, act_pth_free)

guint act_pth_get_n_tensors (const ActPth *pth);
/* in the order of the dict; lives as long as pth */
const ActTensor *act_pth_get (const ActPth *pth, guint i);
