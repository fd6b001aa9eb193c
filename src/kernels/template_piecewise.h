/* SPDX-License-Identifier: MIT
 * The piecewise-linear embedding of numbers (kernels.h), forth and back.  The encoding of a number is a prefix of ones, a fraction
 * and zeros, so its product with the weights is one row of their prefix sums and one fused multiply-add; and the gradient of the
 * weights is a sum over the columns of each bin, added up from the last bin to the first. */
#ifndef KERNELS_TEMPLATE_PIECEWISE_H
#define KERNELS_TEMPLATE_PIECEWISE_H

/* Where x lies among edges[0 .. n_bins], which ascend: its bin, and its place in it from 0 to 1; x beyond the outer edges counts as
 * on them, and so does NaN as on the first. */
struct piece {
	size_t bin;
	float part;
};
INLINE struct piece piece_of(float x, const float *edges, size_t n_bins)
{
	size_t bin = 0, size = n_bins; /* the last edge of 0 .. n_bins-1 that is not above x, by halves */
	while (size > 1) {
		const size_t half = size / 2;
		bin += x >= edges[bin + half] ? half : 0;
		size -= half;
	}
	const float part = (x - edges[bin]) / (edges[bin + 1] - edges[bin]);
	return (struct piece){bin, part > 0.0f ? part < 1.0f ? part : 1.0f : 0.0f};
}

/* The bias, and row by row the weights of the bins below: E = sums[bin] + W[bin] part. */
INLINE void prefix_sums(float sums[][PANEL], const float *params, size_t n_bins)
{
	for (size_t v = 0; v < PANEL; v += VLEN) {
		vec sum = v_load(params + v);
		for (size_t b = 0; b < n_bins; b++) {
			v_store(sums[b] + v, sum);
			sum = v_add(sum, v_load(params + (1 + b) * PANEL + v));
		}
	}
}

static void piecewise(const struct piecewise_args *args)
{
	for (size_t j = args->begin; j < args->end; j++) {
		const size_t first = args->first_edge[j], n_bins = args->first_edge[j + 1] - first - 1;
		const float *params = args->params + first * PANEL;
		const size_t to_row = args->first_output + j * PIECEWISE_OUTPUTS;
		float sums[PIECEWISE_MAX_BINS][PANEL], out[PANEL];
		prefix_sums(sums, params, n_bins);
		for (size_t s = 0; s < args->m; s++) {
			const float x = args->E[panel_at(args->numbers[j], s, args->ld)];
			const struct piece piece = piece_of(x, args->edges + first, n_bins);
			const vec part = v_set1(piece.part);
			for (size_t v = 0; v < PIECEWISE_OUTPUTS; v += VLEN)
				v_store(out + v, v_fma(v_load(params + (1 + piece.bin) * PANEL + v), part,
				                       v_load(sums[piece.bin] + v)));
			for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++)
				args->E[panel_at(to_row + i, s, args->ld)] = out[i];
		}
	}
}

/* Of the columns of a bin: the sum of dE, and that of dE part; in order of the columns. */
struct piecewise_sums {
	float whole[PIECEWISE_MAX_BINS][PANEL], parts[PIECEWISE_MAX_BINS][PANEL];
};

INLINE void sum_pieces(struct piecewise_sums *sums, const struct piecewise_gradient_args *args, size_t j, size_t n_bins)
{
	const float *edges = args->edges + args->first_edge[j];
	const size_t row = args->first_output + j * PIECEWISE_OUTPUTS;
	float d[PANEL] = {0};
	memset(sums->whole, 0, n_bins * sizeof *sums->whole);
	memset(sums->parts, 0, n_bins * sizeof *sums->parts);
	for (size_t s = 0; s < args->m; s++) {
		const struct piece piece = piece_of(args->E[panel_at(args->numbers[j], s, args->ld)], edges, n_bins);
		const vec part = v_set1(piece.part);
		for (size_t i = 0; i < PIECEWISE_OUTPUTS; i++) {
			const float dA = args->dA[panel_at(row + i, s, args->ld)];
			d[i] = args->scale ? dA * args->scale[row + i] : dA;
		}
		float *whole = sums->whole[piece.bin], *parts = sums->parts[piece.bin];
		for (size_t v = 0; v < PIECEWISE_OUTPUTS; v += VLEN) {
			v_store(whole + v, v_add(v_load(whole + v), v_load(d + v)));
			v_store(parts + v, v_fma(v_load(d + v), part, v_load(parts + v)));
		}
	}
}

static void piecewise_gradient(const struct piecewise_gradient_args *args)
{
	struct piecewise_sums sums;
	for (size_t j = args->begin; j < args->end; j++) {
		const size_t first = args->first_edge[j], n_bins = args->first_edge[j + 1] - first - 1;
		float *grads = args->grads + first * PANEL;
		sum_pieces(&sums, args, j, n_bins);
		for (size_t v = 0; v < PANEL; v += VLEN) {
			vec above = v_zero(); /* the columns in bins above b have a whole 1 in b */
			for (size_t b = n_bins; b-- > 0;) {
				float *grad = grads + (1 + b) * PANEL + v;
				const vec g = v_add(v_load(sums.parts[b] + v), above);
				v_store(grad, args->add ? v_add(v_load(grad), g) : g);
				above = v_add(above, v_load(sums.whole[b] + v));
			}
			v_store(grads + v, args->add ? v_add(v_load(grads + v), above) : above);
		}
	}
}

#endif
