import { spawn } from 'node:child_process';

/** What git needs to see objects that are pushed but not yet accepted. */
export interface Quarantine {
  readonly GIT_OBJECT_DIRECTORY?: string;
  readonly GIT_ALTERNATE_OBJECT_DIRECTORIES?: string;
}

/** One run of git: fixed words, never a shell. */
export interface GitRun {
  readonly folder: string;
  readonly words: readonly string[];
  readonly quarantine?: Quarantine;
  /** What git reads. */
  readonly input?: string;
}

/** Where git and its helpers are looked for; the bot's own variables are none of their business. */
export const GIT_PATH = '/usr/local/bin:/usr/bin:/bin';

const LONGEST_COMPLAINT = 2_000;

/**
 * What git prints, as it comes. Ending the loop early ends git, so a reader with a limit needs no more than a `break`.
 * Throws when git fails.
 */
export async function* outputOf({ folder, words, quarantine, input }: GitRun): AsyncGenerator<Buffer> {
  const child = spawn('git', [...words], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
    // No settings of a user or a system, no prompts.
    env: { PATH: GIT_PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', ...quarantine },
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-LONGEST_COMPLAINT);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  ended.catch(() => {}); // it is awaited below, unless the reader stops before
  child.stdin.on('error', () => {}); // git ended before it had read everything; its exit code says why
  child.stdin.end(input ?? '');
  try {
    yield* child.stdout;
    const code = await ended;
    if (code !== 0) throw new Error(`git ${words[0]} ended with ${code}: ${complaint.trim()}`);
  } finally {
    child.kill('SIGKILL'); // does nothing to a git that has ended
  }
}

/** All that git prints. For answers whose size is known to be small. */
export async function bytesOf(run: GitRun): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of outputOf(run)) parts.push(part);
  return Buffer.concat(parts);
}

/** All that git prints, as text without the last line end. */
export async function textOf(run: GitRun): Promise<string> {
  return (await bytesOf(run)).toString('utf8').replace(/\n$/, '');
}
