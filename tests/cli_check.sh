#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# colonnade check: every problem with its place, in any form and with any number of threads; what the columns hold; leaks; what the
# training would be; whether rows fit a model.  And what predict and evaluate tell of rows that are unlike the training rows.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
adult=$examples/adult.csv

# places FILE: the file:line:column of the problems that were told.
places() { sed -n 's/^\([^ ]*:[0-9]*:[0-9]*\): .*/\1/p' stdout | tr '\n' ' '; }

# ---- one row of each kind of problem, between good ones
{
  printf 'id,x,c,y\n1,1.5,a,no\n2,2.5,b\n3,oops,"a ""q""",yes\n4,1e99,c,no\n5,3.5,"d"e,yes\n6,4,a,maybe\n'
  printf '7,5,"multi\nline",yes\n8,6,a,\n9,7,a,no,extra\n10,inf,b,yes\n11,12,\303\244,no\n12,13,a,yes\n13,14,\377,no\n14,15,b,yes\n'
} >bad.csv
expect 3 '' check bad.csv --numeric x
[ ! -s stderr ] || fail "something on standard error: $(cat stderr)"
equal "all places" "$(places)" "bad.csv:3:8 bad.csv:4:3 bad.csv:5:3 bad.csv:6:10 bad.csv:9:7 bad.csv:10:7 bad.csv:11:10 \
bad.csv:12:4 bad.csv:14:9 bad.csv:15:7 bad.csv:16:9 "
holds "the first" '^bad.csv:3:8: 3 fields where the header has 4$' stdout
holds "a cell" '^bad.csv:4:3: not a number ."oops", column "x"; ' stdout
holds "a stray text" '^bad.csv:6:10: text behind a closing quote ."e,yes", column "c"; ' stdout
holds "the counts" '^problems  11: number of fields .2., not UTF-8 .1., text behind a quote .1., not finite .2.,' stdout
holds "the rows that remain" '^data      bad.csv: 14 rows, 4 columns; what follows is of the 7 rows without a problem$' stdout
holds "their cells" '^  x  *number  *0  *1[.]5  *6  *15$' stdout
holds "the verdict" '^result    train would refuse these data$' stdout
cp stdout all
expect 3 'bad.csv:3:8: 3 fields where the header has 4' train bad.csv --numeric x --out refused
expect 3 '' check bad.csv --numeric x --problems 2
equal "the first two places" "$(places)" "bad.csv:3:8 bad.csv:4:3 "
holds "the others" '^[.][.][.] and 9 more' stdout
equal "the same counts" "$(grep '^problems' stdout)" "$(grep '^problems' all)"
expect 3 '' check bad.csv --numeric x --json
equal "JSON" "$(grep -c '"kind"' stdout)" 11
holds "JSON" '"accepted": false' stdout
holds "JSON" '"text behind a quote": 1,' stdout
if "$colonnade" doctor | grep -q 'zlib: yes'; then
  gzip -c bad.csv >bad.csv.gz
  expect 3 '' check bad.csv.gz --numeric x
  equal "gz" "$(sed 's/bad.csv.gz/bad.csv/' stdout)" "$(cat all)"
fi
"$colonnade" check - --numeric x <bad.csv >stdout 2>stderr
equal "standard input" "$(sed 's/standard input/bad.csv/' stdout)" "$(cat all)"

# ---- cells of a row that is shifted are no cells: a column of numbers stays one, wherever the row is
awk 'BEGIN {
  print "a,t,y"
  for (i = 1; i < 400; i++) print (i == 7 || i == 300 ? "shifted,1" : i ",t" i % 3 "," i % 2)
}' >shift.csv
expect 3 '' check shift.csv
equal "shifted rows" "$(places)" "shift.csv:8:10 shift.csv:301:10 "
holds "numbers beside them" '^  a  *number  *0  *1  *200  *399$' stdout
holds "texts beside them" '^  t  *text  *0  *3 different' stdout

