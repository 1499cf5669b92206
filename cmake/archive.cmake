# cpack runs this when the files are laid out: the zip, and the manifests for scoop and winget with its version and hash.
#
# cpack's own zips depend on the order of directories on the disk, on the time and on who builds; tools/zip_tree.py makes one that
# does not.
cmake_policy(VERSION 3.21)
find_program(python NAMES python3 python REQUIRED)
set(name ${CPACK_PACKAGE_FILE_NAME}.zip)
set(archive ${CPACK_PACKAGE_DIRECTORY}/${name})
execute_process(COMMAND ${python} ${CPACK_SBX_SOURCE_DIR}/tools/zip_tree.py ${CPACK_TEMPORARY_DIRECTORY} ${archive}
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${python} ${CPACK_SBX_SOURCE_DIR}/tools/wheel.py ${CPACK_TEMPORARY_DIRECTORY}
                        ${CPACK_SBX_SOURCE_DIR}/python/sbx ${CPACK_PACKAGE_VERSION} ${CPACK_PACKAGE_DIRECTORY}
                COMMAND_ERROR_IS_FATAL ANY)
file(SHA256 ${archive} hash)
string(TOUPPER ${hash} HASH)
file(WRITE ${archive}.sha256 "${hash}  ${name}\n")
file(GLOB templates ${CPACK_SBX_SOURCE_DIR}/cmake/manifests/*.in)
foreach(template IN LISTS templates)
    get_filename_component(result ${template} NAME_WLE)
    configure_file(${template} ${CPACK_PACKAGE_DIRECTORY}/manifests/${result} @ONLY)
endforeach()
set(CPACK_EXTERNAL_BUILT_PACKAGES ${archive})
