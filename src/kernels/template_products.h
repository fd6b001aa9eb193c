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
 * b[v * b_panel + k * 16] on.  Where a_row = 16 it asks meanwhile for what is read next and may be far away: the a of the next
 * tile, perhaps made by another thread, and its share of the next strip's b, which are weights: of every 16 lines those from `ask`
 * to ask_end - 1.  (What gradients multiply was made just now.) */
struct operands {
	const float *a, *b;
	size_t a_group, b_panel, K;
	size_t ask, ask_end;
};

INLINE void ask_for_rows(size_t rows, const float *a)
{
	UNROLL
	for (size_t r = 0; r < rows; r++)
		__builtin_prefetch(a + (rows + r) * PANEL);
}

INLINE void ask_for_strip(size_t panels, const float *b, const struct operands *o)
{
	/* Behind the last strip lies something else, perhaps nothing; that is not read, and to ask for it has no effect. */
	const uintptr_t next = (uintptr_t)b + panels * o->b_panel * sizeof *b;
	for (size_t k = o->ask; k < o->ask_end; k++) {
		UNROLL
		for (size_t v = 0; v < panels; v++)
			__builtin_prefetch((const void *)(next + (v * o->b_panel + k * PANEL) * sizeof *b), 0, 2);
	}
}

/* c[r][v] += the product of index k. */
INLINE void tile_link(vec *restrict c, size_t rows, size_t width, size_t a_row, const float *a, const float *b, size_t b_panel)
{
	vec bk[TILE_PANELS * VECTORS];
	UNROLL
	for (size_t v = 0; v < width; v++)
		bk[v] = v_load(b + v / VECTORS * b_panel + v % VECTORS * VLEN);
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		const vec ark = v_set1(a[r * a_row]);
		UNROLL
		for (size_t v = 0; v < width; v++)
			c[r * width + v] = v_fma(ark, bk[v], c[r * width + v]);
	}
}

/* c[r][v] += sum over k; all arguments but c and o are constants wherever this is inlined. */
INLINE void tile_walk(vec *restrict c, size_t rows, size_t panels, size_t a_row, size_t a_k, bool asks, const struct operands *o)
{
	const float *a = o->a, *b = o->b;
	const size_t width = panels * VECTORS, b_panel = o->b_panel, rest = o->K % PANEL;
	for (size_t groups = o->K / PANEL; groups > 0; groups--, a += o->a_group) {
		if (a_row == PANEL)
			ask_for_rows(rows, a);
		if (asks)
			ask_for_strip(panels, b, o);
		UNROLL_BY_4
		for (size_t k = 0; k < PANEL; k++, b += PANEL)
			tile_link(c, rows, width, a_row, a + k * a_k, b, b_panel);
	}
	if (asks && rest > 0)
		ask_for_strip(panels, b, o);
	for (size_t k = 0; k < rest; k++, b += PANEL)
		tile_link(c, rows, width, a_row, a + k * a_k, b, b_panel);
}

/* Whole tiles ask, and those of a small matrix run without the questions. */
INLINE void tile_chains(vec *restrict c, size_t rows, size_t panels, size_t a_row, size_t a_k, const struct operands *o)
{
	if (rows == TILE_ROWS && a_row == PANEL && o->ask < o->ask_end)
		tile_walk(c, rows, panels, a_row, a_k, true, o);
	else
		tile_walk(c, rows, panels, a_row, a_k, false, o);
}

/* The inner index is worked in parts, so that what a strip of tiles reads again and again, TILE_PANELS panels of b, stays in the
 * first-level cache (36 KiB of it).  A chain goes on where the part before has left it: that changes no bit. */
#define PART_MOST ((size_t)36 * 1024 / (TILE_PANELS * PANEL * sizeof(float)))

struct part {
	size_t begin, end;
	bool first, last;
	size_t ask; /* lines of every 16 of the next strip's b that each tile asks for, 0: none */
};

