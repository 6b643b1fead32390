import { a } from "a";
// packwright:begin imports
// packwright:end imports

export {};
