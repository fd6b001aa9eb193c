/* SPDX-License-Identifier: MIT
 * Checkpoints: a training that was interrupted after any step, written, read and gone on with ends with the same bits; a damaged
 * file and another training are refused; divergence is recovered from, and that does not depend on interruptions either. */
#include "testing.h"

#include "api/identity.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/dispatch.h"
#include "model/checkpoint.h"
#include "model/model.h"
#include "model_seal.h"
#include "same_model.h"
#include "train/trainer.h"

#include <unistd.h>

enum { FEATURES = 5, ROWS = 90, VALID = 30, BATCH = 20, STEPS = 5 /* the last of 10 rows */, EPOCHS = 4, MOST_EPOCHS = 40 };

/* ---------------------------------------------------------------- trainings */

static struct dataset make_data(size_t n_rows, uint32_t stream)
{
	struct dataset data;
	struct rng rng;
	assert_ok(dataset_create(&data, n_rows, FEATURES, false, &err));
	rng_start(&rng, 17, RNG_TEST, stream, 0);
	for (size_t i = 0; i < n_rows; i++) {
		double t = 0;
		for (size_t k = 0; k < FEATURES; k++) {
			data.X[i * FEATURES + k] = (float)rng_normal(&rng);
			t += (double)data.X[i * FEATURES + k];
		}
		data.y[i] = t * t > 3;
	}
	return data;
}

static struct cln_config plain(enum cln_optimizer optimizer)
{
	return (struct cln_config){.activation = CLN_TANH,
	                           .optimizer = optimizer,
	                           .learning_rate = 0.02,
	                           .momentum = 0.9,
	                           .beta1 = 0.9,
	                           .beta2 = 0.99,
	                           .epsilon = 1e-8,
	                           .schedule = CLN_COSINE,
	                           .warmup_fraction = 0.1,
	                           .step_epochs = 1,
	                           .step_factor = 0.5,
	                           .batch_size = BATCH,
	                           .block_size = 6, /* four blocks, and two in the last batch */
	                           .epochs = EPOCHS,
	                           .weight_decay = 0.01,
	                           .dropout = 0.25,
	                           .clip_norm = optimizer % 2 ? 0.5 : 0,
	                           .metric = CLN_LOG_LOSS,
	                           .seed = 3};
}

/* What a training is told to do, and what it has told. */
struct course {
	struct cln_config config;
	const struct dataset *train, *valid;
	int threads;
	size_t steps, stop_after; /* seen in all; stop after so many, 0: never */
	bool save_always;         /* a checkpoint after every step */
	size_t saves;
	char *file;               /* the last checkpoint's bytes */
	size_t length;
	struct cln_epoch told[MOST_EPOCHS];
	struct trainer_result result;
	struct network *net;
	char notes[4096];
};

static enum cln_ask ask(void *context)
{
	struct course *course = context;
	course->steps++;
	if (course->stop_after > 0 && course->steps == course->stop_after)
		return CLN_SAVE_AND_STOP;
	return course->save_always ? CLN_SAVE : CLN_GO_ON;
}

static void save(void *context, const struct training_state *state)
{
	struct course *course = context;
	struct member_under_way under_way = {.state = *state};
	const struct cln_checkpoint checkpoint = {
	    .network = course->net, .format = 1, .under_way = &under_way, .n_under_way = 1, .identity = "{}"};
	mem_free(course->file);
	assert_ok(checkpoint_encode(&course->file, &course->length, &checkpoint, "a note", &err));
	course->saves++;
}

static bool hear(void *context, const struct cln_epoch *epoch)
{
	struct course *course = context;
	course->told[epoch->epoch - 1] = *epoch;
	return false;
}

static void hear_note(void *context, const char *sentence)
{
	struct course *course = context;
	strncat(course->notes, sentence, sizeof course->notes - strlen(course->notes) - 1);
}

/* From the start, or from the course's own file. */
static enum cln_status go(struct course *course, struct cln_error *why)
{
	const size_t n[] = {FEATURES, 19, 6, 1};
	const struct cln_observer observer = {.context = course, .epoch = hear, .note = hear_note, .ask = ask};
	struct trainer_keeper keeper = {.context = course, .save = save};
	struct cln_checkpoint *checkpoint = NULL;
	const struct kernels *kernels;
	struct plan plan;
	ck_assert_int_eq(kernels_select(&kernels, NULL, why), CLN_OK);
	network_destroy(course->net);
	ck_assert_int_eq(network_create(&course->net, n, 3, course->config.activation, NULL, why), CLN_OK);
	network_init(course->net, CLN_INIT_AUTO, course->config.seed);
	plan_create(&plan, course->net, &course->config, course->train->n_rows, course->threads);
	plan_set_threads(&plan, parallel_limit(course->threads)); /* 1 where the build has no OpenMP */
	if (course->file) {
		assert_ok(checkpoint_decode(&checkpoint, course->file, course->length, "memory", &err));
		const struct training_state *state = &checkpoint->under_way[0].state;
		assert_ok(trainer_check(state, course->train, course->valid, &course->config, &plan, &err));
		keeper.from = state;
	}
	const enum cln_status status = trainer_continue(course->net, course->train, course->valid, &course->config, &plan, kernels,
	                                                &observer, &keeper, &course->result, why);
	cln_checkpoint_destroy(checkpoint);
	return status;
}

