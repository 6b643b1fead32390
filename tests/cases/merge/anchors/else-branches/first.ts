// packwright:begin a
if (a) {
  x();
} else {
  y();
}
if (a) {
  x();
}
else {
  y();
}
const sql = `
select 1;
`;
import {
  q,
} from "q";
do
  w();
while (z);
// packwright:end a
