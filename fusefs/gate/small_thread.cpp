#include "fusefs/gate/small_thread.hpp"

#include <memory>
#include <pthread.h>

namespace drainlab::gate {

bool start_small_thread(std::function<void()> body) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    auto owned = std::make_unique<std::function<void()>>(std::move(body));
    const auto run = [](void* argument) -> void* {
        const std::unique_ptr<std::function<void()>> mine{static_cast<std::function<void()>*>(argument)};
        (*mine)();
        return nullptr;
    };
    pthread_t thread;
    const bool started = pthread_create(&thread, &attributes, run, owned.get()) == 0;
    if (started) (void)owned.release();
    pthread_attr_destroy(&attributes);
    return started;
}

}  // namespace drainlab::gate
