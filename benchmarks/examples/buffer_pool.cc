/* SPDX-License-Identifier: MIT
 *
 * The same in C++, as benchmarks/own-program.md looks into it: a class with a base, in a namespace,
 * a template for its keys.
 */
#include <atomic>
#include <cstdint>
#include <iostream>
#include <mutex>
#include <shared_mutex>

namespace db
{

struct Linked {
    Linked *next = nullptr;
    std::uint32_t flags = 0;
};

template <class Key, int Slots> class Page : public Linked
{
  public:
    explicit Page(Key key) : key_(key)
    {
    }
    bool pin(Key key)
    {
        pins_.fetch_add(1);
        return key_ == key;
    }
    unsigned pins() const
    {
        return pins_.load();
    }

  private:
    Key key_;
    std::atomic<unsigned> pins_{0};
    std::uint64_t lsn_ = 0;
    std::shared_mutex latch_;
    struct {
        std::uint16_t used, free;
    } space_{};
    alignas(64) std::uint64_t slots_[Slots] = {};
    bool dirty_ : 1;
};

struct Pool {
    std::mutex lock;
    Page<std::uint64_t, 8> page{17};
};

} // namespace db

int main()
{
    static db::Pool pool;

    std::cout << pool.page.pin(17) << ", " << pool.page.pins() << " pins\n";
}
