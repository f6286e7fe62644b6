# KMC_SANITIZE: a list such as "address;undefined" or "thread", for every target of this project.
set(KMC_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address;undefined")

function(kmc_sanitize target)
    if(NOT KMC_SANITIZE)
        return()
    endif()
    list(JOIN KMC_SANITIZE "," joined)
    target_compile_options(${target} PRIVATE -fsanitize=${joined} -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${joined})
    if(joined MATCHES "undefined")
        target_compile_options(${target} PRIVATE -fno-sanitize-recover=undefined)
    endif()
endfunction()