# ---- behind a quote that is not closed nothing is believed
{
  cat bad.csv
  printf '15,16,"open,yes\n16,oops,a,yes\n'
} >open.csv
expect 3 '' check open.csv --numeric x
holds "the quote" '^open.csv:17:7: a quoted field that does not end' stdout
holds "the end" '^the reading ends there' stdout
! grep -q '^open.csv:18' stdout || fail "a row behind a quote that is not closed: $(cat stdout)"
! grep -q '^  column' stdout || fail "columns of a file that cannot be read"

# ---- many problems, over many windows of the reader: the same for any number of threads; the second sweep finds what the first
# cannot know (a column that turns out to be text far down has bytes that are no UTF-8 before that)
awk 'BEGIN {
  print "id,x,late,y"
  for (i = 1; i <= 60000; i++) {
    late = i == 50000 ? "text" : i == 777 || i == 59999 ? "\377" : i
    if (i % 9973 == 0) printf "%d,1,2\n", i
    else if (i % 7919 == 0) printf "%d,\"1\"2,%s,yes\n", i, late
    else if (i % 6007 == 0) printf "%d,\"a\n\nb\" \"c,%s,no\n", i, late
    else printf "%d,%d.5,%s,%s\n", i, i % 100, late, i % 3 ? "yes" : "no"
  }
}' >large.csv
expect 3 '' check large.csv --threads 1
cp stdout one
holds "all kinds" '^problems  24: number of fields .6., text behind a quote .16., not UTF-8 .2.$' one
holds "a place behind lines within fields" '^large.csv:600[0-9][0-9]:[0-9]*: not valid UTF-8' one
line=$(sed -n 's/^large.csv:\([0-9]*\):.*UTF-8.*/\1/p' one | tail -n 1)
equal "that line" "$(LC_ALL=C sed -n "${line}p" large.csv | cut -d, -f1)" 59999
for threads in 2 3 8; do
  expect 3 '' check large.csv --threads "$threads"
  cmp -s one stdout || fail "with $threads threads: $(diff one stdout | head -n 5)"
done

# ---- what a decimal comma is, weights, and labels in the other files
printf 'a;w;y\n1,5;1;no\n2,5;-1;yes\n3;x;no\n4;;yes\n5;1;no\n6,25;0;\n7;1;yes\n8;2;no\n' >comma.csv
expect 3 '' check comma.csv --weight w
equal "decimal commas first" "$(places)" "comma.csv:2:1 comma.csv:3:1 comma.csv:4:3 comma.csv:5:3 comma.csv:7:1 "
expect 3 '' check comma.csv --weight w --categorical a
equal "weights" "$(places)" "comma.csv:3:5 comma.csv:4:3 comma.csv:5:3 "
awk 'BEGIN { print "a,y"; for (i = 0; i < 60; i++) print i % 7 ",", i % 2 }' >few.csv
printf 'a,y\n3,0\n3,2\n4,\nx,1\n' >valid.csv
expect 3 '' check few.csv --valid valid.csv --recipe plain --numeric a
equal "problems of --valid" "$(places)" "valid.csv:3:3 valid.csv:4:3 valid.csv:5:1 "

# ---- LibSVM text, .npy, a column cache; an error that ends it at once
printf '1 1:2 3:4\n0 1:x 2:3\n1 2:1 2:2\n0 1:1\n1 1:2\n' >text.svm
expect 3 '' check text.svm
equal "LibSVM" "$(places)" "text.svm:2:3 text.svm:3:7 "
expect 0 '' convert few.csv few.cache
expect 0 '' check few.cache --recipe plain
holds "a cache" '^data      few.cache: 60 rows, 2 columns$' stdout
holds "its label" '^label     y: "1" is positive, being the greater, 30 rows .50 %.; "0" negative, 30$' stdout
printf 'a,a,b\n1,2,3\n' >twice.csv
expect 3 '' check twice.csv
equal "a header" "$(places)" "twice.csv:1:3 "