/* Parts are even, and multiples of 16 but for the last. */
INLINE size_t part_size(size_t n)
{
	const size_t parts = (n + PART_MOST - 1) / PART_MOST;
	return ((n + parts - 1) / parts + PANEL - 1) / PANEL * PANEL;
}

/* The part of n that begins at `begin`. */
INLINE struct part part_from(size_t begin, size_t n, size_t ask)
{
	const size_t size = part_size(n), end = begin + size < n ? begin + size : n;
	return (struct part){begin, end, begin == 0, end == n, ask};
}

/* What each tile asks for where m rows are multiplied by weights in that many panels: an even share, but nothing where they are so
 * few that they are in the nearer caches. */
INLINE size_t lines_to_ask(size_t panels, size_t K, size_t m)
{
	const size_t tiles = (m + TILE_ROWS - 1) / TILE_ROWS;
	return panels * K * PANEL * sizeof(float) > (size_t)64 * 1024 ? (PANEL + tiles - 1) / tiles : 0;
}

/* Those of the tile with the rows from s on. */
INLINE void ask_lines(struct operands *o, size_t s, size_t each)
{
	o->ask = s / TILE_ROWS * each;
	o->ask_end = o->ask + each < PANEL ? o->ask + each : PANEL;
}

/* Every strip reads a again, so of a matrix that is too large for the second-level cache all strips work one stretch before any
 * works the next: 512 KiB of a.  Half of that cache on a server; where it is no more than that, the third level gives the rest. */
#define STRETCH_FLOATS ((size_t)512 * 1024 / sizeof(float))

/* Where the stretch from `begin` on ends: after whole groups of things of `floats` floats each, at least one group, or at n. */
INLINE size_t stretch_end(size_t begin, size_t n, size_t group, size_t floats)
{
	const size_t groups = STRETCH_FLOATS / (floats * group), end = begin + (groups ? groups : 1) * group;
	return end < n ? end : n;
}

/* ---- forward: start with the bias, end with the activation ---- */

INLINE void forward_tile(size_t rows, size_t panels, const struct forward_args *f, size_t p, size_t s, const struct part *part)
{
	struct operands o = {f->A + part->begin * f->ld + s * PANEL, f->W + (p * f->n_in + part->begin) * PANEL,
	                     f->ld * PANEL, f->n_in * PANEL, part->end - part->begin, 0, 0};
	ask_lines(&o, s, part->ask);
	const size_t width = panels * VECTORS, ld = f->ld, at = (p * ld + s) * PANEL;
	float *const out = f->A_out + at;
	const float *const bias = f->b + p * PANEL;
	vec c[TILE_ROWS * TILE_PANELS * VECTORS];
	if (part->first) {
		UNROLL
		for (size_t r = 0; r < rows; r++) {
			UNROLL
			for (size_t v = 0; v < width; v++)
				c[r * width + v] = v_load(bias + v * VLEN);
		}
	} else {
		UNROLL
		for (size_t r = 0; r < rows; r++) {
			UNROLL
			for (size_t v = 0; v < width; v++)
				c[r * width + v] = v_load(out + (v / VECTORS * ld + r) * PANEL + v % VECTORS * VLEN);
		}
	}
	tile_chains(c, rows, panels, PANEL, 1, &o);
	if (part->last && f->activation == CLN_RELU) {
		UNROLL
		for (size_t i = 0; i < rows * width; i++)
			c[i] = v_max(v_zero(), c[i]); /* in this order NaN stays NaN */
	}
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		UNROLL
		for (size_t v = 0; v < width; v++)
			v_store(out + (v / VECTORS * ld + r) * PANEL + v % VECTORS * VLEN, c[r * width + v]);
	}
	if (part->last && f->activation >= 0 && (f->activation != CLN_RELU || f->D_out)) /* still in the first-level cache */
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

