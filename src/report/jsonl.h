/* SPDX-License-Identifier: MIT */
#ifndef REPORT_JSONL_H
#define REPORT_JSONL_H
#endif
