/**
 * Finds what a user and a project have configured: which files there are and what the environment says. What it means, and what wins, is
 * the core's to say.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { configure } from "./core.js";
import { Credential } from "./credential.js";
import { diagnostic, PackwrightError, reason } from "./error.js";
import type { OpenOptions, Registry } from "./open.js";
import type { Configuration, Diagnostic, FileKind } from "./protocol.js";

/** Nobody's configuration is larger. Bytes. */
const LIMIT = 1024 * 1024;

/** What holds when nobody says otherwise; the core has the same. */
const STANDARD = { freshSeconds: 300, idleMilliseconds: 30_000, offline: false };

/** What `from` is where nobody says anything. */
const DEFAULT = "default";

const NOTHING: Configuration = {
  registries: [],
  settings: { freshSeconds: null, idleMilliseconds: null, offline: null, cacheDirectory: null, from: {} },
  warnings: [],
};

type Environment = Readonly<Record<string, string | undefined>>;

/** What `configured` takes. */
export interface ConfiguredOptions {
  /** The directory of the project; its configuration is looked for there and in the directories above. Absent: the working directory. */
  directory?: string | undefined;
  /** Registries that win over the configured ones, each as the command line takes them: `LOCATION`, `ID=LOCATION` or `@SCOPE=LOCATION`. */
  registries?: readonly string[] | undefined;
  /** Absent: that of the process. */
  environment?: Environment | undefined;
}

/** What is configured, and where. No token is in it but in `options.registry`, which does not show them. */
export interface Configured {
  /** What `open` takes. */
  options: OpenOptions & { registry: Registry[] };
  /** Every registry. */
  registries: ConfiguredRegistry[];
  /** Every setting. */
  settings: ConfiguredSetting[];
  /** The files that count, the weakest first. */
  files: ConfiguredFile[];
  /** What is worth knowing and no reason to stop. */
  warnings: Diagnostic[];
}

/** A registry as it is configured. */
export interface ConfiguredRegistry {
  id: string;
  /** Its address or directory. */
  location: string;
  /** The scopes whose packs belong to it; `null`: all that no other registry has. */
  scopes: string[] | null;
  /** Further origins of its archives. */
  archives: string[];
  /** Whether there is a token for it. */
  token: boolean;
  /** The file or flag that says so. */
  from: string;
}

/** A setting as it is configured. */
export interface ConfiguredSetting {
  /** The name it has in `packwright.toml`, such as `cache.fresh-seconds`. */
  name: string;
  value: string | number | boolean | null;
  /** The file or variable that says so. */
  from: string;
}

/** A file that may configure something. */
export interface ConfiguredFile {
  place: string;
  kind: FileKind;
  found: boolean;
}

/** Reads the configuration. `starter` stands for packs without a scope unless some registry was configured for them. */
export function readConfiguration(options: ConfiguredOptions, starter: Registry & { directory: string }): Configured {
  const environment = options.environment ?? process.env;
  const places = placesOf(resolve(options.directory ?? "."), environment);
  const files = places.map((file) => ({ ...file, text: read(file, environment) }));
  const input = {
    files: files.flatMap(({ place, kind, text }) => (text === undefined ? [] : [{ place, kind, text }])),
    flags: [...(options.registries ?? [])],
    registry: named(environment, "PACKWRIGHT_REGISTRY") ?? null,
    tokens: named(environment, "PACKWRIGHT_TOKENS") ?? null,
  };
  // Where there is nothing to read, the core need not say so: its first call takes longer than all of this.
  const given = [...input.files, ...input.flags, input.registry, input.tokens].some((each) => each !== null);
  const found = given ? configure(input) : NOTHING;
  const registries = found.registries.map(registryOf);
  const general = registries.some(({ shown }) => shown.scopes === null);
  if (!general) {
    const shown = { id: starter.id, location: starter.directory, scopes: null, archives: [], token: false, from: "built in" };
    registries.push({ registry: starter, shown });
  }
  const cache = cacheOf(found.settings, environment);
  const { from } = found.settings;
  const freshSeconds = found.settings.freshSeconds ?? STANDARD.freshSeconds;
  const idleSeconds = (found.settings.idleMilliseconds ?? STANDARD.idleMilliseconds) / 1000;
  const offline = found.settings.offline ?? STANDARD.offline;
  return {
    options: {
      registry: registries.map(({ registry }) => registry),
      ...{ freshSeconds, idleSeconds, offline, cache: cache.value ?? false },
    },
    registries: registries.map(({ shown }) => shown),
    settings: [
      { name: "cache.directory", ...cache },
      { name: "cache.fresh-seconds", value: freshSeconds, from: from["freshSeconds"] ?? DEFAULT },
      { name: "network.idle-seconds", value: idleSeconds, from: from["idleMilliseconds"] ?? DEFAULT },
      { name: "network.offline", value: offline, from: from["offline"] ?? DEFAULT },
    ],
    files: files.map(({ place, kind, text }) => ({ place, kind, found: text !== undefined })),
    warnings: found.warnings,
  };
}

/** Where to keep what servers sent when nobody says otherwise; nothing where the user has no directory. */
export function defaultCache(environment: Environment = process.env): string | undefined {
  return named(environment, "PACKWRIGHT_CACHE") ?? standardCache(environment);
}

