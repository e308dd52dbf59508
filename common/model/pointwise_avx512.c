/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define ACT_POINTWISE_TABLE act_pointwise_avx512
#define ACT_POINTWISE_NAME "avx512"
#include "model/pointwise_impl.h"
