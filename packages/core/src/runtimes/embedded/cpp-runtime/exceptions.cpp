// C++'s exceptions on those of WebAssembly: what the compiler's calls need (Itanium C++ ABI, exception handling) and the
// package's libraries, which are built without exceptions, do not have.
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <typeinfo>

#include "ending.h"

// What is thrown: the compiler names it, and a library has to have it.
__asm__(".globl __cpp_exception\n.tagtype __cpp_exception i32\n__cpp_exception:\n");

namespace __cxxabiv1 {
// The first functions in the table of every description of a type, in libc++abi's order.
class __shim_type_info : public std::type_info {
 public:
  virtual ~__shim_type_info();
  virtual void noop1() const;
  virtual void noop2() const;
  virtual bool can_catch(const __shim_type_info* thrown, void*& object) const = 0;
};
}  // namespace __cxxabiv1

extern "C" char* __cxa_demangle(const char* name, char* buffer, size_t* size, int* status);

namespace {

// On WebAssembly a destructor returns what it was called for.
using Destructor = void* (*)(void*);

struct Thrown {
  const std::type_info* type;
  Destructor destroy;
  Thrown* below;   // What was caught before it and is still handled.
  int handlers;    // That handle it; negative while it is on its way again.
  int holders;     // Ways to it: its flight, its handlers, exception_ptr.
  void* adjusted;  // The object as the handler sees it.
  alignas(16) char object[1];
};

constexpr size_t head = offsetof(Thrown, object);

Thrown* handled = nullptr;
unsigned int flying = 0;

Thrown* of(void* object) { return reinterpret_cast<Thrown*>(static_cast<char*>(object) - head); }

void letGo(Thrown* thrown) {
  if (--thrown->holders > 0) return;
  if (thrown->destroy) thrown->destroy(thrown->object);
  std::free(thrown);
}

[[noreturn]] void fly(Thrown* thrown) {
  flying += 1;
  __builtin_wasm_throw(0, thrown);
}

/** Prints as GNU's library does, and ends by SIGABRT. */
[[noreturn]] void lastWords() {
  Thrown* thrown = handled;
  if (!thrown) {
    std::fputs("terminate called without an active exception\n", stderr);
    sandbox_end_by(6);
  }
  int status = 0;
  char* name = __cxa_demangle(thrown->type->name(), nullptr, nullptr, &status);
  const char* shown = status == 0 ? name : thrown->type->name();
  // The library's own inner namespace is not what anybody wrote.
  char clean[512];
  size_t length = 0;
  for (const char* at = shown; *at && length < sizeof clean - 1;) {
    if (std::strncmp(at, "std::__2::", 10) == 0 || std::strncmp(at, "std::__1::", 10) == 0) {
      std::memcpy(clean + length, "std::", length < sizeof clean - 6 ? 5 : 0);
      length += length < sizeof clean - 6 ? 5 : 0;
      at += 10;
    } else clean[length++] = *at++;
  }
  clean[length] = 0;
  std::fprintf(stderr, "terminate called after throwing an instance of '%s'\n", clean);
  void* object = thrown->object;
  auto exception = static_cast<const __cxxabiv1::__shim_type_info*>(&typeid(std::exception));
  if (exception->can_catch(static_cast<const __cxxabiv1::__shim_type_info*>(thrown->type), object)) {
    std::fprintf(stderr, "  what():  %s\n", static_cast<std::exception*>(object)->what());
  }
  std::fflush(stderr);
  sandbox_end_by(6);
}

[[gnu::constructor(101)]] void useLastWords() { std::set_terminate(lastWords); }

/** A number in LEB128, and what its last byte and its bits tell. */
struct Number {
  uintptr_t value = 0;
  unsigned bits = 0;
  uint8_t last = 0;
};

Number numberAt(const uint8_t*& at) {
  Number number;
  do {
    number.last = *at++;
    number.value |= static_cast<uintptr_t>(number.last & 0x7f) << number.bits;
    number.bits += 7;
  } while (number.last & 0x80);
  return number;
}

uintptr_t unsignedAt(const uint8_t*& at) { return numberAt(at).value; }

intptr_t signedAt(const uint8_t*& at) {
  Number number = numberAt(at);
  if ((number.last & 0x40) && number.bits < 32) number.value |= ~uintptr_t{0} << number.bits;
  return static_cast<intptr_t>(number.value);
}

}  // namespace

