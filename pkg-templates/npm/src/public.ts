/** What every entry point of the package exports besides its own `open`. */
export { PackwrightError } from "./error.js";
export { browserHost } from "./browser.js";
export type { Context, Host } from "./host.js";
export type { WasmSource } from "./core.js";
export type {
  GenerateOptions,
  GenerationOptions,
  OpenOptions,
  Packwright,
  Project,
  Questions,
  Registry,
  WriteOptions,
  Written,
} from "./open.js";
export type {
  Action,
  Answer,
  AnswersFile,
  Capabilities,
  Category,
  Dependency,
  Diagnostic,
  Edge,
  Entry,
  EntryKind,
  Event as HookEvent,
  Hook,
  HostErrorKind,
  Kind as VariableKind,
  Location,
  Mode,
  Operation,
  Origin,
  Package,
  PackDetails,
  Plan,
  Question,
  Reply,
  Request,
  ResolvedPack,
  Severity,
  Source as AnswerSource,
  Summary,
  TemplateSummary,
  Variable,
  VersionState,
} from "./protocol.js";
