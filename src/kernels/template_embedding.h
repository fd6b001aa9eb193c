/* SPDX-License-Identifier: MIT
 * The periodic embedding of numbers, the tables of categories and the learned scale of the inputs (kernels.h), each forth and
 * back. */
#ifndef KERNELS_TEMPLATE_EMBEDDING_H
#define KERNELS_TEMPLATE_EMBEDDING_H

enum {
	EMBEDDING_W = 0,
	EMBEDDING_PHASE = EMBEDDING_FREQUENCIES,
	EMBEDDING_V = 2 * EMBEDDING_FREQUENCIES,
	EMBEDDING_BIAS = (2 + EMBEDDING_OUTPUTS) * EMBEDDING_FREQUENCIES
};

#define TWO_PI 0x1.921fb6p2f
#define TURNS_A_RADIAN 0x1.45f306p-3f
#define MOST_TURNS 0x1p21f /* beyond, a float's turns are whole or nearly so */

/* sin 2 pi t for |t| <= 1/4; the fit's absolute error is 2^-24.3, its rounding included in doc/numerics.md */
INLINE vec sine_of_quarter(vec t)
{
	static const float c[] = {0x1.921fb4p+2f, -0x1.4abbb6p+5f, 0x1.46676ep+6f, -0x1.3232fap+6f, 0x1.3c4b3p+5f};
	return v_mul(t, polynomial(v_mul(t, t), c, 4));
}

/* u - rint(u), in [-1/2, 1/2] */
INLINE vec part_of_turn(vec u)
{
	const vec held = v_max(v_set1(-MOST_TURNS), v_min(v_set1(MOST_TURNS), u));
	return v_sub(held, v_sub(v_add(held, v_set1(ROUNDING_SHIFT)), v_set1(ROUNDING_SHIFT)));
}

/* cos 2 pi r and sin 2 pi r for |r| <= 1/2 */
INLINE vec cosine_of_part(vec r) { return sine_of_quarter(v_sub(v_set1(0.25f), v_abs(r))); }
INLINE vec sine_of_part(vec r)
{
	const vec other = v_sub(v_copysign(v_set1(0.5f), r), r);
	return sine_of_quarter(v_select(v_gt(v_abs(r), v_set1(0.25f)), other, r));
}

/* The part of a turn of frequency k: 2 pi w[k] x + phase[k], in turns. */
INLINE vec embedding_part(vec x, const float *params, int k)
{
	return part_of_turn(
	    v_fma(v_set1(params[EMBEDDING_W + k]), x, v_set1(params[EMBEDDING_PHASE + k] * TURNS_A_RADIAN)));
}

/* Element (row, column) of panels. */
INLINE size_t panel_at(size_t row, size_t column, size_t ld) { return (row / PANEL * ld + column) * PANEL + row % PANEL; }

/* x[0 .. columns-1] of one row; 0 up to the next whole tile. */
INLINE void read_row(float *x, const float *panels, size_t row, size_t first, size_t columns, size_t ld)
{
	const float *from = panels + panel_at(row, first, ld);
	for (size_t s = 0; s < columns; s++)
		x[s] = from[s * PANEL];
	for (size_t s = columns; s % PANEL != 0; s++)
		x[s] = 0.0f;
}

static void embed(const struct embedding_args *args)
{
	for (size_t j = args->begin; j < args->end; j++) {
		const float *params = args->params + j * EMBEDDING_FLOATS;
		for (size_t first = 0; first < args->m; first += PANEL) {
			const size_t columns = args->m - first < PANEL ? args->m - first : PANEL;
			float x[PANEL], out[EMBEDDING_OUTPUTS][PANEL];
			read_row(x, args->E, args->numbers[j], first, columns, args->ld);
			for (int v = 0; v < PANEL; v += VLEN) {
				vec sum[EMBEDDING_OUTPUTS];
				for (int i = 0; i < EMBEDDING_OUTPUTS; i++)
					sum[i] = v_set1(params[EMBEDDING_BIAS + i]);
				for (int k = 0; k < EMBEDDING_FREQUENCIES; k++) {
					const vec h = cosine_of_part(embedding_part(v_load(x + v), params, k));
					for (int i = 0; i < EMBEDDING_OUTPUTS; i++)
						sum[i] = v_fma(v_set1(params[EMBEDDING_V + i * EMBEDDING_FREQUENCIES + k]), h,
						               sum[i]);
				}
				for (int i = 0; i < EMBEDDING_OUTPUTS; i++)
					v_store(out[i] + v, sum[i]);
			}
			for (size_t i = 0; i < EMBEDDING_OUTPUTS; i++) {
				float *to = args->E + panel_at(args->first_output + j * EMBEDDING_OUTPUTS + i, first, args->ld);
				for (size_t s = 0; s < columns; s++)
					to[s * PANEL] = out[i][s];
			}
		}
	}
}