static void end(struct course *course)
{
	network_destroy(course->net);
	mem_free(course->file);
	*course = (struct course){0};
}

static void assert_same(const struct course *a, const struct course *b, size_t step)
{
	ck_assert_msg(memcmp(a->net->params, b->net->params, a->net->n_floats * sizeof(float)) == 0, "weights, step %zu", step);
	ck_assert_msg(memcmp(a->net->Wt, b->net->Wt, FEATURES * sizeof(float)) == 0, "transposed weights, step %zu", step);
	ck_assert_uint_eq(a->result.epochs, b->result.epochs);
	ck_assert_uint_eq(a->result.best_epoch, b->result.best_epoch);
	ck_assert_uint_eq(a->result.recoveries, b->result.recoveries);
	for (size_t i = 0; i < a->result.epochs; i++) {
		ck_assert_msg(a->told[i].train_loss == b->told[i].train_loss, "loss of epoch %zu, step %zu", i + 1, step);
		ck_assert_msg(a->told[i].valid.log_loss == b->told[i].valid.log_loss, "validation loss %zu, step %zu", i + 1, step);
		ck_assert_msg(a->told[i].learning_rate == b->told[i].learning_rate, "rate of epoch %zu, step %zu", i + 1, step);
		ck_assert_uint_eq(a->told[i].best, b->told[i].best);
		ck_assert_uint_eq(a->told[i].recoveries, b->told[i].recoveries);
	}
}

/* Interrupted once after every step of the run, and gone on with by another number of threads. */
static void interrupt_everywhere(const struct cln_config *config, const struct dataset *train, const struct dataset *valid)
{
	static const int threads[] = {1, 2, 3, 8};
	struct course whole = {.config = *config, .train = train, .valid = valid, .threads = 1};
	assert_ok(go(&whole, &err));
	ck_assert_uint_gt(whole.steps, 0);
	for (size_t step = 1; step <= whole.steps; step++) {
		struct course course = {.config = *config, .train = train, .valid = valid, .stop_after = step};
		struct cln_error why;
		course.threads = threads[step % 4];
		ck_assert_int_eq(go(&course, &why), CLN_STOPPED);
		ck_assert_uint_eq(course.saves, 1);
		course.threads = threads[(step + 1 + step / 4) % 4];
		assert_ok(go(&course, &err));
		ck_assert_uint_eq(course.steps, whole.steps);
		assert_same(&course, &whole, step);
		end(&course);
	}
	end(&whole);
}

START_TEST(a_run_interrupted_after_any_step_ends_with_the_same_bits)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct cln_config config = plain((enum cln_optimizer)_i);
	interrupt_everywhere(&config, &train, &valid);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* Patience 1 at a rate at which the validation loss soon rises: the run ends early, and the best epoch is not the last. */
START_TEST(early_stopping_goes_on_where_it_was)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct cln_config config = plain(CLN_ADAM);
	config.learning_rate = 0.3;
	config.patience = 2;
	config.epochs = MOST_EPOCHS;
	config.schedule = CLN_CONSTANT;
	struct course whole = {.config = config, .train = &train, .valid = &valid, .threads = 1};
	assert_ok(go(&whole, &err));
	ck_assert_uint_lt(whole.result.epochs, MOST_EPOCHS);
	ck_assert_uint_eq(whole.result.best_epoch, whole.result.epochs - 2);
	end(&whole);
	interrupt_everywhere(&config, &train, &valid);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* One step an epoch, of one block: its columns are gathered once in a run and have to be gathered again after it. */
START_TEST(full_batches_without_validation_rows_are_resumed)
{
	struct dataset train = make_data(ROWS, 0);
	struct cln_config config = plain(CLN_MOMENTUM);
	config.batch_size = 0;
	config.block_size = 0;
	config.clip_norm = 0;
	interrupt_everywhere(&config, &train, NULL);
	dataset_free(&train);
}
END_TEST

START_TEST(a_run_stopped_again_and_again_ends_with_the_same_bits)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course whole = {.config = plain(CLN_ADAMW), .train = &train, .valid = &valid, .threads = 2};
	struct course course = {.config = plain(CLN_ADAMW), .train = &train, .valid = &valid};
	assert_ok(go(&whole, &err));
	for (size_t step = 1; step <= EPOCHS * STEPS; step++) {
		struct cln_error why;
		course.threads = (int)(step % 3) + 1;
		course.stop_after = step;
		ck_assert_int_eq(go(&course, &why), CLN_STOPPED);
	}
	course.stop_after = 0;
	assert_ok(go(&course, &err));
	assert_same(&course, &whole, 0);
	end(&course);
	end(&whole);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

