# Proves that check_layers.cmake finds what it is for: cmake -DWORK=<empty folder> -P this
#
# Each case is a small tree with one breach; the check must fail on it and name it. The tree
# without a breach must pass.

cmake_minimum_required(VERSION 3.25)

function(expect outcome place line)
    file(REMOVE_RECURSE ${WORK})
    file(WRITE ${WORK}/src/base/fine.hpp "#include <cstdint>\n// #include <liburing.h>\n")
    if(NOT place MATCHES "^bindings/")
        set(place src/${place})
    endif()
    file(WRITE ${WORK}/${place} "${line}\n")
    execute_process(
        COMMAND ${CMAKE_COMMAND} -DROOT=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/check_layers.cmake
        RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output
    )
    if(outcome STREQUAL "passes" AND NOT status EQUAL 0)
        message(FATAL_ERROR "refused without a reason: ${place}: ${line}\n${output}")
    elseif(outcome STREQUAL "fails" AND (status EQUAL 0 OR NOT output MATCHES "${place}:"))
        message(FATAL_ERROR "not found: ${place}: ${line}\n${output}")
    endif()
endfunction()

expect(passes routing/a.cpp "#include \"hash/key_hash.hpp\"")
expect(passes client/a.cpp "#include <kmc/client.hpp>")
expect(passes loop/a.cpp "#include <kmc/task.hpp>")
expect(passes sim/a.cpp "#include <kmc/client.hpp>\n#include \"client/client_view.hpp\"")
expect(passes io/uring_ring.hpp "#include <liburing.h>")
expect(passes hash/md5.cpp "#include <openssl/md5.h>")
expect(passes loop/a.cpp "#include <thread>")
expect(passes values/zlib.cpp "#include <zlib.h>")

expect(passes bindings/c/a.cpp "#include <mutex>\n#include <kmc/ring.hpp>\n#include \"routing/a.hpp\"")

expect(fails base/a.hpp "#include \"hash/key_hash.hpp\"")             # a higher floor
expect(fails routing/a.cpp "#include \"pipeline/pipeline.hpp\"")      # strangers on one floor
expect(fails client/a.cpp "#include \"sim/sim_net.hpp\"")            # the library without its world
expect(fails attic/a.cpp "int x;")                                    # a room nobody planned
expect(fails base/a.cpp "#include \"attic/x.hpp\"")
expect(fails net/a.cpp "#include <kmc/client.hpp>")                   # the facade
expect(fails loop/a.cpp "#include <kmc/detail/operations.hpp>")
expect(fails net/a.cpp "#include <liburing.h>")
expect(fails io/uring_engine.cpp "#include <liburing.h>")              # one file, not one room
expect(fails routing/a.cpp "#include <openssl/md5.h>")
expect(fails values/a.cpp "#include <zlib.h>")
expect(fails net/a.cpp "#include <sys/socket.h>")
expect(fails loop/a.cpp "auto t = std::chrono::steady_clock::now()\;")
expect(fails client/a.cpp "std::mutex m\;")
expect(fails base/a.cpp "std::random_device seed\;")
expect(fails protocol/a.cpp "auto* p = reinterpret_cast<char*>(q)\;")
expect(fails bindings/c/a.cpp "#include \"io/socket.hpp\"")           # more than rings
expect(fails bindings/c/a.cpp "#include <kmc/client.hpp>")

file(REMOVE_RECURSE ${WORK})
message(STATUS "every kind of breach is found")
