/* SPDX-License-Identifier: MIT */
#include <config.h> /* not api/config.h */

#include "api/doctor.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/memory.h"
#include "comm/comm.h"
#include "kernels/dispatch.h"

/* ---------------------------------------------------------------- the peak */

#define PEAK_SECONDS 0.01
#define PEAK_TRIES 5

struct peak {
	const struct kernels *kernels;
	size_t rounds;
	double seconds;     /* of the fastest try */
	int *cpu_of_thread; /* may be NULL */
	float *sink;        /* an element a thread: so that no compiler drops the work */
};

/* A try lasts from the barrier before it to the barrier behind it, as seen by thread 0: the slowest thread counts. */
static void peak_thread(void *argument, struct team *team, int tid)
{
	struct peak *peak = argument;
	for (int try = 0; try < PEAK_TRIES; try++) {
		team_barrier(team, tid);
		double start = clock_seconds();
		peak->sink[tid] = peak->kernels->fma_peak(peak->rounds);
		if (peak->cpu_of_thread)
			peak->cpu_of_thread[tid] = sched_getcpu();
		team_barrier(team, tid);
		double seconds = clock_seconds() - start;
		if (tid == 0 && (try == 0 || seconds < peak->seconds))
			peak->seconds = seconds;
	}
}

/* Rounds that take about PEAK_SECONDS on one thread. */
static size_t peak_rounds(const struct kernels *kernels, float *sink)
{
	for (size_t rounds = 1024;; rounds *= 2) {
		double start = clock_seconds();
		*sink = kernels->fma_peak(rounds);
		if (clock_seconds() - start > PEAK_SECONDS / 2)
			return 2 * rounds;
	}
}

/* The peak of `threads` threads in GFLOP/s, best of a few measurements of some 10 ms.  cpu_of_thread: NULL, or where each ran. */
static enum cln_status measure_peak(double *gflops, int *cpu_of_thread, const struct kernels *kernels, int threads,
				    struct cln_error *err)
{
	struct peak peak = {.kernels = kernels, .cpu_of_thread = cpu_of_thread};

	*gflops = 0;
	peak.sink = mem_alloc((size_t)threads, sizeof *peak.sink, err);
	if (!peak.sink)
		return CLN_E_MEMORY;
	peak.rounds = peak_rounds(kernels, peak.sink);
	enum cln_status status = parallel_run(threads, peak_thread, &peak, err);
	if (status == CLN_OK) /* a round: 24 vectors, each a multiplication and an addition a lane */
		*gflops = 48e-9 * kernels->vector_width * (double)peak.rounds * threads / peak.seconds;
	mem_free(peak.sink);
	return status;
}

/* ---------------------------------------------------------------- facts */

static void find_isas(struct doctor *doctor)
{
	size_t i = 0;
	while (i < DOCTOR_MAX_ISA && (doctor->isa[i].name = kernels_name(i, &doctor->isa[i].supported)))
		i++;
	doctor->n_isa = i;
}

static void find_threads(struct doctor *doctor)
{
	struct cpus_mask mask;

	doctor->threads_allowed = cpus_allowed(doctor->rules, &doctor->n_rules);
	for (size_t i = 0; i < doctor->n_rules; i++)
		if (doctor->rules[i].won)
			doctor->threads_rule = doctor->rules[i].name;
	doctor->affinity = cpus_affinity();
	cpus_mask_get(&mask);
	doctor->cores = cpus_mask_cores(&mask, "");
	doctor->places = getenv("OMP_PLACES");
	doctor->bind = getenv("OMP_PROC_BIND");
	doctor->threads = parallel_limit(doctor->threads_allowed);
}

/* The word in brackets of "always [madvise] never". */
static void find_huge_pages(struct doctor *doctor)
{
	char line[128] = "";
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");

	if (!file || !fgets(line, sizeof line, file) || sscanf(line, "%*[^[][%31[a-z]", doctor->huge_pages) != 1)
		if (sscanf(line, "[%31[a-z]", doctor->huge_pages) != 1)
			snprintf(doctor->huge_pages, sizeof doctor->huge_pages, "unknown");
	if (file)
		fclose(file);
}

#ifdef _OPENMP
static const bool built_with_openmp = true;
#else
static const bool built_with_openmp = false;
#endif
#ifdef HAVE_ZLIB
static const bool built_with_zlib = true;
#else
static const bool built_with_zlib = false;
#endif

/* ---------------------------------------------------------------- warnings */

__attribute__((format(printf, 2, 3))) static void warn(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(doctor->warnings[doctor->n_warnings++], sizeof doctor->warnings[0], format, arguments);
	va_end(arguments);
}