# ---- columns, leaks, and what the training would be
awk 'BEGIN { srand(1); print "rowid,leak,level,gap,same,w,x,y"
  for (i = 1; i <= 200; i++) { y = i % 5 < 2
    printf "%d,%g,%s,%s,7,%d,%d,%s\n", i, y * 10 + i % 10, (y ? "p" : "n") i % 3, y ? "" : i, i % 9 != 0, i * i % 50,
      y ? "yes" : "no" } }' >sus.csv
{
  head -n 1 sus.csv
  sed -n '20,24p' sus.csv
  tail -n 20 sus.csv | sed 's/^/9/'
} >later.csv
expect 0 '' check sus.csv --weight w --valid later.csv --recipe plain --class-weight balanced --out nowhere --epochs 3 --lr 0.01
[ ! -e nowhere ] || fail "check writes"
holds "an identifier" '^  rowid .*  identifier[?]$' stdout
holds "numbers that tell the label" '^  leak  *number  *0  *2  *8[.]5  *16  TELLS THE LABEL' stdout
holds "levels that tell it" '^  level  *text  *0  *6 different  *TELLS THE LABEL$' stdout
holds "gaps that tell it" '^  gap  *number  *80  .*TELLS THE LABEL$' stdout
holds "a constant" '^  same .*  constant$' stdout
holds "the weight" '^  w .*  weight$' stdout
holds "no remark" '^  x  *number  *0  *0  *2[0-9.]*  *49$' stdout
holds "the weights" '^weight    w: from 1 to 1, in sum 178; 22 rows of weight 0 are left out$' stdout
holds "copies" '^copies    5 rows of later.csv are rows of DATA too: a leak .the first: line 2, which is line 20 of DATA.$' stdout
holds "a leak" '^leak[?]     the column "gap" tells the label of every row' stdout
holds "the training" '^training  1 network of at most 3 epochs, [0-9]*-128-64-1, [0-9]* parameters; 178 rows to train' stdout
holds "the verdict" '^result    train takes these data$' stdout
cp stdout one
printf 'weight = w\nrecipe = plain\nclass-weight = balanced\nepochs = 3\n' >run.conf
expect 0 '' check sus.csv --config run.conf --valid later.csv --threads 3
cmp -s one stdout || fail "the same by a config file: $(diff one stdout)"
expect 0 '' check sus.csv --ignore leak,level,gap,rowid,w --test-fraction 0.2 --effort quick
"$colonnade" train sus.csv --ignore leak,level,gap,rowid,w --test-fraction 0.2 --effort quick --out quick --time-limit 1s >told 2>&1
equal "the note of train" "$(sed -n 's/^note      \(--effort.*\)/\1/p' stdout)" "$(sed -n 's/^note: \(--effort.*\)/\1/p' told)"
[ -n "$(sed -n 's/^note: \(--effort.*\)/\1/p' told)" ] || fail "train says nothing of its size: $(cat told)"

# Texts of which every row has another are no features: rows are copies without them, too.
awk 'BEGIN {print "key,a,b,y"; for (i = 1; i <= 60; i++) print "k" i "," i * i % 31 "," i * 7 % 13 "," i % 2}' >keys.csv
{ head -n 1 keys.csv; tail -n 30 keys.csv | sed 's/^k/n/'; } >others.csv
expect 0 '' check keys.csv --valid others.csv --recipe plain --json
holds "left out" '"name": "key",' stdout
equal "how it is used" "$(grep -A 1 '"name": "key"' stdout | tail -n 1 | tr -d ' ,')" '"use":"ignored"'
holds "its flag" '"left_out": true' stdout
expect 0 '' check keys.csv --valid others.csv --recipe plain
holds "its remark" '^  key  *text  *0  *60 different  *left out: another in every row$' stdout
holds "copies but for the key" '^copies    30 rows of others.csv are rows of DATA too' stdout

