#!/bin/sh
# The program from outside: exit codes, outputs, bad input. Each case in its own folder.
#   tests/cli/run.sh BPNN SOURCE_DIR
set -u
bpnn=$1
data=$2/examples/data
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
n=0
bad=0

# begin NAME: a fresh folder
begin() {
  name=$1
  n=$((n + 1))
  mkdir -p "$scratch/$n"
  cd "$scratch/$n" || exit 2
}

fault() {
  echo "cli: $name: $1"
  sed 's/^/    /' err 2>/dev/null | head -n 5
  bad=$((bad + 1))
}

# expect CODE command..: runs it with out and err kept
expect() {
  wanted=$1
  shift
  "$@" >out 2>err </dev/null
  code=$?
  [ "$code" = "$wanted" ] || fault "exit $code, wanted $wanted: $*"
}

# says TEXT: standard error holds it, in one line that begins with bpnn:
says() {
  grep -q -- "$1" err || fault "standard error does not say '$1'"
}

prints() {
  grep -q -- "$1" out || fault "standard output has no '$1'"
}

json() {
  python3 -c "import json,sys; d=json.load(open('out')); assert $1, d" 2>>err || fault "JSON: $1"
}

numbers() { # rows of x,y with y = 2 x + 1 and a class
  awk 'BEGIN { print "x,z,y,c"; for (i = 1; i <= '"$1"'; i++) printf "%d,%d,%d,%s\n", i, i * 7 % 13, 2 * i + 1, i % 2 ? "odd" : "even" }'
}

# ---- help, version, words ----
begin help; expect 0 "$bpnn"; prints 'bpnn train'; expect 0 "$bpnn" train --help; prints '--target'; expect 0 "$bpnn" train --help adamw; prints 'beta1'
begin version; expect 0 "$bpnn" --version; prints '0.1.0'
begin verb; expect 1 "$bpnn" tran; says "did you mean 'train'"
begin later; expect 1 "$bpnn" doctor x; says 'not in this version'
begin option; expect 1 "$bpnn" train --targett a b; says 'did you mean --target'
begin value; expect 1 "$bpnn" train --epochs many x.csv; says 'whole number'
begin novalue; expect 1 "$bpnn" train x.csv --target; says 'needs a value'
begin empty_word; expect 4 "$bpnn" train ''; expect 4 "$bpnn" train nowhere.csv; says 'nowhere.csv: cannot open'
begin verb_option; expect 1 "$bpnn" evaluate --epochs 3 a b; says 'not an option of bpnn evaluate'

# ---- train, evaluate, predict ----
begin guard
awk 'BEGIN { print "x,note,y"; for (i = 1; i <= 60; i++) printf "%d,=1+%d,%s\n", i - 30, i, i % 2 ? "=cmd()" : "-up" }' >f.csv
expect 0 "$bpnn" train -q --target y --epochs 2 f.csv
expect 0 "$bpnn" predict --append f.bpnn f.csv; prints '^-29,=1+1,=cmd(),\(=cmd()\|-up\),'
expect 0 "$bpnn" predict --append --guard-formulas f.bpnn f.csv; prints "^-29,'=1+1,'=cmd(),'\(=cmd()\|-up\),"
begin species
expect 0 "$bpnn" train --target species --test 0.2 --json "$data/penguins.csv"
json "d['task']=='multiclass' and d['test']['accuracy']>0.9 and d['rows']['test']==69 and d['model']=='penguins.bpnn' and d['layers'][-1]==3"
json "set(d)>={'model','task','target','inputs','layers','parameters','method','rows','epochs','best_epoch','stop','seconds','train','validation','test','seed','auto','warnings'}"
expect 0 "$bpnn" evaluate --json penguins.bpnn "$data/penguins.csv"
json "set(d)>={'task','rows','loss','accuracy','macro_f1','log_loss','confusion','classes'} and d['classes']==['Adelie','Chinstrap','Gentoo'] and sum(map(sum,d['confusion']))==344"
expect 0 "$bpnn" predict penguins.bpnn "$data/penguins.csv"
prints '^prediction,p(Adelie),p(Chinstrap),p(Gentoo)$'
[ "$(wc -l <out)" = 345 ] || fault 'predict: not a line a row'
expect 0 "$bpnn" predict --labels-only --append --output p.csv penguins.bpnn "$data/penguins.csv"
head -n 1 p.csv | grep -q '^species,island,.*,year,prediction$' || fault 'append: header'
expect 0 "$bpnn" predict --json penguins.bpnn "$data/penguins.csv"
json "d['rows']==344 and len(d['predictions'])==344 and abs(sum(d['predictions'][0]['p'].values())-1)<1e-5"
expect 0 "$bpnn" inspect penguins.bpnn; prints 'softmax'
expect 0 "$bpnn" inspect --json penguins.bpnn; json "isinstance(d,dict)"
expect 0 "$bpnn" inspect --json "$data/penguins.csv"; json "d['rows']==344 and d['columns'][0]['name']=='species'"

begin same_bits
expect 0 "$bpnn" train -q --target species --epochs 30 --threads 1 -o a.bpnn "$data/penguins.csv"
expect 0 "$bpnn" train -q --target species --epochs 30 --threads 4 -o b.bpnn "$data/penguins.csv"
expect 0 "$bpnn" train -q --target species --epochs 30 --isa scalar -o c.bpnn "$data/penguins.csv"
cmp -s a.bpnn b.bpnn || fault '1 and 4 threads: other bytes'
cmp -s a.bpnn c.bpnn || fault 'scalar: other bytes'

begin regression
numbers 100 >t.csv
expect 0 "$bpnn" train --target y --features x --json --hidden '' --rate 0.05 --l2 0 t.csv
json "d['task']=='regression' and d['validation']['r2']>0.99"
expect 0 "$bpnn" predict t.bpnn t.csv; prints '^prediction$'
expect 0 "$bpnn" train --target y,z --epochs 5 -q --json t.csv; json "set(d['train']['targets'])=={'y','z'}"
expect 0 "$bpnn" predict t.bpnn t.csv; prints '^y,z$'

begin binary
numbers 100 >t.csv
expect 0 "$bpnn" train -q --target c --epochs 20 --positive even --json t.csv
json "d['train']['positive']=='even' and set(d['train'])>={'precision','recall','f1','roc_auc'}"

begin derivation # the derivation's own rule
expect 0 "$bpnn" train -q --method sgd --rate 0.001 --reduction sum --batch full --bias shared --hidden 8:sigmoid,4:tanh --epochs 20 --target body_mass_g "$data/penguins.csv"
prints 'sgd: 20 epochs'