INLINE void backward_tile(size_t rows, size_t panels, const struct backward_args *g, size_t q, size_t s, const struct part *part)
{
	const size_t n_out_padded = panels_of(g->n_out) * PANEL;
	struct operands o = {g->dZ + part->begin * g->ld + s * PANEL, g->Wt + (q * n_out_padded + part->begin) * PANEL,
	                     g->ld * PANEL, n_out_padded * PANEL, part->end - part->begin, 0, 0};
	ask_lines(&o, s, part->ask);
	const size_t width = panels * VECTORS, ld = g->ld, at = (q * ld + s) * PANEL;
	float *const out = g->dZ_in + at;
	const float *const saved = g->saved + at;
	const float scale = g->scale;
	const enum derivative derivative = part->last ? g->derivative : DERIVATIVE_ONE;
	vec c[TILE_ROWS * TILE_PANELS * VECTORS];
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		UNROLL
		for (size_t v = 0; v < width; v++)
			c[r * width + v] =
			    part->first ? v_zero() : v_load(out + (v / VECTORS * ld + r) * PANEL + v % VECTORS * VLEN);
	}
	tile_chains(c, rows, panels, PANEL, 1, &o);
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		UNROLL
		for (size_t v = 0; v < width; v++) {
			const size_t i = (v / VECTORS * ld + r) * PANEL + v % VECTORS * VLEN;
			const vec s_i = derivative == DERIVATIVE_ONE ? v_zero() : v_load(saved + i);
			const vec dZ = apply_derivative(c[r * width + v], s_i, derivative, scale);
			v_store(out + i, part->last ? without_dust(dZ, DUST) : dZ);
		}
	}
}

/* ---- gradient: start with zero, end by adding to what is there ---- */

/* Inputs worked together, so that the columns of a part are read once for all of them. */
#define GRADIENT_INPUTS (8 * PANEL)

/* Chains between two parts of the columns wait in `open`, element (k, u) of the strip at (k - first) * width + u. */
struct gradient_strip {
	const struct gradient_args *args;
	size_t first;
	float open[GRADIENT_INPUTS * TILE_PANELS * PANEL];
};

INLINE void gradient_tile(size_t rows, size_t panels, struct gradient_strip *strip, size_t p, size_t k, const struct part *part)
{
	const struct gradient_args *g = strip->args;
	const struct operands o = {g->A + (k / PANEL * g->ld + part->begin) * PANEL + k % PANEL,
	                           g->dZ + (p * g->ld + part->begin) * PANEL, PANEL * PANEL, g->ld * PANEL,
	                           part->end - part->begin, 0, 0};
	const size_t width = panels * VECTORS;
	float *open = strip->open + (k - strip->first) * width * VLEN;
	float *const dW = g->dW + (p * g->n_in + k) * PANEL;
	const size_t dW_panel = g->n_in * PANEL;
	vec c[TILE_ROWS * TILE_PANELS * VECTORS];
	UNROLL
	for (size_t i = 0; i < rows * width; i++)
		c[i] = part->first ? v_zero() : v_load(open + i * VLEN);
	tile_chains(c, rows, panels, 1, PANEL, &o);
	if (!part->last) {
		UNROLL
		for (size_t i = 0; i < rows * width; i++)
			v_store(open + i * VLEN, c[i]);
		return;
	}
	if (g->add) {
		UNROLL
		for (size_t r = 0; r < rows; r++) {
			UNROLL
			for (size_t v = 0; v < width; v++)
				c[r * width + v] = v_add(v_load(dW + v / VECTORS * dW_panel + r * PANEL + v % VECTORS * VLEN),
				                         c[r * width + v]);
		}
	}
	UNROLL
	for (size_t r = 0; r < rows; r++) {
		UNROLL
		for (size_t v = 0; v < width; v++)
			v_store(dW + v / VECTORS * dW_panel + r * PANEL + v % VECTORS * VLEN, c[r * width + v]);
	}
}

/* The chains of several panels run side by side: one alone would wait for its own additions. */
#define BIAS_PANELS 4

