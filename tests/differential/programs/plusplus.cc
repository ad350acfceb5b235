// SPDX-License-Identifier: GPL-2.0-or-later
// C++: methods, virtual calls, templates, overloads, exceptions.
#include <stdexcept>
#include <string>
#include <vector>
#include "begin.h"

namespace figures {

class Figure {
public:
    explicit Figure(int id) : id_(id) {}
    virtual ~Figure() {}
    virtual int area() const { return 0; }
    int id() const { return id_; }
    static int made;

protected:
    int id_;
};

int Figure::made = 0;

class Square : public Figure {
public:
    Square(int id, int side) : Figure(id), side_(side) { made++; }
    int area() const override { return side_ * side_; }

private:
    int side_;
};

} // namespace figures

template <typename T> T largest(T a, T b)
{
    return a < b ? b : a;
}

int overloaded(int a) { return a; }
int overloaded(double a) { return static_cast<int>(a) * 100; }

int thrower(int a)
{
    if (a > 2) {
        throw std::runtime_error("too large");
    }
    return a;
}

int catcher(int a)
{
    int r = 0;

    try {
        r = thrower(a);
    } catch (const std::runtime_error &e) {
        r = -1;
    }
    return r;
}

int with_reference(int &a, const std::string &text)
{
    a += static_cast<int>(text.size());
    return a;
}

int main()
{
    figures::Square square(7, 5);
    figures::Figure *figure = &square;
    std::vector<int> numbers = {1, 2, 3};
    std::string text = "reference";
    int r = 0;

    begin("plusplus");
    r += figure->area();
    r += largest(3, 4) + static_cast<int>(largest(1.5, 2.5));
    r += overloaded(3) + overloaded(3.5);
    r += catcher(1) + catcher(5);
    r += with_reference(r, text);
    auto twice = [&r](int a) { return a * 2 + r; };
    r += twice(numbers[1]);
    return r & 7;
}
