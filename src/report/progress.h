/* SPDX-License-Identifier: MIT */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H
#endif