begin config
numbers 80 >t.csv
printf '# options\ntarget = y\nepochs = 7\nhidden = 5,4\n' >c.txt
expect 0 "$bpnn" train -q --config c.txt --log l.jsonl -o a.bpnn t.csv
expect 0 "$bpnn" train -q --target y --epochs 7 --hidden 5,4 -o b.bpnn t.csv
expect 0 "$bpnn" train -q --config l.jsonl -o d.bpnn t.csv
cmp -s a.bpnn b.bpnn || fault 'config and command line: other bytes'
cmp -s a.bpnn d.bpnn || fault 'the log as configuration: other bytes'
[ "$(wc -l <l.jsonl)" = 9 ] || fault "the log has $(wc -l <l.jsonl) lines, wanted 9"
echo 'epoch = 3' >c.txt; expect 1 "$bpnn" train --config c.txt t.csv; says 'did you mean --epochs'

begin labels # kept exactly as they are written
printf 'x,l\n' >t.csv
for i in 1 2 3 4 5 6 7 8 9 10; do printf '%d,"a, ""b"""\n%d,Ünï \n%d,007\n' "$i" "$((i + 50))" "$((i + 90))" >>t.csv; done
expect 0 "$bpnn" train -q --json --epochs 3 t.csv
json "d['train']['classes']==['007','a, \"b\"','Ünï ']"
expect 0 "$bpnn" predict t.bpnn t.csv; prints '^prediction,p(007),"p(a, ""b"")",p(Ünï )$'

begin columns # another order, more columns, one less
numbers 80 >t.csv
expect 0 "$bpnn" train -q --target y --epochs 3 t.csv
expect 0 "$bpnn" predict t.bpnn t.csv; cp out first
awk -F, '{ print "extra," $4 "," $2 "," $1 }' t.csv | sed '1s/.*/extra,c,z,x/' >o.csv
expect 0 "$bpnn" predict t.bpnn o.csv; cmp -s out first || fault 'reordered columns: other predictions'
cut -d, -f1,3,4 t.csv >less.csv; expect 2 "$bpnn" predict t.bpnn less.csv; says "needs a column 'z'"
sed '$s/^[0-9]*/oops/' t.csv >text.csv; expect 2 "$bpnn" predict t.bpnn text.csv; says "text.csv:81:1: .*'oops'"
sed 's/odd/never/' t.csv >new.csv; expect 0 "$bpnn" predict t.bpnn new.csv; says 'training never saw'

# ---- cross-validation ----
begin cv
expect 0 "$bpnn" cv --target species --predictions p.csv --log l.jsonl "$data/penguins.csv"
prints 'mean'; prints '+- sd'; prints 'together      344'; says 'penguins.csv: 344 rows'
[ "$(wc -l <p.csv)" = 345 ] || fault 'predictions: not a line a row'
head -n 1 p.csv | grep -q '^prediction,p(Adelie),p(Chinstrap),p(Gentoo),fold$' || fault 'predictions: header'
[ "$(wc -l <l.jsonl)" = 7 ] || fault "the log has $(wc -l <l.jsonl) lines, wanted 7"
expect 0 "$bpnn" cv -q --config l.jsonl --threads 1 --json "$data/penguins.csv"; mv out one
expect 0 "$bpnn" cv -q --target species --threads 4 --json "$data/penguins.csv"
python3 - <<'EOF' 2>>err || fault 'other threads, or the log as configuration: other numbers'
import json
a, b = json.load(open("one")), json.load(open("out"))
for d in (a, b):
    d.pop("seconds")
    for f in d["fits"]:
        f.pop("seconds")
assert a == b
EOF
json "set(d)=={'task','target','folds','repeats','rows','groups','done','diverged','stop','seconds','seed','mean','sd','train_mean','together','fits','warnings'}"
json "d['folds']==5 and d['rows']==344 and len(d['fits'])==5 and sum(f['test']['rows'] for f in d['fits'])==344 and d['mean']['accuracy']>0.95"
json "set(d['fits'][0])=={'repeat','fold','rows','method','parameters','epochs','best_epoch','stop','seconds','train','test','warnings'} and sum(map(sum,d['together']['confusion']))==344"
python3 - "$data/penguins.csv" <<'EOF' 2>>err || fault 'predictions are not those of the metrics'
import csv, json, sys
truth = [r["species"] for r in csv.DictReader(open(sys.argv[1]))]
rows = list(csv.DictReader(open("p.csv")))
d = json.load(open("out"))
assert sum(t == r["prediction"] for t, r in zip(truth, rows)) / 344 == d["together"]["accuracy"]
for f in d["fits"]:
    of = [t == r["prediction"] for t, r in zip(truth, rows) if r["fold"] == str(f["fold"])]
    assert sum(of) / len(of) == f["test"]["accuracy"]
EOF
expect 0 "$bpnn" cv -q --target species --folds 3 --repeats 2 --epochs 5 --group island --json "$data/penguins.csv"
json "d['groups']==3 and d['repeats']==2 and len(d['fits'])==6"
expect 0 "$bpnn" cv -q --target species --epochs 3 --labels-only --append --predictions - "$data/penguins.csv"
head -n 1 out | grep -q '^species,island,.*,year,prediction,fold$' || fault 'append: header'
[ "$(cut -d, -f1-8 out)" = "$(cat "$data/penguins.csv")" ] || fault 'append: other cells'
expect 0 "$bpnn" cv --help; prints '--folds K'; prints '--dropout'; expect 0 "$bpnn" cv --help adamw; prints 'beta1'

begin cv_is_train # each fold by hand: the other rows as DATA, its own as --test
expect 0 "$bpnn" cv -q --target species --method lbfgs --l2 0.01 --validation 0 --predictions p.csv --json "$data/penguins.csv"
python3 - "$bpnn" "$data/penguins.csv" <<'EOF' 2>>err || fault 'a fold is not what train gives'
import csv, json, subprocess, sys
lines = open(sys.argv[2]).read().splitlines()
folds = [r["fold"] for r in csv.DictReader(open("p.csv"))]
for f in json.load(open("out"))["fits"]:
    for name, inside in (("a.csv", False), ("b.csv", True)):
        rows = [l for l, k in zip(lines[1:], folds) if (k == str(f["fold"])) == inside]
        open(name, "w").write("\n".join(lines[:1] + rows) + "\n")
    command = [sys.argv[1], "train", "-q", "--json", "--target", "species", "--method", "lbfgs", "--l2", "0.01", "--validation", "0", "--test", "b.csv", "-o", "m", "a.csv"]
    done = subprocess.run(command, capture_output=True, text=True)
    d = json.loads(done.stdout)
    assert d["test"] == f["test"] and d["epochs"] == f["epochs"], (d["test"], f["test"])
