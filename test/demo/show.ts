/** What the demo shows: commands as they would be typed, and what they print, as it comes. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const BOLD = process.stdout.isTTY ? ['\u001b[1m', '\u001b[0m'] : ['', ''];

export function heading(number: number, text: string): void {
  process.stdout.write(`\n${BOLD[0]}${number}  ${text}${BOLD[1]}\n`);
}

/** The last words, set apart. */
export function ending(lines: readonly string[]): void {
  process.stdout.write(`\n${lines.join('\n')}\n`);
}

export function line(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export interface Ran {
  readonly code: number;
  readonly seconds: number;
  readonly output: string;
}

/**
 * Runs a program in a folder. With `shown` the command and everything it prints appear; never through a shell.
 * Out of the terminal's reach: Ctrl-C is for the demo, which ends what it has started.
 */
export async function run(
  words: readonly string[],
  options: { cwd: string; environment?: Record<string, string>; shown?: string; signal: AbortSignal },
): Promise<Ran> {
  const { cwd, environment = {}, shown, signal } = options;
  if (shown !== undefined) line(`$ ${shown}`);
  const startedAt = performance.now();
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (shown !== undefined) process.stdout.write(text);
    });
  }
  const code = await new Promise<number>((done, fail) => {
    child.once('error', fail);
    child.once('close', (exit) => done(exit ?? 1));
  });
  return { code, seconds: Number(((performance.now() - startedAt) / 1000).toFixed(2)), output };
}

/** The project's own command line, shown as people would type it. */
export function katabot(
  words: readonly string[],
  options: { environment: Record<string, string>; signal: AbortSignal; shown?: boolean },
): Promise<Ran> {
  const { environment, signal, shown = true } = options;
  const command = [process.execPath, resolve(ROOT, 'src/main.mjs'), ...words];
  return run(command, {
    cwd: ROOT,
    environment,
    signal,
    ...(shown ? { shown: `katabot ${words.join(' ')}` } : {}),
  });
}
