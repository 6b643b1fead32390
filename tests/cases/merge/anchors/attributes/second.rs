// packwright:begin a
use a;
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
