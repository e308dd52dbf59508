/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define ACT_POINTWISE_TABLE act_pointwise_c
#define ACT_POINTWISE_NAME "c"
#include "model/pointwise_impl.h"
