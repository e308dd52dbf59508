/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/head.h"

/* one file each: head_NAME.c; listed in heads.c */
extern const ActHeadKind act_head_mlp;
extern const ActHeadKind act_head_shared_mlp;
extern const ActHeadKind act_head_vector_mlp;
