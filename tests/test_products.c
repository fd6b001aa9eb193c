/* SPDX-License-Identifier: MIT
 * The three products of every instruction set: against a double reference, and bit for bit against the generic set. */
#include "fences.h"

#include <float.h>

#include "base/mem.h"
#include "base/rng.h"
#include "kernels/dispatch.h"

struct shape {
	size_t n_out, n_in, m, ld;
};

/* Odd widths, tails of every tile height, one panel to six, single columns; inner indices that are worked in parts, and in
 * stretches. */
static const struct shape shapes[] = {{1, 1, 1, 1},     {1, 3, 7, 8},     {16, 16, 8, 8},   {17, 15, 9, 16},  {33, 30, 13, 13},
                                      {48, 28, 24, 24}, {64, 48, 31, 32}, {50, 65, 50, 64}, {100, 20, 5, 5},  {3, 100, 64, 64},
                                      {80, 17, 6, 8},   {96, 96, 14, 16}, {40, 700, 9, 16}, {700, 20, 9, 9},  {20, 150, 650, 656},
                                      {1, 70, 650, 650}, {64, 600, 240, 240}, {600, 64, 240, 248}};
#define N_SHAPES ((int)(sizeof shapes / sizeof *shapes))

/* One problem in panel form, lanes beyond the matrix filled with what kernels.h allows there. */
struct problem {
	struct shape shape;
	size_t out, in;                /* padded */
	float *W, *Wt, *b, *A, *dZ;
	float *A_out, *D_out, *dZ_in, *dW, *db;
};

static float *floats(size_t n)
{
	float *made = mem_alloc(n, sizeof(float), NULL);
	ck_assert_ptr_nonnull(made);
	return made;
}

static size_t at(size_t ld, size_t unit, size_t column)
{
	return (unit / PANEL * ld + column) * PANEL + unit % PANEL;
}

static void draw(struct problem *p)
{
	struct rng rng;
	rng_start(&rng, 7, RNG_TEST, 0, 0);
	const struct shape *s = &p->shape;
	for (size_t i = 0; i < s->n_out; i++) {
		for (size_t k = 0; k < s->n_in; k++) {
			const float w = (float)rng_normal(&rng);
			p->W[at(s->n_in, i, k)] = w;
			p->Wt[at(p->out, k, i)] = w;
		}
		p->b[i] = (float)rng_normal(&rng);
	}
	for (size_t j = 0; j < s->m; j++) {
		for (size_t k = 0; k < p->in; k++)
			p->A[at(s->ld, k, j)] = (float)rng_normal(&rng); /* junk beyond n_in is allowed in A */
		for (size_t i = 0; i < s->n_out; i++)
			p->dZ[at(s->ld, i, j)] = (float)rng_normal(&rng);
	}
	for (size_t i = 0; i < p->out * s->n_in; i++)
		p->dW[i] = (float)rng_normal(&rng);
	for (size_t i = 0; i < p->out; i++)
		p->db[i] = (float)rng_normal(&rng);
}

static struct problem make_problem(struct shape s)
{
	struct problem p = {.shape = s, .out = panels_of(s.n_out) * PANEL, .in = panels_of(s.n_in) * PANEL};
	p.W = floats(p.out * s.n_in);
	p.Wt = floats(p.out * p.in);
	p.b = floats(p.out);
	p.A = floats(p.in * s.ld);
	p.dZ = floats(p.out * s.ld);
	p.A_out = floats(p.out * s.ld);
	p.D_out = floats(p.out * s.ld);
	p.dZ_in = floats(p.in * s.ld);
	p.dW = floats(p.out * s.n_in);
	p.db = floats(p.out);
	draw(&p);
	return p;
}

static void free_problem(struct problem *p)
{
	float *all[] = {p->W, p->Wt, p->b, p->A, p->dZ, p->A_out, p->D_out, p->dZ_in, p->dW, p->db};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		mem_free(all[i]);
}

static void forward(const struct kernels *k, struct problem *p, int activation, bool store)
{
	k->forward(&(struct forward_args){.A_out = p->A_out,
	                                  .D_out = store ? p->D_out : NULL,
	                                  .W = p->W,
	                                  .Wt = p->Wt,
	                                  .b = p->b,
	                                  .A = p->A,
	                                  .n_out = p->shape.n_out,
	                                  .n_in = p->shape.n_in,
	                                  .m = p->shape.m,
	                                  .ld = p->shape.ld,
	                                  .p_end = panels_of(p->shape.n_out),
	                                  .activation = activation});
}

