# libbpnn (shared and static), bpnn::embed, and their installation.

include(CMakePackageConfigHelpers)

bpnn_floors_up_to(8 all)
bpnn_floors_up_to(5 embed)

# bpnn_library(TARGET KIND OUTPUT OBJECTS ..): one library out of room objects.
function(bpnn_library target kind output)
  cmake_parse_arguments(L "" "" "OBJECTS" ${ARGN})
  set(content "")
  foreach(object ${L_OBJECTS})
    list(APPEND content $<TARGET_OBJECTS:${object}>)
  endforeach()
  add_library(${target} ${kind} ${content})
  add_library(bpnn::${output} ALIAS ${target})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C EXPORT_NAME ${output})
endfunction()

bpnn_library(bpnn_shared SHARED bpnn OBJECTS ${all})
set_target_properties(bpnn_shared PROPERTIES OUTPUT_NAME bpnn VERSION ${PROJECT_VERSION} SOVERSION 0)
target_link_libraries(bpnn_shared PRIVATE Threads::Threads PkgConfig::JANSSON ZLIB::ZLIB ${BPNN_ONNX_LIBRARIES} m)
target_link_options(bpnn_shared PRIVATE ${BPNN_LINK_HARDENING})

bpnn_library(bpnn_static STATIC static OBJECTS ${all})
set_target_properties(bpnn_static PROPERTIES OUTPUT_NAME bpnn)
target_link_libraries(bpnn_static PUBLIC Threads::Threads ${JANSSON_LINK_LIBRARIES} ZLIB::ZLIB ${PROTOBUF_C_LINK_LIBRARIES} m)

# floors 0 to 5 for those who put training into their own program: libc and pthreads only; never beside libbpnn
bpnn_library(bpnn_embed STATIC embed OBJECTS ${embed})
target_link_libraries(bpnn_embed PUBLIC Threads::Threads m)

install(TARGETS bpnn_shared bpnn_static bpnn_embed EXPORT bpnn-targets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT bpnn-targets NAMESPACE bpnn:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/bpnn)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/bpnn-config.cmake.in bpnn-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/bpnn)
write_basic_package_version_file(bpnn-config-version.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH BPNN_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /) # the package may be moved
set(BPNN_PC_ONNX "")
if(BPNN_ONNX_SOURCES)
  set(BPNN_PC_ONNX " -lprotobuf-c")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/bpnn.pc.in bpnn.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bpnn-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/bpnn-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/bpnn)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bpnn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