# ---- whole numbers beyond 2^24 are rounded: what is the same then need not be so in the file
ids() { # FIRST STEP
  awk -v first="$1" -v step="$2" 'BEGIN { print "id,code,x,y"
    for (i = 0; i < 200; i++) printf "%.0f,%.0f,%d,%d\n", first + step * i, 123456784 + i % 3, i % 5, i % 7 < 3 }'
}
ids 10000000001 1 >ids.csv
ids 10000000302 1 >later.csv
expect 0 '' check ids.csv --valid later.csv --recipe plain
holds "rounded numbers" '^  id .*  constant as rounded$' stdout
holds "rounded codes" '^  code  *number .*  constant as rounded$' stdout
holds "rows that are not copies" '^copies    [0-9]* rows of ids.csv stand, as rounded, in it before' stdout
holds "rows that are no leak" '^copies    200 rows of later.csv are, as rounded, rows of DATA too .the first' stdout
holds "the note" '^note      columns have whole numbers beyond 16777216, which are rounded; .*: "id", "code"$' stdout
holds "the note on constants" 'left out: "id" .as rounded., "code" .as rounded.$' stdout
! grep -q 'a leak' stdout || fail "a leak by rounding: $(cat stdout)"
expect 0 '' check ids.csv --valid later.csv --recipe plain --json
equal "JSON of columns and copies" "$(grep -c '"\(copies_\)*rounded": true' stdout)" 4
expect 0 '' check ids.csv --valid later.csv --recipe plain --ignore id --categorical code
holds "exact rows" '^copies    200 rows of later.csv are rows of DATA too: a leak' stdout
! grep -q 'rounded' stdout || fail "rounded without such columns: $(cat stdout)"
ids 10000000001 1000 >ids.csv
expect 0 '' check ids.csv --recipe plain
holds "different numbers" '^  id .*  rounded beyond 16777216$' stdout
ids 16777016 1 | sed '2,$s/12345678\([4-6]\)/\1/' >ids.csv # up to 16777215
expect 0 '' check ids.csv --recipe plain
! grep -q 'rounded' stdout || fail "rounded where every number is exact: $(cat stdout)"

# ---- misuse, and what train would say when it has the data
expect 2 '--lr: "0" is not a number' check sus.csv --lr 0
expect 2 'check has no such option' check sus.csv --folds 3
expect 2 '--model checks whether DATA fits a model' check sus.csv --model one --valid later.csv
expect 1 'cannot open nowhere.csv' check nowhere.csv
expect 2 '' check sus.csv --positive perhaps
holds "a label value" '^--positive perhaps: the label column "y" has the values' stdout
expect 3 '' check sus.csv --label nothing
holds "a label column" 'there is no column "nothing" for the label' stdout
printf 'a,b\n1,x\n2,x\n' >single.csv
expect 3 '' check single.csv
holds "one class" 'every label is "x"' stdout
if [ -c /dev/full ]; then
  for table in sus single; do # train takes the one and refuses the other
    "$colonnade" check $table.csv >/dev/full 2>stderr
    equal "a full device, $table.csv" "$?" 1
    holds "a full device, $table.csv" 'cannot write standard output: No space left' stderr
  done
fi

# ---- rows and a model
head -n 3001 "$adult" >past.csv
"$colonnade" train past.csv --recipe plain --epochs 1 --valid-fraction 0 --out model --progress none 2>/dev/null || fail "no model"
{
  head -n 1 "$adult"
  tail -n 500 "$adult"
} | sed '5s/^[0-9]*/999/; 6s/^[0-9]*,[^,]*/-4,Astronaut/; 7s/^[0-9]*,[^,]*/17,Cosmonaut/; 8s/^[0-9]*/90/' >new.csv
expect 0 '' check new.csv --model model
cp stdout fit
holds "numbers" "^outside   age: 2 of 500 values outside of the training rows' 17 [.][.] 90$" fit
holds "categories" '^unseen    workclass: 2 of [0-9]* values never seen in training, the first being "Astronaut"$' fit
holds "labels" '^label     is there: [0-9]* negative, [0-9]* positive, 0 missing or neither$' fit
holds "the verdict" '^result    predict takes these data$' fit
for threads in 1 3; do
  expect 0 '' predict model new.csv --threads "$threads" --out predictions.csv
  equal "predict says the same" "$(sed -n 's/^note: //p' stderr)" "$(sed -n 's/^\(outside\|unseen\)  *//p' fit)"
