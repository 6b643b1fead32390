// `npm start`: builds everything and serves the page. `npm start -- --port 8080` asks for a port.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "../pkg-templates/build.mjs";
import { Failure, main, root } from "../pkg-templates/step.mjs";

/**
 * Serves pkg/www on 127.0.0.1, on `port` or the next free one. Resolves to the address, which ends with a slash, and
 * a function that closes the server.
 */
export async function serve(port = 5173) {
  if (!existsSync(join(root, "pkg/www/index.html"))) throw new Failure("pkg/www holds no page; run `npm run build`");
  const { preview } = await import("vite");
  const server = await preview({
    configFile: false,
    root: join(root, "www"),
    // A file that is missing from the registry is a 404, not the page.
    appType: "mpa",
    build: { outDir: join(root, "pkg/www") },
    preview: { host: "127.0.0.1", port, headers: { "cache-control": "no-cache" } },
    logLevel: "warn",
  });
  return { address: server.resolvedUrls.local[0], close: () => server.close() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const port = Number(parseArgs({ options: { port: { type: "string", default: "5173" } } }).values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Failure("--port takes a number from 1 to 65535");
    await build();
    const { address } = await serve(port);
    console.log(`\nPage:     ${address}`);
    console.log("Terminal: npx packwright generate rust-cli base-project --name demo");
  });
}
