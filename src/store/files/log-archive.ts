import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { type GroupKey, partsOf } from '../../event.ts';
import { systemCodeOf } from '../../failure.ts';
import type { KeptLog, LogArchive } from '../../reconciler/index.ts';

const KEPT_MS = 7 * 24 * 3_600_000;
const PRUNE_EVERY_MS = 3_600_000;
const MOST_FILES = 1_000;
const MOST_BYTES = 128 * 1024 * 1024;
const ENDING = '.json';

/** What bounds the archive; tests have smaller ones. */
interface Bounds {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Logs of removed containers, one file for each container, in a folder that nobody else may enter. Those that are older
 * than a week go, and the oldest ones when there are too many.
 */
export function createLogArchive(
  folder: string,
  clock: Clock,
  bounds: Bounds = { files: MOST_FILES, bytes: MOST_BYTES },
): LogArchive & { close(): void } {
  let cancel = () => {};
  const pruneNow = () => prune(folder, clock.now(), bounds);
  const again = () => {
    cancel = clock.after(PRUNE_EVERY_MS, () => {
      void pruneNow().catch(() => {}); // tried again in an hour
      again();
    });
  };
  void pruneNow().catch(() => {});
  again();
  return {
    async keep(log) {
      const file = join(folder, fileOf(log.key, log.container));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(`${file}.new`, JSON.stringify(log), { mode: 0o600 });
      await utimes(`${file}.new`, log.keptAtMs / 1000, log.keptAtMs / 1000); // by the bot's clock, as its age is
      await rename(`${file}.new`, file);
      await pruneNow();
    },
    async logs(key) {
      const names = (await namesIn(folder)).filter((name) =>
        name.startsWith(fileOf(key, '').slice(0, -ENDING.length)),
      );
      const logs = await Promise.all(names.sort().map((name) => readKept(join(folder, name))));
      return logs.flat().filter(({ keptAtMs }) => keptAtMs > clock.now() - KEPT_MS);
    },
    close: () => cancel(),
  };
}

/** No part of a key has a dot, nor anything else that means something in a path. */
function fileOf(key: GroupKey, container: string): string {
  const { environment, name } = partsOf(key);
  return `${[environment, name, container].map(encodeURIComponent).join('.')}${ENDING}`;
}

/** Nothing for a file that went meanwhile, or that a crash has left half written on a disk that lies. */
async function readKept(file: string): Promise<KeptLog[]> {
  try {
    const log: KeptLog = JSON.parse(await readFile(file, 'utf8'));
    return [log];
  } catch (error) {
    if (error instanceof SyntaxError || systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(ENDING));
}

async function prune(folder: string, nowMs: number, bounds: Bounds): Promise<void> {
  const kept = await Promise.all(
    (await namesIn(folder)).map(async (name) => {
      const file = join(folder, name);
      const found = await stat(file).catch(() => undefined);
      return found ? [{ file, sizeBytes: found.size, atMs: found.mtimeMs }] : [];
    }),
  );
  const newestFirst = kept.flat().sort((a, b) => b.atMs - a.atMs);
  let bytes = 0;
  for (const [index, { file, sizeBytes, atMs }] of newestFirst.entries()) {
    bytes += sizeBytes;
    const stays = index < bounds.files && bytes <= bounds.bytes && atMs > nowMs - KEPT_MS;
    if (!stays) await rm(file, { force: true });
  }
}
