# A room is a folder of src/ on a floor. Its sources become object libraries; libbpnn is made of all of
# them, bpnn::embed of floors 0 to 5, and a test of a floor links that floor and those below.

include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)
check_pie_supported() # the program is linked as it is compiled

set(BPNN_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wformat=2 -Wimplicit-fallthrough -Werror=double-promotion)
if(BPNN_WERROR)
  list(APPEND BPNN_WARNINGS -Werror)
endif()
# The bits depend on the first two: never drop them.
set(BPNN_ARITHMETIC -ffp-contract=off -fno-math-errno)

# What is harmless to speed and known to the compiler; tests/install/hardening.sh looks for it in the binaries.
set(BPNN_HARDENING "")
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fstrict-flex-arrays=3)
  string(MAKE_C_IDENTIFIER "has${flag}" known)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    list(APPEND BPNN_HARDENING ${flag})
  endif()
endforeach()
if(NOT BPNN_SANITIZE) # needs optimisation, and hides from sanitizers what they look for
  list(APPEND BPNN_HARDENING $<$<NOT:$<CONFIG:Debug,None,>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug,None,>>:-D_FORTIFY_SOURCE=3>)
endif()
set(BPNN_LINK_HARDENING "")
foreach(flag -z,relro -z,now -z,noexecstack --as-needed)
  string(MAKE_C_IDENTIFIER "links${flag}" known)
  check_linker_flag(C -Wl,${flag} ${known})
  if(${known})
    list(APPEND BPNN_LINK_HARDENING -Wl,${flag})
  endif()
endforeach()

if(BPNN_SANITIZE)
  add_compile_options(-fsanitize=${BPNN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BPNN_SANITIZE})
endif()

if(BPNN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Per instruction set: bytes of a vector, compile flags. The table of src/kernel/isa.c has the same names.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  set(BPNN_ISAS scalar sse2 avx2 avx512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(BPNN_ISAS scalar neon)
else()
  set(BPNN_ISAS scalar)
endif()
set(BPNN_ISA_scalar_BYTES 16)
set(BPNN_ISA_scalar_FLAGS "")
set(BPNN_ISA_sse2_BYTES 16)
set(BPNN_ISA_sse2_FLAGS -DBPNN_NO_FMA=1)
set(BPNN_ISA_avx2_BYTES 32)
set(BPNN_ISA_avx2_FLAGS -mavx2 -mfma)
set(BPNN_ISA_avx512_BYTES 64)
set(BPNN_ISA_avx512_FLAGS -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma -mprefer-vector-width=512)
set(BPNN_ISA_neon_BYTES 16)
set(BPNN_ISA_neon_FLAGS "")

function(bpnn_objects target floor)
  cmake_parse_arguments(O "" "" "SOURCES;OPTIONS" ${ARGN})
  add_library(${target} OBJECT ${O_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_compile_options(${target} PRIVATE ${BPNN_WARNINGS} ${BPNN_ARITHMETIC} ${BPNN_HARDENING} ${O_OPTIONS})
  target_link_libraries(${target} PRIVATE Threads::Threads PkgConfig::JANSSON ZLIB::ZLIB)
  set_property(GLOBAL APPEND PROPERTY BPNN_FLOOR_${floor} ${target})
endfunction()

# bpnn_room(NAME FLOOR [PRECISIONS] [ISAS] SOURCES ...): PRECISIONS compiles each source for float and for double, ISAS
# (implies PRECISIONS) also for each instruction set, with BPNN_ISA=name and BPNN_BYTES set. Call it again for sources of another kind.
function(bpnn_room name floor)
  cmake_parse_arguments(R "PRECISIONS;ISAS" "" "SOURCES" ${ARGN})
  list(TRANSFORM R_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  if(R_ISAS)
    foreach(isa ${BPNN_ISAS})
      foreach(precision 32 64)
        bpnn_objects(bpnn_${name}_${isa}_f${precision} ${floor} SOURCES ${R_SOURCES}
          OPTIONS -DBPNN_PRECISION=${precision} -DBPNN_ISA=${isa} -DBPNN_BYTES=${BPNN_ISA_${isa}_BYTES}
                  ${BPNN_ISA_${isa}_FLAGS} -fno-trapping-math -Wno-psabi -Wno-pass-failed $<$<CONFIG:Release>:-O3>
                  $<$<BOOL:${BPNN_FUZZ}>:-O1> $<$<BOOL:${BPNN_FUZZ}>:-fno-sanitize=all> # readers are fuzzed; kernels compile slowly
                  $<$<C_COMPILER_ID:GNU>:-fno-var-tracking-assignments>) # gcc gives up on it, late
      endforeach()
    endforeach()
  elseif(R_PRECISIONS)
    foreach(precision 32 64)
      bpnn_objects(bpnn_${name}_f${precision} ${floor} SOURCES ${R_SOURCES} OPTIONS -DBPNN_PRECISION=${precision})
    endforeach()
  else()
    bpnn_objects(bpnn_${name} ${floor} SOURCES ${R_SOURCES})
  endif()
endfunction()

# All object targets of floors 1..floor.
function(bpnn_floors_up_to floor result)
  set(all "")
  foreach(f RANGE 1 ${floor})
    get_property(part GLOBAL PROPERTY BPNN_FLOOR_${f})
    list(APPEND all ${part})
  endforeach()
  set(${result} ${all} PARENT_SCOPE)
endfunction()

# bpnn_test(NAME FLOOR SOURCES ... [ARGUMENTS ...] [LABELS ...] [TIMEOUT n]): a test program that sees the floors up to FLOOR from inside.
# Labels: threads = run by ThreadSanitizer too, long = left out by ./test.sh quick, once = its question
# is not the library's memory or code: asked of the first build alone.
function(bpnn_test name floor)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;ARGUMENTS;LABELS" ${ARGN})
  bpnn_floors_up_to(${floor} objects)
  add_executable(${name} ${T_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_options(${name} PRIVATE ${BPNN_WARNINGS} ${BPNN_ARITHMETIC})
  target_compile_definitions(${name} PRIVATE BPNN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${objects} Threads::Threads PkgConfig::JANSSON ZLIB::ZLIB ${BPNN_ONNX_LIBRARIES}
    PkgConfig::CMOCKA m)
  add_test(NAME ${name} COMMAND ${name} ${T_ARGUMENTS})
  if(T_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${T_LABELS}")
  endif()
  if(T_TIMEOUT)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT})
  endif()
endfunction()
