# What `cmake --install` puts where, besides the programs (drainlab_program): the data that they look for next to themselves,
# in <prefix>/share/drainlab, and the texts.
foreach(kind profiles scenarios worlds)
  if(EXISTS ${PROJECT_SOURCE_DIR}/workloads/${kind})
    install(DIRECTORY workloads/${kind} DESTINATION ${CMAKE_INSTALL_DATADIR}/drainlab FILES_MATCHING PATTERN "*.toml")
  endif()
endforeach()
install(DIRECTORY workloads/reference DESTINATION ${CMAKE_INSTALL_DATADIR}/drainlab FILES_MATCHING PATTERN "*.json")
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