INLINE void bias_chains(const struct gradient_args *g, size_t p, size_t panels)
{
	vec sum[BIAS_PANELS * VECTORS];
	const size_t width = panels * VECTORS;
	UNROLL
	for (size_t v = 0; v < width; v++)
		sum[v] = v_zero();
	for (size_t s = 0; s < g->m; s++) {
		UNROLL
		for (size_t v = 0; v < width; v++)
			sum[v] = v_add(sum[v], v_load(g->dZ + ((p + v / VECTORS) * g->ld + s) * PANEL + v % VECTORS * VLEN));
	}
	UNROLL
	for (size_t v = 0; v < width; v++) {
		float *to = g->db + p * PANEL + v * VLEN;
		v_store(to, g->add ? v_add(v_load(to), sum[v]) : sum[v]);
	}
}

static void gradient_bias(const struct gradient_args *g)
{
	size_t p = g->p_begin;
	for (; p + BIAS_PANELS <= g->p_end; p += BIAS_PANELS)
		bias_chains(g, p, BIAS_PANELS);
	for (; p + 2 <= g->p_end; p += 2)
		bias_chains(g, p, 2);
	if (p < g->p_end)
		bias_chains(g, p, 1);
}

/* ---- a layer of one unit, as the logit: its 15 idle lanes would cost as much as 15 more units ---- */

/* x in the unit's lane, 0 in the idle ones. */
INLINE void store_unit(float *column, float x)
{
	memset(column, 0, PANEL * sizeof *column);
	column[0] = x;
}

/* sum[j] = the sum of the 16 floats of tile row j, added in halves: lane i and i + 8, then i + 4, i + 2, i + 1. */
INLINE void sum_rows(float sum[PANEL], const float tile[PANEL * PANEL])
{
	float turned[PANEL * PANEL];
	transpose_tile(turned, tile);
	for (size_t half = PANEL / 2; half > 0; half /= 2)
		for (size_t i = 0; i < half * PANEL; i += VLEN)
			v_store(turned + i, v_add(v_load(turned + i), v_load(turned + half * PANEL + i)));
	memcpy(sum, turned, PANEL * sizeof *sum);
}

/* z(s) = b + sum over k of w(k) A(k, s): 16 chains, of the inputs k = i mod 16, that of i = 0 from the bias on; then sum_rows. */
static void forward_unit(const struct forward_args *f)
{
	for (size_t begin = 0; begin < f->m; begin += PANEL) {
		const size_t n = f->m - begin < PANEL ? f->m - begin : PANEL;
		float tile[PANEL * PANEL], z[PANEL];
		if (n < PANEL)
			memset(tile, 0, sizeof tile);
		for (size_t j = 0; j < n; j++) {
			vec c[VECTORS];
			for (size_t v = 0; v < VECTORS; v++)
				c[v] = v_load(f->b + v * VLEN);
			for (size_t q = 0; q < panels_of(f->n_in); q++)
				for (size_t v = 0; v < VECTORS; v++)
					c[v] = v_fma(v_load(f->Wt + q * PANEL * PANEL + v * VLEN),
					             v_load(f->A + (q * f->ld + begin + j) * PANEL + v * VLEN), c[v]);
			for (size_t v = 0; v < VECTORS; v++)
				v_store(tile + j * PANEL + v * VLEN, c[v]);
		}
		sum_rows(z, tile);
		for (size_t j = 0; j < n; j++)
			store_unit(f->A_out + (begin + j) * PANEL, z[j]);
	}
	if (f->activation >= 0)
		activate_run(f->activation, f->A_out, f->D_out, f->m * PANEL);
}

/* dW(k) (+)= chain over s of dz(s) A(k, s), the inputs side by side, `panels` panels of them; with_bias: db (+)= sum of dz(s). */
#define UNIT_PANELS 4