static void backward(const struct kernels *k, struct problem *p, enum derivative derivative, float scale)
{
	k->backward(&(struct backward_args){.dZ_in = p->dZ_in,
	                                    .Wt = p->Wt,
	                                    .dZ = p->dZ,
	                                    .saved = p->A,
	                                    .n_out = p->shape.n_out,
	                                    .n_in = p->shape.n_in,
	                                    .m = p->shape.m,
	                                    .ld = p->shape.ld,
	                                    .p_end = panels_of(p->shape.n_in),
	                                    .derivative = derivative,
	                                    .scale = scale});
}

static void gradient(const struct kernels *k, struct problem *p, bool add)
{
	k->gradient(&(struct gradient_args){.dW = p->dW,
	                                    .db = p->db,
	                                    .dZ = p->dZ,
	                                    .A = p->A,
	                                    .n_out = p->shape.n_out,
	                                    .n_in = p->shape.n_in,
	                                    .m = p->shape.m,
	                                    .ld = p->shape.ld,
	                                    .p_end = panels_of(p->shape.n_out),
	                                    .k_end = p->shape.n_in,
	                                    .add = add});
}

/* A chain of K fused multiply-adds has K roundings, each at most eps/2 of a partial sum, which is at most the sum of the absolute
 * terms grown by the roundings so far: |error| <= gamma_K sum |terms| with gamma_K = K u / (1 - K u), u = FLT_EPSILON / 2
 * (Higham, Accuracy and Stability, section 3.1).  The 16 short chains of a single unit have no more on the
 * way to their sum.  `extra` further roundings for what comes before or after the chain. */
static double chain_bound(double absolute_sum, size_t K, size_t extra)
{
	const double ku = (double)(K + extra) * FLT_EPSILON / 2;
	return ku / (1 - ku) * absolute_sum;
}

static const struct kernels *kernels_at(int i)
{
	bool supported = false;
	const char *name = kernels_name((size_t)i, &supported);
	const struct kernels *kernels = NULL;
	if (name && supported)
		assert_ok(kernels_select(&kernels, name, &err));
	return kernels;
}
#define N_SETS 3

START_TEST(forward_is_W_A_plus_b)
{
	const struct kernels *kernels = kernels_at(_i / N_SHAPES);
	if (!kernels)
		return;
	struct problem p = make_problem(shapes[_i % N_SHAPES]);
	const struct shape s = p.shape;
	forward(kernels, &p, -1, false);
	for (size_t i = 0; i < s.n_out; i++)
		for (size_t j = 0; j < s.m; j++) {
			double z = p.b[i], absolute = fabs(z);
			for (size_t k = 0; k < s.n_in; k++) {
				const double term = (double)p.W[at(s.n_in, i, k)] * (double)p.A[at(s.ld, k, j)];
				z += term;
				absolute += fabs(term);
			}
			ck_assert_double_le(fabs((double)p.A_out[at(s.ld, i, j)] - z), chain_bound(absolute, s.n_in, 0));
		}
	free_problem(&p);
}
END_TEST

START_TEST(forward_ends_with_relu)
{
	const struct kernels *kernels = kernels_at(_i / N_SHAPES);
	if (!kernels)
		return;
	struct problem p = make_problem(shapes[_i % N_SHAPES]);
	const size_t n = p.out * p.shape.ld;
	float *linear = floats(n);
	forward(kernels, &p, -1, false);
	memcpy(linear, p.A_out, n * sizeof(float));
	forward(kernels, &p, CLN_RELU, false);
	for (size_t i = 0; i < n; i++)
		ck_assert_float_eq(p.A_out[i], linear[i] > 0 ? linear[i] : 0);
	mem_free(linear);
	free_problem(&p);
}
END_TEST

START_TEST(forward_hands_nan_on)
{
	const struct kernels *kernels = kernels_at(_i / N_SHAPES);
	if (!kernels)
		return;
	struct problem p = make_problem(shapes[_i % N_SHAPES]);
	p.b[0] = NAN;
	forward(kernels, &p, CLN_RELU, false);
	for (size_t j = 0; j < p.shape.m; j++)
		ck_assert(isnan(p.A_out[at(p.shape.ld, 0, j)]));
	free_problem(&p);
}
END_TEST

