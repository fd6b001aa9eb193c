/* SPDX-License-Identifier: MIT */
#ifndef MODEL_SAFETENSORS_H
#define MODEL_SAFETENSORS_H
#endif
