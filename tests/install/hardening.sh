#!/bin/sh
# Are the hardening flags in what was built, and does the library call nothing that it must not?
#   tests/install/hardening.sh LIBRARY.so LIBRARY.a PROGRAM COMPILE_COMMANDS BUILD_TYPE
# Skipped (77) where there is no readelf or another object format.
set -u
shared=$1 static=$2 program=$3 commands=$4 type=$5
command -v readelf >/dev/null && command -v nm >/dev/null && readelf -h "$shared" >/dev/null 2>&1 || { echo "hardening: no ELF tools: skipped"; exit 77; }
done_=0
bad=0

# check WHAT: the exit code of the command before
check() {
  [ $? = 0 ] && good=0 || good=1
  done_=$((done_ + 1))
  [ $good = 0 ] || { echo "hardening: $1"; bad=$((bad + 1)); }
}

for file in "$shared" "$program"; do
  readelf -lW "$file" | grep -q 'GNU_RELRO'
  check "$file: no part is read-only after relocation"
  readelf -dW "$file" | grep -qE 'BIND_NOW|FLAGS.*NOW'
  check "$file: symbols are bound late"
  readelf -lW "$file" | grep 'GNU_STACK' | grep -qv 'E'
  check "$file: the stack can be executed"
  ! readelf -lW "$file" | grep 'LOAD' | grep -q 'RWE'
  check "$file: memory that can be written and executed"
  ! readelf -dW "$file" | grep -q 'TEXTREL'
  check "$file: code is changed when it is loaded"
  ! readelf -dW "$file" | grep -qE 'RPATH|RUNPATH' # of the build folder
  check "$file: a path of the build in the binary"
  nm -D "$file" | grep -q '__stack_chk_fail'
  check "$file: no stack protector"
  case $type in
    Release | RelWithDebInfo | MinSizeRel) nm -D "$file" | grep -qE 'U __[a-z]+_chk'; check "$file: nothing is fortified" ;;
  esac
done
readelf -hW "$program" | grep -q 'Type:.*DYN' && readelf -dW "$program" | grep -q 'PIE'
check "$program: at a fixed address"
case $(uname -m) in
  x86_64) objdump -d "$shared" | grep -q endbr64; check "$shared: no marks for indirect branches (-fcf-protection)" ;;
esac
# what leaves no trace in a file stands in the commands: every source of src/
for flag in -fstack-protector-strong -fstack-clash-protection; do
  without=$(grep '"command"' "$commands" | grep -E ' -c [^ ]*/src/[^ ]*\.c"' | grep -cv -- "$flag")
  [ "$without" = 0 ]
  check "$without sources without $flag"
done

exported=$(nm -D --defined-only "$shared" | awk '$2 ~ /[TDBRV]/ {print $3}' | grep -v '^bpnn_[a-z]')
[ -z "$exported" ]
check "exported beside the interface: $exported"
# fortified names count as what they stand for
forbidden='exit|_exit|_Exit|quick_exit|abort|assert_fail|printf|vprintf|fprintf|vfprintf|puts|fputs|putchar|perror|sprintf|vsprintf|strcpy|stpcpy|strcat|gets|scanf|fscanf|sscanf|isoc99_sscanf|strtok|atoi|atol|atof|strtod|strtof|rand|srand|random|srandom|setlocale|uselocale|system|popen|execve|execvp|fork|getenv|secure_getenv|setenv|putenv|signal|sigaction|tmpnam|mktemp|umask|chdir|dlopen|alloca|fesetround|feenableexcept|exp|expf|log|logf|log1p|expm1|tanh|sin|cos|erf|pow|powf|fmax|fmin|fmod'
called=$( (nm -D --undefined-only "$shared"; nm --undefined-only "$static") | awk 'NF == 2 {print $2}' | sed 's/@.*//; s/^__\(.*\)_chk$/\1/; s/^__//' |
  sort -u | grep -xE "$forbidden" | tr '\n' ' ')
[ -z "$called" ]
check "the library calls $called"
echo "hardening: $done_ done, $bad bad"
[ "$bad" = 0 ]
