// The main() of every test binary, and nothing else: compiled once because it is slow to compile.

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
