// Packs the assets that the services embed: Swagger UI from npm, and the page that shows it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { constants, gzipSync } from "node:zlib";

const here = (path) => new URL(path, import.meta.url);
const ui = (name) => here(`node_modules/swagger-ui-dist/${name}`);

await mkdir(here("dist/"), { recursive: true });
for (const [name, from] of [
  ["index.html", here("src/index.html")],
  ["start.js", here("src/start.js")],
  ["swagger-ui-bundle.js", ui("swagger-ui-bundle.js")],
  ["swagger-ui.css", ui("swagger-ui.css")],
]) {
  const packed = gzipSync(await readFile(from), { level: constants.Z_BEST_COMPRESSION });
  await writeFile(here(`dist/${name}.gz`), packed);
}
