/** The command line as a process of its own: on pipes, or on a terminal that the test owns. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const MAIN = resolve(import.meta.dirname, '../../../src/main.mjs');
const PTY = resolve(import.meta.dirname, 'pty.py');

export interface Answer {
  readonly code: number | null;
  /** What ended it from outside. */
  readonly signal?: string;
  readonly out: string;
  readonly error: string;
}

export interface Running {
  /** What has come so far. */
  out(): string;
  error(): string;
  /** Resolves once the output matches; on a terminal both kinds of output are one. */
  sees(pattern: RegExp): Promise<void>;
  type(text: string): void;
  endInput(): void;
  interrupt(): void;
  readonly ended: Promise<Answer>;
}

export interface Circumstances {
  readonly folder: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Goes to standard input, which ends with it; without one the test types. */
  readonly input?: string;
}

const LIMIT_MS = 50_000;

export function runKatabot(
  words: readonly string[],
  { folder, variables = {}, input }: Circumstances,
): Running {
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: folder,
    env: environment(folder, variables),
  });
  if (input !== undefined) child.stdin.end(input);
  return attend(child, child.stdin, () => child.kill('SIGINT'));
}

/** Starts it and waits for its end. */
export function katabot(words: readonly string[], circumstances: Circumstances): Promise<Answer> {
  return runKatabot(words, { input: '', ...circumstances }).ended;
}

export interface OnTerminal extends Running {
  resize(rows: number, columns: number): void;
  /** Whether the terminal shows and edits what is typed, after the program has ended. */
  readonly cooked: Promise<boolean>;
}

export function onTerminal(words: readonly string[], { folder, variables = {} }: Circumstances): OnTerminal {
  const child = spawn('python3', [PTY, process.execPath, MAIN, ...words], {
    cwd: folder,
    env: { TERM: 'xterm', ...environment(folder, variables) },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const control = child.stdio[3] as Writable;
  const report = child.stdio[4] as Readable;
  let told = '';
  report.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const { stdin } = child;
  if (!stdin) throw new Error('no input');
  const running = attend(child, stdin, () => stdin.write('\u0003'));
  return {
    ...running,
    resize: (rows, columns) => control.write(`${rows} ${columns}\n`),
    cooked: running.ended.then(() => told.trim() === 'cooked'),
  };
}

function environment(folder: string, variables: Readonly<Record<string, string>>) {
  return {
    PATH: process.env['PATH'],
    HOME: folder,
    KATABOT_DATA: `${folder}/data`,
    ...variables,
  };
}

function attend(child: ChildProcess, stdin: Writable, interrupt: () => void): Running {
  let [out, error] = ['', ''];
  const waiting = new Set<() => void>();
  const heard = () => {
    for (const each of waiting) each();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    heard();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    error += text;
    heard();
  });
  stdin.on('error', () => {}); // a program that has ended reads no more
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const ended = once(child, 'close').then(([code, signal]) => {
    clearTimeout(limit);
    heard();
    return { code, out, error, ...(signal ? { signal } : {}) };
  });
  let over = false;
  void ended.then(() => {
    over = true;
    heard();
  });
  return {
    out: () => out,
    error: () => error,
    ended,
    interrupt,
    type: (text) => stdin.write(text),
    endInput: () => stdin.end(),
    sees: (pattern) =>
      new Promise((seen, reject) => {
        const look = () => {
          if (pattern.test(out) || pattern.test(error)) seen();
          else if (over) reject(new Error(`it ended without ${pattern}: ${out}${error}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}
