import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { systemCodeOf } from '../../failure.ts';
import { rightNamed } from '../../policy/index.ts';

/**
 * Branches that are about to be deleted. A branch that is gone can say nothing about its groups, so it is written down
 * in the repository before git removes it, and crossed out when its groups have been told to go.
 */
const deletionsSchema = z.array(
  z.object({
    branch: z.string(),
    environment: z.string(),
    caller: z.object({
      name: z.string(),
      right: z.string().transform((right) => rightNamed(right) ?? 'reader'),
    }),
  }),
);

export type Deletion = z.infer<typeof deletionsSchema>[number];

const FILE = 'katabot-deletions.json';

export async function notedDeletions(folder: string): Promise<Deletion[]> {
  try {
    return deletionsSchema.parse(JSON.parse(await readFile(join(folder, FILE), 'utf8')));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Adds to what is noted; a repository has one push at a time. */
export async function noteDeletions(folder: string, more: readonly Deletion[]): Promise<void> {
  if (more.length === 0) return;
  await write(folder, [...(await withoutBranches(folder, more)), ...more]);
}

export async function crossOutDeletion(folder: string, deletion: Pick<Deletion, 'branch'>): Promise<void> {
  await write(folder, await withoutBranches(folder, [deletion]));
}

async function withoutBranches(
  folder: string,
  gone: readonly Pick<Deletion, 'branch'>[],
): Promise<Deletion[]> {
  return (await notedDeletions(folder)).filter(
    (noted) => !gone.some(({ branch }) => branch === noted.branch),
  );
}

async function write(folder: string, deletions: readonly Deletion[]): Promise<void> {
  const file = join(folder, FILE);
  if (deletions.length === 0) return rm(file, { force: true });
  await writeFile(`${file}.new`, JSON.stringify(deletions));
  await rename(`${file}.new`, file);
}
