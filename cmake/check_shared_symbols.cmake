# libkmc.so shows namespace kmc and nothing else (src/kmc.map):
#   cmake -DNM=<nm> -DLIBRARY=<libkmc.so> -P check_shared_symbols.cmake

cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
    OUTPUT_VARIABLE symbols RESULT_VARIABLE status
)
if(NOT status EQUAL 0 OR NOT symbols MATCHES "_ZN3kmc6client4openE")
    message(FATAL_ERROR "${LIBRARY} does not show kmc::client::open")
endif()
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
set(strangers "")
foreach(line IN LISTS symbols)
    string(REGEX REPLACE "^.* " "" symbol "${line}")
    if(NOT symbol MATCHES "^_Z(T[VIS]|GV)?Z?NK?3kmc")
        list(APPEND strangers ${symbol})
    endif()
endforeach()
if(strangers)
    list(JOIN strangers "\n  " strangers)
    message(FATAL_ERROR "libkmc.so shows what is not kmc's:\n  ${strangers}")
endif()
list(LENGTH symbols count)
message(STATUS "${count} symbols, all of namespace kmc")
