# What only a build of kmc itself may set: these reach every target of the tree.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release unless somebody says otherwise" FORCE)
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# The sloppiness is what ccache asks for where a precompiled header is in play; the base folder
# lets two clones of the repository share what one of them compiled.
if(KMC_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(KMC_CCACHE_PROGRAM ccache)
    mark_as_advanced(KMC_CCACHE_PROGRAM)
    if(KMC_CCACHE_PROGRAM)
        set(CMAKE_CXX_COMPILER_LAUNCHER
            /usr/bin/env
            CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
            CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
            CCACHE_NOHASHDIR=1
            ${KMC_CCACHE_PROGRAM}
        )
    endif()
endif()
