import { statfs } from 'node:fs/promises';

/** What is left on the file system of a folder. */
export async function freeSpaceAt(folder: string): Promise<{ freeBytes: number }> {
  const { bavail, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize };
}
