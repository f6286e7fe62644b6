# Public headers bring std, Boost.Outcome and kmc, and nothing of what kmc is built on:
#   cmake -DCXX=<compiler> -DINCLUDE=<folder> [-DFORBIDDEN=<regex>] -P check_public_headers.cmake
#
# kmc/asio.hpp is left out: it is there to bring Asio, and no other header may reach that.
#
# Asks the preprocessor which files each header reaches. (That each compiles alone is CMake's own
# check, all_verify_interface_header_sets.)

cmake_minimum_required(VERSION 3.25)

if(NOT FORBIDDEN)
    set(FORBIDDEN
        "/liburing[^ ]*\\.h|/openssl/[^ ]*|/zlib\\.h|/sys/socket\\.h|/sys/epoll\\.h|/boost/asio[^ ]*"
    )
endif()

file(GLOB_RECURSE headers RELATIVE ${INCLUDE} ${INCLUDE}/*.hpp)
list(REMOVE_ITEM headers kmc/asio.hpp)
list(LENGTH headers count)
if(count EQUAL 0)
    message(FATAL_ERROR "no headers below ${INCLUDE}")
endif()

set(breaches "")
foreach(header IN LISTS headers)
    execute_process(
        COMMAND ${CXX} -std=c++20 -I${INCLUDE} -M -x c++ ${INCLUDE}/${header}
        RESULT_VARIABLE status OUTPUT_VARIABLE reached ERROR_VARIABLE problem
    )
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${header} does not preprocess: ${problem}")
    endif()
    if(reached MATCHES "${FORBIDDEN}")
        list(APPEND breaches "${header} reaches ${CMAKE_MATCH_0}")
    endif()
endforeach()

if(breaches)
    list(JOIN breaches "\n  " breaches)
    message(FATAL_ERROR "public headers show what they should hide:\n  ${breaches}")
endif()
message(STATUS "${count} public headers, none reaches liburing, OpenSSL, zlib or sockets")
