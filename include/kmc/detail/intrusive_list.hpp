// A doubly linked list whose links live in the elements. An element can leave whatever list it is
// in without knowing which one that is: that is what lets a destroyed coroutine frame take its
// node out of a pending list or the ready queue.

#pragma once

namespace kmc::detail {

/// Base of everything that can stand in a list. Not in a list: both pointers are null.
struct list_hook {
    list_hook() noexcept = default;
    list_hook(const list_hook&) = delete;
    list_hook& operator=(const list_hook&) = delete;
    ~list_hook() { unlink(); }

    [[nodiscard]] bool is_linked() const noexcept { return next_ != nullptr; }

    void unlink() noexcept {
        if (next_ == nullptr) return;
        next_->prev_ = prev_;
        prev_->next_ = next_;
        next_ = prev_ = nullptr;
    }

private:
    template <class T>
    friend class intrusive_list;

    list_hook* next_ = nullptr;
    list_hook* prev_ = nullptr;
};

/// A list of T, which derives from list_hook. Owns nothing; elements left in it are only unlinked.
template <class T>
class intrusive_list {
public:
    intrusive_list() noexcept { reset(); }
    intrusive_list(const intrusive_list&) = delete;
    intrusive_list& operator=(const intrusive_list&) = delete;
    ~intrusive_list() {
        while (!empty()) front().unlink();
        root_.next_ = root_.prev_ = nullptr;
    }

    [[nodiscard]] bool empty() const noexcept { return root_.next_ == &root_; }
    [[nodiscard]] T& front() noexcept { return static_cast<T&>(*root_.next_); }

    /// The element after `element`, or null at the end.
    [[nodiscard]] T* next_of(T& element) noexcept {
        list_hook* next = element.list_hook::next_;
        return next == &root_ ? nullptr : static_cast<T*>(next);
    }

    void push_back(T& element) noexcept { insert_before(root_, element); }
    void push_front(T& element) noexcept { insert_before(*root_.next_, element); }

    T& pop_front() noexcept {
        T& element = front();
        element.unlink();
        return element;
    }

    /// Takes every element of `other`, in order, behind the own ones.
    void splice_back(intrusive_list& other) noexcept {
        if (other.empty()) return;
        other.root_.next_->prev_ = root_.prev_;
        root_.prev_->next_ = other.root_.next_;
        other.root_.prev_->next_ = &root_;
        root_.prev_ = other.root_.prev_;
        other.reset();
    }

private:
    static void insert_before(list_hook& where, list_hook& element) noexcept {
        element.prev_ = where.prev_;
        element.next_ = &where;
        where.prev_->next_ = &element;
        where.prev_ = &element;
    }
    void reset() noexcept { root_.next_ = root_.prev_ = &root_; }

    list_hook root_;
};

}  // namespace kmc::detail
