# SPDX-License-Identifier: MIT
# Cuts out of the sources named as arguments the definitions that an exported C file needs, and writes them as strings for
# shared_code.c.  So the arithmetic of an export is the very text that predicts here.
#
# A definition is a #define, a type, or a function, with the comment that stands right above it; it ends with a line that begins
# with "}", or with its first line where that holds all of it.  Inline functions become static, and requests to unroll go.

BEGIN {
	wanted["generic.c"] = "vec vint vmask v_set1 v_zero v_fma v_add v_sub v_mul v_div v_max v_min v_gt v_ge v_lt v_eq v_select " \
		"v_bits v_from_bits v_abs v_neg v_copysign i_set1 i_add i_sub i_shift_left i_shift_right"
	wanted["template_math.h"] = "ROUNDING_SHIFT ROUNDING_SHIFT_BITS ONE_BITS LOG2_E LN_2_HIGH LN_2_LOW UNSCALE polynomial " \
		"expm1_reduced power_of_two exp_scaled exp_nonpositive tanh_vec sigmoid_vec normal_tail"
	wanted["template_activation.h"] = "struct_response respond_sigmoid respond_tanh respond_relu respond_leaky_relu " \
		"respond_exponential respond_elu respond_selu respond_gelu respond_silu respond_mish"
	wanted["template_embedding.h"] = "TURNS_A_RADIAN MOST_TURNS sine_of_quarter part_of_turn cosine_of_part"
	wanted["template_piecewise.h"] = "struct_piece piece_of"
	wanted["dmath.c"] = "LN2_HIGH LN2_LOW INV_LN2 EXP_UNDERFLOW POLYNOMIAL scale_2 polynomial reduce_ln2 exp_tail struct_parts " \
		"sum_parts divide_parts exp_parts log_of split_2 dmath_log dmath_sigmoid"
	wanted["text.c"] = "text_find"
	wanted["pipeline.h"] = "enum_transform PIPELINE_Z_MAX"
	wanted["pipeline_read.c"] = "find_knot score transform"
	wanted["exported_code.c"] = "struct_pipeline_column read_numbers enum_encoding struct_category read_category " \
		"read_categories embed look_up piecewise product unit_product preactivation log_of_sum"
	print "/* Made by shared_code.awk. */"
}

FNR == 1 {
	complain()
	split("", missing)
	file = FILENAME
	sub(/.*\//, "", file)
	n = split(wanted[file], names, " ")
	for (i = 1; i <= n; i++)
		missing[names[i]] = 1
	text = comment = ""
}

# The name that a definition's first line defines; "" where it is none.
function name_of(line,    word) {
	if (line ~ /^#define /)
		word = substr(line, 9)
	else if (line ~ /^(struct|enum) [a-z_]+ \{/) {
		word = line
		sub(/ /, "_", word)
	} else if (line ~ /^typedef .*;$/) {
		word = line
		sub(/;$/, "", word)
		sub(/.* /, "", word)
	} else if (line ~ /^[a-zA-Z].*\(.*\)/ && line !~ /;$/) {
		word = line
		sub(/\(.*/, "", word)
		sub(/.*[ *]/, "", word)
	}
	sub(/[^A-Za-z0-9_].*/, "", word)
	return word
}

function add(line) { text = text line "\n" }

function escaped(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	gsub(/\t/, "\\t", line)
	return line
}

function finish(    lines, i, n) {
	if (kind == 2)
		sub(/_/, " ", name)
	printf "{\"%s\", \"%s\", %d,\n", file, name, kind
	n = split(text, lines, "\n")
	for (i = 1; i < n; i++)
		printf " \"%s\\n\"\n", escaped(lines[i])
	print "},"
	text = name = ""
}

function complain(    word) {
	for (word in missing) {
		print "shared_code.awk: " FILENAME " or the file before it: no " word > "/dev/stderr"
		failed = 1
	}
}

/^[ \t]*UNROLL$/ { next }

name == "" && /^\/\*/ { comment = ""; in_comment = 1 }
name == "" && in_comment {
	comment = comment $0 "\n"
	if ($0 ~ /\*\/$/)
		in_comment = 0
	next
}
name == "" {
	candidate = name_of($0)
	if (candidate == "" || !(candidate in missing)) {
		comment = ""
		next
	}
	delete missing[candidate]
	name = candidate
	kind = $0 ~ /^[a-zA-Z].*\(/ && $0 !~ /^typedef/ ? 1 : $0 ~ /^(struct|enum) / ? 2 : 0
	text = comment
	comment = ""
	line = $0
	sub(/^INLINE /, "static ", line)
	if (kind == 1 && line !~ /^static /)
		line = "static " line
	add(line)
	if ($0 ~ /^(#define|typedef)/ || ($0 ~ /\{.*\}/ && $0 ~ /[};]$/))
		finish()
	next
}
{
	add($0)
	if ($0 ~ /^}/)
		finish()
}

END {
	complain()
	exit failed
}