done
expect 0 '' predict model new.csv --keep age,workclass --out predictions.csv
equal "predict --keep says the same" "$(sed -n 's/^note: //p' stderr)" "$(sed -n 's/^\(outside\|unseen\)  *//p' fit)"
expect 0 '' evaluate model new.csv --bootstrap 0
equal "evaluate says the same" "$(sed -n 's/^note: //p' stderr)" "$(sed -n 's/^\(outside\|unseen\)  *//p' fit)"
expect 0 '' predict model past.csv --out predictions.csv
! grep -q '^note:' stderr || fail "training rows that are new: $(cat stderr)"
cut -d, -f1-3,5- new.csv | sed '9s/^[0-9]*/old/; 12s/^[0-9]*/older/; 1s/$/,more/; 2,$s/$/,1/' >unfit.csv
expect 3 '' check unfit.csv --model model
equal "texts where numbers were learnt" "$(places)" "unfit.csv:9:1 unfit.csv:12:1 "
holds "a column that is missing" '^missing   the column "education", which the model was trained on$' stdout
holds "a column more" '^extra     the model does not know "more"$' stdout
holds "its use" '^  more  *ignored$' stdout
holds "the label's" '^  income  *text .* label$' stdout
holds "the verdict" '^result    predict would refuse these data$' stdout
expect 3 'unfit.csv' predict model unfit.csv

awk 'BEGIN { print "x,w,y"; for (i = 0; i < 90; i++) print i % 7 "," 1 + i % 3 "," i % 2 }' >weighed.csv
expect 0 '' train weighed.csv --weight w --recipe plain --epochs 0 --progress none --report=false --out weighed
expect 0 '' check weighed.csv --model weighed
holds "a weight is no code" '^  w  *number  *0  *1  *2  *3  weight$' stdout

# ---- a model of one column needs no more of a table, be it text or an array
awk 'BEGIN { print "1,label"; for (i = 0; i < 60; i++) print i % 7 "," i % 2 }' >two.csv
expect 0 '' train two.csv --recipe plain --epochs 0 --progress none --report=false --out single
cut -d, -f1 two.csv >single.csv
expect 0 '' predict single single.csv
expect 0 '' check single.csv --model single
holds "one column" '^result    predict takes these data$' stdout
{
  printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '|b1', 'fortran_order': False, 'shape': (8,), }"
  printf '\0\1\0\1\0\1\0\1'
} >single.npy
expect 0 '' check single.npy --model single
expect 3 '' check single.csv
holds "one column alone" '^single.csv:1:1: there is only one column' stdout
tr , '|' <two.csv >bars.csv # as one column it is not the one that is needed: the separator is
for command in 'predict single' 'evaluate single' 'train --recipe plain two.csv --out refused --valid'; do
  # shellcheck disable=SC2086
  expect 3 "bars.csv:1:1: there is only one column with a comma, tab or semicolon as separator, but 2 with --separator '|'" \
    $command bars.csv
done
cut -d, -f2 two.csv >other.csv
expect 3 'other.csv: a column that the model was trained on is missing: "1"' predict single other.csv

# ---- labels are those that evaluate takes: numbers by their value, texts as long as they are
printf 'a,y\n3,0\n4,1\n3,0.0\n4," 1.0"\n5,1e0\n1,00\n2,"0 "\n' >spelt.csv
expect 0 '' train few.csv --recipe plain --epochs 0 --progress none --report=false --out labelled
expect 0 '' check spelt.csv --model labelled
holds "spellings of a number" '^label     is there: 4 negative, 3 positive, 0 missing or neither$' stdout
expect 0 'rows 7;' evaluate labelled spelt.csv --bootstrap 0
printf 'a,y\n3,0.0\n4,1.0\n5,\n6,2\n7,x\n' >spelt.csv
expect 0 '' check spelt.csv --model labelled
holds "another spelling throughout" '^label     is there: 1 negative, 1 positive, 3 missing or neither$' stdout
long=$(printf 'long%.0s' {1..80})
awk -v long="$long" 'BEGIN { print "a,y"; for (i = 0; i < 60; i++) print i % 7 "," long i % 2 }' >long.csv
expect 0 '' train long.csv --recipe plain --epochs 0 --progress none --report=false --out long
expect 0 '' check long.csv --model long
holds "long labels" '^label     is there: 30 negative, 30 positive, 0 missing or neither$' stdout

