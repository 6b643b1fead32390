// packwright:begin a
import {
  q,
} from "q";
if (b) {
  x();
}
else {
  y();
}
const other = `
select 1;
`;
do
  v();
while (z);
// packwright:end a
