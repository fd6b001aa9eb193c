/* SPDX-License-Identifier: MIT
 * exp, log, cos and their kin in double precision, in plain IEEE operations without fused multiply-add, so that the bits are
 * the same on every machine and compiler.  Used wherever a value reaches the model or a decision (schedules, bias correction,
 * normal draws, reported losses); libm's are not the same everywhere.  At most 2 ulp unless said otherwise (doc/numerics.md). */
#ifndef BASE_DMATH_H
#define BASE_DMATH_H

double dmath_exp(double x);
double dmath_log(double x);         /* x > 0; -inf at 0, NaN below */
double dmath_log1p(double x);
double dmath_tanh(double x);
double dmath_cos_2pi(double u);     /* cos(2 pi u); absolute error below 1e-15 */
double dmath_pow(double x, double y); /* x > 0, exp(y log x): relative error below |y log x| 4e-16 + 4e-16 */
double dmath_sigmoid(double z);
double dmath_softplus(double z);    /* log(1 + e^z), never overflows */
double dmath_erf(double x);         /* relative error below 1e-15: the exact gelu of the oracle */
double dmath_erfc(double x);        /* 1 - erf x, to 4e-15 of itself where it is a normal number: small p-values */
double dmath_normal_quantile(double p); /* the x with Phi(x) = p, 0 < p < 1: relative error below 2e-15; -inf at 0, inf at 1 */

#endif