START_TEST(checkpoints_after_every_step_change_nothing)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course whole = {.config = plain(CLN_RMSPROP), .train = &train, .valid = &valid, .threads = 2};
	struct course saved = {.config = plain(CLN_RMSPROP), .train = &train, .valid = &valid, .threads = 3, .save_always = true};
	assert_ok(go(&whole, &err));
	assert_ok(go(&saved, &err));
	ck_assert_uint_eq(saved.saves, EPOCHS * STEPS);
	assert_same(&saved, &whole, 0);
	end(&whole);
	end(&saved);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* ---------------------------------------------------------------- divergence */

/* A rate at which plain descent leaves the floats within an epoch, and half of a half of ... which it does not. */
static struct cln_config wild(size_t recover)
{
	struct cln_config config = plain(CLN_SGD);
	config.activation = CLN_RELU;
	config.learning_rate = 2000;
	config.schedule = CLN_CONSTANT;
	config.dropout = config.weight_decay = config.clip_norm = 0;
	config.recover = recover;
	return config;
}

START_TEST(divergence_is_recovered_from_at_half_the_rate)
{
	struct dataset train = make_data(ROWS, 0);
	struct course course = {.config = wild(0), .train = &train, .threads = 2};
	struct cln_error why;
	ck_assert_int_eq(go(&course, &why), CLN_E_DIVERGED);
	ck_assert_ptr_nonnull(strstr(why.message, "epoch"));
	end(&course);
	course = (struct course){.config = wild(100), .train = &train, .threads = 2};
	assert_ok(go(&course, &err));
	const size_t recoveries = course.result.recoveries;
	ck_assert_uint_gt(recoveries, 1);
	ck_assert_uint_eq(course.told[EPOCHS - 1].recoveries, recoveries);
	ck_assert(course.told[EPOCHS - 1].learning_rate == ldexp(2000, -(int)recoveries));
	ck_assert_ptr_nonnull(strstr(course.notes, "epoch 1 starts again with half the learning rate (1 of 100 times)"));
	end(&course);
	/* One time less is not enough. */
	course = (struct course){.config = wild(recoveries - 1), .train = &train, .threads = 2};
	ck_assert_int_eq(go(&course, &why), CLN_E_DIVERGED);
	ck_assert_uint_eq(course.result.recoveries, recoveries - 1);
	end(&course);
	dataset_free(&train);
}
END_TEST

/* Also between the steps of an epoch that is going to diverge: the checkpoint has what it goes back to. */
START_TEST(recoveries_do_not_depend_on_interruptions)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct cln_config config = wild(100);
	config.optimizer = (enum cln_optimizer)_i;
	interrupt_everywhere(&config, &train, &valid);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* The loss is finite all the time, and leaves every measure. */
START_TEST(a_loss_that_explodes_is_a_divergence)
{
	struct dataset train = make_data(ROWS, 0);
	struct course course = {.config = wild(0), .train = &train, .threads = 1};
	struct cln_error why;
	ck_assert_int_eq(go(&course, &why), CLN_E_DIVERGED);
	ck_assert_msg(strstr(why.message, "more than 1000 times the least before it") != NULL, "%s", why.message);
	ck_assert_msg(strstr(why.message, "in epoch 1: its mean loss over 5 steps, ") != NULL, "%s", why.message);
	ck_assert_msg(strstr(why.message, "before it, and layer ") != NULL, "%s", why.message);
	ck_assert_msg(strstr(why.message, "the learning rate (2000 there) is too high") != NULL, "%s", why.message);
	end(&course);
	dataset_free(&train);
}
END_TEST

/* The last step of an epoch is followed by no loss that would show what it did: the weights do. */
START_TEST(weights_that_the_last_step_made_infinite_are_a_divergence)
{
	struct dataset train = make_data(ROWS, 0);
	struct course course = {.config = plain(CLN_SGD), .train = &train, .threads = 1};
	struct cln_error why;
	course.config.batch_size = ROWS; /* one step an epoch */
	course.config.schedule = CLN_CONSTANT;
	course.config.dropout = course.config.clip_norm = 0;
	course.config.weight_decay = 1e3;
	course.config.learning_rate = 1e37;
	ck_assert_int_eq(go(&course, &why), CLN_E_DIVERGED);
	ck_assert_msg(strstr(why.message, "in epoch 1: after its last step, 1, weights of layer 1 are no longer finite; "
					  "most likely the learning rate (1e+37 there) is too high") != NULL, "%s", why.message);
	end(&course);
	dataset_free(&train);
}
END_TEST