INLINE void gradient_unit_inputs(const struct gradient_args *g, size_t q, size_t panels, bool with_bias)
{
	vec c[UNIT_PANELS * VECTORS];
	const size_t width = panels * VECTORS, inputs = g->k_end - q * PANEL;
	float dw[UNIT_PANELS * PANEL], db = 0;
	UNROLL
	for (size_t v = 0; v < width; v++)
		c[v] = v_zero();
	for (size_t s = 0; s < g->m; s++) {
		const vec dz = v_set1(g->dZ[s * PANEL]);
		UNROLL
		for (size_t v = 0; v < width; v++)
			c[v] = v_fma(dz, v_load(g->A + ((q + v / VECTORS) * g->ld + s) * PANEL + v % VECTORS * VLEN), c[v]);
		if (with_bias)
			db += g->dZ[s * PANEL];
	}
	UNROLL
	for (size_t v = 0; v < width; v++)
		v_store(dw + v * VLEN, c[v]);
	for (size_t k = 0; k < panels * PANEL && k < inputs; k++) {
		float *to = g->dW + (q * PANEL + k) * PANEL;
		store_unit(to, g->add ? *to + dw[k] : dw[k]);
	}
	if (with_bias)
		store_unit(g->db, g->add ? g->db[0] + db : db);
}

static void gradient_unit(const struct gradient_args *g)
{
	const size_t panels = panels_of(g->k_end);
	size_t q = g->k_begin / PANEL;
	for (; q + UNIT_PANELS <= panels; q += UNIT_PANELS)
		gradient_unit_inputs(g, q, UNIT_PANELS, q == 0);
	for (; q + 2 <= panels; q += 2)
		gradient_unit_inputs(g, q, 2, q == 0);
	if (q < panels)
		gradient_unit_inputs(g, q, 1, q == 0);
}

/* ---- tiles over whole matrices ---- */

#define NOINLINE __attribute__((noinline))

/* A strip: rows first .. first + n - 1 of `panels` panels, in the tallest tiles that fit, over one part of the inner index. */
#define STRIP(tile, args_type, panels)                                                                                             \
	NOINLINE static void tile##_strip_##panels(args_type *args, size_t p, size_t first, size_t n, const struct part *part)     \
	{                                                                                                                          \
		const size_t end = first + n;                                                                                      \
		size_t r = first;                                                                                                  \
		for (; r + TILE_ROWS <= end; r += TILE_ROWS)                                                                       \
			tile(TILE_ROWS, panels, args, p, r, part);                                                                 \
		for (; r + 4 <= end; r += 4)                                                                                       \
			tile(4, panels, args, p, r, part);                                                                         \
		for (; r + 2 <= end; r += 2)                                                                                       \
			tile(2, panels, args, p, r, part);                                                                         \
		if (r < end)                                                                                                       \
			tile(1, panels, args, p, r, part);                                                                         \
	}

/* How many of the panels left the next strip takes.  Four are taken as two and two: a strip one panel wide is bound by loads. */
#if TILE_PANELS == 3
static inline size_t strip_panels(size_t left) { return left == 1 ? 1 : left == 2 || left == 4 ? 2 : 3; }

#define STRIPS(tile, args_type)                                                                                                    \
	STRIP(tile, args_type, 3)                                                                                                  \
	STRIP(tile, args_type, 2)                                                                                                  \
	STRIP(tile, args_type, 1)                                                                                                  \
	static void tile##_strip(args_type *args, size_t p, size_t panels, size_t first, size_t n, const struct part *part)        \
	{                                                                                                                          \
		if (panels == 3)                                                                                                   \
			tile##_strip_3(args, p, first, n, part);                                                                   \
		else if (panels == 2)                                                                                              \
			tile##_strip_2(args, p, first, n, part);                                                                   \
		else                                                                                                               \
			tile##_strip_1(args, p, first, n, part);                                                                   \
	}
#elif TILE_PANELS == 1
static inline size_t strip_panels(size_t left) { return left > 0; }

#define STRIPS(tile, args_type)                                                                                                    \
	STRIP(tile, args_type, 1)                                                                                                  \
	static void tile##_strip(args_type *args, size_t p, size_t panels, size_t first, size_t n, const struct part *part)        \
	{                                                                                                                          \
		(void)panels;                                                                                                      \
		tile##_strip_1(args, p, first, n, part);                                                                           \
	}
