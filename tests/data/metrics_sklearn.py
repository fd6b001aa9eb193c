#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures of random rows, two models each, by scikit-learn and numpy, as text for tests/test_measures.c.

    python3 tests/data/metrics_sklearn.py > tests/data/metrics_sklearn.txt

Made with scikit-learn 1.2.1 (Debian's python3-sklearn); other versions give the same to 1e-12.  A case is the line
    case NAME ROWS THRESHOLD WEIGHTED
then one line "y w p q" a row, p and q the two models' probabilities as floats, then lines NAME VALUE.
What scikit-learn has not (lift, KS with weights, DeLong) is computed from its definition, pair by pair, without sorting.
"""
import numpy as np
from sklearn import metrics

RNG = np.random.default_rng(20240607)


def rows(n, kind, weighted):
    """Labels, weights, and two related models' probabilities, all exact in single precision."""
    z = RNG.normal(size=n)
    y = (RNG.random(n) < 1 / (1 + np.exp(-1.5 * z + 0.5))).astype(int)
    y[:2] = 0, 1
    p = 1 / (1 + np.exp(-1.8 * z - 0.3 * RNG.normal(size=n)))
    q = 1 / (1 + np.exp(-1.2 * z - 0.8 * RNG.normal(size=n) - 0.5))
    if kind == "ties":
        p, q = np.round(p * 8) / 8, np.round(q * 5) / 5
    elif kind == "extreme":
        p, q = np.where(RNG.random(n) < 0.2, np.round(p), p**9), 1 - (1 - q) ** 7
        p[:3], q[3:5] = (1, 0, 1e-40), (0, 1)
    elif kind == "edges":  # of bins, and of the threshold
        p, q = RNG.integers(0, 16, n) / 15, RNG.integers(0, 3, n) / 2
    w = np.round(RNG.exponential(size=n), 2) * (RNG.random(n) > 0.1) if weighted else np.ones(n)
    w[:2] = 1
    return y, w.astype(np.float32), p.astype(np.float32), q.astype(np.float32)


def calibration_error(y, p, w):
    bins = np.minimum((p * 15).astype(int), 14)
    return sum(abs(np.sum((w * (p - y))[bins == b])) for b in range(15)) / w.sum()


def lift(y, p, w):
    """Rows from the top until a tenth of the weight; of a tied group that goes beyond it the same share of all."""
    room, gain = 0.1 * w.sum(), 0.0
    for value in sorted(set(p), reverse=True):
        group = p == value
        share = min(1.0, room / w[group].sum()) if w[group].sum() > 0 else 0.0
        gain += share * (w * y)[group].sum()
        room = max(0.0, room - w[group].sum())
    return gain / (0.1 * (w * y).sum())


def ks(y, p, w):
    def distribution(which, x):
        return w[which & (p <= x)].sum() / w[which].sum()

    return max(abs(distribution(y == 1, x) - distribution(y == 0, x)) for x in set(p))


def influence(y, p, w):
    """Of each row on the AUC: placements over all pairs (DeLong and others 1988)."""
    pos, neg = y == 1, y == 0
    above = (p[pos][:, None] > p[neg][None, :]) + 0.5 * (p[pos][:, None] == p[neg][None, :])
    v10, v01 = above @ w[neg] / w[neg].sum(), w[pos] @ above / w[pos].sum()
    auc = w[pos] @ v10 / w[pos].sum()
    phi = np.zeros(len(y))
    phi[pos], phi[neg] = w[pos] * (v10 - auc) / w[pos].sum(), w[neg] * (v01 - auc) / w[neg].sum()
    return phi


def error(y, phi, w):
    total = 0
    for c in (0, 1):
        squares, m = (phi**2)[y == c].sum(), ((y == c) & (w > 0)).sum()
        total += squares * m / (m - 1)
    return np.sqrt(total)


def measures(y, p, w, t):
    called = (p >= t).astype(int)
    by = {"sample_weight": w}
    tn, fp, fn, tp = metrics.confusion_matrix(y, called, labels=[0, 1], **by).ravel()
    return {
        "auc": metrics.roc_auc_score(y, p, **by),
        "pr_auc": metrics.average_precision_score(y, p, **by),
        "log_loss": metrics.log_loss(y, p, **by),
        "brier": metrics.brier_score_loss(y, p, **by),
        "accuracy": metrics.accuracy_score(y, called, **by),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, called, **by),
        "precision": metrics.precision_score(y, called, **by),
        "recall": metrics.recall_score(y, called, **by),
        "f1": metrics.f1_score(y, called, **by),
        "mcc": metrics.matthews_corrcoef(y, called, **by),
        "calibration_error": calibration_error(y, p, w),
        "lift": lift(y, p, w),
        "ks": ks(y, p, w),
        "true_positives": tp, "false_positives": fp, "true_negatives": tn, "false_negatives": fn,
    }


def case(name, n, kind, threshold, weighted):
    y, w, p, q = rows(n, kind, weighted)
    print("case", name, n, threshold, int(weighted))
    for row in zip(y, w, p, q):
        print("%d %.9g %.9g %.9g" % row)
    y, w, p, q = y, w.astype(float), p.astype(float), q.astype(float)
    phi, psi = influence(y, p, w), influence(y, q, w)
    for model, prediction in (("first", p), ("second", q)):
        for key, value in measures(y, prediction, w, threshold).items():
            print("%s.%s %.17g" % (model, key, value))
    print("first.auc_error %.17g" % error(y, phi, w))
    print("second.auc_error %.17g" % error(y, psi, w))
    print("difference.auc_error %.17g" % error(y, phi - psi, w))


case("plain", 60, "plain", 0.5, False)
case("low", 90, "plain", 0.25, False)
case("weighted", 70, "plain", 0.5, True)
case("ties", 80, "ties", 0.5, False)
case("weighted-ties", 80, "ties", 0.375, True)
case("extreme", 60, "extreme", 0.5, False)
case("weighted-extreme", 70, "extreme", 0.01, True)
case("edges", 70, "edges", 0.4, False)
case("weighted-edges", 60, "edges", 0.5, True)
case("few", 12, "plain", 0.5, False)