/* Rows that were not learnt from may hold what the others did not. */
START_TEST(validation_rows_whose_loss_is_not_finite_are_a_divergence)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course course = {.config = plain(CLN_SGD), .train = &train, .valid = &valid, .threads = 1};
	struct cln_error why;
	course.config.activation = CLN_RELU;
	for (size_t i = 0; i < VALID * FEATURES; i++)
		valid.X[i] = i % 2 ? 3e38f : -3e38f;
	ck_assert_int_eq(go(&course, &why), CLN_E_DIVERGED);
	ck_assert_msg(strstr(why.message, "after epoch 1, step 5, the loss of the validation rows is not finite, and layer "), "%s",
		      why.message);
	ck_assert_msg(strstr(why.message, "the learning rate (0.0") != NULL, "%s", why.message);
	end(&course);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* ---------------------------------------------------------------- the file */

static struct course a_checkpoint(const struct dataset *train, const struct dataset *valid)
{
	struct course course = {.config = plain(CLN_ADAM), .train = train, .valid = valid, .threads = 1, .stop_after = 8};
	struct cln_error why;
	course.config.recover = 1;
	ck_assert_int_eq(go(&course, &why), CLN_STOPPED);
	return course;
}

START_TEST(writing_what_was_read_gives_the_same_bytes)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course course = a_checkpoint(&train, &valid);
	struct cln_checkpoint *checkpoint;
	struct cln_position position;
	size_t length;
	char *bytes;
	assert_ok(checkpoint_decode(&checkpoint, course.file, course.length, "memory", &err));
	cln_checkpoint_position(checkpoint, &position);
	ck_assert_uint_eq(position.finished, 0);
	ck_assert_uint_eq(position.under_way, 1);
	ck_assert_uint_eq(position.all_epochs, 1);
	ck_assert_uint_eq(position.epochs, 1);
	ck_assert_uint_eq(position.steps, 3);
	ck_assert_str_eq(cln_checkpoint_note(checkpoint), "a note");
	for (size_t i = 0; i < STATE_N_PARTS; i++) /* all there are: Adam, validated once, may recover */
		ck_assert_ptr_nonnull(checkpoint->under_way[0].state.parts[i]);
	assert_ok(checkpoint_encode(&bytes, &length, checkpoint, cln_checkpoint_note(checkpoint), &err));
	ck_assert_uint_eq(length, course.length);
	ck_assert_mem_eq(bytes, course.file, length);
	mem_free(bytes);
	cln_checkpoint_destroy(checkpoint);
	end(&course);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

static void assert_refused(const char *bytes, size_t length, const char *what, size_t at)
{
	struct cln_checkpoint *checkpoint;
	struct cln_error why = {0};
	const enum cln_status status = checkpoint_decode(&checkpoint, bytes, length, "damaged", &why);
	ck_assert_msg(status == CLN_E_DAMAGED, "%s at %zu: %s", what, at, why.message);
	ck_assert_msg(strncmp(why.message, "damaged: ", 9) == 0 && strlen(why.message) > 20, "%s", why.message);
	ck_assert_ptr_null(checkpoint);
}

START_TEST(every_cut_is_refused_with_a_reason)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course course = a_checkpoint(&train, &valid);
	for (size_t length = 0; length < course.length; length++) {
		char *cut = mem_copy(course.file, length, NULL); /* an own block, so that reading beyond it is seen */
		assert_refused(cut, length, "cut", length);
		mem_free(cut);
	}
	end(&course);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* All of the header's bits, and one bit of every byte behind it. */
START_TEST(every_flipped_bit_is_refused_with_a_reason)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course course = a_checkpoint(&train, &valid);
	uint64_t header;
	memcpy(&header, course.file, sizeof header);
	for (size_t i = 0; i < course.length; i++)
		for (int bit = i < header + 8 ? 0 : (int)(i % 8); bit < (i < header + 8 ? 8 : (int)(i % 8) + 1); bit++) {
			course.file[i] = (char)(course.file[i] ^ 1 << bit);
			assert_refused(course.file, course.length, "flip", i);
			course.file[i] = (char)(course.file[i] ^ 1 << bit);
		}
	end(&course);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* What a header says, and what a forger writes in its place, with the right checksum. */
