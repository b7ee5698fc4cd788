# ONNX: protobuf-c code from the onnx.proto of Debian's libonnx-dev. BPNN_ONNX_SOURCES is the generated file (empty: no ONNX),
# BPNN_ONNX_INCLUDE its folder, BPNN_ONNX_LIBRARIES what links. BPNN_ONNX=OFF, or a missing package, builds without it.

option(BPNN_ONNX "write and read ONNX (needs libprotobuf-c-dev, protobuf-c-compiler, libonnx-dev)" ON)

set(BPNN_ONNX_SOURCES "")
set(BPNN_ONNX_INCLUDE "")
set(BPNN_ONNX_LIBRARIES "")
if(BPNN_ONNX)
  pkg_check_modules(PROTOBUF_C QUIET IMPORTED_TARGET libprotobuf-c)
  find_program(BPNN_PROTOC_C protoc-c)
  find_file(BPNN_ONNX_PROTO onnx/onnx.proto)
  if(PROTOBUF_C_FOUND AND BPNN_PROTOC_C AND BPNN_ONNX_PROTO)
    set(BPNN_ONNX_INCLUDE ${PROJECT_BINARY_DIR}/onnx)
    # the library's own prefix, so that a program may hold other code made from the same file
    file(READ ${BPNN_ONNX_PROTO} proto)
    string(REPLACE "\npackage onnx;" "\npackage bpnn.onnx;" proto "${proto}")
    file(CONFIGURE OUTPUT ${BPNN_ONNX_INCLUDE}/onnx.proto CONTENT "${proto}" @ONLY)
    set(BPNN_ONNX_SOURCES ${BPNN_ONNX_INCLUDE}/onnx.pb-c.c)
    add_custom_command(OUTPUT ${BPNN_ONNX_SOURCES} ${BPNN_ONNX_INCLUDE}/onnx.pb-c.h
      COMMAND ${BPNN_PROTOC_C} --proto_path=${BPNN_ONNX_INCLUDE} --c_out=${BPNN_ONNX_INCLUDE} onnx.proto
      DEPENDS ${BPNN_ONNX_INCLUDE}/onnx.proto VERBATIM)
    add_custom_target(bpnn_onnx_code DEPENDS ${BPNN_ONNX_SOURCES})
    set(BPNN_ONNX_LIBRARIES PkgConfig::PROTOBUF_C)
    message(STATUS "ONNX: built in (${BPNN_ONNX_PROTO})")
  else()
    message(STATUS "ONNX: left out; it needs libprotobuf-c-dev, protobuf-c-compiler and libonnx-dev")
  endif()
else()
  message(STATUS "ONNX: left out (BPNN_ONNX=OFF)")
endif()
