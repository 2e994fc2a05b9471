# The Debian package: scripts/package. What it takes is built before (`programs`), not all the tests as well.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY TRUE)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME drainlab)
set(CPACK_PACKAGE_CONTACT "drainlab maintainers <maintainers@drainlab.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "userspace testbed for unmount latency")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "A FUSE filesystem that mimics per-cgroup writeback ownership, inode wb
switching and superblock shutdown in userspace, and a controller that runs
mount, umount and lazy-detach cycles against it. Gives other people's tests
mounts whose unmounts are slow, busy, lazy or orphaned on demand, and whose
operations are slow, fail or hang.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "fuse3, mount")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/debian/prerm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
# What Debian's policy wants of every package.
install(FILES cmake/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES cmake/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME drainlab)
install(FILES CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_BINARY_DIR}/generated-docs/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
