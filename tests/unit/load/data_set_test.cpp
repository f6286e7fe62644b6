#include "load/data_set.hpp"

#include <cstddef>
#include <string>

#include <catch2/catch.hpp>

using kmc::load::data_set;

TEST_CASE("keys of a data set are as long as was asked for, down to the digits of the last one") {
    for (const std::size_t keys :
         {std::size_t{1}, std::size_t{9}, std::size_t{10}, std::size_t{11}, std::size_t{1000}}) {
        const std::string last = std::to_string(keys - 1);
        const std::size_t least = data_set::head.size() + last.size();
        CAPTURE(keys);
        CHECK(data_set::least_key_bytes(keys) == least);
        for (const std::size_t more : {std::size_t{0}, std::size_t{1}, std::size_t{20}}) {
            const data_set data(keys, least + more, 3);
            CHECK(data.key(keys - 1) ==
                  std::string(data_set::head) + std::string(more, '0') + last);
            CHECK(data.key(0).size() == least + more);
        }
        CHECK(data_set(keys, 1, 3).key(keys - 1) == std::string(data_set::head) + last);
    }
}
