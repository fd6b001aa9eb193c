#!/usr/bin/env Rscript
# SPDX-License-Identifier: MIT
# Real tables of R packages, for scripts/bench/recipe.py: none had a say in the recipe before it was judged by them.
#
#     scripts/bench/real_tables.R REAL
#     scripts/bench/recipe.py final --data REAL --only spam,income,... --seeds 1 --tools ours,xgboost
#
# REAL gets a folder a table, with train.csv, valid.csv and test.csv, 60, 20 and 20 % of the rows in a drawn order; the label is
# "y", 0 or 1.  R packages: modeldata 1.1, kernlab 0.9, mlbench 2.1, ggplot2 3.4, survival 3.5, carData (Debian: r-cran-...).

out <- commandArgs(trailingOnly = TRUE)
if (length(out) != 1) stop("usage: real_tables.R REAL")
dir.create(out, showWarnings = FALSE, recursive = TRUE)

from <- function(package, name) {
  box <- new.env()
  suppressWarnings(data(list = name, package = package, envir = box))
  as.data.frame(if (length(ls(box)) > 0) get(ls(box)[1], box) else getExportedValue(package, name))
}

# y: the question's answer for each row, NA where there is none; left_out: columns that answer it, or number the rows.
write_table <- function(name, x, y, left_out) {
  known <- !is.na(y)
  x <- x[known, setdiff(names(x), left_out), drop = FALSE]
  for (i in seq_along(x)) if (!is.numeric(x[[i]])) x[[i]] <- as.character(x[[i]])
  x$y <- as.integer(y[known])
  set.seed(1)
  x <- x[sample(nrow(x)), ]
  n <- nrow(x)
  ends <- c(0, floor(n * .6), floor(n * .8), n)
  dir.create(file.path(out, name), showWarnings = FALSE)
  for (part in 1:3)
    write.csv(x[(ends[part] + 1):ends[part + 1], ], file.path(out, name, c("train.csv", "valid.csv", "test.csv")[part]),
              row.names = FALSE, na = "")
  cat(sprintf("%s: %d rows, %d columns, %.1f %% positive\n", name, n, ncol(x) - 1, 100 * mean(x$y)))
}

above <- function(x, share) x > quantile(x, share)

x <- from("modeldata", "attrition");     write_table("attrition", x, x$Attrition == "Yes", "Attrition")
x <- from("modeldata", "cells");         write_table("cells", x, x$class == "PS", c("class", "case"))
x <- from("modeldata", "mlc_churn");     write_table("churn", x, x$churn == "yes", "churn")
x <- from("modeldata", "stackoverflow"); write_table("stackoverflow", x, x$Remote == "Remote", "Remote")
x <- from("modeldata", "lending_club");  write_table("lending_club", x, x$Class == "bad", "Class")
x <- from("modeldata", "wa_churn");      write_table("wa_churn", x, x$churn == "Yes", "churn")
x <- from("modeldata", "ames");          write_table("ames", x, above(x$Sale_Price, .75), "Sale_Price")
x <- from("modeldata", "hpc_data");      write_table("hpc", x, x$class %in% c("M", "L"), "class")
x <- from("modeldata", "check_times")
write_table("check_times", x, above(x$check_time, .75), c("check_time", "package"))
box <- new.env()
data("grants", package = "modeldata", envir = box)
write_table("grants", box$grants_other, box$grants_other$class == "successful", "class")
x <- from("kernlab", "spam");            write_table("spam", x, x$type == "spam", "type")
x <- from("kernlab", "ticdata");         write_table("caravan", x, x$CARAVAN == "insurance", "CARAVAN")
x <- from("kernlab", "income");          write_table("income", x, as.integer(x$INCOME) >= 6, "INCOME")
x <- from("mlbench", "PimaIndiansDiabetes2"); write_table("pima", x, x$diabetes == "pos", "diabetes")
x <- from("mlbench", "Satellite");       write_table("satellite", x, x$classes == "damp grey soil", "classes")
x <- from("mlbench", "LetterRecognition"); write_table("letter", x, x$lettr %in% c("A", "E", "I", "O", "U"), "lettr")
x <- from("mlbench", "DNA");             write_table("dna", x, x$Class == "n", "Class")
x <- from("mlbench", "Vehicle");         write_table("vehicle", x, x$Class == "opel", "Class")
x <- from("ggplot2", "diamonds");        write_table("diamonds", x, x$cut == "Ideal", "cut") # whose y makes room
x <- from("survival", "flchain");        write_table("flchain", x, x$death == 1, c("death", "futime", "chapter"))
x <- from("survival", "nwtco");          write_table("nwtco", x, x$rel == 1, c("rel", "edrel", "seqno"))
x <- from("survival", "rotterdam")
write_table("rotterdam", x, x$death == 1, c("death", "dtime", "rtime", "recur", "pid"))
x <- from("survival", "nafld1");         write_table("nafld", x, x$status == 1, c("id", "case.id", "futime", "status"))
x <- from("survival", "colon")
x <- x[x$etype == 2, ]
write_table("colon", x, x$status == 1, c("status", "etype", "id", "study", "time"))
x <- from("carData", "Arrests");         write_table("arrests", x, x$released == "No", "released")
x <- from("carData", "GSSvocab");        write_table("gssvocab", x, x$vocab >= 7, c("vocab", "ageGroup", "educGroup"))
x <- from("carData", "WVS");             write_table("wvs", x, x$poverty == "Too Little", "poverty")
x <- from("carData", "KosteckiDillon");  write_table("headache", x, x$headache == "yes", c("headache", "id"))
x <- from("carData", "MplsStops")
x$month <- as.integer(format(x$date, "%m"))
x$hour <- as.integer(format(x$date, "%H"))
x$weekday <- format(x$date, "%a")
write_table("mplsstops", x, x$personSearch == "YES", c("idNum", "date", "personSearch", "vehicleSearch"))
