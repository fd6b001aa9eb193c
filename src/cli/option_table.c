/* SPDX-License-Identifier: MIT
 * The two tables: every command and every option, once. */
#include "cli/options.h"

#include <stddef.h>
#include <string.h>

static const char *const resume_words[] = {"false", "true", "auto"};
static const struct name_table resume_names = {resume_words, 3};
static const char *const strategy_words[] = {"halving", "random"};
static const struct name_table strategy_names = {strategy_words, 2};

static const struct command commands[] = {
    {
	.name = "train",
	.operands = "DATA",
	.n_operands = 1,
	.bit = FOR_TRAIN,
	.starts_teams = true,
	.summary = "train a model; write a run directory",
	.description =
	    "Trains a multilayer perceptron on the rows of DATA, a table in CSV with a header, LibSVM text, a .npy "
	    "file or a column cache (found out; gzip is recognised; - is standard input), and writes the run directory. The "
	    "label has two values, which may be any text. Column types, "
	    "the separator and missing cells are found out; gaps are imputed, categories encoded and numbers scaled by "
	    "what the training rows hold, and all of that is stored in the model.\n\n"
	    "The same data, options and seed give the same model file, byte for byte, for any number of threads and on "
	    "every instruction set.\n\n"
	    "With no other option an ensemble of networks is trained by the strongest recipe known for tables, as many and as long "
	    "as --effort says and the number of rows allows; what it came to is said first. --recipe plain is one network with "
	    "exactly what the options say.\n\n"
	    "A checkpoint in the run directory is written at a period, at SIGTERM, SIGINT, SIGUSR1 and SIGUSR2, and before a time "
	    "limit; the exit code is then 75, and a run that goes on with --resume ends with the same files as one that was never "
	    "interrupted. It must have the same data and the same options, but for those that shape no result (threads, progress, "
	    "json, out, config, checkpoint-every, time-limit, requeue-exit) and, with the schedules constant and step, epochs. A "
	    "second signal ends the program at once; the last checkpoint stays intact.\n\n"
	    "What else has changed is refused by name, unless --allow-change names it: a run that diverged goes on with "
	    "--resume --lr 0.0003 --allow-change lr, and one whose table has got more rows with --allow-change data. From there on "
	    "the training is with what is new; standard error and run.json tell. Its result is that of neither of the two, and the "
	    "rows that are held back to validate on are drawn again from a changed table, so that it may have learnt some of "
	    "them. What the network, the optimizer's state and the place within an epoch depend on cannot change.\n\n"
	    "With --ensemble K that many networks are trained, each with a seed of its own that follows from --seed, and the "
	    "model's probability is the mean of theirs. Where it is faster several are trained at a time, each by its share of "
	    "the threads, with the same result; the lines of progress then name their member, and metrics.jsonl, whose lines do "
	    "in any case, has them in the order in which the epochs end. Where --valid gives rows, all of them learn from all of "
	    "DATA. Else DATA is cut into folds, stratified, 1 / --valid-fraction of them; each member leaves one out in turn, "
	    "validates on it, and learns from the others, so that all rows are learnt from, and every row is judged in the end by "
	    "members that did not see it.\n\n"
	    "With --calibrate temperature the logits are divided by one number T, so chosen that the log loss on the validation "
	    "rows, or on those that were left out, is least. That changes neither the order of the rows nor, at a threshold "
	    "of 0.5, the predicted classes, but how sure the probabilities are; T is stored in the model.\n\n"
	    "A row is called positive where its probability is at least the model's threshold, 0.5 unless --threshold gives "
	    "another one or says how it is chosen on the validation rows, or on those that were left out: f1 for the greatest F1 "
	    "(f2 or f0.5 for F of that beta, by which recall counts more or less than precision), accuracy, balanced_accuracy or "
	    "mcc for the greatest of that, cost:FP:FN for the least cost where a false positive costs FP and a false negative FN, "
	    "recall@P for the greatest recall with a precision of at least P. "
	    "The threshold is stored in the model: predict's classes and evaluate's "
	    "accuracy go by it. It changes neither weights nor probabilities.\n\n"
	    "Values come from the recipe, then from the config file, then from the options; an option given twice: the "
	    "last wins. A switch such as --force may be given as --force=false.",
	.examples = "colonnade train examples/adult.csv --test-fraction 0.2\n"
		    "colonnade train data.csv --label outcome --hidden 256,256 --dropout 0.1 --out run1\n"
		    "zcat data.csv.gz | colonnade train - --config run.conf --force\n"
		    "colonnade train data.csv --out run --resume=auto --time-limit 4h",
    },
    {
	.name = "predict",
	.operands = "MODEL DATA",
	.n_operands = 2,
	.bit = FOR_PREDICT,
	.starts_teams = true,
	.summary = "write probabilities for new rows, as CSV",
	.description =
	    "Writes CSV with the header probability,prediction and one line for each row of DATA, in its order: the "
	    "probability of the positive class, and the label value predicted. MODEL is a model file or a run directory. "
	    "Columns are matched by name, in any order; those that the model needs and DATA lacks are named in an error, further "
	    "ones are ignored. Standard error says how many missing cells there were, how many categories that the training rows "
	    "did not hold, and which columns are not used (the first 20 by name); then, a line for a column, how many of its "
	    "numbers are outside of the training rows' range and how many of its categories are new, with the first of these. A "
	    "row for which the model has no probability, as a number in it is too large for the network, is an error.",
	.examples = "colonnade predict colonnade-run new.csv > predictions.csv\n"
		    "colonnade predict model.safetensors new.csv --keep id,name --out predictions.csv",
    },
    {
	.name = "evaluate",
	.operands = "MODEL DATA",
	.n_operands = 2,
	.bit = FOR_EVALUATE,
	.starts_teams = true,
	.summary = "metrics of a model on labelled rows",
	.description =
	    "Prints how good MODEL (a model file or a run directory) is on the rows of DATA, whose label and weight columns are "
	    "those that the model was trained with: AUC, PR-AUC (average precision), log loss, Brier score, and at the model's "
	    "threshold accuracy, balanced accuracy, precision, recall, F1, MCC (Matthews' correlation coefficient) and the "
	    "confusion matrix; the calibration error over 15 equally wide bins of the probability, the lift of the tenth of the "
	    "rows with the greatest probabilities, and KS, the greatest distance of the two classes' distributions. Each has a 95 "
	    "% interval: DeLong's for the AUC, of a bootstrap over the rows for the others, the same for any number of threads. "
	    "What is undefined, as the AUC of rows of one class, is - with the reason, and null in JSON. doc/metrics.md has all "
	    "definitions. Standard error says what the rows hold that the training rows did not, as colonnade-predict(1) does.\n\n"
	    "With --compare a second model is measured on the same rows in the same replicates, each at its own threshold; the "
	    "differences (first minus second) have intervals and p-values of their own, for the AUC by DeLong's test of two "
	    "correlated curves.\n\n"
	    "With --set-threshold the probability from which on a row is called positive is chosen on these rows, as --threshold "
	    "of colonnade-train(1) does it, or given, and written into MODEL, of which nothing else changes; what is printed is at "
	    "the new threshold. Rows that the threshold was chosen on flatter it a little: measure it on others.",
	.examples = "colonnade evaluate colonnade-run test.csv\ncolonnade evaluate colonnade-run test.csv --json\n"
		    "colonnade evaluate colonnade-run test.csv --compare other-run\n"
		    "colonnade evaluate colonnade-run valid.csv --set-threshold cost:1:5",
    },
    {
	.name = "inspect",
	.operands = "MODEL",
	.n_operands = 1,
	.bit = FOR_INSPECT,
	.summary = "what a model file holds",
	.description = "Prints the schema, the layers and the training record of MODEL, a model file or a run directory.",
	.examples = "colonnade inspect colonnade-run\ncolonnade inspect model.safetensors --json",
    },
    {
	.name = "gradcheck",
	.operands = "",
	.n_operands = 0,
	.bit = FOR_GRADCHECK,
	.starts_teams = true,
	.summary = "analytic against numerical gradients, layer by layer",
	.description = "Compares the derivation in plain double precision with central differences of the cost, and the engine's "
		       "gradients in float32 with the derivation's, for every layer, signed, and prints a table. Exit code 1 where "
		       "a difference is beyond its bound.",
	.examples = "colonnade gradcheck\ncolonnade gradcheck --activation gelu --hidden 20,10 --seed 7",
    },
    {
	.name = "bench",
	.operands = "",
	.n_operands = 0,
	.bit = FOR_BENCH,
	.starts_teams = true,
	.summary = "training speed as a fraction of the measured FMA peak",
	.description =
	    "Trains on synthetic standard-normal rows with the trainer's own epoch loop and prints rows_per_second (the "
	    "median of many short windows), rows_per_second_best (of the best decile), gflops, peak_gflops (fused "
	    "multiply-adds on the same threads, measured between the windows) and fraction_of_peak (of the best decile). Many "
	    "processors lower their clock for products and raise it within milliseconds for multiply-adds of registers alone: "
	    "fraction_at_clock compares windows with a peak that follows within milliseconds, at their clock (the median). "
	    "Floating-point operations are those of the products: forward, dW and dA, without the first layer's dA "
	    "but where embeddings or input factors learn from it. "
	    "With --phases it adds where a step's time goes, on average over the threads, which takes a little time itself, and "
	    "what a product alone reaches whose operands stay in the first-level cache (tile).",
	.examples = "colonnade bench --inputs 28 --rows 200000 --hidden 300,300,300,300 --batch-size 1024 --optimizer adam\n"
		    "colonnade bench --threads 1 --seconds 5 --json",
    },
    {
	.name = "tune",
	.operands = "[DATA]",
	.n_operands = 1,
	.optional_operands = true,
	.bit = FOR_TUNE,
	.accepts = FOR_TRAIN,
	.starts_teams = true,
	.starts_processes = true,
	.summary = "measure thread counts; print export lines for a batch script",
	.description =
	    "Trains the network that the options describe on 1, 2, 4 ... threads up to those allowed, free and bound to cores, "
	    "and prints rows per second (the median of many short windows, and of their best decile), the speed-up over one "
	    "thread, the efficiency (the speed-up a thread), and the best choice: the fewest threads within 2 % of the fastest. "
	    "With DATA, and with whatever other options colonnade-train(1) takes, that is the network which train would make of "
	    "this table, by the default recipe where none is given, with as many rows, and where train would have several "
	    "networks under way at a time so has tune: rows per second are then those of all together. Only what train finds "
	    "out by training small networks first is not known (columns that say nothing, bins of few rows). The rows "
	    "themselves are synthetic, as in colonnade-bench(1). Without DATA the recipe is plain.\n\n"
	    "Where threads run is fixed when a process starts. So each setting of OMP_NUM_THREADS, OMP_PLACES and OMP_PROC_BIND "
	    "is measured by running colonnade bench under it for a quarter of a second, one setting after the other, round after "
	    "round; settings that cannot win any more are left out after some rounds. Threads are bound, one a core, to "
	    "neighbours first (close) and, where the cores have several third-level caches, over all of them (spread); more "
	    "threads than cores also to each core's siblings. They are not where a container's quota or a scheduler's variable "
	    "gives only some of the cores that the affinity mask has: whoever else binds threads there binds them to the same "
	    "ones.\n\n"
	    "With --shell standard output holds the lines for the best choice alone, for eval in a batch script. Run it where "
	    "the training will run: inside the job.",
	.examples = "colonnade tune data.csv\n"
		    "eval \"$(colonnade tune --shell data.csv --hidden 256,256,256)\"",
    },
    {
	.name = "doctor",
	.operands = "",
	.n_operands = 0,
	.bit = FOR_DOCTOR,
	.starts_teams = true,
	.summary = "CPU, instruction set, cores allowed and why",
	.description = "Prints the CPU, the instruction sets built in and the one chosen, the cores this process may use and "
		       "the rule that said so, and how the threads are placed.",
	.examples = "colonnade doctor\nOMP_NUM_THREADS=4 colonnade doctor --json",
    },
    {
	.name = "convert",
	.operands = "DATA OUT",
	.n_operands = 2,
	.bit = FOR_CONVERT,
	.starts_teams = true,
	.summary = "write a column cache, which is read faster than text",
	.description =
	    "Reads DATA, a table in CSV, LibSVM text or a .npy file (gzip is recognised; - is standard input), and writes "
	    "OUT, a binary column cache: a file that is mapped into memory instead of being read, for "
	    "tables that are used often or are "
	    "larger than memory. "
	    "train, predict and evaluate take it wherever they take a table, and their results are the same, byte for byte.\n\n"
	    "What the other commands' --categorical, --numeric, --label, --weight, --ignore and --keep ask of a table they "
	    "ask of its cache; --separator and --no-header belong here. A column of numbers keeps its texts beside them where "
	    "there are at most 65536 different ones; a column with more is numbers alone, and to have it as a label, as "
	    "categories or beside predictions later, name it in --categorical here. Columns left out here are ignored there.\n\n"
	    "OUT is replaced in one step when it is complete; a file of that name that is no column cache is not touched.",
	.examples = "colonnade convert data.csv.gz data.cache\ncolonnade train data.cache\n"
		    "zcat data.csv.gz | colonnade convert - data.cache --categorical id",
    },
    {
	.name = "crossval",
	.operands = "DATA",
	.n_operands = 1,
	.bit = FOR_CROSSVAL,
	.starts_teams = true,
	.summary = "how good models of these options are, by k-fold cross-validation",
	.description =
	    "Cuts the rows of DATA into folds, and for each fold trains a model on all other rows, with the options of train, and "
	    "has it predict the rows of the fold. So every row is predicted by a model that has not seen it. The folds are "
	    "stratified by the label, and follow from --seed alone.\n\n"
	    "Standard output has, for every measure, its mean and standard deviation over the folds, and its value for all rows "
	    "together, out of fold, with a 95 % interval as evaluate gives it; --json has each fold's values too. With --repeats "
	    "the rows are cut that often; the value out of fold is then that of each row's mean probability. The threshold of the "
	    "measures that want one is each fold's own, and out of fold the mean of them. The validation rows "
	    "(--valid-fraction) are taken from the rows that a fold leaves, so that early stopping never sees the fold.\n\n"
	    "With --group the rows of one value of a column, as those of one patient, are never in two folds; larger groups are "
	    "dealt out first, each to the fold that has the least of its classes. With --fold-column the column says which fold "
	    "a row is in. Neither column is a feature.\n\n"
	    "The folder that --out names holds, for every fold, what was said of its rows (fold-3-of-5.csv) and what was "
	    "measured (fold-3-of-5.json), and at the end predictions.csv, with a line for each row of DATA, and crossval.json "
	    "(.folds.lock is empty). A fold that is there is not done again, if options and data are the same, else it is "
	    "refused by name: after a signal or a time limit (exit code 75), the same command goes on with the fold that it "
	    "was in. That one begins anew, and so a call does its first fold to the end whatever --time-limit says; only a "
	    "signal stops it there.\n\n"
	    "--fold K/N does fold K alone, so that the jobs of an array can share the work (with --repeats N counts the folds of "
	    "all repeats); --merge then makes the result of all, the same, to the byte, as that of a single call.",
	.examples = "colonnade crossval data.csv --folds 10\n"
		    "colonnade crossval data.csv --group patient --recipe plain --hidden 64\n"
		    "for k in 1 2 3 4 5; do colonnade crossval data.csv --fold $k/5 --out folds; done\n"
		    "colonnade crossval data.csv --merge --out folds",
    },
    {
	.name = "export",
	.operands = "MODEL",
	.n_operands = 1,
	.bit = FOR_EXPORT,
	.summary = "write a model as ONNX, C or JSON",
	.description =
	    "Writes MODEL, a model file or a run directory, in a form in which other programs use it: the whole way from the cells "
	    "of a row to its probability, with the filling of gaps, categories, scaling, embeddings, all members of an ensemble, "
	    "calibration and threshold. The same model gives the same bytes.\n\n"
	    "onnx is a graph of standard operators with an input for each column that the model uses, named as the column, of "
	    "shape [N, 1], of floats or strings, and the outputs probability and prediction. A missing number is NaN, a missing "
	    "text the empty string. Its probabilities differ from those of predict by 1e-6 at most.\n\n"
	    "c is one C99 file that needs nothing but libm and allocates nothing; its probabilities have the very bits of "
	    "predict's. Compiled with -DCOLONNADE_SELF_TEST it is a program that checks that on rows of its own.\n\n"
	    "json is an object with the schema, all parameters of the pipeline and the weights, for programs of your own.\n\n"
	    "Columns that were constant in training are not wanted. doc/export.md has the details.",
	.examples = "colonnade export colonnade-run --format onnx --out model.onnx\n"
		    "colonnade export model.safetensors --format c > model.c\n"
		    "cc -std=c99 -O2 -DCOLONNADE_SELF_TEST model.c -lm -o self-test && ./self-test",
    },
    {
	.name = "report",
	.operands = "RUN",
	.n_operands = 1,
	.bit = FOR_REPORT,
	.summary = "make the HTML report of a run directory",
	.description =
	    "Makes report.html of RUN, the directory of a finished run, from its run.json and metrics.jsonl alone; the data are "
	    "not needed. train does so at its end; this makes it again, after an update of the program, or where it is lost.\n\n"
	    "The report is one page that needs no other file, no script and no network: the figures with intervals, losses and "
	    "metrics by epoch, the ROC and the precision-recall curve, reliability, scores and confusion matrix of the rows that "
	    "were held back, the columns with their missing cells and how they drift, all options, timing and machine, and the "
	    "command that trains the model again. The same run gives the same bytes. doc/report.md explains each part.\n\n"
	    "A run that was trained with --report=false keeps no curves and no columns; its report has the rest.",
	.examples = "colonnade report colonnade-run\ncolonnade report colonnade-run --out - | gzip > report.html.gz",
    },
    {
	.name = "check",
	.operands = "DATA",
	.n_operands = 1,
	.bit = FOR_CHECK,
	.accepts = FOR_TRAIN,
	.starts_teams = true,
	.summary = "read everything, report every problem, train nothing",
	.description =
	    "Reads DATA, and the files of --valid and --test, as train would with the same options, of which all are "
	    "taken, and prints on standard output all that is wrong, what the columns hold, and what the training would "
	    "be. Nothing is trained or written. Run it before a job is submitted: the exit code is 0 where train would "
	    "take the data, and 3 where it would not.\n\n"
	    "It does not stop at the first bad cell. Of every file the first --problems problems are told with "
	    "file:line:column, and all are counted by kind. A row that has one (a wrong number of fields, a text that is "
	    "not UTF-8, what is no number where numbers were asked for, a label that is missing or a third one, ...) is "
	    "not looked at further, and the next is. Behind a quote that is not closed, or a field of more than 1 MiB, no "
	    "row can be believed: there the reading ends, and it says so. It ends, too, at the first error of a header, a "
	    ".npy file and a column cache.\n\n"
	    "The columns are listed with their type, missing cells, least, median and greatest number or number of "
	    "different texts, and remarks: constant, left out because every row has another text, an identifier (every "
	    "row has the next whole number), few whole numbers, which may be "
	    "codes (--categorical), texts in a column of numbers, or that the column tells the label, which it may do "
	    "only because it was made from it. Rows of --valid or --test that are rows of DATA, and rows that DATA has "
	    "twice, are counted: what is judged by rows that were learnt from looks better than it is.\n\n"
	    "At the end stands how train would go about it: networks, epochs, features, and about how much memory that "
	    "takes.\n\n"
	    "With --model DATA is checked against MODEL, as predict reads it: columns that are missing, of another type, "
	    "or not known, categories never seen in training and numbers outside of the training rows' range, by column. "
	    "The exit code is 3 where predict would refuse to read the data.",
	.examples = "colonnade check data.csv --label outcome\n"
		    "colonnade check data.csv --config run.conf --valid valid.csv --json\n"
		    "colonnade check new.csv --model colonnade-run",
    },
    {
	.name = "search",
	.operands = "DATA",
	.n_operands = 1,
	.bit = FOR_SEARCH,
	.starts_teams = true,
	.summary = "search hyperparameters within a time; train the best",
	.description =
	    "Draws the values of options at random, trains with them, and compares what comes out on rows that were not "
	    "trained on. The best trial is then trained as train does it, into DIR/best. Options of train that are given "
	    "apply to all trials; all are judged by the same rows, those that train validates on, or with --folds K by the "
	    "folds of crossval, and by --metric.\n\n"
	    "What is searched says the file of --space, in lines \"option = value\" as those of a config file, where a value "
	    "may be a range, or a choice whose parts are as likely as one another and may be ranges, too:\n\n"
	    "    lr           = log 1e-4 .. 1e-1\n"
	    "    dropout      = 0 | 0.1 .. 0.5\n"
	    "    hidden       = 128,64 | 256,256,256 | 512\n"
	    "    batch-size   = log 64 .. 1024\n"
	    "    label-smoothing = 0.05\n\n"
	    "A range has both its ends; behind log equal ratios are equally likely, else equal differences; of an option "
	    "that wants whole numbers it gives whole numbers. A line with one plain value fixes the option. The file "
	    "overrides --config, and options on the command line override the file. Without --space the rate, the layers, "
	    "dropout, weight decay and the size of a batch are searched around the recipe's values, and trial 1 has the "
	    "recipe's own; what of these is given is not searched.\n\n"
	    "--strategy halving trains all trials for a part of the epochs, the best third (--eta 3) of them for three times "
	    "as many, anew, and so on up to all epochs; random trains every trial for all epochs. A trial trains one "
	    "network, unless --ensemble is given; the winner is trained with as many as train would.\n\n"
	    "--time-limit is for the trials: none is begun that is not likely to end in time, one under way is stopped, and "
	    "the best so far is trained afterwards. The same command goes on where the last one ended, with a time of its "
	    "own. After a signal (exit code 75) it goes on with the trial that it was in.\n\n"
	    "The directory that --out names holds a file for every trial (trial-0007.json), what is searched (search.json), "
	    "the winner's options as a config file (best.conf, for colonnade train DATA --config DIR/best.conf, which gives "
	    "the same model) and its run directory (best). Jobs that name the same directory share the trials, on whatever "
	    "node they run; a kernel lock a trial keeps them apart, and the trial of a job that was killed is taken over. "
	    "The values of trial 7 follow from --seed and its number alone. Threads, jobs and interruptions change neither "
	    "trials nor winner nor model; only a search that ends by the clock depends on it.\n\n"
	    "The figure of the best of many is the luckiest one, too: rows that neither trained nor chose, those of --test "
	    "or --test-fraction, say how good the winner is. They are evaluated once, at the end.",
	.examples = "colonnade search data.csv --test-fraction 0.2 --time-limit 1h\n"
		    "colonnade search data.csv --recipe plain --space space.conf --trials 81 --metric auc --out plain\n"
		    "colonnade search data.csv --folds 5 --strategy random --trials 20 --out search5",
    },
    {
	.name = "importance",
	.operands = "MODEL DATA",
	.n_operands = 2,
	.bit = FOR_IMPORTANCE,
	.starts_teams = true,
	.summary = "which columns matter to a model, and why a row gets its probability",
	.description =
	    "Shuffles the cells of each column of DATA among its rows and prints by how much the log loss of MODEL (a model file "
	    "or a run directory) rises and its AUC falls, on average over --repeats shuffles, with 95 % intervals that hold the "
	    "chance of the rows and of the shuffles; the column that matters most comes first. Beside it stands the mean size of "
	    "the column's contribution to the logit, by integrated gradients. A column is one of DATA, whatever features it "
	    "became.\n\n"
	    "With --explain it says of single rows, counted from 1, what each cell contributes to the logit, largest first: the "
	    "contributions and the logit of the baseline, a row with every number at the median of the training rows and no "
	    "level in any category, add up to the row's logit, but for a gap that is printed and that the number of steps keeps "
	    "small. In an ensemble it is the logit of the averaged, calibrated probability that is explained.\n\n"
	    "With --partial it writes CSV: for cells of a column (quantiles of a number, the most frequent levels of a category) "
	    "the mean probability if all rows had that cell, and between which the middle 80 % of the rows then lie.\n\n"
	    "Of large tables a sample of rows is taken, which a note tells; --rows all takes all. Rows need a label only where "
	    "columns are shuffled. The result is the same for any number of threads. Columns that tell the same share what they "
	    "know: each may seem of no use while the other is there. doc/importance.md has formulas and cautions.",
	.examples = "colonnade importance colonnade-run test.csv\n"
		    "colonnade importance colonnade-run test.csv --explain 1,17 --json\n"
		    "colonnade importance colonnade-run test.csv --partial age,occupation > partial.csv",
    },
};

