# kmc_configure(target): what every target of this repository has in common. Nothing of it is
# exported, and nothing is set globally.

function(kmc_configure target)
    target_compile_features(${target} PRIVATE cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
    # The objects serve the static and the shared library; without this, code that might end in a
    # shared one may not be inlined even into its own file.
    target_compile_options(${target} PRIVATE -fno-semantic-interposition)
    if(KMC_ASSERTIONS)
        target_compile_definitions(${target} PRIVATE KMC_ASSERTIONS)
    endif()
    kmc_warnings(${target})
    kmc_sanitize(${target})
endfunction()