function standardCache(environment: Environment): string | undefined {
  if (process.platform === "win32") return below(named(environment, "LOCALAPPDATA"), "packwright", "cache");
  if (process.platform === "darwin") return below(home(), "Library", "Caches", "packwright");
  return below(absolute(environment, "XDG_CACHE_HOME") ?? below(home(), ".cache"), "packwright");
}

function standardConfiguration(environment: Environment): string | undefined {
  if (process.platform === "win32") return below(named(environment, "APPDATA"), "packwright");
  if (process.platform === "darwin") return below(home(), "Library", "Application Support", "packwright");
  return below(absolute(environment, "XDG_CONFIG_HOME") ?? below(home(), ".config"), "packwright");
}

/** A file to look for. */
interface Place {
  place: string;
  kind: FileKind;
  /** Whether somebody said that it is there. */
  promised: boolean;
}

/** The files that may configure something, the weakest first. */
function placesOf(directory: string, environment: Environment): Place[] {
  const promised = named(environment, "PACKWRIGHT_CONFIG");
  const user = promised ?? below(standardConfiguration(environment), "packwright.toml");
  const userNpm = named(environment, "npm_config_userconfig") ?? named(environment, "NPM_CONFIG_USERCONFIG") ?? below(home(), ".npmrc");
  return [
    { place: userNpm, kind: "user-npmrc" as const },
    { place: upward(directory, ".npmrc", userNpm), kind: "project-npmrc" as const },
    { place: user, kind: "user" as const },
    { place: upward(directory, "packwright.toml", user), kind: "project" as const },
  ].flatMap(({ place, kind }) => (place === undefined ? [] : [{ place: resolve(place), kind, promised: place === promised }]));
}

/** The nearest file of this name in a directory or above it. That of the user is not the project's, wherever it is. */
function upward(directory: string, name: string, users: string | undefined): string | undefined {
  const place = join(directory, name);
  if (place !== users && existsSync(place)) return place;
  const above = dirname(directory);
  return above === directory ? undefined : upward(above, name, users);
}

/** The text of a file; nothing if it need not be there and is not. */
function read({ place, kind, promised }: Place, environment: Environment): string | undefined {
  if (!promised && !existsSync(place)) return undefined;
  try {
    if (statSync(place).size > LIMIT) throw new Error(`it has more than ${LIMIT} bytes`);
    const text = readFileSync(place, "utf8");
    return kind === "user-npmrc" ? expanded(text, environment) : text;
  } catch (thrown) {
    const message = `the configuration \`${place}\` could not be read`;
    const [named, help] = promised
      ? [["`PACKWRIGHT_CONFIG` names it"], "let it name a file that is there, or unset it"]
      : [[], "see to it that you may read it, or move it away"];
    const error = diagnostic("file-not-found", 1, message, [reason(thrown), ...named], help);
    throw new PackwrightError([{ ...error, subject: place }]);
  }
}

/** As npm does it: `${NAME}` is what the environment says. What it does not say stays as it is. */
function expanded(text: string, environment: Environment): string {
  return text.replace(/\$\{([^${}]+)\}/g, (reference, name: string) => {
    const value = named(environment, name)?.trim();
    // More than a line would be read as more than a value.
    return value === undefined || /[\r\n]/.test(value) ? reference : value;
  });
}

function registryOf({ id, location, scopes, authorization, archives, from }: Configuration["registries"][number]): {
  registry: Registry;
  shown: ConfiguredRegistry;
} {
  const own = scopes === null ? {} : { scopes };
  const shown = { id, scopes, archives, token: authorization !== null, from };
  if (location.type === "directory") {
    const directory = resolve(location.base === null ? "." : dirname(location.base), pathOf(location.path));
    return { registry: { id, ...own, directory }, shown: { ...shown, location: directory } };
  }
  const token = authorization === null ? undefined : Credential.ofHeader(authorization, id);
  return { registry: { id, ...own, url: location.url, token, archives }, shown: { ...shown, location: location.url } };
}

function pathOf(location: string): string {
  return location.startsWith("file:") ? fileURLToPath(location) : location;
}

function cacheOf({ cacheDirectory, from }: Configuration["settings"], environment: Environment): { value: string | null; from: string } {
  const variable = named(environment, "PACKWRIGHT_CACHE");
  if (variable !== undefined) return { value: resolve(variable), from: "PACKWRIGHT_CACHE" };
  const file = from["cacheDirectory"];
  if (cacheDirectory === null || file === undefined) return { value: standardCache(environment) ?? null, from: DEFAULT };
  return { value: resolve(dirname(file), cacheDirectory), from: file };
}

/** What a variable is set to; empty is as good as not. */
function named(environment: Environment, name: string): string | undefined {
  return environment[name] || undefined;
}

// Relative ones are to be ignored, says the XDG Base Directory Specification.
function absolute(environment: Environment, name: string): string | undefined {
  const directory = named(environment, name);
  return directory !== undefined && isAbsolute(directory) ? directory : undefined;
}

function below(directory: string | undefined, ...path: string[]): string | undefined {
  return directory === undefined ? undefined : join(directory, ...path);
}

/** The user's directory. Users of containers may have none. */
function home(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