EOF

begin cv_numbers
numbers 60 >t.csv; echo '61,1,,odd' >>t.csv
expect 2 "$bpnn" cv -q -
"$bpnn" cv -q --target y --features x --method br --append --predictions p.csv --json - <t.csv >out 2>err || fault 'cv of standard input'
json "d['mean']['r2']>0.99 and d['rows']==60"
head -n 1 p.csv | grep -q '^x,z,y,c,prediction,fold$' || fault 'header of numbers'
tail -n 1 p.csv | grep -q '^61,1,,odd,,$' || fault 'a row in no fold'

begin cv_refused
numbers 40 >t.csv
expect 1 "$bpnn" cv; says 'cv needs DATA'
expect 1 "$bpnn" cv --folds 1 t.csv; says 'at least 2 folds'
expect 1 "$bpnn" cv --folds 41 t.csv; says 'more than its 40 rows'
expect 1 "$bpnn" cv --folds 1e15 --repeats 1e15 t.csv
expect 1 "$bpnn" cv --repeats 0 t.csv; says 'repeats'
expect 1 "$bpnn" cv --test 0.2 t.csv; says '--test is not an option of bpnn cv: every row is held out once'
expect 1 "$bpnn" cv -o m.bpnn t.csv; says 'cv saves no model'
expect 1 "$bpnn" cv --split-column c t.csv; says 'the folds are the split'
expect 1 "$bpnn" cv --fold 3 t.csv; says 'did you mean --folds'
expect 1 "$bpnn" train --folds 3 t.csv; says 'not an option of bpnn train'
expect 1 "$bpnn" cv --append t.csv; says 'add --predictions FILE'
expect 1 "$bpnn" cv --predictions - --json t.csv; says 'both want standard output'
expect 1 "$bpnn" cv --predictions t.csv t.csv; says 'would take the place'
expect 4 "$bpnn" cv --predictions nowhere/p t.csv
expect 2 "$bpnn" cv --group nothing_like_it t.csv; says 'nothing_like_it'
expect 1 "$bpnn" cv --group c t.csv; says 'is --group and'
expect 4 "$bpnn" cv none_of_it.csv; expect 2 "$bpnn" cv --target c --group y,z --json t.csv; json "d['error']['status']=='data'"
expect 1 "$bpnn" cv --time-limit 0.000001 --target y t.csv; says 'time limit'
expect 6 "$bpnn" cv -q --target y --method sgd --rate 1e6 --activation identity t.csv; says 'diverged in 5 of 5 fits'; prints 'diverged'
(echo 'x,y'; seq 1 30 | sed 's/.*/&,a/'; echo '31,b'; seq 32 60 | sed 's/.*/&,c/') >r.csv
expect 0 "$bpnn" cv --epochs 2 r.csv; says "class 'b' has 1 rows for 5 folds"

# ---- search ----
begin tune
expect 0 "$bpnn" tune --target species --drop island --epochs 40 --trials 9 --folds 3 --threads 1 --log l.jsonl "$data/penguins.csv"
prints 'as given, the rest by the defaults'; prints 'configuration: penguins.tuned'
expect 0 "$bpnn" tune -q --target species --drop island --epochs 40 --trials 9 --folds 3 --threads 3 -o b.tuned --json "$data/penguins.csv"
cmp -s penguins.tuned b.tuned || fault 'other threads: another configuration'
json "set(d)=={'output','task','folds','repeats','rows','fits','stop','seconds','seed','best','loss','baseline_loss','gain','gain_error','config','trials','warnings'}"
json "len(d['trials'])==9 and d['loss']<=d['baseline_loss'] and d['trials'][0]['trial']==d['best'] and d['config']['drop']=='island' and d['config']['epochs']==40"
json "set(d['trials'][0])=={'trial','choice','loss','sd','gain','gain_error','fits','whole','method','parameters','seconds','error','mean'}"
python3 -c "import json; a=json.load(open('b.tuned')); assert a['config']==json.load(open('out'))['config']" 2>>err || fault 'the file is not the configuration'
loss=$(python3 -c "import json; print(json.load(open('b.tuned'))['loss'])")
expect 0 "$bpnn" cv -q --config b.tuned --folds 3 --json "$data/penguins.csv"; json "d['mean']['loss']==$loss"
expect 0 "$bpnn" train -q --config b.tuned -o m.bpnn "$data/penguins.csv"; expect 0 "$bpnn" evaluate m.bpnn "$data/penguins.csv"
begin tune_hostile # names that a line of key = value could not hold
printf ' "a=1" ,b #,"y, z"\n' >t.csv; awk 'BEGIN { for (i = 0; i < 60; i++) printf "%d,%d,%d\n", i, i * 7 % 13, 2 * i }' >>t.csv
expect 0 "$bpnn" tune -q --target 'y, z' --drop 'b #' --method br --trials 3 t.csv; expect 0 "$bpnn" train -q --config t.tuned --json t.csv; json "d['target']=='y, z'"
numbers 70 >t.csv
expect 0 "$bpnn" tune --target y --hidden 3 --method adamw --rate 0.01 --l2 0.1 --dropout 0 --batch 16 --activation tanh --epochs 3 t.csv; prints 'the defaults are the best'; says 'at most 60 trials'
expect 0 "$bpnn" tune -q --target y --time-limit 2s --json t.csv; json "d['stop']=='time' and d['loss']<=d['baseline_loss'] and d['seconds']<30"
expect 1 "$bpnn" tune --target y --time-limit 0.000001 t.csv; says 'before the defaults were measured'
expect 1 "$bpnn" tune; says 'tune needs DATA'
expect 1 "$bpnn" tune --trials 0 t.csv; says 'from 1'
expect 1 "$bpnn" tune --test 0.2 t.csv; says 'every row is held out once'
expect 1 "$bpnn" tune --predictions p t.csv; says 'not an option of bpnn tune'
expect 1 "$bpnn" tune -o t.csv t.csv; says 'would take the place'
expect 1 "$bpnn" tune -o - --json t.csv; says 'both want standard output'
expect 4 "$bpnn" tune -o nowhere/c t.csv
expect 0 "$bpnn" tune --help; prints '--trials N'; prints '--folds K'

