#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Torture of the CSV reader, through the program: the table that is meant, or an error with line and column.  What is meant is seen
# by the fingerprint of a plain table with the same cells.  Prints the table of doc/reliability.md.  RELIABILITY=long: also rows of
# 100 MB and a table of 10^5 columns by 1000 rows.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1

fingerprint() { # FILE options...: of the table as train reads it, and of the model that comes of it
  rm -rf run
  "$colonnade" train --recipe plain "$1" \
    --out run --epochs 1 --hidden 2 --valid-fraction 0 --progress none "${@:2}" >out 2>stderr || return
  sed -n 's/.*"fingerprint": "\(.*\)".*/\1/p' run/run.json | head -n 1
  cksum <run/model.safetensors
}

told() { printf '| %s | %s |\n' "$1" "$2"; }

# reads WHAT FILE PLAIN options...: is read as the plain table is
reads() {
  local got wanted
  got=$(fingerprint "$2" "${@:4}") || fail "$1: $(head -n 2 stderr)"
  wanted=$(fingerprint "$3") || fail "$1, the plain table: $(head -n 2 stderr)"
  [ -n "$got" ] || fail "$1: no fingerprint"
  equal "$1" "$got" "$wanted"
  told "$1" "read"
}

# refuses WHAT CODE MESSAGE FILE options...: train, check that nothing comes of it
refuses() {
  expect "$2" "$3" train --recipe plain "$4" --out refused --valid-fraction 0 "${@:5}"
  [ ! -e refused/model.safetensors ] || fail "$1: a model"
  told "$1" "\`$(head -n 1 stderr | cut -c 1-110 | tr '|' '/')\`"
}

echo '| the file has | it is |'
echo '|---|---|'
plain='a,b,y\n1.5,x,0\n2.5,z,1\n3.5,x,0\n4.5,z,1\n'
printf '%b' "$plain" >plain.csv
printf '\357\273\277%b' "$plain" >t.csv
reads 'a byte order mark of UTF-8' t.csv plain.csv
sed 's/$/\r/' plain.csv >t.csv
reads 'line ends CR LF' t.csv plain.csv
printf 'a,b,y\r\n1.5,x,0\n2.5,z,1\r\n3.5,x,0\n4.5,z,1\r\n' >t.csv
reads 'line ends CR LF and LF, mixed' t.csv plain.csv
tr '\n' '\r' <plain.csv >t.csv
refuses 'line ends CR' 3 't.csv:1:6: a carriage return without a line feed' t.csv
printf '%s' "$(cat plain.csv)" >t.csv
reads 'no final line feed' t.csv plain.csv
printf 'a,b,y\n\n1.5,x,0\n2.5,z,1\n\n\n3.5,x,0\n4.5,z,1\n\n\n' >t.csv
reads 'empty lines between rows and at the end' t.csv plain.csv
sed 's/[^,]*/"&"/g' plain.csv >t.csv
reads 'quotes around everything' t.csv plain.csv
printf 'a;b;y\n1.5;x;0\n2.5;z;1\n3.5;x;0\n4.5;z;1\n' >t.csv
reads 'semicolons' t.csv plain.csv
tr , '\t' <plain.csv >t.csv
reads 'tabs' t.csv plain.csv
printf 'a,b,y\n1.5,"p\nq",0\n2.5,"say ""no"", ok",1\n3.5,"p\nq",0\n4.5,"say ""no"", ok",1\n' >t.csv
printf 'a;b;y\n1.5;"p\nq";0\n2.5;"say ""no"", ok";1\n3.5;"p\nq";0\n4.5;"say ""no"", ok";1\n' >u.csv
reads 'line feeds, quotes and separators within quotes' t.csv u.csv
printf 'a,b,y\n1.5,"p\nq",0\n2.5,z\n' >t.csv
refuses 'a row too short behind a line feed within quotes' 3 't.csv:4:6: 2 fields where the header has 3' t.csv
printf 'a,b,y\n1.5,x,0\n2.5,"z,1\n3.5,x,0\n' >t.csv
refuses 'a quote that is not closed' 3 't.csv:3:5: a quoted field that does not end' t.csv
printf 'a,b,y\n1.5,x,0\n2.5,"z"z,1\n' >t.csv
refuses 'text behind a closing quote' 3 't.csv:3:8: text behind a closing quote' t.csv
printf 'a,b,y\n1.5,x,0\n2.5,z\0z,1\n' >t.csv
refuses 'a NUL byte' 3 't.csv:3:6: a NUL byte' t.csv
printf 'a,b,y\n1.5,x,0\n2.5,M\374ller,1\n' >t.csv
refuses 'Latin-1' 3 't.csv:3:5: not valid UTF-8' t.csv
for encoding in UTF-16 UTF-32; do
  iconv -f UTF-8 -t "$encoding" plain.csv >t.csv 2>/dev/null || continue
  refuses "$encoding" 3 "t.csv:1:1: this is $encoding (convert it: iconv -f $encoding -t UTF-8)" t.csv
  iconv -f UTF-8 -t "${encoding}LE" plain.csv >t.csv
  refuses "$encoding without a byte order mark" 3 't.csv:1:2: a NUL byte' t.csv