START_TEST(backward_is_Wt_dZ_times_the_derivative)
{
	const struct kernels *kernels = kernels_at(_i / N_SHAPES);
	if (!kernels)
		return;
	struct problem p = make_problem(shapes[_i % N_SHAPES]);
	const struct shape s = p.shape;
	for (int derivative = DERIVATIVE_ONE; derivative <= DERIVATIVE_STORED; derivative++) {
		backward(kernels, &p, derivative, 1.25f);
		for (size_t k = 0; k < s.n_in; k++)
			for (size_t j = 0; j < s.m; j++) {
				double dA = 0, absolute = 0;
				for (size_t i = 0; i < s.n_out; i++) {
					const double term = (double)p.W[at(s.n_in, i, k)] * (double)p.dZ[at(s.ld, i, j)];
					dA += term;
					absolute += fabs(term);
				}
				const double A = p.A[at(s.ld, k, j)];
				const double factor = derivative == DERIVATIVE_RELU      ? (A > 0 ? 1.25 : 0)
				                      : derivative == DERIVATIVE_SIGMOID ? A * (1 - A)
				                      : derivative == DERIVATIVE_TANH    ? 1 - A * A
				                      : derivative == DERIVATIVE_STORED  ? A
				                                                         : 1;
				/* the factor's own roundings are relative to |A| + A^2 + 1, which bounds each of its terms */
				const double size = derivative == DERIVATIVE_ONE ? 1 : fmax(fabs(factor), 1 + fabs(A) + A * A);
				ck_assert_double_le(fabs((double)p.dZ_in[at(s.ld, k, j)] - dA * factor),
				                    size * chain_bound(absolute, s.n_out, 4));
			}
	}
	free_problem(&p);
}
END_TEST

/* Powers of two, so that the products are exact: 2^-101 vanishes and 2^-100 does not, NaN stays. */
START_TEST(backward_leaves_no_dust)
{
	const struct kernels *kernels = kernels_at(_i);
	if (!kernels)
		return;
	struct problem p = make_problem((struct shape){1, 3, 1, 1});
	memset(p.Wt, 0, p.out * p.in * sizeof(float));
	p.dZ[0] = 0x1p-80f;
	p.Wt[0] = 0x1p-20f;
	p.Wt[1] = -0x1p-21f;
	p.Wt[2] = NAN;
	backward(kernels, &p, DERIVATIVE_ONE, 1);
	ck_assert_float_eq(p.dZ_in[0], 0x1p-100f);
	ck_assert_float_eq(p.dZ_in[1], 0);
	ck_assert(isnan(p.dZ_in[2]));
	free_problem(&p);
}
END_TEST

START_TEST(gradient_is_dZ_At_and_adds)
{
	const struct kernels *kernels = kernels_at(_i / N_SHAPES);
	if (!kernels)
		return;
	struct problem p = make_problem(shapes[_i % N_SHAPES]), before = make_problem(shapes[_i % N_SHAPES]);
	const struct shape s = p.shape;
	for (int add = 0; add < 2; add++) {
		draw(&p);
		gradient(kernels, &p, add);
		for (size_t i = 0; i < s.n_out; i++) {
			double db = add ? before.db[i] : 0, db_absolute = fabs(db);
			for (size_t j = 0; j < s.m; j++) {
				db += p.dZ[at(s.ld, i, j)];
				db_absolute += fabsf(p.dZ[at(s.ld, i, j)]);
			}
			ck_assert_double_le(fabs((double)p.db[i] - db), chain_bound(db_absolute, s.m, 1));
			for (size_t k = 0; k < s.n_in; k++) {
				double dW = add ? before.dW[at(s.n_in, i, k)] : 0, absolute = fabs(dW);
				for (size_t j = 0; j < s.m; j++) {
					const double term = (double)p.dZ[at(s.ld, i, j)] * (double)p.A[at(s.ld, k, j)];
					dW += term;
					absolute += fabs(term);
				}
				ck_assert_double_le(fabs((double)p.dW[at(s.n_in, i, k)] - dW), chain_bound(absolute, s.m, 1));
			}
		}
	}
	free_problem(&p);
	free_problem(&before);
}
END_TEST

START_TEST(padded_lanes_of_gradients_stay_zero)
{
	const struct kernels *kernels = kernels_at(_i / N_SHAPES);
	if (!kernels)
		return;
	struct problem p = make_problem(shapes[_i % N_SHAPES]);
	const struct shape s = p.shape;
	gradient(kernels, &p, false);
	backward(kernels, &p, DERIVATIVE_RELU, 1);
	for (size_t i = s.n_out; i < p.out; i++) {
		ck_assert_float_eq(p.db[i], 0);
		for (size_t k = 0; k < s.n_in; k++)
			ck_assert_float_eq(p.dW[at(s.n_in, i, k)], 0);
	}
	for (size_t k = s.n_in; k < p.in; k++)
		for (size_t j = 0; j < s.m; j++)
			ck_assert_float_eq(p.dZ_in[at(s.ld, k, j)], 0);
	free_problem(&p);
}
END_TEST

