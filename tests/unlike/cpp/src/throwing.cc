// C++ with all that its runtime does behind one's back: constructors before anything is called, objects that
// go with their thread, exceptions, streams.

#include <atomic>
#include <cstddef>
#include <cstring>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Constructed while the library is loaded.
const std::string prefix = "caught: a string that is too long to be kept without the heap: ";

thread_local std::string last;

[[noreturn]] void refuse(const std::string &text) {
    std::ostringstream said;
    said << prefix << text;
    throw Refused(said.str());
}

}  // namespace

// Every library of a process has the same one of these, unless the symbol is kept inside.
inline std::atomic<unsigned> &calls() {
    static std::atomic<unsigned> count{0};
    return count;
}

// Throws `text`, catches it, and writes what was caught and the number of this call to `into`. Returns
// its length, and 0 where something went wrong.
extern "C" std::size_t unlike_throw(const char *text, std::size_t length, char *into,
                                    std::size_t room) {
    try {
        refuse(std::string(text, length));
    } catch (const Refused &caught) {
        last = caught.what();
        last += " " + std::to_string(calls()++);
        if (last.size() > room || !std::cout.good()) {
            return 0;
        }
        std::memcpy(into, last.data(), last.size());
        return last.size();
    } catch (...) {
        return 0;
    }
}
