/* SPDX-License-Identifier: MIT
 * The three products: W A, W^T dZ and dZ A^T (kernels.h has the layouts).  All of them are
 *   C(r, i) = start(i) + sum over k of a(r, k) b(k, i),   lanes i side by side in vectors, a(r, k) broadcast,
 * computed in register tiles of up to TILE_ROWS rows by TILE_PANELS panels: every element of the tile is one chain of fused
 * multiply-adds over k = 0, 1, 2, ..., so neither the tile nor the vector width shows in the bits.
 *
 *   product    rows r      inner k     lanes i     a                            b        C
 *   forward    columns     inputs      outputs     A  (panels over k)           W        A_out
 *   backward   columns     outputs     inputs      dZ (panels over k)           Wt       dZ_in
 *   gradient   inputs      columns     outputs     A  (rows side by side)       dZ       dW */
#ifndef KERNELS_TEMPLATE_PRODUCTS_H
#define KERNELS_TEMPLATE_PRODUCTS_H

/* What a tile reads: a(r, k) = a[r * a_row + (k % 16) * a_k + (k / 16) * a_group], and the 16 floats b(k, panel v) from
 * b[v * b_panel + k * 16] on. */
struct operands {
	const float *a, *b;
	size_t a_group, b_panel, K;
};

/* c[r][v] += sum over k; rows, panels, a_row and a_k are constants wherever this is inlined. */
INLINE void tile_chains(vec *restrict c, size_t rows, size_t panels, size_t a_row, size_t a_k, const struct operands *o)
{
	const float *a = o->a;
	const float *b = o->b;
	const size_t width = panels * VECTORS;
	for (size_t k0 = 0; k0 < o->K; k0 += PANEL, a += o->a_group) {
		const size_t n = o->K - k0 < PANEL ? o->K - k0 : PANEL;
		for (size_t k = 0; k < n; k++, b += PANEL) {
			vec bk[TILE_PANELS * VECTORS];
			UNROLL
			for (size_t v = 0; v < width; v++)
				bk[v] = v_load(b + v / VECTORS * o->b_panel + v % VECTORS * VLEN);
			UNROLL
			for (size_t r = 0; r < rows; r++) {
				const vec ark = v_set1(a[r * a_row + k * a_k]);
				UNROLL
				for (size_t v = 0; v < width; v++)
					c[r * width + v] = v_fma(ark, bk[v], c[r * width + v]);
			}
		}
	}
}

/* ---- forward: start with the bias, end with the activation ---- */

INLINE void forward_tile(size_t rows, size_t panels, const struct forward_args *f, size_t p, size_t s)
{
	const struct operands o = {f->A + s * PANEL, f->W + p * f->n_in * PANEL, f->ld * PANEL, f->n_in * PANEL, f->n_in};
	const size_t width = panels * VECTORS;
	vec c[TILE_ROWS * TILE_PANELS * VECTORS];
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		UNROLL
		for (size_t v = 0; v < width; v++)
			c[r * width + v] = v_load(f->b + p * PANEL + v * VLEN);
	}
	tile_chains(c, rows, panels, PANEL, 1, &o);
	if (f->activation == CLN_RELU) {
		UNROLL
		for (size_t i = 0; i < rows * width; i++)
			c[i] = v_max(v_zero(), c[i]); /* in this order NaN stays NaN */
	}
	const size_t at = (p * f->ld + s) * PANEL;
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		UNROLL
		for (size_t v = 0; v < width; v++)
			v_store(f->A_out + at + (v / VECTORS * f->ld + r) * PANEL + v % VECTORS * VLEN, c[r * width + v]);
	}
	if (f->activation >= 0 && (f->activation != CLN_RELU || f->D_out)) /* still in the first-level cache */
		for (size_t v = 0; v < panels; v++)
			activate_run(f->activation, f->A_out + at + v * f->ld * PANEL,
			             f->D_out ? f->D_out + at + v * f->ld * PANEL : NULL, rows * PANEL);
}

/* ---- backward: start with zero, end with the derivative ---- */

INLINE vec apply_derivative(vec dA, vec saved, enum derivative derivative, float scale)
{
	switch (derivative) {
	case DERIVATIVE_RELU: return v_select(v_gt(saved, v_zero()), v_mul(dA, v_set1(scale)), v_zero());
	case DERIVATIVE_SIGMOID: return v_mul(dA, v_mul(saved, v_sub(v_set1(1.0f), saved)));
	case DERIVATIVE_TANH: return v_mul(dA, v_fma(v_neg(saved), saved, v_set1(1.0f)));
	case DERIVATIVE_STORED: return v_mul(dA, saved);
	case DERIVATIVE_ONE: break;
	}
	return dA;
}

INLINE void backward_tile(size_t rows, size_t panels, const struct backward_args *g, size_t q, size_t s)
{
	const size_t n_out_padded = panels_of(g->n_out) * PANEL;
	const struct operands o = {g->dZ + s * PANEL, g->Wt + q * n_out_padded * PANEL, g->ld * PANEL, n_out_padded * PANEL,
	                           g->n_out};
	const size_t width = panels * VECTORS;
	vec c[TILE_ROWS * TILE_PANELS * VECTORS];
	UNROLL
	for (size_t i = 0; i < rows * width; i++)
		c[i] = v_zero();
	tile_chains(c, rows, panels, PANEL, 1, &o);
	const size_t at = (q * g->ld + s) * PANEL;
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		UNROLL
		for (size_t v = 0; v < width; v++) {
			const size_t i = at + (v / VECTORS * g->ld + r) * PANEL + v % VECTORS * VLEN;
			const vec saved = g->derivative == DERIVATIVE_ONE ? v_zero() : v_load(g->saved + i);
			v_store(g->dZ_in + i, apply_derivative(c[r * width + v], saved, g->derivative, g->scale));
		}
	}
}