# ---- spaces in quotes are no part of a number, beside texts too
{
  echo a,y
  for i in {1..29}; do echo "$((i % 5)),$((i % 2))"; done
  printf '" 30 ",0\ntext,1\n" 7",0\n'
} >spaces.csv
expect 0 '' check spaces.csv
holds "one text among numbers" '^  a  *text .* all numbers but 1 \("text": 1\)$' stdout
expect 3 '' check spaces.csv --model labelled
equal "the text alone is no number" "$(places)" "spaces.csv:32:1 "

# ---- places far down a file are found from one to the next: each from the start of the file took 46 s
awk 'BEGIN {
  print "a,y"
  for (row = 0; row < 810000; row++)
    print "1234567890123," (row < 800000 ? row % 2 : "")
}' >far.csv
(ulimit -t 20 && "$colonnade" check far.csv --recipe plain --problems 10000 --threads 1 >stdout 2>stderr)
equal "the exit code of far problems" $? 3
equal "far problems" "$(grep -c '^far.csv:8[01][0-9]*:15: a label is missing' stdout)" 10000
holds "the last of them" '^far.csv:810001:15: ' stdout

# ---- of texts in many columns only those that are told are looked up in the file: all columns' first ones took 40 s
for cell in 7 seven; do
  awk -v cell=$cell 'BEGIN {
    for (row = 0; row <= 60; row++) {
      for (c = 1; c <= 10000; c++)
        printf "%s,", row == 0 ? "c" c : cell == 7 ? row % cell : cell
      print row == 0 ? "y" : row % 2
    }
  }' >$cell.csv
done
(ulimit -t 20 && "$colonnade" check 7.csv --valid seven.csv --recipe plain --threads 1 >stdout 2>stderr)
equal "the exit code of many columns" $? 3
equal "those that are told" "$(grep -c '^seven.csv:2:[0-9]*: not a number ("seven", column "c[0-9]*"; in DATA' stdout)" 50
holds "those that are counted" '^problems  600000: not a number .600000.' stdout

# ---- no text is cut inside a character, wherever it stands and whatever its length modulo three
utf8() { cat stdout stderr | iconv -f UTF-8 -t UTF-8 >/dev/null || fail "$1: cut inside a character"; }
euros=$(printf '\342\202\254%.0s' {1..90})
for front in '' a aa; do
  awk -v name="$front$euros" -v OFS=, 'BEGIN { print name "n", name "t", "y"
    for (i = 0; i < 60; i++) print i % 7, name i % 3, i % 2 }' >wide.csv
  sed "2s/.*/999,new,1/; 1s/\$/,${front}more$euros/; 2,\$s/\$/,1/" wide.csv >unlike.csv
  sed "1s/y\$/y/; 4s/^[0-9]*/$front$euros/" wide.csv >texts.csv
  sed "5s/[01]\$/$front$euros/" wide.csv >third.csv
  expect 0 '' check wide.csv --recipe plain
  holds "an excerpt of a level" "most \"$front€.*[.][.][.]\" [(]" stdout
  utf8 "a level"
  expect 0 '' train wide.csv --recipe plain --epochs 0 --progress none --report=false --out wide --force
  expect 0 '' predict wide unlike.csv
  holds "a name that is cut" '^note: .*: 1 of 60 values outside' stderr
  utf8 "predict"
  expect 3 '' check texts.csv --model wide
  holds "a name that is cut" '^texts.csv:4:1: not a number' stdout
  utf8 "check --model"
  expect 3 '' check third.csv --recipe plain
  utf8 "check"
  expect 3 'a label of neither class' evaluate wide third.csv
  utf8 "evaluate"
  expect 0 'rarer cells of' importance wide wide.csv --partial "${front}${euros}t" --points 2
  utf8 "importance"
  awk -v name="$front$euros" -v OFS=, 'BEGIN { print "n", "y"; for (i = 0; i < 60; i++) print i % 7, (i % 2) name }' >names.csv
  expect 0 '' train names.csv --recipe plain --epochs 0 --progress none --report=false --out names --force
  expect 3 'cannot be compared' evaluate wide wide.csv --compare names
  utf8 "evaluate --compare"
done

finish