/* The matrix of the second has to be worked in several stretches, also a range of its inputs that begins within. */
static const struct {
	struct shape shape;
	size_t inputs; /* of a range */
} ranges[] = {{{100, 65, 13, 16}, 48}, {{40, 1200, 240, 240}, 640}};
#define N_RANGES ((int)(sizeof ranges / sizeof *ranges))

START_TEST(a_range_of_panels_gives_the_bits_of_the_whole)
{
	const struct kernels *kernels = kernels_at(_i / N_RANGES);
	if (!kernels)
		return;
	const size_t inputs = ranges[_i % N_RANGES].inputs;
	struct problem whole = make_problem(ranges[_i % N_RANGES].shape), parts = make_problem(whole.shape);
	forward(kernels, &whole, CLN_RELU, false);
	gradient(kernels, &whole, false);
	const struct shape s = whole.shape;
	for (size_t p = 0; p < panels_of(s.n_out); p += 2) {
		const size_t end = p + 2 < panels_of(s.n_out) ? p + 2 : panels_of(s.n_out);
		kernels->forward(&(struct forward_args){.A_out = parts.A_out,
		                                        .W = parts.W,
		                                        .b = parts.b,
		                                        .A = parts.A,
		                                        .n_out = s.n_out,
		                                        .n_in = s.n_in,
		                                        .m = s.m,
		                                        .ld = s.ld,
		                                        .p_begin = p,
		                                        .p_end = end,
		                                        .activation = CLN_RELU});
		for (size_t k = 0; k < s.n_in; k += inputs)
			kernels->gradient(&(struct gradient_args){.dW = parts.dW,
			                                          .db = parts.db,
			                                          .dZ = parts.dZ,
			                                          .A = parts.A,
			                                          .n_out = s.n_out,
			                                          .n_in = s.n_in,
			                                          .m = s.m,
			                                          .ld = s.ld,
			                                          .p_begin = p,
			                                          .p_end = end,
			                                          .k_begin = k,
			                                          .k_end = k + inputs < s.n_in ? k + inputs : s.n_in});
	}
	ck_assert_mem_eq(whole.A_out, parts.A_out, whole.out * s.ld * sizeof(float));
	ck_assert_mem_eq(whole.dW, parts.dW, whole.out * s.n_in * sizeof(float));
	ck_assert_mem_eq(whole.db, parts.db, whole.out * sizeof(float));
	free_problem(&whole);
	free_problem(&parts);
}
END_TEST

START_TEST(every_set_gives_the_bits_of_generic)
{
	const struct kernels *kernels = kernels_at(1 + _i / N_SHAPES), *generic = kernels_at(0);
	if (!kernels)
		return;
	struct problem p = make_problem(shapes[_i % N_SHAPES]), q = make_problem(shapes[_i % N_SHAPES]);
	const size_t out_bytes = p.out * p.shape.ld * sizeof(float), in_bytes = p.in * p.shape.ld * sizeof(float);
	for (int activation = -1; activation < CLN_N_ACTIVATIONS; activation++) {
		forward(kernels, &p, activation, activation >= 0);
		forward(generic, &q, activation, activation >= 0);
		ck_assert_mem_eq(p.A_out, q.A_out, out_bytes);
		ck_assert_mem_eq(p.D_out, q.D_out, out_bytes);
	}
	for (int derivative = DERIVATIVE_ONE; derivative <= DERIVATIVE_STORED; derivative++) {
		backward(kernels, &p, derivative, 1.5f);
		backward(generic, &q, derivative, 1.5f);
		ck_assert_mem_eq(p.dZ_in, q.dZ_in, in_bytes);
	}
	for (int add = 1; add >= 0; add--) {
		gradient(kernels, &p, add);
		gradient(generic, &q, add);
		ck_assert_mem_eq(p.dW, q.dW, p.out * p.shape.n_in * sizeof(float));
		ck_assert_mem_eq(p.db, q.db, p.out * sizeof(float));
	}
	free_problem(&p);
	free_problem(&q);
}
END_TEST

/* ---------------------------------------------------------------- nothing is read or written beyond the arrays */

/* Every array of a problem on its own, beside an unreadable page. */
enum { N_FENCES = 10 };