static const struct {
	const char *from, *to, *reason;
} forgeries[] = {
    {"\\\"parts\\\":[\\\"weights\\\",", "\\\"parts\\\":[1,", "\"parts\" holds what is no list of parts"},
    {"\\\"parts\\\":[\\\"weights\\\",", "\\\"parts\\\":[", "\"parts\" holds what is no list of parts"},
    {"\\\"first\\\",\\\"second\\\"", "\\\"second\\\",\\\"first\\\"", "\"parts\" holds what is no list of parts"},
    {"\\\"parts\\\":[", "\\\"parts\\\":1,\\\"p\\\":[", "\"parts\""},
    {"\"dtype\":\"F32\"", "\"dtype\":1", "is not of type F32"},
    {"\"dtype\":\"F32\"", "\"dtype\":\"F64\"", "is not of type F32"},
    {"\"shape\":[19,5]", "\"shape\":1", "has not the shape"},
    {"\"shape\":[19,5]", "\"shape\":[19,\"5\"]", "has not the shape"},
    {"\"shape\":[19,5]", "\"shape\":[5,19]", "has not the shape"},
    {"\"data_offsets\":[0,380]", "\"data_offsets\":[0,376]", "does not lie at bytes 0 to 380"},
    {"\"colonnade_note\":\"a note\"", "\"colonnade_note\":1", "its metadata has no \"colonnade_note\""},
    {"\"colonnade_identity\":", "\"identity\":", "its metadata has no \"colonnade_identity\""},
    {"\\\"n\\\":[5,", "\\\"n\\\":[\\\"5\\\",", "\"n\" holds something that is not a whole number"},
    {"\\\"n\\\":[5,", "\\\"n\\\":[0,", "\"n\" holds something that is not a whole number"},
    {"\\\"n\\\":[5,19,", "\\\"n\\\":[1048576,1048576,", "was it cut short?"},
    {"\\\"recoveries\\\":0", "\\\"recoveries\\\":-1", "recoveries"},
    {"\\\"kind\\\":\\\"checkpoint\\\"", "\\\"kind\\\":\\\"model\\\"", "it holds a model, not a checkpoint"},
    {"{\"__metadata__\":{", "{\"metadata\":{", "its header has no __metadata__ in front"},
};

enum { N_FORGERIES = sizeof forgeries / sizeof *forgeries };

START_TEST(a_forged_header_is_refused_although_its_checksum_is_right)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course course = a_checkpoint(&train, &valid);
	struct cln_checkpoint *checkpoint;
	struct cln_error why;
	const char *at = memmem(course.file, course.length, forgeries[_i].from, strlen(forgeries[_i].from));
	ck_assert_msg(at != NULL, "%s: %.700s", forgeries[_i].from, course.file + 8);
	struct text forged = model_forge(course.file, course.length, (size_t)(at - course.file), strlen(forgeries[_i].from),
					 forgeries[_i].to);
	ck_assert_int_eq(checkpoint_decode(&checkpoint, forged.bytes, forged.length, "forged", &why), CLN_E_DAMAGED);
	ck_assert_msg(strstr(why.message, forgeries[_i].reason) != NULL, "%s: %s", forgeries[_i].to, why.message);
	text_free(&forged);
	end(&course);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* A value takes many times the memory that its text does, and all are read before anything is known of them. */
START_TEST(values_that_no_weights_stand_for_are_not_read)
{
	enum { MANY = 20000 };
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course course = a_checkpoint(&train, &valid);
	const char before[] = "\\\"n\\\":[";
	const char *at = memmem(course.file, course.length, before, strlen(before));
	const struct identity_freedom none = {0};
	struct cln_checkpoint *checkpoint;
	struct cln_error why;
	struct text many = {0};
	ck_assert_ptr_nonnull(at);
	for (size_t i = 0; i < MANY; i++)
		text_addf(&many, "%s0,", i == 0 ? before : "");
	assert_ok(text_check(&many, &err));
	struct text forged =
	    model_forge(course.file, course.length, (size_t)(at - course.file), strlen(before), many.bytes);
	ck_assert_int_eq(checkpoint_decode(&checkpoint, forged.bytes, forged.length, "forged", &why), CLN_E_DAMAGED);
	ck_assert_msg(strstr(why.message, "more values than such a document can hold") != NULL, "%s", why.message);
	many.bytes[many.length - 1] = ']';
	ck_assert_int_eq(identity_compare(many.bytes + strlen(before) - 1, "{}", &none, &why), CLN_E_DAMAGED);
	ck_assert_msg(strstr(why.message, "more values than such a document can hold") != NULL, "%s", why.message);
	text_free(&forged);
	text_free(&many);
	end(&course);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

START_TEST(a_model_and_a_checkpoint_are_told_apart)
{
	struct dataset train = make_data(ROWS, 0), valid = make_data(VALID, 1);
	struct course course = a_checkpoint(&train, &valid);
	struct cln_model *model;
	struct cln_error why;
	ck_assert_int_eq(model_decode(&model, course.file, course.length, "file", &why), CLN_E_DAMAGED);
	ck_assert_msg(strstr(why.message, "it holds a checkpoint, not a model") != NULL, "%s", why.message);
	end(&course);
	dataset_free(&train);
	dataset_free(&valid);
}
END_TEST

/* ---------------------------------------------------------------- the library */

struct caller {
	size_t steps, stop_after;
	char path[64];
};

static enum cln_ask ask_to_stop(void *context)
{
	struct caller *caller = context;
	return ++caller->steps == caller->stop_after ? CLN_SAVE_AND_STOP : CLN_GO_ON;
}

static void write_checkpoint(void *context, const struct cln_checkpoint *checkpoint)
{
	const struct caller *caller = context;
	assert_ok(cln_checkpoint_save(checkpoint, "mine", caller->path, &err));
}

static struct cln_table *make_table(float offset)
{
	const char *const names[] = {"a", "b", "outcome"};
	float cells[3 * ROWS];
	struct cln_table *table;
	for (size_t i = 0; i < ROWS; i++) {
		cells[3 * i] = (float)(i % 13) + offset;
		cells[3 * i + 1] = i % 7 == 3 ? NAN : (float)(i % 7);
		cells[3 * i + 2] = (float)(i % 13 > 6);
	}
	assert_ok(cln_table_create(&table, cells, ROWS, 3, names, &err));
	return table;
}

static struct cln_config library_config(void)
{
	struct cln_config config;
	assert_ok(cln_config_recipe(&config, "plain", &err));
	config.n_hidden = 1;
	config.hidden[0] = 8;
	config.epochs = 4;
	config.batch_size = 16;
	return config;
}

/* Interrupts a fit in its second epoch; returns what was written. */
static struct cln_checkpoint *interrupted(const struct cln_table *table, const struct cln_config *config)
{
	struct caller caller = {.stop_after = 7, .path = "/tmp/test_checkpoint_XXXXXX"};
	const struct cln_observer observer = {.context = &caller, .ask = ask_to_stop, .checkpoint = write_checkpoint};
	struct cln_checkpoint *checkpoint;
	struct cln_model *model;
	struct cln_error stop;
	close(mkstemp(caller.path));
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, config, &observer, NULL, &stop), CLN_STOPPED);
	ck_assert_ptr_null(model);
	assert_ok(cln_checkpoint_load(&checkpoint, caller.path, &err));
	ck_assert_str_eq(cln_checkpoint_note(checkpoint), "mine");
	unlink(caller.path);
	return checkpoint;
}

