# kmc_warnings(target): our warnings on our targets, never exported.
function(kmc_warnings target)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
    # Optimising, g++ 12 takes the inlined memcpy of `"text" + string` for one of impossible size
    # and place. Three warnings say so, all of them wrong; later versions know better.
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        target_compile_options(${target} PRIVATE
            -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
        )
    endif()
endfunction()