#define AT(member) offsetof(struct options, member)
#define ONE_MILLION 1e6
#define ONE_BILLION 1e9

static const char data_group[] = "Data";
static const char network_group[] = "Network";
static const char training_group[] = "Training";
static const char folds_group[] = "Folds";
static const char search_group[] = "Search";
static const char run_group[] = "Run";
static const char judging_group[] = "Judging";
static const char importance_group[] = "Importance";
static const char synthetic_group[] = "Synthetic data";

/* One option a paragraph, not a line a member.
 * clang-format off */
static const struct option_spec specs[] = {
	/* data */
	{.name = "label", .argument = "NAME|NUMBER", .type = OPTION_TEXT, .offset = AT(config.label),
	 .default_text = "the last column", .help = "label column", .group = data_group,
	 .commands = FOR_FITS | FOR_CHECK | FOR_TUNE},
	{.name = "label", .argument = "NAME|NUMBER", .type = OPTION_TEXT, .offset = AT(config.label), .default_text = "none",
	 .help = "label column, where --missing is to mark no cell", .group = data_group, .commands = FOR_CONVERT},
	{.name = "positive", .argument = "VALUE", .type = OPTION_TEXT, .offset = AT(config.positive),
	 .default_text = "the greater one", .help = "which label value is the positive class", .group = data_group,
	 .commands = FOR_FITS | FOR_CHECK},
	{.name = "valid", .argument = "FILE", .type = OPTION_TEXT, .offset = AT(valid), .default_text = "",
	 .help = "rows for early stopping and model choice", .group = data_group, .passing = true,
	 .commands = FOR_TRAIN | FOR_CHECK | FOR_SEARCH},
	{.name = "valid-fraction", .argument = "F", .type = OPTION_REAL, .high = 1, .below_high = true,
	 .offset = AT(config.valid_fraction), .help = "... or this share of DATA, stratified", .group = data_group,
	 .commands = FOR_TRAIN | FOR_CHECK | FOR_SEARCH},
	{.name = "valid-fraction", .argument = "F", .type = OPTION_REAL, .high = 1, .below_high = true,
	 .offset = AT(config.valid_fraction), .help = "share of DATA that is not trained on", .group = data_group,
	 .commands = FOR_TUNE | FOR_CROSSVAL},
	{.name = "test", .argument = "FILE", .type = OPTION_TEXT, .offset = AT(test), .default_text = "",
	 .help = "rows evaluated once, at the end", .group = data_group, .passing = true,
	 .commands = FOR_TRAIN | FOR_CHECK | FOR_SEARCH},
	{.name = "test-fraction", .argument = "F", .type = OPTION_REAL, .high = 1, .below_high = true,
	 .offset = AT(config.test_fraction), .help = "... or this share of DATA, stratified", .group = data_group,
	 .commands = FOR_TRAIN | FOR_CHECK | FOR_SEARCH},
	{.name = "weight", .argument = "NAME", .type = OPTION_TEXT, .offset = AT(config.weight), .default_text = "all 1",
	 .help = "column of row weights", .group = data_group, .commands = FOR_FITS | FOR_CHECK | FOR_TUNE},
	{.name = "weight", .argument = "NAME", .type = OPTION_TEXT, .offset = AT(config.weight), .default_text = "none",
	 .help = "column of row weights, where it is to mark none either", .group = data_group, .commands = FOR_CONVERT},
	{.name = "class-weight", .argument = "none|balanced|W0,W1", .type = OPTION_CLASS_WEIGHT,
	 .offset = AT(config.class_weight), .help = "weights of the classes; odds grow by W1/W0", .group = data_group,
	 .commands = FOR_FITS | FOR_CHECK},
	{.name = "ignore", .argument = "NAME[,...]", .type = OPTION_TEXT, .offset = AT(read.ignore), .default_text = "",
	 .help = "columns left out", .group = data_group, .commands = FOR_FITS | FOR_CHECK | FOR_TUNE | FOR_CONVERT},
	{.name = "categorical", .argument = "NAME[,...]", .type = OPTION_TEXT, .offset = AT(read.categorical),
	 .default_text = "", .help = "number columns that are categories", .group = data_group,
	 .commands = FOR_FITS | FOR_CHECK | FOR_TUNE},
	{.name = "categorical", .argument = "NAME[,...]", .type = OPTION_TEXT, .offset = AT(read.categorical),
	 .default_text = "", .help = "columns whose texts are kept, however many", .group = data_group,
	 .commands = FOR_CONVERT},
	{.name = "numeric", .argument = "NAME[,...]", .type = OPTION_TEXT, .offset = AT(read.numeric), .default_text = "",
	 .help = "columns that must be numbers", .group = data_group, .commands = FOR_FITS | FOR_CHECK | FOR_TUNE | FOR_CONVERT},
	{.name = "missing", .argument = "TEXT[,...]", .type = OPTION_TEXT, .offset = AT(read.missing), .default_text = "",
	 .help = "further texts, or numbers, that stand for a missing cell (not of label or weight)", .group = data_group,
	 .compact = true, .commands = FOR_FITS | FOR_CHECK | FOR_TUNE | FOR_CONVERT},
	{.name = "scale", .type = OPTION_WORD, .words = &names_scale, .offset = AT(config.scale),
	 .help = "of numbers", .group = data_group, .commands = FOR_FITS | FOR_CHECK},
	{.name = "max-levels", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = ONE_MILLION,
	 .offset = AT(config.max_levels), .help = "features of a category column; rarer levels share one", .group = data_group,
	 .compact = true, .commands = FOR_FITS | FOR_CHECK | FOR_TUNE},
	{.name = "one-hot-levels", .argument = "N|all", .type = OPTION_SIZE, .low = 1, .high = ONE_MILLION, .zero = "all",
	 .offset = AT(config.one_hot_levels), .help = "a category column with more levels has learned values of each instead",
	 .group = data_group, .compact = true, .commands = FOR_FITS | FOR_CHECK},
	{.name = "level-rows", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = ONE_MILLION,
	 .offset = AT(config.level_rows), .help = "... but levels in fewer training rows share theirs", .group = data_group,
	 .compact = true, .commands = FOR_FITS | FOR_CHECK},
	{.name = "feature-selection", .type = OPTION_SWITCH, .offset = AT(config.feature_selection),
	 .help = "leave out columns that say nothing, where small networks, trained first, tell so (with --ensemble auto, and not "
	         "with --effort quick)", .group = data_group, .compact = true, .commands = FOR_FITS},
	{.name = "separator", .argument = "auto|comma|tab|semicolon|CHAR", .type = OPTION_SEPARATOR,
	 .offset = AT(read.separator), .help = "what stands between cells", .group = data_group, .compact = true,
	 .commands = FOR_FITS | FOR_CHECK | FOR_PREDICT | FOR_EVALUATE | FOR_IMPORTANCE | FOR_TUNE | FOR_CONVERT},
	{.name = "no-header", .type = OPTION_SWITCH, .offset = AT(read.no_header),
	 .help = "the first line is data; columns are named 1, 2, ...", .group = data_group, .compact = true,
	 .commands = FOR_FITS | FOR_CHECK | FOR_PREDICT | FOR_EVALUATE | FOR_IMPORTANCE | FOR_TUNE | FOR_CONVERT},
	{.name = "keep", .argument = "NAME[,...]", .type = OPTION_TEXT, .offset = AT(keep), .default_text = "",
	 .help = "columns of DATA put in front", .group = data_group, .commands = FOR_PREDICT},

	/* bench */
	{.name = "inputs", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = 65536, .offset = AT(inputs), .preset = "28",
	 .help = "features", .group = synthetic_group, .commands = FOR_BENCH},
	{.name = "inputs", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = 65536, .offset = AT(inputs), .preset = "28",
	 .help = "features, where there is no DATA", .group = synthetic_group, .commands = FOR_TUNE},
	{.name = "rows", .argument = "N", .type = OPTION_SIZE, .low = 2, .high = ONE_BILLION, .offset = AT(rows),
	 .preset = "100000", .help = "rows", .group = synthetic_group, .commands = FOR_BENCH},
	{.name = "rows", .argument = "N", .type = OPTION_SIZE, .low = 2, .high = ONE_BILLION, .offset = AT(rows),
	 .preset = "100000", .help = "rows, where there is no DATA", .group = synthetic_group, .commands = FOR_TUNE},
	{.name = "seconds", .argument = "S", .type = OPTION_REAL, .high = 86400, .above_low = true, .offset = AT(seconds),
	 .preset = "10", .help = "how long to measure", .group = synthetic_group, .commands = FOR_BENCH},
	{.name = "members", .argument = "K", .type = OPTION_SIZE, .low = 1, .high = CLN_MAX_ENSEMBLE, .offset = AT(members),
	 .preset = "1", .help = "networks: so many at a time, on parts of the threads, as an ensemble of K",
	 .group = synthetic_group, .commands = FOR_BENCH},
	{.name = "embedded", .argument = "N|auto", .type = OPTION_SIZE, .most = "auto", .high = 65536, .offset = AT(embedded),
	 .preset = "auto", .help = "features that have waves; auto: all or none (--embedding)", .group = synthetic_group,
	 .commands = FOR_BENCH},
	{.name = "binned", .argument = "N", .type = OPTION_SIZE, .high = 65536, .offset = AT(binned), .preset = "0",
	 .help = "features that have bins (--bins)", .group = synthetic_group, .commands = FOR_BENCH},
	{.name = "numbered", .argument = "N", .type = OPTION_SIZE, .high = 65536, .offset = AT(numbered), .preset = "0",
	 .help = "features that are numbers of levels ...", .group = synthetic_group, .commands = FOR_BENCH},
	{.name = "levels", .argument = "N", .type = OPTION_SIZE, .high = ONE_MILLION, .offset = AT(levels), .preset = "0",
	 .help = "... and how many these have in all", .group = synthetic_group, .commands = FOR_BENCH},
	{.name = "phases", .type = OPTION_SWITCH, .offset = AT(phases),
	 .help = "also where a step's time goes: gather, products, sums, update", .group = synthetic_group, .commands = FOR_BENCH},

	/* gradcheck */
	{.name = "inputs", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = 4096, .offset = AT(inputs), .preset = "5",
	 .help = "features", .group = synthetic_group, .commands = FOR_GRADCHECK},
	{.name = "rows", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = 4096, .offset = AT(rows), .preset = "20",
	 .help = "rows", .group = synthetic_group, .commands = FOR_GRADCHECK},
	{.name = "hidden", .argument = "N[,...]", .type = OPTION_HIDDEN, .offset = AT(config.hidden), .preset = "4,3",
	 .help = "units of each hidden layer", .group = network_group, .commands = FOR_GRADCHECK},
	{.name = "activation", .type = OPTION_WORD, .words = &names_activation, .offset = AT(config.activation),
	 .default_text = "each in turn", .help = "activation of the hidden layers", .group = network_group,
	 .commands = FOR_GRADCHECK},

	/* network */
	{.name = "recipe", .argument = "default|plain|textbook", .type = OPTION_TEXT, .offset = AT(config.recipe),
	 .help = "where the values of all other options come from", .group = network_group,
	 .commands = FOR_FITS | FOR_CHECK | FOR_BENCH | FOR_TUNE},
	{.name = "effort", .type = OPTION_WORD, .words = &names_effort, .offset = AT(config.effort),
	 .help = "networks, epochs, units that are auto", .group = network_group,
	 .commands = FOR_FITS | FOR_CHECK},
	{.name = "hidden", .argument = "N[,...]|auto", .type = OPTION_HIDDEN, .most = "auto", .offset = AT(config.hidden),
	 .help = "units of each hidden layer; none: logistic regression", .group = network_group,
	 .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},
	{.name = "activation", .type = OPTION_WORD, .words = &names_activation, .offset = AT(config.activation),
	 .help = "activation of the hidden layers", .group = network_group, .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},
	{.name = "parametric-activation", .type = OPTION_SWITCH, .offset = AT(config.parametric_activation),
	 .help = "z + alpha (g(z) - z), alpha learned for every hidden unit", .group = network_group, .compact = true,
	 .commands = FOR_FITS | FOR_BENCH},
	{.name = "weight-init", .type = OPTION_WORD, .words = &names_init, .offset = AT(config.init),
	 .help = "draw of the first weights (auto: by the activation)", .group = network_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "input-scaling", .type = OPTION_SWITCH, .offset = AT(config.input_scaling),
	 .help = "a learned factor for every input of the first layer", .group = network_group, .compact = true,
	 .commands = FOR_FITS | FOR_BENCH},
	{.name = "embedding", .type = OPTION_WORD, .words = &names_embedding, .offset = AT(config.embedding),
	 .help = "learned functions of every number beside it: sums of cosines, or linear within bins (auto: the former, and the "
	         "latter for heavy tails where that pays)", .group = network_group,
	 .compact = true, .commands = FOR_FITS | FOR_BENCH},
	{.name = "bins", .argument = "N|auto", .type = OPTION_SIZE, .low = 2, .high = 63, .zero = "auto", .offset = AT(config.bins),
	 .help = "most bins of a number that has a piecewise embedding; auto: 48, or the rows / 10", .group = network_group,
	 .compact = true, .commands = FOR_FITS | FOR_BENCH},
	{.name = "frequency-scale", .argument = "X", .type = OPTION_REAL, .high = 1000, .offset = AT(config.frequency_scale),
	 .help = "deviation of those cosines' first frequencies", .group = network_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "frequency-spread", .argument = "X", .type = OPTION_REAL, .high = 1000, .above_low = true,
	 .offset = AT(config.frequency_spread), .help = "of a number scaled by quantiles it grows to X times that",
	 .group = network_group, .compact = true, .commands = FOR_FITS},
	{.name = "level-values", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = 64, .offset = AT(config.level_values),
	 .help = "learned values of a level (--one-hot-levels)", .group = network_group, .compact = true,
	 .commands = FOR_FITS | FOR_BENCH},
	{.name = "level-scale", .argument = "X", .type = OPTION_REAL, .high = 1000, .offset = AT(config.level_scale),
	 .help = "deviation of their first values", .group = network_group, .compact = true, .commands = FOR_FITS},
	{.name = "init", .argument = "FILE", .type = OPTION_TEXT, .offset = AT(init), .default_text = "",
	 .help = "start from this model's network and pipeline", .group = network_group, .passing = true,
	 .commands = FOR_TRAIN | FOR_CHECK},

	/* training */
	{.name = "optimizer", .type = OPTION_WORD, .words = &names_optimizer, .offset = AT(config.optimizer),
	 .help = "update rule", .group = training_group, .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},
	{.name = "lr", .argument = "X|auto", .type = OPTION_REAL, .most = "auto", .high = ONE_MILLION, .above_low = true,
	 .offset = AT(config.learning_rate), .help = "learning rate; auto: 0.04, from 10000 rows on 0.01", .group = training_group,
	 .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},
	{.name = "lr-schedule", .type = OPTION_WORD, .words = &names_schedule, .offset = AT(config.schedule),
	 .help = "learning rate over time", .group = training_group, .commands = FOR_FITS},
	{.name = "batch-size", .argument = "N|all", .type = OPTION_SIZE, .low = 1, .high = ONE_BILLION, .zero = "all",
	 .offset = AT(config.batch_size), .help = "rows of a mini-batch", .group = training_group,
	 .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},
	{.name = "epochs", .argument = "N|auto", .type = OPTION_SIZE, .most = "auto", .high = ONE_MILLION,
	 .offset = AT(config.epochs),
	 .help = "passes over the rows; 0 writes the first network", .group = training_group, .commands = FOR_FITS},
	{.name = "patience", .argument = "N", .type = OPTION_SIZE, .high = ONE_MILLION, .offset = AT(config.patience),
	 .help = "epochs without a better metric; 0: never stop early", .group = training_group, .commands = FOR_FITS},
	{.name = "metric", .type = OPTION_WORD, .words = &names_metric, .offset = AT(config.metric),
	 .help = "what is to get better", .group = training_group, .commands = FOR_FITS},
	{.name = "dropout", .argument = "P|auto", .type = OPTION_REAL, .most = "auto", .high = 1, .below_high = true,
	 .offset = AT(config.dropout), .help = "share of hidden units set to 0; auto: 0.3, from 10000 rows on 0.1",
	 .group = training_group, .compact = true, .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},
	{.name = "weight-decay", .argument = "X", .type = OPTION_REAL, .high = ONE_MILLION, .offset = AT(config.weight_decay),
	 .help = "decoupled decay of the weights: w <- w - lr X w", .group = training_group, .compact = true,
	 .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},
	{.name = "l1", .argument = "X", .type = OPTION_REAL, .high = ONE_MILLION, .offset = AT(config.l1),
	 .help = "penalty X |w| added to the cost", .group = training_group, .compact = true, .commands = FOR_FITS | FOR_BENCH},
	{.name = "l2", .argument = "X", .type = OPTION_REAL, .high = ONE_MILLION, .offset = AT(config.l2),
	 .help = "penalty X/2 w^2 added to the cost", .group = training_group, .compact = true, .commands = FOR_FITS | FOR_BENCH},
	{.name = "label-smoothing", .argument = "S", .type = OPTION_REAL, .high = 1, .below_high = true,
	 .offset = AT(config.label_smoothing), .help = "train on y (1 - S) + S/2", .group = training_group, .compact = true,
	 .commands = FOR_FITS | FOR_BENCH},
	{.name = "clip-norm", .argument = "X", .type = OPTION_REAL, .high = 1e30, .offset = AT(config.clip_norm),
	 .help = "greatest Euclidean norm of the gradient; 0: no limit", .group = training_group, .compact = true,
	 .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},
	{.name = "momentum", .argument = "X", .type = OPTION_REAL, .high = 1, .below_high = true, .offset = AT(config.momentum),
	 .help = "of momentum and nesterov; decay of rmsprop's mean square", .group = training_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "beta1", .argument = "X", .type = OPTION_REAL, .high = 1, .below_high = true, .offset = AT(config.beta1),
	 .help = "decay of adam's and adamw's first moment", .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "beta2", .argument = "X", .type = OPTION_REAL, .high = 1, .below_high = true, .offset = AT(config.beta2),
	 .help = "decay of adam's and adamw's second moment", .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "epsilon", .argument = "X", .type = OPTION_REAL, .low = 1e-30, .high = 1, .offset = AT(config.epsilon),
	 .help = "added to the root of the second moment", .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "parametrisation", .type = OPTION_WORD, .words = &names_parametrisation, .offset = AT(config.parametrisation),
	 .help = "ntk: a layer's weights learn at the rate over sqrt(its inputs)", .group = training_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "bias-rate", .argument = "X", .type = OPTION_REAL, .most = "auto", .high = 1000,
	 .offset = AT(config.bias_rate), .help = "factor of the rate for biases; auto: 0.1, with the rate of 10000 rows 0.4",
	 .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "embedding-rate", .argument = "X", .type = OPTION_REAL, .most = "auto", .high = 1000,
	 .offset = AT(config.embedding_rate), .help = "... for embeddings; auto: 0.3, with the rate of 10000 rows 1.2",
	 .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "level-rate", .argument = "X", .type = OPTION_REAL, .high = 1000, .offset = AT(config.level_rate),
	 .help = "... for values of levels", .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "scaling-rate", .argument = "X", .type = OPTION_REAL, .most = "auto", .high = 1000,
	 .offset = AT(config.scaling_rate), .help = "... for input factors; auto: 3, from 5000 rows on 1",
	 .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "regularisation", .type = OPTION_WORD, .words = &names_regularisation, .offset = AT(config.regularisation),
	 .help = "dropout and weight decay over time", .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "patience-factor", .argument = "X", .type = OPTION_REAL, .high = 1000, .offset = AT(config.patience_factor),
	 .help = "patience grows by X times the best epoch's number", .group = training_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "warmup-fraction", .argument = "F", .type = OPTION_REAL, .high = 1, .offset = AT(config.warmup_fraction),
	 .help = "share of the steps in which warmup and one-cycle rise", .group = training_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "step-epochs", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = ONE_MILLION,
	 .offset = AT(config.step_epochs), .help = "step schedule: every N epochs ...", .group = training_group,
	 .compact = true, .commands = FOR_FITS},
	{.name = "step-factor", .argument = "X", .type = OPTION_REAL, .high = 1, .above_low = true,
	 .offset = AT(config.step_factor), .help = "... the rate is multiplied by X", .group = training_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "ensemble", .argument = "K|auto", .type = OPTION_SIZE, .most = "auto", .low = 1, .high = CLN_MAX_ENSEMBLE,
	 .offset = AT(config.ensemble), .help = "networks to train, whose probabilities are averaged",
	 .group = training_group, .commands = FOR_FITS},
	{.name = "calibrate", .type = OPTION_WORD, .words = &names_calibration, .offset = AT(config.calibration),
	 .help = "fits the probabilities to the rows that are not trained on", .group = training_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "threshold", .argument = "P|f1|cost:FP:FN|recall@PRECISION|...",
	 .type = OPTION_THRESHOLD, .offset = AT(config.threshold),
	 .help = "probability from which on a row is called positive, or how it is chosen",
	 .group = training_group, .compact = true, .commands = FOR_FITS},
	{.name = "block-size", .argument = "N|auto", .type = OPTION_SIZE, .low = 1, .high = 65536, .zero = "auto",
	 .offset = AT(config.block_size), .help = "columns of a block; shapes the sums, not the speed alone",
	 .group = training_group, .compact = true, .commands = FOR_FITS | FOR_BENCH | FOR_TUNE},

	/* check */
	{.name = "model", .argument = "MODEL", .type = OPTION_TEXT, .offset = AT(model), .default_text = "",
	 .help = "whether DATA fits this model, and nothing about a training", .group = judging_group, .commands = FOR_CHECK},
	{.name = "problems", .argument = "N", .type = OPTION_SIZE, .high = 10000, .offset = AT(problems), .preset = "50",
	 .help = "problems of a file that are told one by one", .group = judging_group, .commands = FOR_CHECK},

	/* judging */
	{.name = "compare", .argument = "MODEL2", .type = OPTION_TEXT, .offset = AT(compare), .default_text = "",
	 .help = "a second model, measured beside MODEL", .group = judging_group, .commands = FOR_EVALUATE},
	{.name = "bootstrap", .argument = "N|auto", .type = OPTION_SIZE, .most = "auto", .high = 100000,
	 .offset = AT(bootstrap), .preset = "auto",
	 .help = "replicates for the intervals; 0: none; auto: 1000, above 200,000 rows fewer, at least 200",
	 .group = judging_group,
	 .commands = FOR_EVALUATE},
	{.name = "set-threshold", .argument = "P|f1|cost:FP:FN|recall@PRECISION|...",
	 .type = OPTION_THRESHOLD, .offset = AT(config.threshold), .default_text = "it stays",
	 .help = "chooses MODEL's threshold on these rows, or takes P, and stores it", .group = judging_group,
	 .commands = FOR_EVALUATE},

	/* importance */
	{.name = "repeats", .argument = "R", .type = OPTION_SIZE, .low = 1, .high = 1000, .offset = AT(repeats), .preset = "10",
	 .help = "shuffles of a column", .group = importance_group, .commands = FOR_IMPORTANCE},
	{.name = "rows", .argument = "N|all|auto", .type = OPTION_SIZE, .most = "auto", .zero = "all", .high = ONE_BILLION,
	 .offset = AT(rows), .preset = "auto",
	 .help = "rows drawn to look at; auto: all, of large tables as many as take some seconds",
	 .group = importance_group, .commands = FOR_IMPORTANCE},
	{.name = "explain", .argument = "N[,N...]", .type = OPTION_TEXT, .offset = AT(explain), .default_text = "",
	 .help = "why these rows, counted from 1, get their probabilities", .group = importance_group,
	 .commands = FOR_IMPORTANCE},
	{.name = "partial", .argument = "NAME[,NAME...]", .type = OPTION_TEXT, .offset = AT(partial), .default_text = "",
	 .help = "how the probability goes with these columns, as CSV", .group = importance_group, .commands = FOR_IMPORTANCE},
	{.name = "points", .argument = "N", .type = OPTION_SIZE, .low = 2, .high = 1000, .offset = AT(points), .preset = "20",
	 .help = "cells of a column that --partial tries at most", .group = importance_group, .commands = FOR_IMPORTANCE},

	/* folds */
	{.name = "folds", .argument = "K", .type = OPTION_SIZE, .low = 2, .high = 10000, .offset = AT(folds), .preset = "5",
	 .help = "parts of the rows, stratified; each is left out once", .group = folds_group, .commands = FOR_CROSSVAL},
	{.name = "repeats", .argument = "R", .type = OPTION_SIZE, .low = 1, .high = 10000, .offset = AT(repeats), .preset = "1",
	 .help = "so many times over, cut anew each time", .group = folds_group, .compact = true, .commands = FOR_CROSSVAL},
	{.name = "group", .argument = "NAME", .type = OPTION_TEXT, .offset = AT(group), .default_text = "",
	 .help = "rows with one value of this column stay together", .group = folds_group, .compact = true,
	 .commands = FOR_CROSSVAL},
	{.name = "fold-column", .argument = "NAME", .type = OPTION_TEXT, .offset = AT(fold_column), .default_text = "",
	 .help = "the values of this column are the folds", .group = folds_group, .compact = true, .commands = FOR_CROSSVAL},
	{.name = "fold", .argument = "K/N", .type = OPTION_TEXT, .offset = AT(fold), .default_text = "all",
	 .help = "does fold K of N alone, for one job of an array", .group = folds_group, .passing = true,
	 .commands = FOR_CROSSVAL},
	{.name = "bootstrap", .argument = "N|auto", .type = OPTION_SIZE, .most = "auto", .high = 100000,
	 .offset = AT(bootstrap), .preset = "auto",
	 .help = "replicates for the intervals; 0: none; auto: 1000, above 200,000 rows fewer, at least 200",
	 .group = folds_group, .compact = true, .passing = true, .commands = FOR_CROSSVAL},
	{.name = "merge", .type = OPTION_SWITCH, .offset = AT(merge), .help = "trains nothing: results of the folds that are there",
	 .group = folds_group, .passing = true, .commands = FOR_CROSSVAL},

	/* search */
	{.name = "space", .argument = "FILE", .type = OPTION_TEXT, .offset = AT(space), .default_text = "built in",
	 .help = "ranges and choices: lr = log 1e-4 .. 0.1, hidden = 64 | 8,8", .group = search_group,
	 .passing = true, .commands = FOR_SEARCH},
	{.name = "time-limit", .argument = "TIME", .type = OPTION_DURATION, .zero = "none", .preset = "none",
	 .offset = AT(time_limit), .help = "for the trials; the best so far is trained after it", .group = search_group,
	 .passing = true, .commands = FOR_SEARCH},
	{.name = "trials", .argument = "N", .type = OPTION_SIZE, .low = 1, .high = 10000, .offset = AT(trials), .preset = "27",
	 .help = "how often values are drawn", .group = search_group, .compact = true, .passing = true, .commands = FOR_SEARCH},
	{.name = "strategy", .type = OPTION_WORD, .words = &strategy_names, .offset = AT(strategy),
	 .help = "halving: many trials for few epochs, few for all; random: all trials for all epochs", .group = search_group,
	 .compact = true, .passing = true, .commands = FOR_SEARCH},
	{.name = "eta", .argument = "N", .type = OPTION_SIZE, .low = 2, .high = 100, .offset = AT(eta), .preset = "3",
	 .help = "halving: one of N trials goes on, with N times the epochs", .group = search_group, .compact = true,
	 .passing = true, .commands = FOR_SEARCH},
	{.name = "folds", .argument = "K|none", .type = OPTION_SIZE, .low = 2, .high = 100, .zero = "none", .offset = AT(folds),
	 .preset = "none", .help = "a trial is judged by K folds, each predicted by a model of the others, not by validation rows",
	 .group = search_group, .compact = true, .commands = FOR_SEARCH},
	{.name = "refit", .type = OPTION_SWITCH, .offset = AT(refit), .preset = "true", .help = "train the winner at the end",
	 .group = search_group, .compact = true, .passing = true, .commands = FOR_SEARCH},

	/* run */
	{.name = "seed", .argument = "N", .type = OPTION_SEED, .offset = AT(config.seed), .help = "of every random draw",
	 .group = run_group,
	 .commands = FOR_FITS | FOR_CHECK | FOR_EVALUATE | FOR_IMPORTANCE | FOR_BENCH | FOR_TUNE | FOR_GRADCHECK},
	{.name = "out", .argument = "DIR", .type = OPTION_TEXT, .offset = AT(out), .preset = "colonnade-run",
	 .help = "run directory", .group = run_group, .passing = true, .commands = FOR_TRAIN},
	{.name = "out", .argument = "DIR", .type = OPTION_TEXT, .offset = AT(out), .preset = "colonnade-crossval",
	 .help = "folder of the folds' files", .group = run_group, .passing = true, .commands = FOR_CROSSVAL},
	{.name = "force", .type = OPTION_SWITCH, .offset = AT(force), .help = "does folds again that are there", .group = run_group,
	 .passing = true, .commands = FOR_CROSSVAL},
	{.name = "out", .argument = "DIR", .type = OPTION_TEXT, .offset = AT(out), .preset = "colonnade-search",
	 .help = "directory of the trials", .group = run_group, .compact = true, .passing = true, .commands = FOR_SEARCH},
	{.name = "force", .type = OPTION_SWITCH, .offset = AT(force), .help = "begin anew where there is a search",
	 .group = run_group, .compact = true, .passing = true, .commands = FOR_SEARCH},
	{.name = "out", .argument = "FILE", .type = OPTION_TEXT, .offset = AT(out), .preset = "-",
	 .help = "where to write; - is standard output", .group = run_group, .commands = FOR_PREDICT | FOR_EXPORT},
	{.name = "format", .type = OPTION_WORD, .words = &names_export, .offset = AT(format), .default_text = "",
	 .help = "what to write", .group = run_group, .commands = FOR_EXPORT},
	{.name = "out", .argument = "FILE", .type = OPTION_TEXT, .offset = AT(out), .default_text = "report.html in RUN",
	 .help = "where to write; - is standard output", .group = run_group, .commands = FOR_REPORT},
	{.name = "force", .type = OPTION_SWITCH, .offset = AT(force), .help = "overwrite a run", .group = run_group,
	 .passing = true, .commands = FOR_TRAIN},
	{.name = "resume", .argument = "[=auto]", .type = OPTION_WORD, .words = &resume_names, .alone = "true",
	 .offset = AT(resume), .help = "go on from the checkpoint; auto: or start, or find it finished",
	 .default_text = "", .group = run_group, .passing = true, .commands = FOR_TRAIN},
	{.name = "allow-change", .argument = "NAME[,...]", .type = OPTION_TEXT, .offset = AT(allow_change),
	 .default_text = "nothing",
	 .help = "options, or data, valid, test, that --resume may find changed", .group = run_group, .compact = true,
	 .passing = true, .commands = FOR_TRAIN},
	{.name = "checkpoint-every", .argument = "TIME", .type = OPTION_DURATION, .zero = "never", .preset = "5m",
	 .offset = AT(checkpoint_every), .help = "how often the state is written", .group = run_group, .compact = true,
	 .passing = true,
	 .commands = FOR_TRAIN | FOR_SEARCH},
	{.name = "time-limit", .argument = "TIME", .type = OPTION_DURATION, .zero = "none", .preset = "none",
	 .offset = AT(time_limit), .help = "stop early enough to have written the state by then", .group = run_group,
	 .compact = true, .passing = true, .commands = FOR_TRAIN},
	{.name = "time-limit", .argument = "TIME", .type = OPTION_DURATION, .zero = "none", .preset = "none",
	 .offset = AT(time_limit), .help = "stop then, but not within the first fold, which is done to its end", .group = run_group,
	 .compact = true, .passing = true, .commands = FOR_CROSSVAL},
	{.name = "requeue-exit", .argument = "N", .type = OPTION_SIZE, .low = 5, .high = 255, .preset = "75",
	 .offset = AT(requeue_exit), .help = "exit code of a run that was stopped and can be resumed", .group = run_group,
	 .compact = true, .passing = true, .commands = FOR_FITS},
	{.name = "recover", .argument = "N", .type = OPTION_SIZE, .high = 100, .offset = AT(config.recover),
	 .help = "times that an epoch which diverges starts again at half the rate", .group = training_group, .compact = true,
	 .commands = FOR_FITS},
	{.name = "threads", .argument = "N|auto", .type = OPTION_THREADS, .low = 1, .high = 1024, .zero = "auto",
	 .offset = AT(config.threads), .default_text = "OMP_NUM_THREADS, else the cores allowed", .help = "threads",
	 .group = run_group, .passing = true,
	 .commands = FOR_FITS | FOR_CHECK | FOR_PREDICT | FOR_EVALUATE | FOR_IMPORTANCE | FOR_GRADCHECK | FOR_BENCH | FOR_CONVERT},
	{.name = "threads", .argument = "N|auto", .type = OPTION_THREADS, .low = 1, .high = 1024, .zero = "auto",
	 .offset = AT(config.threads), .default_text = "OMP_NUM_THREADS, else the cores allowed",
	 .help = "the most threads to measure with", .group = run_group, .commands = FOR_TUNE},
	{.name = "seconds", .argument = "S", .type = OPTION_REAL, .high = 86400, .above_low = true, .offset = AT(seconds),
	 .preset = "30", .help = "how long to measure at most, all in all", .group = run_group, .commands = FOR_TUNE},
	{.name = "progress", .type = OPTION_WORD, .words = &names_progress, .offset = AT(progress),
	 .help = "what standard error shows", .group = run_group, .passing = true, .commands = FOR_FITS},
	{.name = "report", .type = OPTION_SWITCH, .offset = AT(report), .preset = "true",
	 .help = "write report.html and what it needs of the rows", .group = run_group, .compact = true, .passing = true,
	 .commands = FOR_TRAIN},
	{.name = "json", .type = OPTION_SWITCH, .offset = AT(json), .help = "a machine-readable result on standard output",
	 .group = run_group, .compact = true, .passing = true, .commands = FOR_FITS},
	{.name = "json", .type = OPTION_SWITCH, .offset = AT(json), .help = "a machine-readable result on standard output",
	 .group = run_group,
	 .commands = FOR_CHECK | FOR_EVALUATE | FOR_IMPORTANCE | FOR_INSPECT | FOR_GRADCHECK | FOR_BENCH | FOR_TUNE |
		     FOR_DOCTOR},
	{.name = "shell", .type = OPTION_SWITCH, .offset = AT(shell),
	 .help = "the lines for eval alone on standard output", .group = run_group, .commands = FOR_TUNE},
	{.name = "config", .argument = "FILE", .type = OPTION_TEXT, .offset = AT(config_file), .default_text = "",
	 .help = "lines \"option = value\", which options override", .group = run_group, .passing = true, .commands = FOR_ALL},
};
/* clang-format on */

