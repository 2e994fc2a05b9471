// What the mutants are made of.
#pragma once
#include "fusefs/kernel/drain/mutants.hpp"
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

/// `Parent` under another name.
template <class Parent>
class mutant : public Parent {
  public:
    mutant(std::string_view id, std::string_view what) : id_{id}, what_{what} {}
    std::string_view id() const override { return id_; }
    std::string_view summary() const override { return what_; }
    std::string_view versions() const override { return "a mutant"; }

  private:
    std::string_view id_, what_;
};

// Each adds the mutants of its policies, which live as long as the program.
void add_persb_mutants(std::vector<const drain_policy*>& to);      ///< mutants_persb.cpp
void add_race_mutants(std::vector<const drain_policy*>& to);       ///< mutants_race.cpp
void add_rmbarrier_mutants(std::vector<const drain_policy*>& to);  ///< mutants_race.cpp
void add_pin_super_mutants(std::vector<const drain_policy*>& to);  ///< mutants_race.cpp

}  // namespace drainlab::kernel
