/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/plan.h"

/* one file each: arch_NAME.c; listed in architectures.c */
extern const ActArchitecture act_architecture_gpt2;
extern const ActArchitecture act_architecture_gpt2_hf;
extern const ActArchitecture act_architecture_gpt2_simple;
extern const ActArchitecture act_architecture_llama_simple;
extern const ActArchitecture act_architecture_llama_simple_mlp;