enum { N_COMMANDS = sizeof commands / sizeof *commands, N_SPECS = sizeof specs / sizeof *specs };
_Static_assert((int)N_SPECS <= OPTIONS_MAX_SPECS, "struct options has room for every option");

const struct command *options_command(size_t i)
{
	return i < N_COMMANDS ? &commands[i] : NULL;
}

const struct option_spec *options_spec(size_t i)
{
	return i < N_SPECS ? &specs[i] : NULL;
}

const struct command *options_find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static const struct option_spec *find_spec(unsigned bits, const char *name)
{
	for (size_t i = 0; i < N_SPECS; i++)
		if ((specs[i].commands & bits) && strcmp(specs[i].name, name) == 0)
			return &specs[i];
	return NULL;
}

const struct option_spec *options_find(const struct command *command, const char *name)
{
	const struct option_spec *own = find_spec(command->bit, name);

	return own ? own : find_spec(command->accepts, name);
}

#define NEAREST_MAX 32

/* Levenshtein's edit distance, with words longer than NEAREST_MAX as far away. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), row[NEAREST_MAX + 1];

	if (n > NEAREST_MAX || m > NEAREST_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t least = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[m];
}

/* How far a known word is from what was typed: a beginning of it is nearer than any misspelling. */
static size_t word_distance(const char *typed, const char *known)
{
	size_t length = strlen(typed);

	if (length >= 3 && strncmp(typed, known, length) == 0)
		return 0;
	return edit_distance(typed, known);
}

