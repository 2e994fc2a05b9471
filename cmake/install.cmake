# What `cmake --install` puts where, besides the programs (drainlab_program): the data that they look for next to themselves,
# in <prefix>/share/drainlab, and the texts.
foreach(kind profiles scenarios worlds)
  if(EXISTS ${PROJECT_SOURCE_DIR}/workloads/${kind})
    install(DIRECTORY workloads/${kind} DESTINATION ${CMAKE_INSTALL_DATADIR}/drainlab FILES_MATCHING PATTERN "*.toml")
  endif()
endforeach()
install(DIRECTORY workloads/lab DESTINATION ${CMAKE_INSTALL_DATADIR}/drainlab USE_SOURCE_PERMISSIONS)
install(DIRECTORY workloads/reference DESTINATION ${CMAKE_INSTALL_DATADIR}/drainlab FILES_MATCHING PATTERN "*.json")
# Clients for other people's tests; see docs/use-in-your-tests.md.
install(DIRECTORY controller/clients DESTINATION ${CMAKE_INSTALL_DATADIR}/drainlab
    PATTERN "__pycache__" EXCLUDE PATTERN "tests" EXCLUDE PATTERN "*_test.go" EXCLUDE PATTERN "test.sh" EXCLUDE)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "openapi.json")

# Generated from the programs' own tables of options: pages for man(1), completions for shells.
set(generated ${CMAKE_BINARY_DIR}/generated-docs)
add_custom_command(OUTPUT ${generated}/stamp
    COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}/man
    COMMAND sh ${PROJECT_SOURCE_DIR}/cmake/generate-docs.sh $<TARGET_FILE:drainlab-reference> $<TARGET_FILE:drainfs> ${generated}
    COMMAND ${CMAKE_COMMAND} -E touch ${generated}/stamp
    DEPENDS drainlab-reference drainfs drainfs-gate drainlab-burner drainlab-container ${PROJECT_SOURCE_DIR}/cmake/generate-docs.sh
    COMMENT "man pages and completions")
add_custom_target(generated_docs DEPENDS ${generated}/stamp)
add_dependencies(programs generated_docs)
install(DIRECTORY ${generated}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1.gz")
install(DIRECTORY ${generated}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 FILES_MATCHING PATTERN "*.8.gz")
install(FILES ${generated}/drainctl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME drainctl)
install(FILES ${generated}/_drainctl DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${generated}/drainctl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# mount(8) looks for its helpers in /sbin: `mount -t fuse.drainfs`.
install(CODE "
    file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/sbin\")
    file(CREATE_LINK ../bin/drainfs \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/sbin/mount.fuse.drainfs\" SYMBOLIC)")
include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
