/* SPDX-License-Identifier: MIT */
#include "api/measures.h"

#include <math.h>

static const struct {
	const char *name, *label;
} measures[CLN_N_MEASURES] = {
    [CLN_MEASURE_AUC] = {"auc", "AUC"},
    [CLN_MEASURE_PR_AUC] = {"pr_auc", "PR-AUC"},
    [CLN_MEASURE_LOG_LOSS] = {"log_loss", "log loss"},
    [CLN_MEASURE_BRIER] = {"brier", "Brier score"},
    [CLN_MEASURE_ACCURACY] = {"accuracy", "accuracy"},
    [CLN_MEASURE_BALANCED_ACCURACY] = {"balanced_accuracy", "balanced accuracy"},
    [CLN_MEASURE_PRECISION] = {"precision", "precision"},
    [CLN_MEASURE_RECALL] = {"recall", "recall"},
    [CLN_MEASURE_F1] = {"f1", "F1"},
    [CLN_MEASURE_MCC] = {"mcc", "MCC"},
    [CLN_MEASURE_CALIBRATION_ERROR] = {"calibration_error", "calibration error"},
    [CLN_MEASURE_LIFT] = {"lift", "lift of the top 10 %"},
    [CLN_MEASURE_KS] = {"ks", "KS"},
    [CLN_MEASURE_TRUE_POSITIVES] = {"true_positives", "true positives"},
    [CLN_MEASURE_FALSE_POSITIVES] = {"false_positives", "false positives"},
    [CLN_MEASURE_TRUE_NEGATIVES] = {"true_negatives", "true negatives"},
    [CLN_MEASURE_FALSE_NEGATIVES] = {"false_negatives", "false negatives"},
};

const char *cln_measure_name(enum cln_measure measure)
{
	return (unsigned)measure < CLN_N_MEASURES ? measures[measure].name : "unknown";
}

const char *cln_measure_label(enum cln_measure measure)
{
	return (unsigned)measure < CLN_N_MEASURES ? measures[measure].label : "unknown";
}

/* Undefined where all rows are called alike, or are of one class. */
static double mcc_of(const struct measure_sums *s)
{
	const double called = s->TP + s->FP, not_called = s->TN + s->FN, P = s->TP + s->FN, N = s->TN + s->FP;
	const double scale = sqrt(called) * sqrt(not_called) * sqrt(P) * sqrt(N);

	return scale > 0 ? (s->TP * s->TN - s->FP * s->FN) / scale : NAN;
}

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

void measures_of_sums(double values[CLN_N_MEASURES], const struct measure_sums *s)
{
	const double P = s->TP + s->FN, N = s->TN + s->FP, W = P + N;

	values[CLN_MEASURE_AUC] = ratio(s->ordered, P * N);
	values[CLN_MEASURE_PR_AUC] = ratio(s->precision, P);
	values[CLN_MEASURE_LOG_LOSS] = ratio(s->loss, W);
	values[CLN_MEASURE_BRIER] = ratio(s->brier, W);
	values[CLN_MEASURE_ACCURACY] = ratio(s->TP + s->TN, W);
	values[CLN_MEASURE_BALANCED_ACCURACY] = (ratio(s->TP, P) + ratio(s->TN, N)) / 2;
	values[CLN_MEASURE_PRECISION] = ratio(s->TP, s->TP + s->FP);
	values[CLN_MEASURE_RECALL] = ratio(s->TP, P);
	values[CLN_MEASURE_F1] = ratio(2 * s->TP, 2 * s->TP + s->FP + s->FN);
	values[CLN_MEASURE_MCC] = mcc_of(s);
	values[CLN_MEASURE_CALIBRATION_ERROR] = ratio(s->gap, W);
	values[CLN_MEASURE_LIFT] = ratio(s->top, 0.1 * P);
	values[CLN_MEASURE_KS] = P > 0 && N > 0 ? s->distance : NAN;
	values[CLN_MEASURE_TRUE_POSITIVES] = s->TP;
	values[CLN_MEASURE_FALSE_POSITIVES] = s->FP;
	values[CLN_MEASURE_TRUE_NEGATIVES] = s->TN;
	values[CLN_MEASURE_FALSE_NEGATIVES] = s->FN;
}

const char *measures_reason(enum cln_measure measure, const struct measure_sums *s)
{
	if (measure == CLN_MEASURE_PRECISION && s->TP + s->FN > 0)
		return "no row is called positive";
	if (measure == CLN_MEASURE_F1)
		return "no row is positive, and none is called so";
	if (!(s->TP + s->FN > 0))
		return "no row is positive";
	if (!(s->TN + s->FP > 0))
		return "no row is negative";
	return s->TP + s->FP > 0 ? "every row is called positive" : "no row is called positive"; /* MCC */
}
