/* SPDX-License-Identifier: MIT */
#include "api/tune.h"

#include <math.h>
#include <string.h>

#include "api/config.h"
#include "api/fit.h"
#include "api/pilot.h"
#include "base/cpus.h"

/* ---------------------------------------------------------------- the machine */

/* How many different numbers there are. */
static int count_different(const int *values, int n)
{
	int different = 0;

	for (int i = 0; i < n; i++) {
		int k = 0;
		while (k < i && values[k] != values[i])
			k++;
		different += k == i;
	}
	return different;
}

void tune_machine_count(struct tune_machine *machine, const int *core, const int *cache, int n_cpus)
{
	machine->cpus = n_cpus;
	machine->cores = count_different(core, n_cpus);
	machine->caches = count_different(cache, n_cpus);
}

bool tune_machine_owned(const struct cpus_rule *rules, size_t n_rules, int cores)
{
	for (size_t i = 0; i < n_rules; i++)
		if (strcmp(rules[i].name, "OMP_NUM_THREADS") != 0 && rules[i].threads > 0 && rules[i].threads < cores)
			return false;
	return true;
}

void tune_machine_find(struct tune_machine *machine, int threads)
{
	int core[PARALLEL_MAX], cache[PARALLEL_MAX], n = 0;
	struct cpus_mask mask;
	struct cpus_rule rules[CPUS_MAX_RULES];
	size_t n_rules;

	*machine = (struct tune_machine){.threads_allowed = threads, .threads_rule = "--threads"};
	if (threads == 0)
		machine->threads_allowed = cln_threads_allowed(&machine->threads_rule);
	cpus_mask_get(&mask);
	for (int cpu = 0; cpu < CPUS_MAX && n < PARALLEL_MAX; cpu++) {
		if (!cpus_mask_has(&mask, cpu))
			continue;
		core[n] = cpus_core(cpu);
		cache[n++] = cpus_cache(cpu);
	}
	tune_machine_count(machine, core, cache, n);
	cpus_allowed(rules, &n_rules);
	machine->owned = tune_machine_owned(rules, n_rules, machine->cores);
}

/* ---------------------------------------------------------------- settings */

struct settings {
	struct tune_setting *list;
	size_t n;
};

static void add_setting(struct settings *settings, int threads, const char *places, const char *bind)
{
	settings->list[settings->n++] = (struct tune_setting){threads, places, bind};
}

static void add_settings_of(struct settings *settings, int threads, const struct tune_machine *machine)
{
	add_setting(settings, threads, NULL, "false");
	if (!machine->owned || threads == 1 || threads > machine->cpus)
		return;
	if (threads > machine->cores) {
		add_setting(settings, threads, "threads", "close");
		return;
	}
	add_setting(settings, threads, "cores", "close");
	if (machine->caches > 1 && threads < machine->cores)
		add_setting(settings, threads, "cores", "spread");
}

/* The least number of threads above n that is measured; 0: there is none. */
static int next_threads(int n, const struct tune_machine *machine)
{
	int next = machine->threads_allowed;

	for (int power = 1; power < next; power *= 2)
		if (power > n)
			next = power;
	if (machine->cores > n && machine->cores < next)
		next = machine->cores;
	return next > n ? next : 0;
}

size_t tune_settings(struct tune_setting list[TUNE_MAX_SETTINGS], const struct tune_machine *machine)
{
	struct settings settings = {.list = list};

	for (int threads = 0; (threads = next_threads(threads, machine)) > 0;)
		add_settings_of(&settings, threads, machine);
	return settings.n;
}

/* Powers of two up to PARALLEL_MAX, the cores and those allowed, three settings each. */
_Static_assert((11 + 2) * 3 <= TUNE_MAX_SETTINGS && PARALLEL_MAX <= 1 << 10, "there is room for every setting");

size_t tune_rows(size_t rows, size_t batch_size, double rate)
{
	double batches = ceil(rate * TUNE_EPOCH_SECONDS / (double)batch_size);

	if (batch_size == 0 || batches * (double)batch_size >= (double)rows)
		return rows;
	return batches > 1 ? (size_t)batches * batch_size : batch_size;
}

/* ---------------------------------------------------------------- judging */

