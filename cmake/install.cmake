# What an installed kmc consists of: headers, both libraries, a CMake package and kmc.pc.

include(CMakePackageConfigHelpers)

install(TARGETS kmc_headers kmc_static kmc_shared
    EXPORT kmcTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
)

# An archive with zlib asks its consumers for it; the package and kmc.pc have to say so.
set(kmc_find_zlib "")
set(kmc_pc_zlib "")
if(KMC_ZLIB_TARGET)
    set(kmc_find_zlib "find_dependency(ZLIB)")
    set(kmc_pc_zlib ", zlib")
endif()

set(kmc_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kmc)
install(EXPORT kmcTargets NAMESPACE kmc:: DESTINATION ${kmc_package_dir})
configure_package_config_file(
    ${CMAKE_CURRENT_LIST_DIR}/kmcConfig.cmake.in ${PROJECT_BINARY_DIR}/kmcConfig.cmake
    INSTALL_DESTINATION ${kmc_package_dir}
    NO_SET_AND_CHECK_MACRO
)
# 0.x: a program asks for the minor version that it was written for.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kmcConfigVersion.cmake
    COMPATIBILITY SameMinorVersion
)
install(FILES ${PROJECT_BINARY_DIR}/kmcConfig.cmake ${PROJECT_BINARY_DIR}/kmcConfigVersion.cmake
    DESTINATION ${kmc_package_dir}
)

# kmc.pc finds its prefix from where it lies, so that an install may be moved.
set(kmc_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH kmc_pc_to_prefix
    ${CMAKE_INSTALL_PREFIX}/${kmc_pc_dir} ${CMAKE_INSTALL_PREFIX}
)
configure_file(${CMAKE_CURRENT_LIST_DIR}/kmc.pc.in ${PROJECT_BINARY_DIR}/kmc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/kmc.pc DESTINATION ${kmc_pc_dir})
