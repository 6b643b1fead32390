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
// packwright:end a