/* The sums over columns that make the gradient of one number's embedding, PANEL lanes each: lane s mod 16 of column s. */
struct embedding_sums {
	float w[EMBEDDING_FREQUENCIES][PANEL], phase[EMBEDDING_FREQUENCIES][PANEL];
	float V[EMBEDDING_OUTPUTS][EMBEDDING_FREQUENCIES][PANEL], bias[EMBEDDING_OUTPUTS][PANEL];
};

/* Columns whose x and dE are worked at once, side by side; a whole number of tiles. */
enum { EMBEDDING_STRIP = 64 };
struct embedding_strip {
	float x[EMBEDDING_STRIP], d[EMBEDDING_OUTPUTS][EMBEDDING_STRIP];
	size_t n; /* whole tiles */
};

/* h = cos a, a = 2 pi w x + phase:  da = -(sum_i V[i] dE[i]) sin a;  dw = 2 pi sum da x,  dphase = sum da,  dV[i] = sum dE[i] h. */
INLINE void sum_frequency(struct embedding_sums *sums, const struct embedding_strip *strip, const float *params, int k)
{
	for (int v = 0; v < PANEL; v += VLEN) {
		vec w = v_load(sums->w[k] + v), phase = v_load(sums->phase[k] + v), V[EMBEDDING_OUTPUTS];
		for (int i = 0; i < EMBEDDING_OUTPUTS; i++)
			V[i] = v_load(sums->V[i][k] + v);
		for (size_t s = (size_t)v; s < strip->n; s += PANEL) {
			const vec x = v_load(strip->x + s), r = embedding_part(x, params, k), h = cosine_of_part(r);
			vec dh = v_zero();
			for (int i = 0; i < EMBEDDING_OUTPUTS; i++) {
				const vec d = v_load(strip->d[i] + s);
				dh = v_fma(v_set1(params[EMBEDDING_V + i * EMBEDDING_FREQUENCIES + k]), d, dh);
				V[i] = v_fma(d, h, V[i]);
			}
			const vec da = v_neg(v_mul(dh, sine_of_part(r)));
			w = v_fma(da, x, w);
			phase = v_add(phase, da);
		}
		v_store(sums->w[k] + v, w);
		v_store(sums->phase[k] + v, phase);
		for (int i = 0; i < EMBEDDING_OUTPUTS; i++)
			v_store(sums->V[i][k] + v, V[i]);
	}
}

INLINE void sum_biases(struct embedding_sums *sums, const struct embedding_strip *strip)
{
	for (int i = 0; i < EMBEDDING_OUTPUTS; i++)
		for (size_t s = 0; s < strip->n; s += VLEN) {
			float *sum = sums->bias[i] + s % PANEL;
			v_store(sum, v_add(v_load(sum), v_load(strip->d[i] + s)));
		}
}