extern "C" {

struct LandingPad {
  uintptr_t index;
  const uint8_t* table;
  uintptr_t selector;
} __wasm_lpad_context;

/** Finds the handler of a landing pad that takes what is thrown, in the table that the compiler has made for the function. */
int _Unwind_CallPersonality(void* caught) {
  auto thrown = static_cast<Thrown*>(caught);
  __wasm_lpad_context.selector = 0;
  const uint8_t* at = __wasm_lpad_context.table;
  if (!at) return 0;
  constexpr uint8_t omitted = 0xff;
  if (*at++ != omitted) unsignedAt(at);
  const uint8_t encoding = *at++;
  const uint8_t* types = nullptr;
  if (encoding != omitted) {
    uintptr_t offset = unsignedAt(at);
    types = at + offset;
  }
  at += 1;
  const uintptr_t size = unsignedAt(at);
  const uint8_t* actions = at + size;
  uintptr_t action = 0;
  for (uintptr_t index = 0; index <= __wasm_lpad_context.index && at < actions; index += 1) {
    unsignedAt(at);
    action = unsignedAt(at);
  }
  if (action == 0) return 0;
  for (const uint8_t* entry = actions + action - 1;;) {
    const intptr_t type = signedAt(entry);
    const uint8_t* next = entry;
    const intptr_t offset = signedAt(next);
    if (type > 0) {
      const void* wanted;
      std::memcpy(&wanted, types - type * 4, 4);
      void* object = thrown->object;
      auto catcher = static_cast<const __cxxabiv1::__shim_type_info*>(static_cast<const std::type_info*>(wanted));
      if (!wanted || catcher->can_catch(static_cast<const __cxxabiv1::__shim_type_info*>(thrown->type), object)) {
        thrown->adjusted = object;
        __wasm_lpad_context.selector = type;
        return 0;
      }
    }
    if (offset == 0) return 0;
    entry += offset;
  }
}

int __gxx_personality_wasm0(...) { return 0; }

void* __cxa_allocate_exception(size_t size) noexcept {
  auto thrown = static_cast<Thrown*>(std::calloc(1, head + size));
  if (!thrown) sandbox_end_for_memory();
  return thrown->object;
}

void __cxa_free_exception(void* object) noexcept { std::free(of(object)); }

void* sandbox_make_exception(void* object, std::type_info* type, Destructor destroy) noexcept __asm__(
    "__cxa_init_primary_exception");

void* sandbox_make_exception(void* object, std::type_info* type, Destructor destroy) noexcept {
  Thrown* thrown = of(object);
  thrown->type = type;
  thrown->destroy = destroy;
  return object;
}

[[noreturn]] void __cxa_throw(void* object, std::type_info* type, Destructor destroy) {
  Thrown* thrown = of(object);
  thrown->type = type;
  thrown->destroy = destroy;
  thrown->adjusted = object;
  thrown->holders = 1;
  fly(thrown);
}

void* __cxa_get_exception_ptr(void* caught) noexcept { return static_cast<Thrown*>(caught)->adjusted; }

void* __cxa_begin_catch(void* caught) noexcept {
  auto thrown = static_cast<Thrown*>(caught);
  thrown->handlers = (thrown->handlers < 0 ? -thrown->handlers : thrown->handlers) + 1;
  if (thrown != handled) {
    thrown->below = handled;
    handled = thrown;
  }
  flying -= 1;
  // A pointer is caught as itself.
  return thrown->adjusted;
}

void __cxa_end_catch() {
  Thrown* thrown = handled;
  if (!thrown) return;
  if (thrown->handlers < 0) {
    if (++thrown->handlers == 0) handled = thrown->below;
    return;
  }
  if (--thrown->handlers > 0) return;
  handled = thrown->below;
  letGo(thrown);
}

[[noreturn]] void __cxa_rethrow() {
  Thrown* thrown = handled;
  if (!thrown) std::terminate();
  thrown->handlers = -thrown->handlers;
  fly(thrown);
}

std::type_info* __cxa_current_exception_type() {
  return handled ? const_cast<std::type_info*>(handled->type) : nullptr;
}

void __cxa_call_unexpected(void*) { std::terminate(); }

[[noreturn]] void __cxa_bad_cast() { throw std::bad_cast(); }
[[noreturn]] void __cxa_bad_typeid() { throw std::bad_typeid(); }
[[noreturn]] void __cxa_throw_bad_array_new_length() { throw std::bad_array_new_length(); }

bool __cxa_uncaught_exception() noexcept { return flying > 0; }
unsigned int __cxa_uncaught_exceptions() noexcept { return flying; }

void* __cxa_current_primary_exception() noexcept {
  if (!handled) return nullptr;
  handled->holders += 1;
  return handled->object;
}

void __cxa_increment_exception_refcount(void* object) noexcept {
  if (object) of(object)->holders += 1;
}

void __cxa_decrement_exception_refcount(void* object) noexcept {
  if (object) letGo(of(object));
}

void __cxa_rethrow_primary_exception(void* object) {
  if (!object) return;
  Thrown* thrown = of(object);
  thrown->holders += 1;
  thrown->adjusted = thrown->object;
  fly(thrown);
}

int __real___main_void();

/** The program; an exception that nothing has caught ends it. */
int __wrap___main_void() {
  try {
    return __real___main_void();
  } catch (...) {
    std::terminate();
  }
}

/** The library's parts that are built without exceptions say what they would throw. */
[[noreturn]] void sandbox_library_aborts(const char* format, ...) __asm__("_ZNSt3__222__libcpp_verbose_abortEPKcz");

void sandbox_library_aborts(const char* format, ...) {
  char text[1024];
  va_list given;
  va_start(given, format);
  std::vsnprintf(text, sizeof text, format, given);
  va_end(given);
  const char* in = " was thrown in -fno-exceptions mode";
  char* end = std::strstr(text, in);
  if (end) {
    char* message = std::strstr(end, "with message \"");
    char words[1024] = "";
    if (message) {
      std::strcpy(words, message + 14);
      if (char* quote = std::strrchr(words, '"')) *quote = 0;
    }
    *end = 0;
    if (std::strcmp(text, "out_of_range") == 0) throw std::out_of_range(words);
    if (std::strcmp(text, "length_error") == 0) throw std::length_error(words);
    if (std::strcmp(text, "invalid_argument") == 0) throw std::invalid_argument(words);
    if (std::strcmp(text, "domain_error") == 0) throw std::domain_error(words);
    if (std::strcmp(text, "range_error") == 0) throw std::range_error(words);
    if (std::strcmp(text, "overflow_error") == 0) throw std::overflow_error(words);
    if (std::strcmp(text, "underflow_error") == 0) throw std::underflow_error(words);
    if (std::strcmp(text, "logic_error") == 0) throw std::logic_error(words);
    if (std::strcmp(text, "runtime_error") == 0) throw std::runtime_error(words);
    if (std::strcmp(text, "bad_alloc") == 0) throw std::bad_alloc();
    if (std::strcmp(text, "bad_array_new_length") == 0) throw std::bad_array_new_length();
    if (std::strcmp(text, "bad_cast") == 0) throw std::bad_cast();
    if (std::strcmp(text, "bad_function_call") == 0) throw std::runtime_error("bad_function_call");
    throw std::runtime_error(*words ? words : text);
  }
  std::fprintf(stderr, "%s\n", text);
  sandbox_end_by(6);
}

}  // extern "C"
