/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define ACT_POINTWISE_TABLE act_pointwise_avx2
#define ACT_POINTWISE_NAME "avx2"
#include "model/pointwise_impl.h"
