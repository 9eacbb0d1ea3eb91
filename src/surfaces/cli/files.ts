import type { Command, GivenFile } from '../../commands/index.ts';
import { Failure, messageOf } from '../../failure.ts';
import type { CliParts } from './parts.ts';

type Sources = Pick<CliParts, 'readFile' | 'keyboard'>;

/** The text of a file; `-` is standard input. Throws a Failure that names what cannot be read. */
export async function readText(path: string, { readFile, keyboard }: Sources): Promise<string> {
  try {
    return (path === '-' ? await keyboard.readAll() : await readFile(path)).toString('utf8');
  } catch (error) {
    throw new Failure('file-unreadable', `${path} cannot be read: ${messageOf(error)}`, {
      advice: 'Check the name of the file.',
      cause: error,
    });
  }
}

/** What a command names on this machine's disk, which the bot cannot read. */
export async function filesOf({ options }: Command, sources: Sources): Promise<GivenFile[]> {
  const path = options['file'];
  return typeof path === 'string' ? [{ path, text: await readText(path, sources) }] : [];
}