#else
#error "TILE_PANELS: strips are written for 1 and 3"
#endif

STRIPS(forward_tile, const struct forward_args)
STRIPS(backward_tile, const struct backward_args)
STRIPS(gradient_tile, struct gradient_strip)

/* All strips over the inner index from begin to end - 1. */
static void forward_stretch(const struct forward_args *args, size_t begin, size_t end)
{
	const size_t ask = lines_to_ask(args->p_end - args->p_begin, args->n_in, args->m);
	for (size_t p = args->p_begin, taken; p < args->p_end; p += taken) {
		taken = strip_panels(args->p_end - p);
		for (struct part part = part_from(begin, args->n_in, ask); part.begin < end;
		     part = part_from(part.end, args->n_in, ask))
			forward_tile_strip(args, p, taken, 0, args->m, &part);
	}
}

static void products_forward(const struct forward_args *args)
{
	if (args->n_out == 1 && args->p_begin < args->p_end) {
		forward_unit(args);
		return;
	}
	for (size_t begin = 0, end; begin < args->n_in; begin = end) {
		end = stretch_end(begin, args->n_in, part_size(args->n_in), args->m);
		forward_stretch(args, begin, end);
	}
}

static void backward_stretch(const struct backward_args *args, size_t begin, size_t end)
{
	const size_t ask = lines_to_ask(args->p_end - args->p_begin, args->n_out, args->m);
	for (size_t q = args->p_begin, taken; q < args->p_end; q += taken) {
		taken = strip_panels(args->p_end - q);
		for (struct part part = part_from(begin, args->n_out, ask); part.begin < end;
		     part = part_from(part.end, args->n_out, ask))
			backward_tile_strip(args, q, taken, 0, args->m, &part);
	}
}

static void products_backward(const struct backward_args *args)
{
	for (size_t begin = 0, end; begin < args->n_out; begin = end) {
		end = stretch_end(begin, args->n_out, part_size(args->n_out), args->m);
		backward_stretch(args, begin, end);
	}
}

/* A tile's rows must lie in one panel of A, so the strips go panel by panel of the inputs. */
static void gradient_inputs(struct gradient_strip *strip, size_t p, size_t panels, size_t end, const struct part *part)
{
	const size_t left = end - strip->first, n = left < GRADIENT_INPUTS ? left : GRADIENT_INPUTS;
	for (size_t k = 0; k < n; k += PANEL)
		gradient_tile_strip(strip, p, panels, strip->first + k, n - k < PANEL ? n - k : PANEL, part);
}

/* All strips over the inputs from begin to end - 1: here they are the rows, and the inner index is that of the columns. */
static void gradient_stretch(struct gradient_strip *strip, size_t begin, size_t end)
{
	const struct gradient_args *args = strip->args;
	for (size_t p = args->p_begin, taken; p < args->p_end; p += taken) {
		taken = strip_panels(args->p_end - p);
		for (strip->first = begin; strip->first < end; strip->first += GRADIENT_INPUTS)
			for (struct part part = part_from(0, args->m, 0); part.begin < args->m;
			     part = part_from(part.end, args->m, 0))
				gradient_inputs(strip, p, taken, end, &part);
	}
}

static void products_gradient(const struct gradient_args *args)
{
	struct gradient_strip strip;
	strip.args = args;
	if (args->n_out == 1 && args->p_begin < args->p_end) {
		gradient_unit(args);
		return;
	}
	if (args->k_begin == 0)
		gradient_bias(args);
	for (size_t begin = args->k_begin, end; begin < args->k_end; begin = end) {
		end = stretch_end(begin, args->k_end, GRADIENT_INPUTS, args->m);
		gradient_stretch(&strip, begin, end);
	}
}

#undef STRIP
#undef STRIPS
#undef NOINLINE

#endif