/* The nearest of the words offered so far. */
struct nearest {
	const char *typed, *name;
	size_t distance;
};

static void nearest_offer(struct nearest *nearest, const char *known)
{
	size_t distance = word_distance(nearest->typed, known);

	if (!nearest->name || distance < nearest->distance) {
		nearest->name = known;
		nearest->distance = distance;
	}
}

/* Near enough to be meant: one letter wrong in a short word, two or three in longer ones. */
static const char *nearest_take(const struct nearest *nearest)
{
	size_t length = strlen(nearest->typed);
	size_t limit = length < 4 ? 1 : length < 9 ? 2 : 3;

	return nearest->name && nearest->distance <= limit ? nearest->name : NULL;
}

const char *options_nearest_command(const char *name)
{
	struct nearest nearest = {.typed = name};

	for (size_t i = 0; i < N_COMMANDS; i++)
		nearest_offer(&nearest, commands[i].name);
	return nearest_take(&nearest);
}

const char *options_nearest(const struct command *command, const char *name)
{
	struct nearest nearest = {.typed = name};

	for (size_t i = 0; i < N_SPECS; i++)
		if (specs[i].commands & (command->bit | command->accepts))
			nearest_offer(&nearest, specs[i].name);
	return nearest_take(&nearest);
}

const char *options_nearest_word(const struct name_table *words, const char *name)
{
	struct nearest nearest = {.typed = name};

	for (int i = 0; i < words->n; i++)
		nearest_offer(&nearest, words->names[i]);
	return nearest_take(&nearest);
}
