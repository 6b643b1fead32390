import { a } from "a";
// packwright:begin imports
import { b } from "b";
// packwright:end imports

export {};