static void fence_problem(struct problem *p, struct fence fences[N_FENCES], struct shape s, bool at_end)
{
	*p = (struct problem){.shape = s, .out = panels_of(s.n_out) * PANEL, .in = panels_of(s.n_in) * PANEL};
	const struct {
		float **array;
		size_t n;
	} arrays[N_FENCES] = {{&p->W, p->out * s.n_in},     {&p->Wt, p->out * p->in},   {&p->b, p->out},
	                      {&p->A, p->in * s.ld},        {&p->dZ, p->out * s.ld},    {&p->A_out, p->out * s.ld},
	                      {&p->D_out, p->out * s.ld},   {&p->dZ_in, p->in * s.ld},  {&p->dW, p->out * s.n_in},
	                      {&p->db, p->out}};
	for (size_t i = 0; i < N_FENCES; i++) {
		fences[i] = fence_make(arrays[i].n, at_end);
		*arrays[i].array = fences[i].x;
	}
	draw(p);
}

/* The result has to be right too: a kernel that does nothing stays inside its arrays. */
static void assert_results(const struct problem *fenced, const struct problem *free)
{
	const size_t out = fenced->out * fenced->shape.ld * sizeof(float), in = fenced->in * fenced->shape.ld * sizeof(float);
	ck_assert_mem_eq(fenced->A_out, free->A_out, out);
	ck_assert_mem_eq(fenced->D_out, free->D_out, out);
	ck_assert_mem_eq(fenced->dZ_in, free->dZ_in, in);
	ck_assert_mem_eq(fenced->dW, free->dW, fenced->out * fenced->shape.n_in * sizeof(float));
	ck_assert_mem_eq(fenced->db, free->db, fenced->out * sizeof(float));
}

static void run_products(const struct kernels *kernels, struct problem *p)
{
	forward(kernels, p, -1, false);
	forward(kernels, p, CLN_RELU, false);
	forward(kernels, p, CLN_GELU, true);
	backward(kernels, p, DERIVATIVE_RELU, 1.25f);
	gradient(kernels, p, false);
	gradient(kernels, p, true);
}

static void stay_inside(const struct kernels *kernels, struct shape shape, bool at_end)
{
	struct fence fences[N_FENCES];
	struct problem fenced, free = make_problem(shape);
	fence_problem(&fenced, fences, shape, at_end);
	run_products(kernels, &fenced);
	run_products(kernels, &free);
	assert_results(&fenced, &free);
	free_problem(&free);
	for (size_t i = 0; i < N_FENCES; i++)
		fence_free(&fences[i]);
}

/* All widths to a vector of 16 and one more beyond, column counts past the tallest tile, and several panels; ld = m, so that each
 * array ends with its last column.  One test a set and end: 2 x N_SETS. */
START_TEST(products_stay_inside_their_arrays)
{
	const struct kernels *kernels = kernels_at(_i / 2);
	if (!kernels)
		return;
	for (size_t m = 1; m <= 17; m++)
		for (size_t n = 1; n <= 17; n += 4)
			for (size_t k = 1; k <= 17; k += 2)
				stay_inside(kernels, (struct shape){n, k, m, m}, _i % 2);
	for (int i = 0; i < N_SHAPES; i++) {
		const struct shape s = shapes[i];
		stay_inside(kernels, (struct shape){s.n_out, s.n_in, s.m, s.m}, _i % 2);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("products");
	TCase *tcase = tcase_create("products");
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, forward_is_W_A_plus_b, 0, N_SETS * N_SHAPES);
	tcase_add_loop_test(tcase, forward_ends_with_relu, 0, N_SETS * N_SHAPES);
	tcase_add_loop_test(tcase, forward_hands_nan_on, 0, N_SETS * N_SHAPES);
	tcase_add_loop_test(tcase, backward_is_Wt_dZ_times_the_derivative, 0, N_SETS * N_SHAPES);
	tcase_add_loop_test(tcase, backward_leaves_no_dust, 0, N_SETS);
	tcase_add_loop_test(tcase, gradient_is_dZ_At_and_adds, 0, N_SETS * N_SHAPES);
	tcase_add_loop_test(tcase, padded_lanes_of_gradients_stay_zero, 0, N_SETS * N_SHAPES);
	tcase_add_loop_test(tcase, a_range_of_panels_gives_the_bits_of_the_whole, 0, N_SETS * N_RANGES);
	tcase_add_loop_test(tcase, every_set_gives_the_bits_of_generic, 0, (N_SETS - 1) * N_SHAPES);
	tcase_add_loop_test(tcase, products_stay_inside_their_arrays, 0, 2 * N_SETS);
	suite_add_tcase(suite, tcase);
	return suite;
}

TESTING_MAIN(make_suite)