# ---- bad tables ----
begin empty; : >t.csv; expect 2 "$bpnn" train t.csv; says 'empty'
begin header_only; echo 'a,b' >t.csv; expect 2 "$bpnn" train t.csv; says 'no row below'
begin one_row; printf 'a,b\n1,2\n' >t.csv; expect 2 "$bpnn" train t.csv; says 'one row'
begin one_class; printf 'a,b\n1,x\n2,x\n3,x\n' >t.csv; expect 2 "$bpnn" train t.csv; says 'one class'
begin missing_column; numbers 70 | awk -F, 'NR == 1 { print "e," $0; next } { print "," $0 }' >t.csv; expect 0 "$bpnn" train --epochs 2 --target y t.csv; says "column 'e' is dropped"
begin late_text; numbers 70 >t.csv; echo 'abc,1,2,odd' >>t.csv; expect 2 "$bpnn" train --target y --numeric x t.csv; says "t.csv:72:1: .*'abc'"
begin ragged; printf 'a,b\n1,2\n3\n' >t.csv; expect 2 "$bpnn" train t.csv; says 't.csv:3: expected 2 cells, found 1'
begin nul; printf 'a,b\n1,2\n3,\0004\n' >t.csv; expect 2 "$bpnn" train t.csv; says 'NUL byte'
begin utf8; printf 'a,b\n1,x\n2,\377y\n' >t.csv; expect 2 "$bpnn" train t.csv; says 't.csv:3:2: .*UTF-8'
begin quote; printf 'a,b\n1,"x\n2,y\n' >t.csv; expect 2 "$bpnn" train t.csv; says 'never closed'
begin wide; awk 'BEGIN { for (i = 0; i < 1000001; i++) printf "%s1", i ? "," : ""; print "" }' >t.csv; expect 2 "$bpnn" train t.csv; says 'limit of 1000000'
begin inf; numbers 70 | sed '5s/^[0-9]*/inf/' >t.csv; expect 2 "$bpnn" train --target y --numeric x t.csv; says "'inf'"
begin no_target; printf 'a,b\n1,\n2,NA\n' >t.csv; expect 2 "$bpnn" train t.csv; says "no row has the target 'b'"
begin some_targets; numbers 70 >t.csv; echo '1,2,,odd' >>t.csv; expect 0 "$bpnn" train --epochs 1 --target y t.csv; says '1 rows without a target'
begin unknown_column; expect 2 "$bpnn" train --target speces "$data/penguins.csv"; says "did you mean 'species'"
begin gz; printf '\037\213\010garbage' >t.csv.gz; expect 2 "$bpnn" train t.csv.gz; says 'gzip'
begin idx; printf 'not an idx' >a.idx; expect 2 "$bpnn" train a.idx,b.idx; says 'IDX'
begin npy; printf '\223NUMPY\001\000xx' >a.npy; expect 2 "$bpnn" train a.npy; says '.npy'
begin json_error; expect 2 "$bpnn" train --json --target nothing_like_it "$data/penguins.csv"; json "d['error']['status']=='data' and d['error']['file'].endswith('penguins.csv')"

# ---- bad models ----
begin models
numbers 70 >t.csv
expect 0 "$bpnn" train -q --target y --epochs 2 --hidden 2 t.csv
size=$(wc -c <t.bpnn)
head -c $((size - 1)) t.bpnn >short.bpnn; expect 3 "$bpnn" predict short.bpnn t.csv; says 'short.bpnn'
for at in 0 9 100 $((size / 2)) $((size - 2)); do
  python3 -c "b=bytearray(open('t.bpnn','rb').read()); b[$at]^=4; open('flip.bpnn','wb').write(b)"
  expect 3 "$bpnn" predict flip.bpnn t.csv
done
expect 3 "$bpnn" predict t.csv t.csv
expect 4 "$bpnn" predict none.bpnn t.csv

# ---- outputs that cannot be written ----
begin full
numbers 70 >t.csv
expect 0 "$bpnn" train -q --target y --epochs 2 t.csv
"$bpnn" predict t.bpnn t.csv >/dev/full 2>err; [ $? = 4 ] || fault 'standard output full: not exit 4'
expect 4 "$bpnn" predict -o /dev/full t.bpnn t.csv
expect 4 "$bpnn" train -q --target y --epochs 2 -o nowhere/m.bpnn t.csv
cp t.bpnn kept.bpnn; (ulimit -f 1; trap '' XFSZ; "$bpnn" train -q --target y --hidden 300 --epochs 1 -o t.bpnn t.csv >out 2>err); code=$?
[ "$code" = 4 ] || fault "file size limit: exit $code, wanted 4"
cmp -s t.bpnn kept.bpnn || fault 'a failed write changed the old model'
[ -z "$(find . -name '*.tmp')" ] || fault 'a temporary file is left'

# ---- signals, divergence, no epochs ----
for signal in INT TERM; do
  begin "signal_$signal"
  # a shell in the background ignores INT for its children: python starts it with the default
  python3 - "$bpnn" "$data/digits.csv.gz" "$signal" >err 2>&1 <<'EOF' || fault "$(cat err)"