/* The first two threads that ran on one core; false where each had its own. */
static bool find_shared_core(const struct doctor *doctor, int *first, int *second)
{
	const int *core = doctor->core_of_thread;
	for (*second = 1; *second < doctor->threads; ++*second)
		for (*first = 0; *first < *second; ++*first)
			if (core[*first] >= 0 && core[*first] == core[*second])
				return true;
	return false;
}

/* The least of the rules that --threads and OMP_NUM_THREADS, which stands first, overrule; NULL: there is none below the
 * threads. */
static const struct cpus_rule *find_overruled(const struct doctor *doctor)
{
	const struct cpus_rule *least = NULL;
	for (size_t i = 1; i < doctor->n_rules; i++) {
		const struct cpus_rule *rule = &doctor->rules[i];
		if (rule->threads > 0 && rule->threads < doctor->threads && (!least || rule->threads < least->threads))
			least = rule;
	}
	return least;
}

bool doctor_find_crowding(char sentence[DOCTOR_SENTENCE], const struct doctor *doctor)
{
	const struct cpus_rule *overruled = find_overruled(doctor);

	if (doctor->threads > doctor->affinity)
		snprintf(sentence, DOCTOR_SENTENCE,
			 "%d threads share %d CPU%s: they take turns, which is slower than fewer threads", doctor->threads,
			 doctor->affinity, doctor->affinity == 1 ? "" : "s");
	else if (overruled)
		snprintf(sentence, DOCTOR_SENTENCE,
			 "%d threads (%s), and the job has %d (%s): they take turns, or take the cores of others", doctor->threads,
			 doctor->threads_rule, overruled->threads, overruled->detail);
	return doctor->threads > doctor->affinity || overruled;
}

void doctor_find_warnings(struct doctor *doctor)
{
	char crowding[DOCTOR_SENTENCE];
	const int *cpu = doctor->cpu_of_thread;
	int first, second;

	if (doctor->threads < doctor->threads_allowed)
		warn(doctor, "%d threads are allowed and the OpenMP runtime gives %d (OMP_THREAD_LIMIT, OMP_DYNAMIC)",
		     doctor->threads_allowed, doctor->threads);
	if (doctor_find_crowding(crowding, doctor))
		warn(doctor, "%s", crowding);
	else if (doctor->threads > doctor->cores)
		warn(doctor,
		     "%d threads on %d core%s: two hyperthreads share a core's arithmetic; OMP_NUM_THREADS=%d is seldom slower",
		     doctor->threads, doctor->cores, doctor->cores == 1 ? "" : "s", doctor->cores);
	else if (find_shared_core(doctor, &first, &second))
		warn(doctor, "threads %d and %d shared a core (CPUs %d and %d): OMP_PLACES=cores OMP_PROC_BIND=close spreads them",
		     first, second, cpu[first], cpu[second]);
	if (strcmp(doctor->huge_pages, "never") == 0)
		warn(doctor, "huge pages are switched off on this system: large networks and tables run slower");
}

enum cln_status doctor_create(struct doctor **doctor, const char *isa, struct cln_error *err)
{
	const struct kernels *kernels;
	struct doctor *d = NULL;
	enum cln_status status = kernels_select(&kernels, isa, err);

	*doctor = NULL;
	if (status != CLN_OK)
		return status;
	status = CLN_E_MEMORY;
	d = mem_alloc(1, sizeof *d, err);
	if (!d)
		goto done;
	cpus_model_name(d->cpu);
	find_isas(d);
	d->isa_chosen = kernels->name;
	find_threads(d);
	find_huge_pages(d);
	d->memory_left = memory_left();
	d->openmp = built_with_openmp;
	d->zlib = built_with_zlib;
	d->mpi = comm_library() != NULL;
	d->cpu_of_thread = mem_alloc((size_t)d->threads, sizeof *d->cpu_of_thread, err);
	d->core_of_thread = mem_alloc((size_t)d->threads, sizeof *d->core_of_thread, err);
	if (!d->cpu_of_thread || !d->core_of_thread)
		goto done;
	status = measure_peak(&d->peak_one, NULL, kernels, 1, err);
	if (status == CLN_OK)
		status = measure_peak(&d->peak_all, d->cpu_of_thread, kernels, d->threads, err);
	if (status != CLN_OK)
		goto done;
	for (int tid = 0; tid < d->threads; tid++)
		d->core_of_thread[tid] = d->cpu_of_thread[tid] < 0 ? -1 : cpus_core(d->cpu_of_thread[tid]);
	doctor_find_warnings(d);
	*doctor = d;
	d = NULL;
done:
	doctor_destroy(d);
	return status;
}

void doctor_destroy(struct doctor *doctor)
{
	if (doctor) {
		mem_free(doctor->cpu_of_thread);
		mem_free(doctor->core_of_thread);
	}
	mem_free(doctor);
}
