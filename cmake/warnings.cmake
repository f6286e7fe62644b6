# kmc_warnings(target): our warnings on our targets, never exported.
function(kmc_warnings target)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
    # Optimising, g++ 12 takes the inlined memcpy of `"text" + string` for one of impossible size
    # and place, three warnings of it, and the bytes of a result or optional that holds nothing for
    # something that is read. All of them are wrong (clang and ASan see nothing there);
    # later versions know better.
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        target_compile_options(${target} PRIVATE
            -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized
        )
    endif()
endfunction()
