import { defineConfig } from "vite";

export default defineConfig({
  // The page works from any folder of any host.
  base: "./",
  build: {
    target: "es2022",
    // There is one chunk, and the content security policy allows no inline script.
    modulePreload: false,
  },
});