/* ---- gradient: start with zero, end by adding to what is there ---- */

INLINE void gradient_tile(size_t rows, size_t panels, const struct gradient_args *g, size_t p, size_t k)
{
	const struct operands o = {g->A + k / PANEL * g->ld * PANEL + k % PANEL, g->dZ + p * g->ld * PANEL, PANEL * PANEL,
	                           g->ld * PANEL, g->m};
	const size_t width = panels * VECTORS;
	vec c[TILE_ROWS * TILE_PANELS * VECTORS];
	UNROLL
	for (size_t i = 0; i < rows * width; i++)
		c[i] = v_zero();
	tile_chains(c, rows, panels, 1, PANEL, &o);
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		UNROLL
		for (size_t v = 0; v < width; v++) {
			float *to = g->dW + ((p + v / VECTORS) * g->n_in + k + r) * PANEL + v % VECTORS * VLEN;
			v_store(to, g->add ? v_add(v_load(to), c[r * width + v]) : c[r * width + v]);
		}
	}
}

static void gradient_bias(const struct gradient_args *g, size_t p)
{
	for (size_t v = 0; v < VECTORS; v++) {
		vec sum = v_zero();
		for (size_t s = 0; s < g->m; s++)
			sum = v_add(sum, v_load(g->dZ + (p * g->ld + s) * PANEL + v * VLEN));
		float *to = g->db + p * PANEL + v * VLEN;
		v_store(to, g->add ? v_add(v_load(to), sum) : sum);
	}
}

/* ---- tiles over whole matrices ---- */

#define NOINLINE __attribute__((noinline))

/* A strip: all rows first .. first + n - 1 of `panels` panels, in the tallest tiles that fit. */
#define STRIP(tile, args_type, panels)                                                                                             \
	NOINLINE static void tile##_strip_##panels(const struct args_type *args, size_t p, size_t first, size_t n)                 \
	{                                                                                                                          \
		const size_t end = first + n;                                                                                      \
		size_t r = first;                                                                                                  \
		for (; r + TILE_ROWS <= end; r += TILE_ROWS)                                                                       \
			tile(TILE_ROWS, panels, args, p, r);                                                                       \
		for (; r + 4 <= end; r += 4)                                                                                       \
			tile(4, panels, args, p, r);                                                                               \
		for (; r + 2 <= end; r += 2)                                                                                       \
			tile(2, panels, args, p, r);                                                                               \
		if (r < end)                                                                                                       \
			tile(1, panels, args, p, r);                                                                               \
	}

/* How many of the panels left the next strip takes.  Four are taken as two and two: a strip one panel wide is bound by loads. */
#if TILE_PANELS == 3
static inline size_t strip_panels(size_t left) { return left == 1 ? 1 : left == 2 || left == 4 ? 2 : 3; }

#define STRIPS(tile, args_type)                                                                                                \
	STRIP(tile, args_type, 3)                                                                                               \
	STRIP(tile, args_type, 2)                                                                                               \
	STRIP(tile, args_type, 1)                                                                                               \
	static void tile##_strip(const struct args_type *args, size_t p, size_t panels, size_t first, size_t n)                 \
	{                                                                                                                       \
		if (panels == 3)                                                                                                \
			tile##_strip_3(args, p, first, n);                                                                      \
		else if (panels == 2)                                                                                           \
			tile##_strip_2(args, p, first, n);                                                                      \
		else                                                                                                            \
			tile##_strip_1(args, p, first, n);                                                                      \
	}
#elif TILE_PANELS == 1
static inline size_t strip_panels(size_t left) { return left > 0; }

#define STRIPS(tile, args_type)                                                                                                \
	STRIP(tile, args_type, 1)                                                                                               \
	static void tile##_strip(const struct args_type *args, size_t p, size_t panels, size_t first, size_t n)                 \
	{                                                                                                                       \
		(void)panels;                                                                                                   \
		tile##_strip_1(args, p, first, n);                                                                              \
	}
#else
#error "TILE_PANELS: strips are written for 1 and 3"
#endif

STRIPS(forward_tile, forward_args)
STRIPS(backward_tile, backward_args)
STRIPS(gradient_tile, gradient_args)

static void products_forward(const struct forward_args *args)
{
	for (size_t p = args->p_begin, taken; p < args->p_end; p += taken) {
		taken = strip_panels(args->p_end - p);
		forward_tile_strip(args, p, taken, 0, args->m);
	}
}

static void products_backward(const struct backward_args *args)
{
	for (size_t q = args->p_begin, taken; q < args->p_end; q += taken) {
		taken = strip_panels(args->p_end - q);
		backward_tile_strip(args, q, taken, 0, args->m);
	}
}

/* A tile's rows must lie in one panel of A, so the strips go panel by panel of the inputs; dZ's panels stay in the cache. */
static void products_gradient(const struct gradient_args *args)
{
	for (size_t p = args->p_begin; p < args->p_end; p++)
		gradient_bias(args, p);
	for (size_t p = args->p_begin, taken; p < args->p_end; p += taken) {
		taken = strip_panels(args->p_end - p);
		for (size_t k = 0; k < args->n_in; k += PANEL)
			gradient_tile_strip(args, p, taken, k, args->n_in - k < PANEL ? args->n_in - k : PANEL);
	}
}

#undef STRIP
#undef STRIPS
#undef NOINLINE

#endif
