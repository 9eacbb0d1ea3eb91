/** Runs every page of this folder against a bot and a real engine, command by command. `KATABOT_TRANSCRIPTS=write` writes what was printed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { VERBS } from '../../src/commands/index.ts';
import { type Bot, git, startBot } from '../world/bot.ts';
import { firstDifference, type Part, partsOf, withoutPassing } from './transcript.ts';

const HERE = import.meta.dirname;
const MAIN = resolve(HERE, '../../src/main.mjs');
const PAGES = readdirSync(HERE).filter((name) => name.endsWith('.md') && name !== 'README.md');
const WRITING = process.env['KATABOT_TRANSCRIPTS'] === 'write';
const SETTINGS = {
  instance: 'transcripts',
  locations: { local: { isolation: 'none', addresses: '127.36.0.0/16', networks: '198.19.80.0/20' } },
  protected: ['live'],
  environments: { 'preview-*': { ttl: '4h', longest: '2d' } },
  stopGraceSeconds: 1, // one page shows a program that listens to its signal
};

// A page is many programs, one after another; on a machine with more to do each takes its time.
jest.setTimeout(300_000);

let bot: Bot;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'katabot-pages-'));
  bot = await startBot({ settings: SETTINGS });
});

afterAll(async () => {
  await bot.stop();
  await rm(root, { recursive: true, force: true });
});

describe.each(PAGES)('%s', (page) => {
  test('prints what it shows', async () => {
    const folder = join(root, page.replace(/\.md$/, ''));
    await mkdir(folder);
    await writeFile(join(folder, 'token.txt'), bot.token);
    const text = await readFile(join(HERE, page), 'utf8');
    const printed = new Map<number, readonly string[]>();
    for (const part of partsOf(text)) {
      if (part.kind === 'file') {
        await mkdir(dirname(join(folder, part.path)), { recursive: true });
        await writeFile(join(folder, part.path), part.text);
        continue;
      }
      const { code, lines } = await runCommand(part, folder);
      if (WRITING) printed.set(part.at, [...lines.map(withoutPassing), ...(code ? [`[exit ${code}]`] : [])]);
      else expect(complaintOf(part, code, lines)).toBe('');
    }
    if (WRITING) writeFileSync(join(HERE, page), rewritten(text, printed));
  });
});

test('the pages show every verb that a bot is asked for', () => {
  const shown = PAGES.flatMap((page) => partsOf(readFileSync(join(HERE, page), 'utf8')));
  const said = new Set(shown.flatMap((part) => (part.kind === 'command' ? [part.words[1]] : [])));
  // What is said in Slack alone is shown in docs/identities.md.
  const typed = VERBS.filter(({ surfaces }) => surfaces.some((each) => each !== 'slack'));
  const missing = typed.map(({ name }) => name).filter((name) => !said.has(name) && name !== 'serve');
  expect(missing).toEqual([]);
});

type Command = Extract<Part, { kind: 'command' }>;

async function runCommand(part: Command, folder: string): Promise<{ code: number | null; lines: string[] }> {
  const [program = '', ...words] = part.words;
  const { code, text } = await (program === 'git'
    ? git(folder, ...addressed(words))
    : katabot(words, folder, part));
  if (part.into) await writeFile(join(folder, part.into), text);
  const lines = part.into || !text ? [] : text.replace(/\n$/, '').split('\n');
  // git redraws its own lines for terminals
  return {
    code,
    lines: lines.map((line) => line.replaceAll('\u001b[K', '').trimEnd()).filter((line) => !isGitNoise(line)),
  };
}

/** `http://bot/…` in a page is the bot of this run. */
function addressed(words: readonly string[]): string[] {
  return words.map((word) =>
    word.replace(/^http:\/\/(?:(\w+)@)?bot\//, () => `${bot.url.replace('//', `//local:${bot.token}@`)}/`),
  );
}

function isGitNoise(line: string): boolean {
  return /^(To http|Everything up-to-date)/.test(line);
}

async function katabot(
  words: readonly string[],
  folder: string,
  part: Command,
): Promise<{ code: number | null; text: string }> {
  const child = started(words, folder);
  child.stdin?.end(part.from ? await readFile(join(folder, part.from)) : '');
  const [, ...elsewhere] = part.elsewhere;
  let other: Promise<unknown> | undefined;
  if (elsewhere.length)
    child.stdout?.once('data', () => {
      other = once(started(elsewhere, folder), 'close');
    });
  let text = '';
  for (const stream of part.into ? [child.stdout] : [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.split('\n').length > part.head) child.stdout?.destroy();
    });
  }
  const [code] = await once(child, 'close');
  await other;
  if (Number.isFinite(part.head)) return { code: 0, text: text.split('\n').slice(0, part.head).join('\n') };
  return { code, text };
}

function started(words: readonly string[], folder: string): ChildProcess {
  const addressed = words.map((word) => word.replace(/^http:\/\/bot\/?$/, bot.url));
  return spawn(process.execPath, [MAIN, ...addressed], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      KATABOT_URL: bot.url,
      KATABOT_TOKEN: bot.token,
      KATABOT_DATA: bot.dataFolder,
      KATABOT_SETTINGS: join(bot.dataFolder, 'katabot.yml'),
    },
  });
}

function complaintOf(part: Command, code: number | null, lines: readonly string[]): string {
  const difference = firstDifference(part.expected, lines);
  if (code === part.exit && difference === undefined) return '';
  return [
    `$ ${part.line}`,
    `line ${part.at}: ${difference ?? `exit code ${code}, not ${part.exit}`}`,
    ...lines,
    `[exit ${code}]`,
  ].join('\n');
}

/** The page with the lines after each command replaced by what was printed. */
function rewritten(text: string, printed: ReadonlyMap<number, readonly string[]>): string {
  const lines = text.split('\n');
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    out.push(lines[at] ?? '');
    const said = printed.get(at + 1);
    if (!said) continue;
    out.push(...said);
    while (at + 1 < lines.length && !lines[at + 1]?.startsWith('$ ') && lines[at + 1] !== '```') at++;
  }
  return out.join('\n');
}