/* Also with more epochs than at first, where the schedule does not know their number. */
START_TEST(a_fit_is_resumed_to_the_same_file)
{
	struct cln_table *table = make_table(0);
	struct cln_config config = library_config();
	struct cln_checkpoint *checkpoint = interrupted(table, &config);
	struct cln_model *whole, *resumed;
	config.epochs += (size_t)_i;
	assert_ok(cln_model_fit(&whole, table, NULL, NULL, NULL, &config, NULL, NULL, &err));
	config.threads = 3;
	assert_ok(cln_model_resume(&resumed, checkpoint, table, NULL, NULL, NULL, &config, NULL, NULL, &err));
	assert_same_model(whole, resumed);
	cln_model_destroy(whole);
	cln_model_destroy(resumed);
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
}
END_TEST

static void change_rate(struct cln_config *config) { config->learning_rate = 0.01; }
static void change_seed(struct cln_config *config) { config->seed = 2; }
static void change_hidden(struct cln_config *config) { config->hidden[0] = 9; }
static void change_recover(struct cln_config *config) { config->recover = 1; }
static void change_positive(struct cln_config *config) { config->positive = "0"; }
static void change_block(struct cln_config *config) { config->block_size = 5; }
static void change_validation(struct cln_config *config) { config->valid_fraction = 0.3; }
static void change_nothing(struct cln_config *config) { (void)config; }

static const struct {
	void (*change)(struct cln_config *config);
	float offset; /* of the table's first column */
	const char *message;
} changes[] = {
	{change_rate, 0, "learning_rate was 0.001, is 0.01"},
	{change_seed, 0, "seed was 1, is 2"},
	{change_hidden, 0, "hidden was 8, is 9"},
	{change_recover, 0, "recover was 0, is 1"},
	{change_positive, 0, "negative was 0, is 1"},
	{change_block, 0, "block_size was 16, is 5"},
	{change_validation, 0, "valid_fraction was 0.2, is 0.3"},
	{change_nothing, 0.5f, "training table was "},
};
enum { N_CHANGES = sizeof changes / sizeof *changes };

static void assert_not_resumed(struct cln_checkpoint *checkpoint, const struct cln_table *table, const struct cln_config *config,
			       const char *message)
{
	struct cln_model *model;
	struct cln_error why;
	ck_assert_int_eq(cln_model_resume(&model, checkpoint, table, NULL, NULL, NULL, config, NULL, NULL, &why), CLN_E_USAGE);
	ck_assert_msg(strstr(why.message, message) != NULL, "%s", why.message);
	ck_assert_ptr_null(model);
}

START_TEST(another_training_is_refused_by_name)
{
	struct cln_table *table = make_table(0), *other = make_table(changes[_i].offset);
	struct cln_config config = library_config();
	struct cln_checkpoint *checkpoint = interrupted(table, &config);
	changes[_i].change(&config);
	assert_not_resumed(checkpoint, other, &config, changes[_i].message);
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
	cln_table_destroy(other);
}
END_TEST

