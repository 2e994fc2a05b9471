# The libraries we take from the system, looked for once for all folders (imported targets are seen below the folder that
# looks for them). `scripts/setup build` installs every one of them on Debian 12.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)               # Boost::headers: Asio, Beast, Outcome, Math
find_package(fmt REQUIRED)                      # fmt::fmt
find_package(spdlog REQUIRED)                   # spdlog::spdlog
find_package(nlohmann_json REQUIRED)            # nlohmann_json::nlohmann_json
find_package(CLI11 REQUIRED)                    # CLI11::CLI11
find_package(PkgConfig REQUIRED)
pkg_check_modules(fuse3 REQUIRED IMPORTED_TARGET GLOBAL fuse3>=3.14)                  # PkgConfig::fuse3
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET GLOBAL tomlplusplus>=3.3)     # PkgConfig::tomlplusplus
