#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables that the recipe was not set on, for scripts/bench/recipe.py: other questions to the real tables, parts of them, some
beside columns that say nothing, four of scikit-learn's, and drawn ones.

    scripts/bench/other_tables.py --data DIR --out OTHER
    scripts/bench/recipe.py final --data OTHER --only doctorate,cancer,... --seeds 1

DIR has the folders of tables that recipe.py wants, the large ones with their rows in data.csv.gz; OTHER gets a folder a table, with
train.csv, valid.csv and test.csv, 60, 20 and 20 % of the rows in a fixed order; the label is "y", 0 or 1.  Files are the same where
numpy draws the same (doc/recipe.md: 1.24).  Python packages: numpy, scikit-learn.
"""
import argparse
import csv
import gzip
import os
import random

import numpy as np
import sklearn.datasets

# name: table, columns left out, the question, rows, which rows count
DERIVED = {
    "doctorate": ("adult", {"education", "education-num"}, lambda row: row["education"] == "Doctorate", 45000, None),
    "fedgov": ("adult", {"workclass"}, lambda row: row["workclass"] == "Federal-gov", 20000, None),
    "sex2k": ("adult", {"sex", "relationship"}, lambda row: row["sex"] == "Female", 2500, None),
    "rain5k": ("weather_aus", {"RainTomorrow"}, lambda row: row["RainTomorrow"] == "Yes", 8000,
               lambda row: row["RainTomorrow"] in ("Yes", "No")),
    "rain1k": ("weather_aus", {"RainTomorrow"}, lambda row: row["RainTomorrow"] == "Yes", 1700,
               lambda row: row["RainTomorrow"] in ("Yes", "No")),
    "cardio": ("diabetes130", {"medical_specialty"}, lambda row: "Cardio" in row["medical_specialty"], 25000,
               lambda row: row["medical_specialty"] != "?"),
    "newvisitor": ("shoppers", {"VisitorType"}, lambda row: row["VisitorType"] == "New_Visitor", 12000, None),
    "weekend": ("shoppers", {"Weekend"}, lambda row: row["Weekend"] == "TRUE", 12000, None),
    "insulin": ("diabetes130", {"insulin", "change", "diabetesMed"}, lambda row: row["insulin"] == "Up", 15000, None),
    "higgs2k": ("higgs7k", {"label"}, lambda row: row["label"] == "1", 2000, None),
}

# name: table, label, positive value, rows, copies of every column in an order of their own
NOISY = {
    "nz_credit_g": ("credit_g", "class", "bad", 1000, 3),
    "nz_phoneme": ("phoneme", "Class", "2", 4000, 10),
    "nz_higgs": ("higgs7k", "label", "1", 4000, 3),
    "nz_scoring": ("credit_scoring", "Status", "bad", 4000, 6),
    "nz_adult": ("adult", "income", ">50K", 30000, 2),
    "nz_rain": ("weather_aus", "RainTomorrow", "Yes", 12000, 2),
}

# name: rows, numbers, levels of a category or 0, share of positives, whether the numbers have heavy tails.  Drawn in this order.
DRAWN = {
    "syn_heavy": (6000, 12, 0, 0.3, True),
    "syn_rare": (20000, 15, 300, 0.02, True),
    "syn_lin": (1500, 30, 0, 0.4, False),
    "syn_wide": (2500, 200, 50, 0.3, True),
}

# The same, drawn by themselves: for how columns are left out.
DRAWN_WIDE = {
    "wide10k": (10000, 200, 50, 0.3, True),
    "wide100": (4000, 100, 0, 0.3, False),
    "mixed": (4000, 60, 0, 0.4, True),
}

# name: table, label, positive value; of 6,000 rows those with a label, beside 30 numbers and 10 categories that are drawn.  Made
# once it was settled how columns are left out.
BESIDE_DRAWN = {
    "shoppers_drawn": ("shoppers", "Revenue", "TRUE"),
    "credit_scoring_drawn": ("credit_scoring", "Status", "bad"),
    "weather_aus_drawn": ("weather_aus", "RainTomorrow", "Yes"),
}


def read(folder, table):
    """Names and rows of all parts."""
    parts = ["data"] if os.path.exists(os.path.join(folder, table, "data.csv.gz")) else ["train", "valid", "test"]
    names, rows = None, []
    for part in parts:
        path = os.path.join(folder, table, part + ".csv")
        packed = not os.path.exists(path)
        with (gzip.open(path + ".gz", "rt", encoding="utf-8", newline="") if packed
              else open(path, encoding="utf-8", newline="")) as file:
            lines = list(csv.reader(file))
        names = lines[0]
        rows += lines[1:]
    return names, rows


def write(folder, name, names, rows, most):
    random.Random(1).shuffle(rows)
    rows = rows[:most]
    train, valid = int(len(rows) * .6), int(len(rows) * .8)
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    for part, chosen in ("train", rows[:train]), ("valid", rows[train:valid]), ("test", rows[valid:]):
        with open(os.path.join(folder, name, part + ".csv"), "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([names, *chosen])
    positive = sum(row[-1] == "1" for row in rows) / len(rows)
    print(f"{name}: {len(rows)} rows, {len(names) - 1} columns, {100 * positive:.1f} % positive")


def derive(options, name):
    table, left_out, question, most, counts = DERIVED[name]
    names, rows = read(options.data, table)
    kept = [i for i, column in enumerate(names) if column not in left_out]
    new = []
    for row in rows:
        by_name = dict(zip(names, row))
        if not counts or counts(by_name):
            new.append([row[i] for i in kept] + [str(int(question(by_name)))])
    write(options.out, name, [names[i] for i in kept] + ["y"], new, most)


def add_noise(options, name):
    table, label, positive, most, copies = NOISY[name]
    names, rows = read(options.data, table)
    generator = random.Random(3)
    generator.shuffle(rows)
    rows = rows[:most]
    y = names.index(label)
    columns = [i for i in range(len(names)) if i != y]
    shuffled = []
    for _ in range(copies):
        for i in columns:
            cells = [row[i] for row in rows]
            generator.shuffle(cells)
            shuffled.append(cells)
    new = [[row[i] for i in columns] + [cells[r] for cells in shuffled] + [str(int(row[y] == positive))]
           for r, row in enumerate(rows)]
    new_names = [f"{names[i]}_s{copy}" for copy in range(copies) for i in columns]
    write(options.out, name, [names[i] for i in columns] + new_names + ["y"], new, most)


def draw(options, name, shape, generator):
    """Seven numbers and the category say something; the others nothing.  Where tails are light the question is a straight one."""
    n, numbers, levels, rate, heavy = shape
    X = generator.standard_t(1.5, (n, numbers)) if heavy else generator.standard_normal((n, numbers))
    X[:, :3] = np.exp(X[:, :3].clip(-30, 30) * .7)
    level = generator.zipf(1.5, n) % levels if levels else np.zeros(n, int)
    effect = generator.standard_normal(max(levels, 1))
    if heavy:
        bent = np.arctan(X)
        score = (2 * bent[:, 3] * bent[:, 4] + 1.5 * np.sin(3 * bent[:, 5]) + np.log1p(X[:, 0]) * .5 - .4 * (X[:, 1] > 2)
                 + .7 * bent[:, 6])
    else:
        score = X @ (generator.standard_normal(numbers) / np.sqrt(numbers)) * 2
    score = score + effect[level] + generator.logistic(0, .7, n)
    threshold = np.quantile(score, 1 - rate)
    missing = generator.random((n, numbers)) < .03
    rows = [["" if missing[i, j] else "%.5g" % X[i, j] for j in range(numbers)] + ([f"L{level[i]}"] if levels else [])
            + [str(int(score[i] > threshold))] for i in range(n)]
    write(options.out, name, [f"x{j}" for j in range(numbers)] + (["c"] if levels else []) + ["y"], rows, n)


def beside_drawn(options, name, generator):
    table, label, positive = BESIDE_DRAWN[name]
    names, rows = read(options.data, table)
    random.Random(4).shuffle(rows)
    y = names.index(label)
    rows = [row for row in rows[:6000] if row[y] not in ("", "NA", "?")]
    columns = [i for i in range(len(names)) if i != y]
    new = []
    for row in rows:
        numbers = np.concatenate([generator.standard_normal(15), np.exp(generator.standard_normal(15))])
        new.append([row[i] for i in columns] + ["%.4g" % value for value in numbers]
                   + [f"k{level}" for level in generator.integers(0, 6, 10)] + [str(int(row[y] == positive))])
    write(options.out, name, [names[i] for i in columns] + [f"n{i}" for i in range(30)] + [f"c{i}" for i in range(10)] + ["y"],
          new, len(new))


def from_generator(options, name, X, question):
    rows = [["%.5g" % value for value in row] + [str(int(answer))] for row, answer in zip(X, question)]
    write(options.out, name, [f"x{i}" for i in range(X.shape[1])] + ["y"], rows, len(rows))


def from_library(options, name, bunch, question):
    names = [f"x{i}" for i in range(bunch.data.shape[1])] + ["y"]
    rows = [[repr(float(value)) for value in row] + [str(int(question(target)))] for row, target in zip(bunch.data, bunch.target)]
    write(options.out, name, names, rows, len(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog="See the head of this file for examples.")
    parser.add_argument("--data", required=True, metavar="DIR", help="the folder of tables")
    parser.add_argument("--out", required=True, metavar="OTHER", help="the folder for the new ones")
    options = parser.parse_args()
    for name in DERIVED:
        derive(options, name)
    for name in NOISY:
        add_noise(options, name)
    from_library(options, "cancer", sklearn.datasets.load_breast_cancer(), lambda target: target)
    from_library(options, "odd", sklearn.datasets.load_digits(), lambda target: target % 2)
    generator = np.random.default_rng(5)
    for name, shape in DRAWN.items():
        draw(options, name, shape, generator)
    generator = np.random.default_rng(77)
    for name, shape in DRAWN_WIDE.items():
        draw(options, name, shape, generator)
    X, y = sklearn.datasets.make_classification(n_samples=2600, n_features=500, n_informative=5, n_redundant=15,
                                                n_clusters_per_class=16, class_sep=2, random_state=5)
    from_generator(options, "madelon_like", X, y)
    X, y = sklearn.datasets.make_friedman1(n_samples=3000, n_features=60, noise=1, random_state=6)
    from_generator(options, "friedman60", X, y > np.median(y))
    generator = np.random.default_rng(9)
    for name in BESIDE_DRAWN:
        beside_drawn(options, name, generator)


if __name__ == "__main__":
    main()