enum cln_status tune_add(struct tune_measurement *measurement, double rate, struct cln_error *err)
{
	if (measurement->n == measurement->capacity) {
		void *rates = measurement->rates;
		size_t capacity = 2 * measurement->capacity + 64;
		enum cln_status status = mem_grow(&rates, measurement->n, capacity, sizeof *measurement->rates, err);
		if (status != CLN_OK)
			return status;
		measurement->rates = rates;
		measurement->capacity = capacity;
	}
	measurement->rates[measurement->n++] = rate;
	return CLN_OK;
}

static double greatest_median(const struct tune_measurement *measurements, size_t n)
{
	double greatest = 0;

	for (size_t i = 0; i < n; i++)
		if (measurements[i].median > greatest)
			greatest = measurements[i].median;
	return greatest;
}

size_t tune_judge(struct tune_measurement *measurements, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct tune_measurement *m = &measurements[i];
		m->median = bench_quantile(m->rates, m->n, 0.5);
		m->best = bench_quantile(m->rates, m->n, 0.9);
		m->speed_up = m->median / measurements[0].median;
		m->efficiency = m->speed_up / m->setting.threads;
	}
	size_t best = 0;
	while (measurements[best].median < (1 - TUNE_TOLERANCE) * greatest_median(measurements, n))
		best++;
	return best;
}

bool tune_hopeless(const struct tune_measurement *measurements, size_t n, size_t i)
{
	return measurements[i].best < TUNE_HOPELESS * greatest_median(measurements, n);
}

void tune_shell(struct text *text, const struct tune_setting *setting)
{
	text_addf(text, "export OMP_NUM_THREADS=%d\n", setting->threads);
	if (setting->places)
		text_addf(text, "export OMP_PLACES=%s\n", setting->places);
	else
		text_addf(text, "unset OMP_PLACES\n");
	text_addf(text, "export OMP_PROC_BIND=%s\n", setting->bind);
}

/* ---------------------------------------------------------------- the shape of a training */

static void take_front(struct tune_shape *shape, const struct front *front)
{
	const size_t edges = front_edges(front);

	shape->bench.embedded = front->n_numbers;
	shape->bench.binned = front->n_binned;
	shape->bench.numbered = front->n_categories;
	shape->bench.levels = front_levels(front);
	if (front->n_binned) /* on average */
		shape->config.bins = edges / front->n_binned > 3 ? edges / front->n_binned - 1 : 2;
	shape->first_inputs = shape->bench.inputs + front_outputs(front);
}

static enum cln_status find_front(struct tune_shape *shape, const struct prepared *prepared, struct cln_error *err)
{
	const struct common common = {.config = &shape->config, .data = prepared};
	const struct pilot pilot = {.common = &common};
	struct common settled = common;
	struct front front;

	settled.tail_bins = pilot_has_bins_anyway(&pilot);
	const enum cln_status status = trainee_front(&front, &settled, err);
	if (status == CLN_OK)
		take_front(shape, &front);
	front_free(&front);
	return status;
}

static enum cln_status find_shape(struct tune_shape *shape, const struct cln_table *table, const struct cln_model *init,
				  int threads, struct cln_error *err)
{
	struct prepared prepared;
	enum cln_status status = prepare(&prepared, table, NULL, NULL, init, &shape->config, NULL, threads, NULL, err);

	if (status != CLN_OK)
		return status;
	shape->bench = (struct bench_shape){.inputs = prepared.pipeline->n_features,
					    .rows = prepared_train_rows(&prepared, 0),
					    .members = shape->config.ensemble};
	if (init)
		take_front(shape, &init->network->front);
	else
		status = find_front(shape, &prepared, err);
	prepared_free(&prepared);
	return status;
}

enum cln_status tune_shape(struct tune_shape *shape, const struct cln_table *table, const struct cln_model *init,
			   const struct cln_config *config, struct cln_error *err)
{
	enum cln_status status = config_check(config, err);

	*shape = (struct tune_shape){.config = *config};
	if (status == CLN_OK && init)
		status = fit_check_init(init, err);
	if (status != CLN_OK)
		return status;
	if (init)
		config_keep_network(&shape->config, init);
	config_choose(&shape->config, fit_rows_to_choose_by(&shape->config, table));
	return find_shape(shape, table, init, cpus_threads(config->threads), err);
}