import os, signal, subprocess, sys, time
p = subprocess.Popen([sys.argv[1], "train", "-q", "--epochs", "1000000", "--patience", "0", "--log", "l", "-o", "m.bpnn", sys.argv[2]],
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
for _ in range(600):  # until it is in an epoch
    if os.path.exists("l") and open("l").read().count("\n") > 2:
        break
    time.sleep(0.1)
p.send_signal(getattr(signal, "SIG" + sys.argv[3]))
code = p.wait(timeout=60)
assert code == 7, "exit %d, wanted 7" % code
EOF
  expect 0 "$bpnn" inspect m.bpnn
  expect 0 "$bpnn" inspect m.bpnn.ckpt; prints 'checkpoint: m.bpnn.ckpt'
  expect 0 "$bpnn" train -q --resume m.bpnn.ckpt --epochs 1 -o n.bpnn "$data/digits.csv.gz"
done
begin signal_cv
python3 - "$bpnn" "$data/digits.csv.gz" >err 2>&1 <<'EOF' || fault "$(cat err)"
import json, os, signal, subprocess, sys, time
p = subprocess.Popen([sys.argv[1], "cv", "-q", "--repeats", "1000", "--epochs", "3", "--log", "l", "--json", sys.argv[2]], stdout=open("out", "w"),
                     stderr=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
for _ in range(600):  # until some fits are done
    if os.path.exists("l") and open("l").read().count("\n") > 3:
        break
    time.sleep(0.1)
p.send_signal(signal.SIGINT)
code = p.wait(timeout=60)
assert code == 7, "exit %d, wanted 7" % code
d = json.load(open("out"))
assert d["stop"] == "interrupted" and 2 < d["done"] < 5000 and len(d["fits"]) == d["done"], d["done"]
EOF

# ---- checkpoints: a run goes on with the same bytes; refusals by name ----
begin resume
numbers 120 >t.csv
for options in "--target c --method adamw --epochs 30 --dropout 0.1" "--target y --method lm --epochs 12 --patience 0" "--target c --method lbfgs --l2 auto" "--target y --method sgd --batch full --schedule adaptive --rate 2 --epochs 40" "--target y --method traingdx --epochs 40" \
  "--target y --preset fitnet --epochs 9" "--target c --group z --method adamw --epochs 9"; do
  expect 0 "$bpnn" train -q $options -o whole.bpnn t.csv
  expect 0 "$bpnn" train -q $options --time-limit 0.000001s --checkpoint run.ckpt -o part.bpnn t.csv
  expect 0 "$bpnn" train -q --resume run.ckpt --time-limit 0 --threads 1 --isa scalar -o part.bpnn --log l t.csv
  cmp -s whole.bpnn part.bpnn || fault "another model after --resume: $options"
done
expect 0 "$bpnn" train -q --target y --epochs 20 --method adam -o whole.bpnn --log whole.log t.csv
expect 0 "$bpnn" train -q --target y --epochs 8 --method adam --checkpoint run.ckpt --checkpoint-every 3 -o part.bpnn t.csv
expect 0 "$bpnn" train -q --resume run.ckpt --epochs 20 -o part.bpnn --log part.log t.csv
cmp -s whole.bpnn part.bpnn || fault 'more epochs: another model'
for log in whole part; do sed 's/"seconds": [^,}]*//' $log.log | grep '"epoch"' >$log.epochs; done
cmp -s whole.epochs part.epochs || fault 'the log of a resumed run has other epochs'
begin resume_refused
numbers 120 >t.csv
expect 0 "$bpnn" train -q --target y --epochs 4 --method adam --checkpoint r.ckpt --checkpoint-every 2 -o m.bpnn t.csv
[ -f r.ckpt.prev ] || fault 'no r.ckpt.prev'
expect 3 "$bpnn" predict r.ckpt t.csv; says 'bpnn train --resume'
expect 3 "$bpnn" train --resume m.bpnn t.csv; says 'this is a model'
expect 3 "$bpnn" train --init-from r.ckpt t.csv; says 'checkpoint of a run'
expect 1 "$bpnn" train --resume r.ckpt --rate 0.1 t.csv; says '--rate comes from the checkpoint'
expect 1 "$bpnn" train --resume r.ckpt --adam-beta1 0.1 t.csv; says '--adam-beta1 comes from the checkpoint'
expect 1 "$bpnn" train --resume r.ckpt --preset fitnet t.csv; says '--preset comes from the checkpoint'
expect 1 "$bpnn" train --resume r.ckpt --group z t.csv; says '--group comes from the checkpoint'
expect 1 "$bpnn" train --resume r.ckpt --restarts 2 t.csv; says '--restarts comes from the checkpoint'
expect 1 "$bpnn" train --resume r.ckpt --resume-anyway --restarts 2 t.csv; says '--resume is for one run, and --restarts makes several'
expect 1 "$bpnn" train --checkpoint x.ckpt --ensemble 2 t.csv; says '--checkpoint is for one run, and --ensemble makes several'
expect 1 "$bpnn" train --checkpoint-every 3 --restarts 2 t.csv; says '--checkpoint-every is for one run'
expect 1 "$bpnn" train --init-from m.bpnn --restarts 2 t.csv; says '--init-from is for one run'
expect 1 "$bpnn" cv --checkpoint x.ckpt t.csv; says 'a run of many fits starts again'
expect 0 "$bpnn" train -q --target y --ensemble 2 --epochs 2 -o e.bpnn t.csv; expect 1 "$bpnn" train --init-from e.bpnn t.csv; says 'an ensemble has several networks'
expect 1 "$bpnn" train --checkpoint r.ckpt --checkpoint-every never t.csv; says 'checkpoint-every'
expect 1 "$bpnn" train --checkpoint r.ckpt -o r.ckpt t.csv; says 'the same file'
numbers 121 >u.csv; expect 2 "$bpnn" train --resume r.ckpt u.csv; says 'number of training rows'
sed '7s/^[0-9]*/77/' t.csv >u.csv; expect 2 "$bpnn" train --resume r.ckpt u.csv; says 'rows have changed'
expect 0 "$bpnn" train -q --resume r.ckpt --resume-anyway --epochs 6 -o n.bpnn u.csv
cp r.ckpt kept; head -c 3000 kept >r.ckpt; expect 0 "$bpnn" train --resume r.ckpt -o n.bpnn t.csv; grep -q 'r.ckpt.prev' err || fault 'not said that the one before is taken'
rm r.ckpt; expect 0 "$bpnn" train -q --resume r.ckpt -o n.bpnn t.csv
begin init_from
numbers 120 >t.csv
expect 0 "$bpnn" train -q --target y --method adam --hidden 7:tanh --epochs 50 -o m.bpnn t.csv
expect 0 "$bpnn" train -q --init-from m.bpnn --epochs 0 -o n.bpnn t.csv
"$bpnn" predict m.bpnn t.csv >p1; "$bpnn" predict n.bpnn t.csv >p2; cmp -s p1 p2 || fault 'a start without epochs: other predictions'
expect 1 "$bpnn" train --init-from m.bpnn --hidden 8:tanh t.csv; says '7 units in the model, 8 here'
cut -d, -f1,3- t.csv >u.csv; expect 2 "$bpnn" train --init-from m.bpnn u.csv; says "'z'"
expect 2 "$bpnn" train --init-from m.bpnn --target c t.csv; says "target 'c'"
begin diverged; numbers 70 >t.csv; expect 6 "$bpnn" train -q --target y --method sgd --rate 1e6 --activation identity t.csv; says 'diverged in epoch 1'; expect 0 "$bpnn" predict t.bpnn t.csv
begin no_epochs; numbers 70 >t.csv; expect 0 "$bpnn" train -q --target y --epochs 0 t.csv; expect 0 "$bpnn" predict t.bpnn t.csv
begin stdin; numbers 70 >t.csv; "$bpnn" train -q --target y --epochs 2 -o m.bpnn - <t.csv >out 2>err || fault 'train from standard input'; "$bpnn" predict m.bpnn - <t.csv >p1; "$bpnn" predict m.bpnn t.csv >p2; cmp -s p1 p2 || fault 'standard input: other predictions'
begin bench; expect 0 "$bpnn" bench --layers 4-8-3 --seconds 0.05 --json; json "d['train_rows_per_s']>0 and set(d)=={'layers','batch','method','precision','threads','isa','train_rows_per_s','predict_rows_per_s','single_row_us','gflops','fma_peak_gflops','peak_share'} and 0<d['peak_share']<1.5 and d['fma_peak_gflops']>0"
begin dialects
printf '\357\273\277"a";b\r\n1,5;x\r\n2,5;y\r\n' >t.csv; expect 0 "$bpnn" inspect --json t.csv; json "d['delimiter']==';' and d['decimal']==',' and d['columns'][0]['name']=='a' and d['columns'][0]['max']==2.5"
printf 'a\tb\n"x\ny"\t1\n' >t.tsv; expect 0 "$bpnn" inspect --json t.tsv; json "d['rows']==1 and d['delimiter']=='\\t'"
printf '1,2\n3,4' >t.csv; expect 0 "$bpnn" inspect --json t.csv; json "d['rows']==2 and not d['header'] and d['columns'][0]['name']=='1'"

# ---- standard streams ----
begin streams
numbers 80 >t.csv
expect 0 "$bpnn" train -q --target y --epochs 3 -o m.bpnn t.csv
cat t.csv | "$bpnn" train -q --target y --epochs 3 -o p.bpnn - >out 2>err || fault 'train from a pipe'
cmp -s m.bpnn p.bpnn || fault 'a pipe: another model'
"$bpnn" train -q --target y --epochs 3 -o - t.csv >o.bpnn 2>err || fault 'model to standard output'
cmp -s m.bpnn o.bpnn || fault 'standard output: another model'
"$bpnn" predict m.bpnn t.csv >p1 2>err; "$bpnn" predict - t.csv <m.bpnn >p2 2>err || fault 'model from standard input'
cmp -s p1 p2 || fault 'model from standard input: other predictions'
"$bpnn" predict --append m.bpnn - <t.csv >p3 2>err || fault 'append from standard input'
[ "$(cut -d, -f1-4 p3)" = "$(cat t.csv)" ] || fault 'append from standard input: other cells'
"$bpnn" evaluate --json m.bpnn - <t.csv >out 2>err || fault 'evaluate from standard input'; json "d['rows']==80"
"$bpnn" inspect --json - <t.csv >out 2>err || fault 'inspect standard input'; json "d['rows']==80"
expect 1 "$bpnn" predict - -; says 'cannot both be standard input'
expect 1 "$bpnn" train --json -o - t.csv; says 'both want standard output'
expect 2 "$bpnn" train -q -; says 'standard input: the file is empty'
"$bpnn" predict m.bpnn t.csv >&- 2>err; [ $? = 4 ] || fault 'closed standard output: not exit 4'
"$bpnn" train -q --target y --epochs 1 -o c.bpnn t.csv <&- >&- 2>&-; "$bpnn" inspect c.bpnn >out 2>err || fault 'closed streams: the model is damaged'

# ---- nothing is overwritten by mistake ----
begin overwrite
numbers 80 >t.csv; cp t.csv kept.csv
expect 1 "$bpnn" train -q --target y --epochs 1 -o t.csv t.csv; says 'would take the place'
expect 1 "$bpnn" train -q --target y --epochs 1 --log t.csv t.csv; says 'would take the place'
expect 1 "$bpnn" train -q --target y --epochs 1 --log m.bpnn -o m.bpnn t.csv; says 'the same file'
expect 0 "$bpnn" train -q --target y --epochs 1 -o m.bpnn t.csv
expect 1 "$bpnn" predict -o t.csv m.bpnn t.csv; says 'would take the place'
expect 4 "$bpnn" train -q --target y --epochs 1 -o . t.csv; says 'directory'
cmp -s t.csv kept.csv || fault 'the table was changed'
ln -s real.bpnn link.bpnn; expect 0 "$bpnn" train -q --target y --epochs 1 -o link.bpnn t.csv
[ -L link.bpnn ] || fault 'a symbolic link was replaced'
expect 0 "$bpnn" inspect link.bpnn

# ---- configuration files ----
begin presets # MATLAB's words and settings; what is given wins, from the command line and from a file
numbers 100 >t.csv
expect 0 "$bpnn" train --preset fitnet --target y --features x --log l -o a.bpnn t.csv
says '^preset fitnet: --task regression --method lm --hidden 10 --activation tanh'
python3 -c "
import json; c = json.loads(open('l').readline())['config']
want = dict(preset='fitnet', task='regression', method='lm', hidden='10:tanh', init='nguyen_widrow', scale='minmax', validation=0.15, test='0.15', patience=6)
want['target-scale'] = 'minmax'
assert all(c[k] == v for k, v in want.items()), c" 2>err || fault 'fitnet: another configuration'
expect 0 "$bpnn" train -q --config l -o b.bpnn t.csv; cmp -s a.bpnn b.bpnn || fault 'the log of a preset: another model'
printf 'preset = fitnet\ntarget = y\nfeatures = x\n' >c
expect 0 "$bpnn" train -q --config c -o b.bpnn t.csv; cmp -s a.bpnn b.bpnn || fault 'a preset in a file: another model'
expect 0 "$bpnn" train -q --config c --hidden 3 --method br --test 0 --json t.csv; json "d['layers']==[1,3,1] and d['method']=='br' and d['rows']=={'train':85,'validation':15,'test':0}"
expect 0 "$bpnn" train --preset patternnet --target c --json t.csv; json "d['method']=='scg' and d['layers'][1]==10 and d['rows']['test']==15 and d['task']=='binary'"
expect 0 "$bpnn" train --preset patternnet --epochs 2 --target y t.csv; says 'patternnet is for classes'
awk -F, 'NR == 1 { print $0 ",part"; next } { print $0 "," (NR % 4 ? "train" : NR % 8 ? "valid" : "test") }' t.csv >s.csv
expect 0 "$bpnn" train -q --preset fitnet --target y --split-column part --json s.csv; json "d['rows']=={'train':75,'validation':13,'test':12}"
expect 1 "$bpnn" train --preset fitnett t.csv; says 'fitnet or patternnet'
expect 0 "$bpnn" train --help fitnet; prints '--method lm'
expect 0 "$bpnn" train --help tansig; prints '^tanh:'
same() { # two sets of options give one model
  expect 0 "$bpnn" train -q --target y --features x --epochs 30 $1 -o a.bpnn t.csv
  expect 0 "$bpnn" train -q --target y --features x --epochs 30 $2 -o b.bpnn t.csv
  cmp -s a.bpnn b.bpnn || fault "$1: not the model of $2"
}
same '-m trainbr --hidden 4' '-m br --br-prior single --hidden 4'
same '-m trainbr --br-prior layer --hidden 4' '-m br --hidden 4'
same '-m trainlm --hidden 4:tansig,3:logsig --init initnw --scale mapminmax' '-m lm --hidden 4:tanh,3:sigmoid --init nguyen_widrow --scale minmax'
same '-m traingdx --hidden 4' '-m sgd --batch full --momentum 0.9 --rate 0.001 --schedule adaptive --hidden 4'
same '-m traingda --hidden 4 --schedule constant' '-m sgd --batch full --hidden 4'
same '-m traingdm --momentum 0.5 --hidden 4' '-m sgd --batch full --momentum 0.5 --rate 0.005 --hidden 4'
same '-m traincgf --cg-tol 1e-5 --hidden 4' '-m cg --cg-rule fr --cg-tol 1e-5 --hidden 4'
same '-m trainbfg --hidden 4 --activation poslin --output-activation purelin --loss sse' '-m lbfgs --hidden 4 --activation relu --output-activation identity --loss mse --reduction sum'
expect 0 "$bpnn" train --target y --epochs 2 -m traingdx --adaptive-grow 1.1 --adaptive-shrink 0.5 t.csv; says 'traingdx is called sgd here: --batch full --momentum 0.9 --schedule adaptive --rate 0.001'
expect 1 "$bpnn" train --target y -m sgd --batch 16 --schedule adaptive t.csv; says 'all rows'
expect 1 "$bpnn" train --target y -m rprop --schedule adaptive t.csv; says 'no rate for schedule adaptive'
expect 1 "$bpnn" train --target y --dropout 0.1 --schedule adaptive t.csv; says 'dropout'
expect 1 "$bpnn" train --target y -m lm --schedule adaptive t.csv; says 'no rate'

begin found # what br and l2 auto found, in every place
numbers 100 >t.csv
expect 0 "$bpnn" train -q --target y --features x --hidden 3 -m br --epochs 20 --log l --json t.csv
json "[p['of'] for p in d['evidence']['priors']]==['weights','biases','weights'] and d['iteration']['evaluations']>20 and d['l2_auto'] is None"
json "abs(sum(p['effective'] for p in d['evidence']['priors'])+1-d['evidence']['effective'])<1e-9 and d['evidence']['beta']>0"
python3 -c "
import json; lines = [json.loads(t) for t in open('l')]
assert all(e['damping'] > 0 and e['gradient_norm'] >= 0 and e['step'] >= 0 and e['effective'] > 0 and e['failures'] == 0 and e['seconds'] > 0 for e in lines[1:-1]), lines
assert lines[-1]['evidence']['priors'][2]['layer'] == 2" 2>err || fault 'the log of br'
expect 0 "$bpnn" inspect t.bpnn; prints 'layer 2 weights     gamma'; prints '^evidence: '
expect 0 "$bpnn" inspect --json t.bpnn; json "len(d['training']['evidence']['priors'])==3 and d['training']['iteration']['damping']>0"
expect 0 "$bpnn" train -q --target y --features x --hidden 3 -m trainbr --epochs 20 t.csv; prints '^  all parameters      gamma'
expect 0 "$bpnn" train -q --target y --features x --hidden 3 -m lbfgs --l2 auto --epochs 20 t.csv; prints '^l2 auto:   took'; expect 0 "$bpnn" inspect t.bpnn; prints '^l2 auto:   took'
expect 0 "$bpnn" train -q --target y --epochs 2 -m adamw --json t.csv; json "d['iteration'] is None and d['evidence'] is None"

begin config_errors
numbers 80 >t.csv
printf 'epochs = 2\n\n# a comment\nrate = fast\n' >c; expect 1 "$bpnn" train --config c t.csv; says 'c:4: --rate: expected a number'
printf 'epochs\n' >c; expect 1 "$bpnn" train --config c t.csv; says 'c:1: expected key = value'
printf 'config = d\n' >c; expect 1 "$bpnn" train --config c t.csv; says 'no place in a configuration file'
printf '\357\273\277target = y\r\nepochs = 2\r\n' >c; expect 0 "$bpnn" train -q --config c t.csv
printf '{"config": {"target": "\\u0079", "epochs": 2, "shuffle": false, "clip": null}}\n' >c; expect 0 "$bpnn" train -q --config c --json t.csv; json "d['target']=='y' and d['epochs']==2"
for text in '{"config": {"target": "y"' '{"config": {"target": ["y"]}}' '{"config": 3}' '{"x": 1}' '{"config": {"target": "\\ud800"}}'; do
  printf "$text" >c; expect 1 "$bpnn" train --config c t.csv; says '^bpnn: c: '
done
expect 4 "$bpnn" train --config nowhere t.csv; says 'nowhere: cannot read'
expect 1 "$bpnn" train --json --target y --epochs x t.csv; json "d['error']['status']=='usage'"

begin log # the resolved configuration gives the same model, for every kind of choice
numbers 80 >t.csv
for more in '' '--method sgd --sgd-nesterov yes --schedule step --step-every 2' '--method rprop --loss huber --huber-delta 0.5' '--target c --hidden 5:tanh,3:leaky_relu(0.2)' '--patience 0 --validation 0 --batch full --init uniform --uniform-p 0.3'; do
  target='--target y'; case $more in *--target*) target='' ;; esac
  expect 0 "$bpnn" train -q $target --epochs 5 $more --log l -o a.bpnn t.csv
  expect 0 "$bpnn" train -q --config l -o b.bpnn t.csv
  cmp -s a.bpnn b.bpnn || fault "log as configuration, $more: another model"
  python3 -c "import json; c=json.loads(open('l').readline())['config']; assert 'auto' not in [v for k,v in c.items() if k not in ('init', 'l2')], c" 2>err || fault "auto in the log's configuration"
done
"$bpnn" train -q --target y --epochs 1 --log /dev/full t.csv >out 2>err; [ $? = 4 ] || fault 'a full log: not exit 4'; says 'log'

# ---- options ----
begin options
numbers 80 >t.csv
expect 1 "$bpnn" train --adamw-beta 0.5 t.csv; says 'did you mean --adamw-beta1'
expect 1 "$bpnn" train --huber-delta 2 t.csv; says 'add --loss huber'
expect 1 "$bpnn" train --method sdg t.csv; says "did you mean 'sgd'"
expect 1 "$bpnn" train --threads 0 t.csv; says '1 to 256'
expect 1 "$bpnn" train t.csv more.csv; says 'one DATA'
expect 1 "$bpnn" train --activation rellu t.csv; says "did you mean 'relu'"
expect 1 "$bpnn" train --help adm; says 'did you mean'
expect 0 "$bpnn" train --help plateau; prints 'plateau-wait'
expect 0 "$bpnn" train -q --target y --epochs 2 --leaky_relu-p 0.3 --activation leaky_relu t.csv
expect 0 "$bpnn" train --target y --epochs 2 --method traingdm t.csv; says 'traingdm is called sgd here'
expect 0 "$bpnn" train -v --target y --epochs 2 --epochs 3 t.csv; says 'given 2 times'
for more in 'rprop --rprop-variant minus' 'lm --lm-scaling marquardt --lm-rule matlab' 'cg --cg-rule fr' 'br --br-prior single'; do
  expect 0 "$bpnn" train -q --target y --epochs 3 --method $more t.csv
done
expect 1 "$bpnn" train --method br --br-prior both t.csv; says '--br-prior is layer or single'

# ---- many runs ----
begin restarts
numbers 80 >t.csv
expect 1 "$bpnn" train --restarts 0 t.csv; says '1 to 1000'
expect 1 "$bpnn" train --ensemble 1001 t.csv; says '1 to 1000'
expect 0 "$bpnn" train -q --target y --epochs 5 --restarts 3 --log l --json t.csv
json "len(d['starts'])==3 and d['starts'][d['start']-1]['score']==min(s['score'] for s in d['starts']) and [s['seed'] for s in d['starts']]==[1,2,3] and 'members' not in d"
python3 -c "
import json
lines = [json.loads(l) for l in open('l')]
assert lines[0]['config']['restarts'] == 3 and {l.get('start') for l in lines[1:-1]} == {1, 2, 3} and len(lines[-1]['starts']) == 3, lines" 2>err || fault 'the log of three starts'
expect 0 "$bpnn" train -q --target y --epochs 5 --restarts 3 t.csv; prints 'start 2: seed 2'; prints '(kept)'
expect 0 "$bpnn" inspect t.bpnn; prints 'start 3: seed 3'

begin ensemble
numbers 80 >t.csv
for target in y c; do
  expect 0 "$bpnn" train -q --target $target --epochs 5 --ensemble 3 --restarts 2 --threads 1 --log l -o a.bpnn t.csv; prints 'ensemble of 3'; prints 'member 2: seed 3'
  expect 0 "$bpnn" train -q --config l --threads 2 -o b.bpnn t.csv
  cmp -s a.bpnn b.bpnn || fault "an ensemble for $target: two threads, the log as configuration: another model"
  expect 0 "$bpnn" evaluate --json a.bpnn t.csv; json "d['rows']==80"
  expect 0 "$bpnn" predict a.bpnn t.csv; [ "$(wc -l <out)" = 81 ] || fault 'predict: not a line a row'
  expect 0 "$bpnn" inspect a.bpnn; prints 'ensemble of 3'; prints 'start 2: seed 2'
  expect 0 "$bpnn" inspect --json a.bpnn; json "len(d['members'])==3 and d['members'][2]['training']['seed']==5"
done
expect 0 "$bpnn" train -q --target y --epochs 5 --ensemble 2 --test 0.2 --json t.csv; json "len(d['members'])==2 and d['rows']['test']==16 and d['members'][1]['test']['rows']==16 and d['test']['rows']==16"
expect 6 "$bpnn" train -q --target y --method sgd --rate 1e30 --epochs 5 --ensemble 2 t.csv; says 'diverged'
expect 0 "$bpnn" inspect t.bpnn

begin ensemble_export; numbers 80 >t.csv
expect 0 "$bpnn" train -q --target y --epochs 5 --ensemble 3 -o a.bpnn t.csv
expect 0 "$bpnn" export --to json a.bpnn; python3 -c "import json; assert len(json.load(open('a.json'))['members']) == 3" || fault 'an ensemble in JSON'
expect 1 "$bpnn" export --to npz a.bpnn; says 'ensemble of 3'
if "$bpnn" export --to onnx a.bpnn >out 2>err; then
  expect 0 "$bpnn" import -o b.bpnn a.onnx; cmp -s a.bpnn b.bpnn || fault 'an ensemble there and back'
fi

begin ensemble_interrupted
numbers 300 >t.csv
"$bpnn" train -q --target y --patience 0 --epochs 90000000 --method adamw --ensemble 6 --threads 2 t.csv >out 2>err </dev/null & run=$!
sleep 1; kill -INT $run; wait $run; code=$?
[ $code = 7 ] || fault "an interrupted ensemble: exit $code, wanted 7"
says 'interrupted'; expect 0 "$bpnn" predict t.bpnn t.csv; expect 0 "$bpnn" inspect t.bpnn; prints 'ensemble of 2'

# ---- names and cells from outside ----
begin hostile # nothing of them reaches a terminal or breaks a line
python3 - <<'EOF2'
import csv
with open('t.csv', 'w', newline='', encoding='utf-8') as f:
    w = csv.writer(f)
    w.writerow(['a\x1b[31mred', 'b"quote', 'c\u202eright', '=cmd()', 'line\nbreak'])
    for i in range(80):
        w.writerow([i, i % 7, i % 5, '007' if i % 3 else '7.0', 'x\x1b[2J' if i % 2 else '%n%s'])
EOF2
expect 0 "$bpnn" train --epochs 3 t.csv
expect 0 "$bpnn" inspect t.bpnn; cat err >>out
python3 -c "t=open('out',encoding='utf-8').read(); assert '\x1b' not in t and '\u202e' not in t, t" 2>err || fault 'control characters are shown'
expect 0 "$bpnn" evaluate --json t.bpnn t.csv; json "d['rows']==80"
expect 0 "$bpnn" predict --append t.bpnn t.csv
python3 -c "
import csv
a = list(csv.reader(open('t.csv', newline='', encoding='utf-8'))); b = list(csv.reader(open('out', newline='', encoding='utf-8')))
assert [r[:5] for r in b] == a" 2>err || fault 'append: cells are not as written'

echo "cli: $n done, $bad bad"
[ "$bad" = 0 ]
