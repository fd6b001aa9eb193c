/* SPDX-License-Identifier: MIT
 * The check of the gradients passes where they are right, for every instruction set, depth and number of threads, and fails where
 * one entry is wrong. */
#include "testing.h"

#include "api/gradcheck.h"

static struct cln_config small(uint64_t seed)
{
	return (struct cln_config){.n_hidden = 2, .hidden = {4, 3}, .seed = seed, .threads = 2};
}

static struct gradcheck_request request_of(const struct cln_config *config)
{
	return (struct gradcheck_request){.config = config, .n_inputs = 5, .n_rows = 20, .every_activation = true};
}

static void run(struct gradcheck *result, const struct gradcheck_request *request)
{
	assert_ok(gradcheck_run(result, request, &err));
}

static void check_passes(const struct gradcheck_request *request)
{
	struct gradcheck result;

	run(&result, request);
	for (size_t i = 0; i < result.n_lines; i++) {
		const struct gradcheck_line *line = &result.lines[i];
		ck_assert_msg(line->ok, "activation %d, %s[%zu]: difference %g, engine %g, bound %g", (int)line->activation,
			      line->object, line->layer, line->difference, line->engine, line->engine_bound);
	}
	ck_assert_uint_eq(result.n_failed, 0);
	gradcheck_free(&result);
}

START_TEST(gradients_pass_for_every_activation)
{
	const struct cln_config config = small((uint64_t)_i);
	const struct gradcheck_request request = request_of(&config);

	check_passes(&request);
}
END_TEST

/* Widths on both sides of a panel of 16 units, and none. */
START_TEST(gradients_pass_at_other_depths_and_widths)
{
	static const struct cln_config configs[] = {
	    {.n_hidden = 0},
	    {.n_hidden = 1, .hidden = {17}},
	    {.n_hidden = 2, .hidden = {16, 17}},
	    {.n_hidden = 6, .hidden = {5, 5, 5, 5, 5, 5}},
	};
	struct gradcheck_request request = request_of(&configs[_i]);

	request.n_inputs = 19;
	request.n_rows = 9;
	check_passes(&request);
}
END_TEST

/* Where differences are hard to take.  selu: a beta next to 0, where a penalty that it does not have would have a kink.  gelu: a
 * large fifth derivative, through eight layers.  leaky relu: a layer of one unit, and where it is dropped biases are the
 * pre-activations above it. */
START_TEST(gradients_pass_where_differences_are_hard_to_take)
{
	static const struct {
		struct cln_config config;
		size_t n_inputs, n_rows;
	} cases[] = {
	    {{.n_hidden = 2, .hidden = {4, 3}, .seed = 22, .activation = CLN_SELU}, 5, 20},
	    {{.n_hidden = 8, .hidden = {3, 3, 3, 3, 3, 3, 3, 3}, .seed = 2, .activation = CLN_GELU}, 5, 20},
	    {{.n_hidden = 3, .hidden = {17, 1, 16}, .seed = 3, .activation = CLN_LEAKY_RELU}, 64, 33},
	};
	struct gradcheck_request request = request_of(&cases[_i].config);

	request.n_inputs = cases[_i].n_inputs;
	request.n_rows = cases[_i].n_rows;
	request.every_activation = false;
	check_passes(&request);
}
END_TEST

/* Both sides are compared, and neither tolerance is so wide that it says nothing: differences to 1e-7 of the largest entry, the
 * engine to a bound below 2^-10 of it (a sign error in the largest entry is 2). */
START_TEST(tolerances_are_narrow)
{
	const struct cln_config config = small(1);
	const struct gradcheck_request request = request_of(&config);
	struct gradcheck result;

	run(&result, &request);
	ck_assert_uint_eq(result.n_lines, CLN_N_ACTIVATIONS * (2 * (2 * 3 + 1) + 3 + 2));
	for (size_t i = 0; i < result.n_lines; i++) {
		const struct gradcheck_line *line = &result.lines[i];
		ck_assert_double_gt(line->largest, 0);
		ck_assert_double_gt(line->engine_bound, 0);
		ck_assert_double_lt(line->engine_bound, 0x1p-10 * line->largest);
		if (strcmp(line->object, "cost") != 0)
			ck_assert_double_eq(line->difference_bound, GRADCHECK_TOLERANCE);
	}
	gradcheck_free(&result);
}
END_TEST

