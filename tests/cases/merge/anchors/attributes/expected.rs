// packwright:begin a
use a;
#[derive(Debug)]
struct A;
#[test]
fn one() {
    a();
}
#ifdef X
use c;
#endif
use b;
#[derive(Debug)]
struct B;
#[test]
fn two() {
    a();
}
#ifdef Y
use c;
#endif
// packwright:end a
