# The floors of the house: cmake -DROOT=<source tree> -P check_layers.cmake
#
# A file of src/ includes its own folder, lower floors and the public vocabulary; two folders of
# one floor are strangers. A few headers and words belong to one place only. The bindings stand beside
# the house and use its pure rooms only. Prints every breach and fails if there is one. Comments are
# not looked at.

cmake_minimum_required(VERSION 3.25)

# Each room's floor.
set(floor_base 0)
set(floor_protocol 1)
set(floor_hash 1)
set(floor_values 1)
set(floor_routing 2)
set(floor_pipeline 2)
set(floor_session 2)
set(floor_translate 2)
set(floor_inspect 3)
set(floor_io 3)
set(floor_tls 3)
set(floor_loop 4)
set(floor_net 5)
set(floor_client 6)
set(floor_sim 7)

set(breaches "")
function(breach text)
    set(breaches ${breaches} "${file}: ${text}" PARENT_SCOPE)
endfunction()

# forbid(<regex> <where it is allowed: a regex on the path> <why>), on the text without comments.
function(forbid regex allowed why)
    if(NOT file MATCHES "${allowed}" AND text MATCHES "${regex}")
        breach("'${CMAKE_MATCH_0}': ${why}")
        set(breaches ${breaches} PARENT_SCOPE)
    endif()
endfunction()

file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/src/*.hpp ${ROOT}/src/*.cpp)
list(LENGTH files count)
if(count EQUAL 0)
    message(FATAL_ERROR "no source files below ${ROOT}/src")
endif()

foreach(file IN LISTS files)
    string(REGEX MATCH "^src/([a-z0-9_]+)/" unused ${file})
    set(room "${CMAKE_MATCH_1}")
    if(NOT DEFINED floor_${room})
        breach("the folder is on no floor")
        continue()
    endif()

    file(READ ${ROOT}/${file} text)
    string(REGEX REPLACE "//[^\n]*" "" text "${text}")
    string(REGEX MATCHALL "#[ \t]*include[ \t]*[<\"][^>\"\n]+" includes "${text}")
    foreach(include IN LISTS includes)
        string(REGEX REPLACE "^#[ \t]*include[ \t]*" "" include "${include}")
        if(include MATCHES "^[<\"]kmc/(client|runtime|task|kmc)\\.hpp$")
            if(NOT room MATCHES "^(client|sim)$"
               AND NOT (room STREQUAL loop AND CMAKE_MATCH_1 MATCHES "^(runtime|task)$"))
                breach("${include}: facade headers are for src/client, src/loop and src/sim")
            endif()
        elseif(include MATCHES "^[<\"]kmc/detail/operations\\.hpp$" AND NOT room STREQUAL client)
            breach("${include}: only for src/client")
        elseif(include MATCHES "^\"([a-z0-9_]+)/" AND NOT CMAKE_MATCH_1 STREQUAL "kmc")
            set(other ${CMAKE_MATCH_1})
            if(NOT DEFINED floor_${other})
                breach("${include}: no such room")
            elseif(NOT other STREQUAL room AND NOT floor_${other} LESS floor_${room})
                breach("${include}: ${other} is not below ${room}")
            endif()
        endif()
    endforeach()

    forbid("<liburing[^>]*>" "^src/io/uring_ring\\.hpp$" "the ring has one file")
    forbid("<openssl/[^>]*>" "^src/(tls/|hash/md5\\.cpp$)" "OpenSSL is behind src/tls and md5")
    forbid("<zlib\\.h>" "^src/values/zlib\\.cpp$" "zlib has one file")
    forbid("<(sys/(socket|un|epoll|eventfd|inotify|uio|syscall)|netinet/[a-z]+|arpa/inet|netdb|poll|unistd)\\.h>"
           "^src/io/" "the kernel is behind src/io")
    forbid("clock::now *\\(|clock_gettime *\\(|gettimeofday *\\(|[^a-z_]time *\\((nullptr|NULL|0)\\)"
           "^src/io/" "only engines read clocks")
    forbid("<(thread|mutex|shared_mutex|condition_variable)>|std::j?thread|std::[a-z_]*mutex"
           "^src/(loop/|io/resolver|client/(remote|cluster|server_file))" "threads and locks are in five places")
    forbid("random_device|getrandom *\\(" "^src/(io|loop|client)/" "randomness comes in as a seed")
    forbid("reinterpret_cast" "^src/(base/(byte_order|bytes)|io/)" "use byte_order.hpp or bytes.hpp")
endforeach()

# Rings for other languages: no part of the client, of its loop or of its I/O comes with them.
set(rooms_for_bindings "^(base|hash|routing|inspect)$")
file(GLOB_RECURSE bindings RELATIVE ${ROOT}
    ${ROOT}/bindings/*.hpp ${ROOT}/bindings/*.cpp ${ROOT}/bindings/*.h ${ROOT}/bindings/*.c
)
foreach(file IN LISTS bindings)
    file(READ ${ROOT}/${file} text)
    string(REGEX REPLACE "//[^\n]*" "" text "${text}")
    string(REGEX MATCHALL "#[ \t]*include[ \t]*[<\"][^>\"\n]+" includes "${text}")
    foreach(include IN LISTS includes)
        string(REGEX REPLACE "^#[ \t]*include[ \t]*" "" include "${include}")
        if(include MATCHES "^[<\"]kmc/([a-z_]+)\\.hpp$" AND NOT CMAKE_MATCH_1 MATCHES "^(result|ring|server_list)$")
            breach("${include}: bindings are about rings and server lists")
        elseif(include MATCHES "^\"([a-z0-9_]+)/")
            if(NOT CMAKE_MATCH_1 MATCHES "${rooms_for_bindings}")
                breach("${include}: bindings use base, hash, routing and inspect only")
            endif()
        endif()
    endforeach()
    forbid("reinterpret_cast" "^$" "use memcpy, or the static_cast of a void*")
endforeach()

if(breaches)
    list(JOIN breaches "\n  " breaches)
    message(FATAL_ERROR "the floors are broken:\n  ${breaches}")
endif()
list(LENGTH bindings outside)
message(STATUS "${count} files, every one on its floor, and ${outside} of the bindings beside it")