/* The lines that must fail, and no others: layer 1's W, the cost, or the tables. */
static void check_fault(enum gradcheck_fault fault, const char *object)
{
	const struct cln_config config = small(1);
	struct gradcheck_request request = request_of(&config);
	struct gradcheck result;

	request.fault = fault;
	run(&result, &request);
	ck_assert_uint_eq(result.n_failed, (object[0] == 'T' ? 1 : 2) * CLN_N_ACTIVATIONS);
	for (size_t i = 0; i < result.n_lines; i++) {
		const struct gradcheck_line *line = &result.lines[i];
		const bool broken = strcmp(line->object, object) == 0 && (line->layer <= 1 || object[0] == 'c');
		ck_assert_int_eq(line->ok, !broken);
	}
	gradcheck_free(&result);
}

START_TEST(one_wrong_sign_in_the_derivation_fails)
{
	check_fault(GRADCHECK_TEXTBOOK_SIGN, "W");
}
END_TEST

START_TEST(one_wrong_sign_in_the_engine_fails)
{
	check_fault(GRADCHECK_ENGINE_SIGN, "W");
}
END_TEST

START_TEST(one_wrong_sign_in_a_table_fails)
{
	check_fault(_i ? GRADCHECK_ENGINE_TABLE : GRADCHECK_TEXTBOOK_TABLE, "T");
}
END_TEST

START_TEST(a_wrong_cost_fails)
{
	check_fault(GRADCHECK_ENGINE_COST, "cost");
}
END_TEST

START_TEST(one_instruction_set_is_checked_where_one_is_named)
{
	struct cln_config config = small(1);
	struct gradcheck_request request = request_of(&config);
	struct gradcheck result;

	config.isa = "generic";
	config.activation = CLN_GELU;
	request.every_activation = false;
	run(&result, &request);
	ck_assert_str_eq(result.isas, "generic");
	ck_assert_uint_eq(result.n_lines, 2 * (2 * 3 + 1) + 3 + 2);
	for (size_t i = 0; i < result.n_lines; i++) {
		ck_assert_str_eq(result.lines[i].isa, "generic");
		ck_assert_int_eq(result.lines[i].activation, CLN_GELU);
	}
	gradcheck_free(&result);
}
END_TEST

START_TEST(an_unknown_instruction_set_is_an_error)
{
	struct cln_config config = small(1);
	const struct gradcheck_request request = request_of(&config);
	struct gradcheck result;

	config.isa = "mmx";
	ck_assert_int_eq(gradcheck_run(&result, &request, NULL), CLN_E_USAGE);
	gradcheck_free(&result);
}
END_TEST

START_TEST(threads_change_no_number)
{
	struct cln_config one = small(3), three = small(3);
	const struct gradcheck_request of_one = request_of(&one), of_three = request_of(&three);
	struct gradcheck a, b;

	one.threads = 1;
	three.threads = 3;
	run(&a, &of_one);
	run(&b, &of_three);
	ck_assert_uint_eq(a.n_lines, b.n_lines);
	for (size_t i = 0; i < a.n_lines; i++)
		ck_assert(a.lines[i].engine == b.lines[i].engine && a.lines[i].difference == b.lines[i].difference);
	gradcheck_free(&a);
	gradcheck_free(&b);
}
END_TEST

static Suite *gradcheck_suite(void)
{
	Suite *suite = suite_create("gradcheck");
	TCase *right = tcase_create("right"), *wrong = tcase_create("wrong");

	tcase_set_timeout(right, 20); /* under sanitizers */
	tcase_add_loop_test(right, gradients_pass_for_every_activation, 1, 5);
	tcase_add_loop_test(right, gradients_pass_at_other_depths_and_widths, 0, 4);
	tcase_add_loop_test(right, gradients_pass_where_differences_are_hard_to_take, 0, 3);
	tcase_add_test(right, tolerances_are_narrow);
	tcase_add_test(right, one_instruction_set_is_checked_where_one_is_named);
	tcase_add_test(right, threads_change_no_number);
	suite_add_tcase(suite, right);

	tcase_set_timeout(wrong, 20);
	tcase_add_test(wrong, one_wrong_sign_in_the_derivation_fails);
	tcase_add_test(wrong, one_wrong_sign_in_the_engine_fails);
	tcase_add_loop_test(wrong, one_wrong_sign_in_a_table_fails, 0, 2);
	tcase_add_test(wrong, a_wrong_cost_fails);
	tcase_add_test(wrong, an_unknown_instruction_set_is_an_error);
	suite_add_tcase(suite, wrong);
	return suite;
}

TESTING_MAIN(gradcheck_suite)
