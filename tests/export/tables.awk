# SPDX-License-Identifier: MIT
# A table with every kind of column: awk -v rows=N -v seed=S -v kind=train|new|far|tame -f tables.awk
# train: gaps in two columns; new: gaps, levels never seen and extreme numbers in all; far: numbers somewhat outside of the training
# rows' in place of extreme ones, and no heavy tail; tame: none of them.
function random() { # in (0, 1): Lehmer's generator of Park and Miller
	state = (16807 * state) % 2147483647
	return state / 2147483647
}
function rare(share) { return random() < share }
function text(column, value, has_gaps) {
	if (kind != "train" && rare(0.03))
		return "never seen"
	if ((has_gaps || kind != "train") && rare(0.05))
		return rare(0.5) ? "" : "?"
	return value
}
function number(value, has_gaps) {
	if ((has_gaps || kind != "train") && rare(0.05))
		return ""
	if ((kind == "new" || kind == "far") && rare(0.02))
		return extremes[1 + int(random() * n_extremes)]
	return value
}
BEGIN {
	state = 1000003 + seed
	n_extremes = split(kind == "new" ? "3.4e38 -3.4e38 1e30 -1e20 1e-40 -0 12345678.9 0" : "30 -12 1e-40 -0 0", extremes, " ")
	n_jobs = split("clerk smith baker gardener teacher miner", jobs, " ")
	print "x,tail,flag,whole,sex,job,town,constant,code,y"
	for (i = 0; i < rows; i++) {
		x = random() + random() + random() + random() - 2
		tail = rare(0.4) ? 0 : 1 / (random() * random())
		if (kind == "far" && tail > 2000)
			tail = 2000
		flag = rare(0.3) ? 1 : 0
		whole = int(20 * random() * random())
		sex = rare(0.5) ? "m" : "f"
		j = 1 + int(n_jobs * random() * random())
		town = int(300 * random() * random() * random())
		code = 3 * int(5 * random())
		score = 2 * x + (tail > 5 ? 1 : -0.3) + flag - 0.1 * whole + (sex == "m" ? 0.5 : 0) + (j % 3) - (town % 5) / 3 + (code == 6)
		y = score + 2 * (random() - 0.5) > 0.5 ? "yes" : "no"
		printf "%s,%s,%s,%s,%s,%s,%s,7,%s,%s\n", number(sprintf("%.6f", 10 + 3 * x), 1), number(sprintf("%.5g", tail), 0),
			kind == "far" ? flag : number(flag, 0), number(whole, 0), text("sex", sex, 0), text("job", jobs[j], 1), text("town", "t" town, 0),
			kind != "train" && rare(0.05) ? "99" : rare(0.03) ? "" : code, y
	}
}