static void change_rate_and_dropout(struct cln_config *config)
{
	config->learning_rate = 0.01;
	config->dropout = 0.2;
}
static void change_threshold(struct cln_config *config) { config->threshold_rule = CLN_THRESHOLD_F1; }
static void change_epochs(struct cln_config *config)
{
	config->schedule = CLN_COSINE;
	config->epochs = 5;
}

/* What is said of it; "" where nothing differs. */
static const struct {
	const char *names;
	void (*change)(struct cln_config *config);
	float offset;
	const char *note;
} allowed[] = {
	{"lr", change_rate, 0, "goes on although learning_rate was 0.001, is 0.01|"},
	{"dropout,lr", change_rate_and_dropout, 0,
	 "goes on although learning_rate was 0.001, is 0.01|goes on although dropout was 0, is 0.2|"},
	{"lr-schedule,epochs", change_epochs, 0,
	 "goes on although schedule was constant, is cosine|goes on although epochs was 4, is 5|"},
	{"threshold", change_threshold, 0, "goes on although threshold_rule was not given, is f1|"},
	{"data", change_nothing, 0.5f, "goes on although training table was "},
	{"lr,data,dropout,threshold", change_nothing, 0, ""},
};
enum { N_ALLOWED = sizeof allowed / sizeof *allowed };

static void hear_sentence(void *context, const char *sentence)
{
	char *notes = context;
	if (strncmp(sentence, "goes on although", 16) == 0)
		strcat(strcat(notes, sentence), "|");
}

/* And it is what the rest of the training is with. */
START_TEST(what_is_allowed_by_name_may_differ)
{
	char notes[1024] = "";
	const struct cln_observer observer = {.context = notes, .note = hear_sentence};
	struct cln_table *table = make_table(0), *other = make_table(allowed[_i].offset);
	struct cln_config config = library_config();
	struct cln_checkpoint *checkpoint = interrupted(table, &config);
	struct cln_model *whole, *resumed;
	assert_ok(cln_model_fit(&whole, table, NULL, NULL, NULL, &config, NULL, NULL, &err));
	allowed[_i].change(&config);
	assert_ok(cln_checkpoint_allow(checkpoint, allowed[_i].names, &err));
	assert_ok(cln_model_resume(&resumed, checkpoint, other, NULL, NULL, NULL, &config, &observer, NULL, &err));
	ck_assert_double_eq(resumed->config.learning_rate, config.learning_rate);
	ck_assert_uint_eq(resumed->epochs, config.epochs);
	ck_assert_msg(strncmp(notes, allowed[_i].note, strlen(allowed[_i].note)) == 0, "%s", notes);
	if (allowed[_i].note[0] == '\0') {
		ck_assert_str_eq(notes, "");
		assert_same_model(whole, resumed);
	}
	cln_model_destroy(whole);
	cln_model_destroy(resumed);
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
	cln_table_destroy(other);
}
END_TEST

START_TEST(what_is_not_named_stays_refused)
{
	struct cln_table *table = make_table(0), *other = make_table(0.5f);
	struct cln_config config = library_config();
	struct cln_checkpoint *checkpoint = interrupted(table, &config);
	struct cln_error why;
	assert_ok(cln_checkpoint_allow(checkpoint, "data,dropout", &err));
	config.l2 = 0.01;
	assert_not_resumed(checkpoint, other, &config, "l2 was 0, is 0.01; go on all the same: --allow-change l2");
	config.l2 = 0;
	config.scaling_rate = 6; /* "data" would allow more */
	assert_ok(cln_checkpoint_allow(checkpoint, "dropout", &err));
	assert_not_resumed(checkpoint, table, &config,
			   "scaling_rate was not given, is 6; go on all the same: --allow-change scaling-rate");
	config.scaling_rate = 1;
	assert_ok(cln_checkpoint_allow(checkpoint, "data,dropout", &err));
	config.hidden[0] = 9;
	assert_not_resumed(checkpoint, other, &config, "hidden was 8, is 9");
	ck_assert_int_eq(cln_checkpoint_allow(checkpoint, "lr,hidden", &why), CLN_E_USAGE);
	ck_assert_msg(strstr(why.message, "\"hidden\" cannot differ in a run that goes on; what can: data, valid,") != NULL, "%s",
		      why.message);
	config.hidden[0] = 8;
	assert_ok(cln_checkpoint_allow(checkpoint, NULL, &err)); /* and what was allowed before is so no more */
	assert_not_resumed(checkpoint, other, &config, "training table was ");
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
	cln_table_destroy(other);
}
END_TEST

