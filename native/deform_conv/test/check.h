// Counts what held and what did not; a program of tests ends with `return checks.finish();`.
#pragma once

#include <cstdio>
#include <string>

namespace limpid::deform_conv::test {

class Checks {
 public:
  explicit Checks(const char* name) : name_(name) {}

  void expect(bool held, const std::string& what) {
    if (held) {
      ++passed_;
    } else {
      ++failed_;
      std::fprintf(stderr, "%s: does not hold: %s\n", name_, what.c_str());
    }
  }

  // Prints the count. Nothing checked is a failure too.
  int finish() const {
    std::printf("%s: %d held, %d did not\n", name_, passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  const char* name_;
  int passed_ = 0;
  int failed_ = 0;
};

}  // namespace limpid::deform_conv::test
