// Builds dist/bridge.js (this project's) and copies dist/wa-js.js (the npm bundle). They stay
// separate files so that WA_JS_PATH can replace dist/wa-js.js; the service combines them into one
// preload script.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";

const packageJson = new URL("node_modules/@wppconnect/wa-js/package.json", import.meta.url);
const { version } = JSON.parse(await readFile(packageJson, "utf8"));

await mkdir(new URL("dist/", import.meta.url), { recursive: true });
await build({
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: ["src/index.ts"],
  outfile: "dist/bridge.js",
  bundle: true,
  format: "iife",
  globalName: "leadmasterBridge",
  target: "chrome120",
  minify: true,
  legalComments: "none",
});
await copyFile(
  new URL("node_modules/@wppconnect/wa-js/dist/wppconnect-wa.js", import.meta.url),
  new URL("dist/wa-js.js", import.meta.url),
);
await writeFile(new URL("dist/wa-js.version", import.meta.url), version);
