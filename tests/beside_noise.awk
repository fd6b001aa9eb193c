# SPDX-License-Identifier: MIT
# awk -F, -v copies=N -f beside_noise.awk TABLE: the table with N copies of every column but the last, each with its cells in rows
# of another order, so that they say nothing of the label.
NR == 1 { names = $0; next }
{ row[n++] = $0 }

# The columns of a line but the last, each name followed by `end`.
function inputs(line, end, cells, k, i, text) {
	k = split(line, cells, ",")
	for (i = 1; i < k; i++)
		text = text cells[i] end ","
	return text
}

function last(line, cells) { return cells[split(line, cells, ",")] }

# A row that no two copies' columns share: steps that are prime to most numbers of rows.
function other(r, copy, i) { return (r * (7919 + 2 * copy) + 104729 * copy + 1299709 * i) % n }

END {
	k = split(names, name, ",")
	for (copy = 1; copy <= copies; copy++)
		more = more inputs(names, "_" copy)
	print inputs(names, "") more last(names)
	for (r = 0; r < n; r++) {
		line = inputs(row[r], "")
		for (copy = 1; copy <= copies; copy++)
			for (i = 1; i < k; i++) {
				split(row[other(r, copy, i)], cells, ",")
				line = line cells[i] ","
			}
		print line last(row[r])
	}
}