/* With these schedules every rate depends on the number of epochs. */
START_TEST(other_epochs_are_refused_where_the_rates_depend_on_them)
{
	static const enum cln_schedule schedules[] = {CLN_COSINE, CLN_WARMUP, CLN_ONE_CYCLE};
	struct cln_table *table = make_table(0);
	struct cln_config config = library_config();
	config.schedule = schedules[_i];
	struct cln_checkpoint *checkpoint = interrupted(table, &config);
	config.epochs = 5;
	assert_not_resumed(checkpoint, table, &config, "epochs was 4, is 5");
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
}
END_TEST

/* The epoch that was begun is the second. */
START_TEST(fewer_epochs_than_are_done_are_refused)
{
	struct cln_table *table = make_table(0);
	struct cln_config config = library_config();
	struct cln_checkpoint *checkpoint = interrupted(table, &config);
	config.epochs = 1;
	assert_not_resumed(checkpoint, table, &config, "after 1 epochs and ");
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
}
END_TEST

/* A file that claims the options of this training, and has the units of its network, but not its front: fewer floats. */
START_TEST(another_front_is_refused)
{
	struct cln_table *table = make_table(0);
	struct cln_config config = library_config();
	struct network *other;
	config.input_scaling = true;
	struct cln_checkpoint *checkpoint = interrupted(table, &config);
	assert_ok(network_create(&other, checkpoint->network->n, checkpoint->network->L, checkpoint->network->activation, NULL,
	                         &err));
	network_destroy(checkpoint->network);
	checkpoint->network = other;
	assert_not_resumed(checkpoint, table, &config, "has another shape");
	cln_checkpoint_destroy(checkpoint);
	cln_table_destroy(table);
}
END_TEST

/* One column far larger than the others, and not scaled: the message names it. */
START_TEST(divergence_names_the_largest_feature)
{
	struct cln_table *table = make_table(1e6f);
	struct cln_config config = library_config();
	struct cln_model *model;
	struct cln_error why;
	config.n_hidden = 0;
	config.scale = CLN_SCALE_NONE;
	config.optimizer = CLN_SGD;
	config.learning_rate = 1e4;
	ck_assert_int_eq(cln_model_fit(&model, table, NULL, NULL, NULL, &config, NULL, NULL, &why), CLN_E_DIVERGED);
	ck_assert_msg(strstr(why.message, "the feature with the largest values is \"a\" (1e+06)") != NULL, "%s", why.message);
	cln_table_destroy(table);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("checkpoint");
	TCase *tcase = add_case(suite, "resume");
	tcase_add_loop_test(tcase, a_run_interrupted_after_any_step_ends_with_the_same_bits, 0, CLN_N_OPTIMIZERS);
	tcase_add_test(tcase, early_stopping_goes_on_where_it_was);
	tcase_add_test(tcase, full_batches_without_validation_rows_are_resumed);
	tcase_add_test(tcase, a_run_stopped_again_and_again_ends_with_the_same_bits);
	tcase_add_test(tcase, checkpoints_after_every_step_change_nothing);
	tcase = add_case(suite, "divergence");
	tcase_add_test(tcase, divergence_is_recovered_from_at_half_the_rate);
	tcase_add_loop_test(tcase, recoveries_do_not_depend_on_interruptions, 0, CLN_NESTEROV + 1);
	tcase_add_test(tcase, a_loss_that_explodes_is_a_divergence);
	tcase_add_test(tcase, weights_that_the_last_step_made_infinite_are_a_divergence);
	tcase_add_test(tcase, validation_rows_whose_loss_is_not_finite_are_a_divergence);
	tcase = add_case(suite, "file");
	tcase_add_test(tcase, writing_what_was_read_gives_the_same_bytes);
	tcase_add_test(tcase, every_cut_is_refused_with_a_reason);
	tcase_add_test(tcase, every_flipped_bit_is_refused_with_a_reason);
	tcase_add_loop_test(tcase, a_forged_header_is_refused_although_its_checksum_is_right, 0, N_FORGERIES);
	tcase_add_test(tcase, values_that_no_weights_stand_for_are_not_read);
	tcase_add_test(tcase, a_model_and_a_checkpoint_are_told_apart);
	tcase = add_case(suite, "library");
	tcase_add_loop_test(tcase, a_fit_is_resumed_to_the_same_file, 0, 2);
	tcase_add_loop_test(tcase, another_training_is_refused_by_name, 0, N_CHANGES);
	tcase_add_loop_test(tcase, what_is_allowed_by_name_may_differ, 0, N_ALLOWED);
	tcase_add_test(tcase, what_is_not_named_stays_refused);
	tcase_add_loop_test(tcase, other_epochs_are_refused_where_the_rates_depend_on_them, 0, 3);
	tcase_add_test(tcase, fewer_epochs_than_are_done_are_refused);
	tcase_add_test(tcase, another_front_is_refused);
	tcase_add_test(tcase, divergence_names_the_largest_feature);
	return suite;
}

TESTING_MAIN(make_suite)
