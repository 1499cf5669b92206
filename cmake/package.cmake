# What `cmake --install` and cpack take: one folder that works wherever it is put.
#
# cpack makes sbx-VERSION-windows-x64.zip, its SHA-256 beside it, a wheel for pip, and manifests for scoop and winget from the templates in
# cmake/manifests. Two builds of the same sources with the same tools give the same bytes; `./dev package --check` tries it.

install(TARGETS sbx sbxshim RUNTIME DESTINATION .)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION .)
install(DIRECTORY docs DESTINATION . FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
install(FILES SECURITY.md DESTINATION .)
install(DIRECTORY completions DESTINATION .)

# The licences of what is linked, from where the libraries were installed.
set(linked libuv msgpack-c jansson)
if(MINGW)
    list(APPEND linked mingw-w64 libgcc)
endif()
foreach(library IN LISTS linked)
    find_file(SBX_LICENCE_${library} copyright HINTS ${CMAKE_PREFIX_PATH} PATH_SUFFIXES share/${library}
              NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
    if(SBX_LICENCE_${library})
        install(FILES ${SBX_LICENCE_${library}} DESTINATION licences RENAME ${library}.txt)
    else()
        install(CODE "message(FATAL_ERROR \"the licence of ${library} was not found; ./dev setup or vcpkg installs it\")")
    endif()
endforeach()

set(CPACK_GENERATOR External)
set(CPACK_EXTERNAL_ENABLE_STAGING ON)
set(CPACK_EXTERNAL_PACKAGE_SCRIPT ${CMAKE_SOURCE_DIR}/cmake/archive.cmake)
set(CPACK_PACKAGE_NAME sbx)
set(CPACK_PACKAGE_VENDOR "the sbx authors")
set(CPACK_PACKAGE_FILE_NAME sbx-${PROJECT_VERSION}-windows-x64)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_SBX_SOURCE_DIR ${CMAKE_SOURCE_DIR})
set(CPACK_VERBATIM_VARIABLES ON)
include(CPack)