/* In halves, as the forward product of one unit. */
INLINE float sum_lanes(const float lanes[PANEL])
{
	float sum[PANEL / 2];
	for (int i = 0; i < PANEL / 2; i++)
		sum[i] = lanes[i] + lanes[i + PANEL / 2];
	for (int half = PANEL / 4; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			sum[i] += sum[i + half];
	return sum[0];
}

static void embedding_to(float *grads, const struct embedding_sums *sums, bool add)
{
	float g[EMBEDDING_FLOATS] = {0};
	for (int k = 0; k < EMBEDDING_FREQUENCIES; k++) {
		g[EMBEDDING_W + k] = TWO_PI * sum_lanes(sums->w[k]);
		g[EMBEDDING_PHASE + k] = sum_lanes(sums->phase[k]);
		for (int i = 0; i < EMBEDDING_OUTPUTS; i++)
			g[EMBEDDING_V + i * EMBEDDING_FREQUENCIES + k] = sum_lanes(sums->V[i][k]);
	}
	for (int i = 0; i < EMBEDDING_OUTPUTS; i++)
		g[EMBEDDING_BIAS + i] = sum_lanes(sums->bias[i]);
	for (int e = 0; e < EMBEDDING_FLOATS; e++)
		grads[e] = add ? grads[e] + g[e] : g[e];
}

/* Columns first .. of number j, with dE = scale o dA. */
INLINE void read_strip(struct embedding_strip *strip, const struct embedding_gradient_args *args, size_t j, size_t first)
{
	const size_t left = args->m - first, columns = left < EMBEDDING_STRIP ? left : EMBEDDING_STRIP;
	strip->n = (columns + PANEL - 1) / PANEL * PANEL;
	read_row(strip->x, args->E, args->numbers[j], first, columns, args->ld);
	for (size_t i = 0; i < EMBEDDING_OUTPUTS; i++) {
		const size_t row = args->first_output + j * EMBEDDING_OUTPUTS + i;
		read_row(strip->d[i], args->dA, row, first, columns, args->ld);
		for (size_t s = 0; args->scale && s < strip->n; s++)
			strip->d[i][s] *= args->scale[row];
	}
}

static void embedding_gradient(const struct embedding_gradient_args *args)
{
	for (size_t j = args->begin; j < args->end; j++) {
		struct embedding_sums sums = {0};
		struct embedding_strip strip;
		for (size_t first = 0; first < args->m; first += EMBEDDING_STRIP) {
			read_strip(&strip, args, j, first);
			for (int k = 0; k < EMBEDDING_FREQUENCIES; k++)
				sum_frequency(&sums, &strip, args->params + j * EMBEDDING_FLOATS, k);
			sum_biases(&sums, &strip);
		}
		embedding_to(args->grads + j * EMBEDDING_FLOATS, &sums, args->add);
	}
}

static void lookup(const struct lookup_args *args)
{
	for (size_t c = 0; c < args->n_categories; c++) {
		const float *table = args->tables + args->categories[c].first_row * args->size;
		const uint32_t *levels = args->levels + c * args->ld;
		for (size_t i = 0; i < args->size; i++) {
			const size_t row = lookup_row(args->categories, c, i, args->size, args->first_output);
			float *to = args->E + panel_at(row, 0, args->ld);
			for (size_t s = 0; s < args->m; s++)
				to[s * PANEL] = table[levels[s] * args->size + i];
		}
	}
}

/* sums[at] += dE of one value of a category, where that is among floats begin .. end-1. */
INLINE void scatter_value(float *sums, const struct lookup_gradient_args *args, size_t c, size_t i)
{
	const size_t row = lookup_row(args->categories, c, i, args->size, args->first_output);
	const size_t first = args->categories[c].first_row * args->size + i;
	const float *dA = args->dA + panel_at(row, 0, args->ld), factor = args->scale ? args->scale[row] : 1.0f;
	const uint32_t *levels = args->levels + c * args->ld;
	for (size_t s = 0; s < args->m; s++) {
		const size_t at = first + levels[s] * args->size;
		if (at >= args->begin && at < args->end)
			sums[at] += factor * dA[s * PANEL];
	}
}

static void lookup_gradient(const struct lookup_gradient_args *args)
{
	float *sums = args->add ? args->scratch : args->grads;
	for (size_t v = args->begin; v < args->end; v += VLEN)
		v_store(sums + v, v_zero());
	for (size_t c = 0; c < args->n_categories; c++)
		for (size_t i = 0; i < args->size; i++)
			scatter_value(sums, args, c, i);
	for (size_t v = args->begin; args->add && v < args->end; v += VLEN)
		v_store(args->grads + v, v_add(v_load(args->grads + v), v_load(sums + v)));
}

static void scale(const struct scale_args *args)
{
	for (size_t p = args->p_begin; p < args->p_end; p++)
		for (size_t s = 0; s < args->m; s++)
			for (size_t v = 0; v < PANEL; v += VLEN) {
				const size_t at = (p * args->ld + s) * PANEL + v;
				v_store(args->A + at, v_mul(v_load(args->E + at), v_load(args->scale + p * PANEL + v)));
			}
}

static void scale_gradient(const struct scale_gradient_args *args)
{
	for (size_t p = args->p_begin; p < args->p_end; p++)
		for (size_t v = 0; v < PANEL; v += VLEN) {
			float *grads = args->grads + p * PANEL + v;
			vec sum = v_zero();
			for (size_t s = 0; s < args->m; s++) {
				const size_t at = (p * args->ld + s) * PANEL + v;
				sum = v_fma(v_load(args->dA + at), v_load(args->E + at), sum);
			}
			v_store(grads, args->add ? v_add(v_load(grads), sum) : sum);
		}
}

#endif
