import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));

/** The program in one piece, as `npm run build` makes it. */
export const BUILT = join(SOURCES, '../dist/program.js');

/** Whether the program in one piece is there and was made from the sources as they are. */
export function isBuilt() {
  const built = statSync(BUILT, { throwIfNoEntry: false });
  return built !== undefined && newestIn(SOURCES) <= built.mtimeMs;
}

/** When something in a folder was last written, epoch ms. Asked at every start, so it joins no path that needs no joining. */
function newestIn(folder) {
  let newest = 0;
  for (const name of readdirSync(folder)) {
    const path = `${folder}/${name}`;
    const status = statSync(path);
    newest = Math.max(newest, status.isDirectory() ? newestIn(path) : status.mtimeMs);
  }
  return newest;
}
