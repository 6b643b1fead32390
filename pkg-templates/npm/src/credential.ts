/** Keeps what proves to a registry who asks out of everything that is shown. */
import { usage } from "./error.js";

/** What may stand in a header, so that no message about a header ever has to quote one. */
const SENDABLE = /^[\x20-\x7e]+$/;

/** Proof of who asks. It can be handed on, but neither printing nor inspecting nor serialising it shows what it is. */
export class Credential {
  readonly #header: string;

  private constructor(header: string) {
    this.#header = header;
  }

  /** For a whole header `Authorization`, such as `Basic …`. `registry` is what messages call the place it is for. */
  static ofHeader(header: string, registry: string): Credential {
    if (SENDABLE.test(header)) return new Credential(header);
    const message = `the token of the registry \`${registry}\` has characters that cannot be sent`;
    throw usage(message, "it may have been copied with a line break");
  }

  /** For a token as registries give them out. */
  static ofToken(token: string, registry: string): Credential {
    return Credential.ofHeader(`Bearer ${token}`, registry);
  }

  /** The header `Authorization`, for the core alone. */
  static header(credential: Credential): string {
    return credential.#header;
  }
}
