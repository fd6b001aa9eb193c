/* SPDX-License-Identifier: MIT
 * A whole network of narrow layers at once (kernels.h): every element is made by the same operations in the same order as in
 * template_products.h, but the vectors hold columns, 16 at a time, so that three units cost three rows and not sixteen lanes. */
#ifndef KERNELS_TEMPLATE_NARROW_H
#define KERNELS_TEMPLATE_NARROW_H

/* c += w x on 16 columns. */
INLINE void narrow_add(vec c[VECTORS], float w, const float *x)
{
	const vec ws = v_set1(w);
	UNROLL
	for (size_t v = 0; v < VECTORS; v++)
		c[v] = v_fma(ws, v_load(x + v * VLEN), c[v]);
}

INLINE void narrow_start(vec c[VECTORS], float with)
{
	UNROLL
	for (size_t v = 0; v < VECTORS; v++)
		c[v] = v_set1(with);
}

/* z of a layer of one unit on 16 columns: a chain an input, added in halves as sum_rows does. */
INLINE void narrow_unit(float *z, const struct narrow_layer *layer, const float *A, size_t ld)
{
	vec c[NARROW_UNITS][VECTORS];
	size_t n = layer->n_in;
	for (size_t k = 0; k < n; k++) {
		narrow_start(c[k], k == 0 ? layer->b[0] : 0.0f);
		narrow_add(c[k], layer->W[k * PANEL], A + k * ld);
	}
	for (size_t half = PANEL / 2; half > 0; half /= 2) {
		for (size_t k = 0; k < half && k < n; k++) {
			UNROLL
			for (size_t v = 0; v < VECTORS; v++) /* -0 and 0 are 0, also where nothing is to be added */
				c[k][v] = v_add(c[k][v], k + half < n ? c[k + half][v] : v_zero());
		}
		n = n < half ? n : half;
	}
	for (size_t v = 0; v < VECTORS; v++)
		v_store(z + v * VLEN, c[0][v]);
}

INLINE void narrow_forward(const struct narrow_layer *layer, const float *A, size_t ld)
{
	for (size_t s = 0; s < ld; s += PANEL) {
		if (layer->n_out == 1) {
			narrow_unit(layer->A + s, layer, A + s, ld);
			continue;
		}
		for (size_t i = 0; i < layer->n_out; i++) {
			vec c[VECTORS];
			narrow_start(c, layer->b[i]);
			for (size_t k = 0; k < layer->n_in; k++)
				narrow_add(c, layer->W[k * PANEL + i], A + k * ld + s);
			for (size_t v = 0; v < VECTORS; v++)
				v_store(layer->A + i * ld + s + v * VLEN, c[v]);
		}
	}
}

static double narrow_loss(const struct narrow_args *args)
{
	const struct narrow_layer *last = &args->layers[args->L - 1];
	double sum = 0.0;
	for (size_t s = 0; s < args->ld; s += PANEL) {
		float term[PANEL];
		loss_columns(term, last->dZ + s, last->A + s, args->y + s, args->w + s);
		for (size_t j = 0; j < PANEL && s + j < args->m; j++)
			sum += (double)term[j];
	}
	return sum;
}

/* One chain over the columns a weight, those of a unit side by side; and one of plain sums for the bias. */
INLINE void narrow_gradient(const struct narrow_layer *layer, const float *A, size_t m, size_t ld)
{
	const float *rows[NARROW_UNITS];
	for (size_t k = 0; k < NARROW_UNITS; k++)
		rows[k] = A + (k < layer->n_in ? k : 0) * ld;
	for (size_t i = 0; i < layer->n_out; i++) {
		const float *dZ = layer->dZ + i * ld;
		float c[NARROW_UNITS] = {0}, sum = 0;
		for (size_t s = 0; s < m; s++) {
			UNROLL
			for (size_t k = 0; k < NARROW_UNITS; k++)
				c[k] = fmaf(rows[k][s], dZ[s], c[k]);
			sum += dZ[s];
		}
		for (size_t k = 0; k < layer->n_in; k++)
			layer->dW[k * PANEL + i] = c[k];
		layer->db[i] = sum;
	}
}

/* dZ of the layer below. */
INLINE void narrow_backward(const struct narrow_layer *below, const struct narrow_layer *layer, size_t ld,
                            enum derivative derivative)
{
	const float *saved = below->D ? below->D : below->A;
	for (size_t s = 0; s < ld; s += PANEL) {
		for (size_t k = 0; k < layer->n_in; k++) {
			vec c[VECTORS];
			narrow_start(c, 0.0f);
			for (size_t i = 0; i < layer->n_out; i++)
				narrow_add(c, layer->W[k * PANEL + i], layer->dZ + i * ld + s);
			for (size_t v = 0; v < VECTORS; v++) {
				const size_t at = k * ld + s + v * VLEN;
				const vec dZ = apply_derivative(c[v], v_load(saved + at), derivative, 1.0f);
				v_store(below->dZ + at, without_dust(dZ, DUST));
			}
		}
	}
}

static double narrow(const struct narrow_args *args)
{
	for (size_t l = 0; l < args->L; l++) {
		const struct narrow_layer *layer = &args->layers[l];
		narrow_forward(layer, l == 0 ? args->X : layer[-1].A, args->ld);
		if (l + 1 < args->L)
			activate_run((int)args->activation, layer->A, layer->D, layer->n_out * args->ld);
	}
	const double sum = narrow_loss(args);
	for (size_t l = args->L; l-- > 0;) {
		const struct narrow_layer *layer = &args->layers[l];
		narrow_gradient(layer, l == 0 ? args->X : layer[-1].A, args->m, args->ld);
		if (l > 0)
			narrow_backward(&layer[-1], layer, args->ld, args->derivative);
	}
	return sum;
}

#endif
