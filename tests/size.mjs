// Holds the core that was built last to the size that DESIGN allows for the page.
import { coreSizes } from "../pkg-templates/build.mjs";
import { Failure, main } from "../pkg-templates/step.mjs";

/** Bytes, after brotli. */
const budget = 400_000;

await main(async () => {
  const { brotli } = coreSizes();
  console.log(`core: ${brotli} of ${budget} bytes, brotli`);
  if (brotli > budget) throw new Failure(`The core is ${brotli - budget} bytes over its budget`);
});
