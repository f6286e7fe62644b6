// The pipeline's whole session as a program of steps. See conversation.hpp for what is checked.

#include "conversation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kmc::fuzzing::input in(data, size);
    kmc::fuzzing::conversation talk(in);
    for (int steps = 0; steps < 400 && talk.step(); ++steps) {
    }
    talk.finish();
    return 0;
}
