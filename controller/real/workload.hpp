// The workload programs (workloads/) as children.
#pragma once

#include "controller/experiment/scenario.hpp"
#include "controller/real/child.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>

namespace drainlab::real {

/// How workloads are told where to live and what they write with.
struct workload_style {
    std::string cgroup_root;  ///< empty: sessions
    bool dd = false;          ///< burners are sh and dd
    std::string errors;       ///< directory for their standard errors
};

/// A burner of the file `dir`/burner.
client::result<child> start_burner(boost::asio::any_io_executor executor, const workload_style& style,
                                   const std::string& dir, unsigned writes);

/// A container that dirties `files` files in `dir`; see workloads/container.cpp for its words.
client::result<child> start_container(boost::asio::any_io_executor executor, const workload_style& style,
                                      const std::string& dir, unsigned files);

/// How to say that a workload ended by itself.
client::failure workload_died(const child& c, const std::string& what);

}  // namespace drainlab::real