done
printf 'a,b,y\n1.5,x,0\n2.5,z\n3.5,x,0,9\n' >t.csv
refuses 'rows of other lengths' 3 't.csv:3:6: 2 fields where the header has 3' t.csv
holds 'the second ragged row' 't.csv:4:9: 4 fields where the header has 3' stderr
: >t.csv
refuses 'nothing' 3 't.csv is empty' t.csv
printf '\n\r\n\n' >t.csv
refuses 'empty lines alone' 3 't.csv holds nothing but empty lines' t.csv
printf 'a,b,y\n' >t.csv
refuses 'a header alone' 3 't.csv: there is a header, but no row below it' t.csv
printf 'a,a,y\n1,x,0\n2,z,1\n' >t.csv
refuses 'a name twice' 3 't.csv:1:3: a second column of the same name' t.csv
for cell in 1e999 -1e39 inf -Infinity; do
  printf 'a,b,y\n1.5,x,0\n%s,z,1\n' "$cell" >t.csv
  refuses "the cell $cell" 3 't.csv:3:1: not a finite number' t.csv
done
printf 'a,b,y\n0,x,0\n2.5,z,1\n3.5,x,0\n' >u.csv
printf 'a,b,y\n1e-999,x,0\n2.5,z,1\n3.5,x,0\n' >t.csv
reads 'the cell 1e-999' t.csv u.csv
printf 'a,b,y\n,x,0\n2.5,z,1\n3.5,x,0\n' >u.csv
for cell in nan NA '""' '?' null; do
  printf 'a,b,y\n%s,x,0\n2.5,z,1\n3.5,x,0\n' "$cell" >t.csv
  reads "the cell $cell" t.csv u.csv
done
printf 'a;b;y\n1.5;x;0\n2,5;z;1\n' >t.csv
refuses 'a decimal comma, columns separated by semicolons' 3 't.csv:3:1: a number with a comma ("2,5"' t.csv
printf 'a,b,y\n1.5,x,0\n"2,5",z,1\n' >t.csv
refuses 'a decimal comma within quotes' 3 't.csv:3:1: a number with a comma ("2,5"' t.csv
if localedef -i de_DE -f UTF-8 "$scratch/de_DE.UTF-8" 2>/dev/null; then
  wanted=$(fingerprint plain.csv)
  # What the shell itself thinks of the locale is of no interest.
  equal 'the locale de_DE' "$( (export LOCPATH=$scratch LC_ALL=de_DE.UTF-8 && fingerprint plain.csv) 2>/dev/null)" "$wanted"
  told 'a plain table, in the locale de_DE' read
fi

# ---- large
{
  printf 'a,b,y\n1.5,'
  head -c 100000000 /dev/zero | tr '\0' x
  printf ',0\n2.5,z,1\n'
} >t.csv
refuses 'a field of 100 MB' 3 't.csv:2:5: a field of more than 1048576 bytes' t.csv
{
  printf 'a,b,y\n1.5,x,0\n2.5,"'
  yes 'a line' | head -c 100000000
} >t.csv
refuses 'a quote that is not closed, and 100 MB behind it' 3 't.csv:3:5: a field of more than 1048576 bytes' t.csv
rows=4
[ "${RELIABILITY:-short}" = short ] || rows=1000
awk -v rows="$rows" 'BEGIN {
  for (c = 1; c <= 100000; c++) printf "c%d,", c
  print "y"
  for (r = 0; r < rows; r++) { for (c = 1; c <= 100000; c++) printf "%d,", (c * r) % 7; print r % 2 } }' >t.csv
expect 0 '' train --recipe plain t.csv --out wide --epochs 1 --hidden 2 --valid-fraction 0 --progress none
holds 'the columns of a wide table' '"columns": 100001,' wide/run.json
told "100,001 columns of $rows rows" read
awk 'NR == 3 { sub(/,[^,]*$/, "") } { print }' t.csv >u.csv
refuses 'the last of 100,001 fields missing' 3 'u.csv:3:200000: 100000 fields where the header has 100001' u.csv
if [ "${RELIABILITY:-short}" = long ]; then
  field=$(head -c 1000000 /dev/zero | tr '\0' x)
  for row in header 1 2 3 4; do
    for ((c = 1; c <= 100; c++)); do
      if [ "$row" = header ]; then printf 'c%d,' "$c"; else printf '%s%d,' "$field" $((row % 2)); fi
    done
    if [ "$row" = header ]; then echo y; else echo $((row % 2)); fi
  done >t.csv
  expect 0 'long.cache: 4 rows, 101 columns' convert t.csv long.cache # a model cannot hold such categories
  told 'rows of 100 MB in 100 fields' read
fi

finish
