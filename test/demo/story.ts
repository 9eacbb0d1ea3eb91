/** What the demo does with a bot that runs: pushes, looks, changes, breaks, deletes. Every step is real and is shown. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { DemoBot } from './bot.ts';
import { pageTitle } from './page.ts';
import { heading, katabot, line, type Ran, run } from './show.ts';

const TEMPLATE = resolve(import.meta.dirname, '../../templates/hello/containergroup.yaml');
const PATIENCE_MS = 20_000;
const PAUSE_MS = 500;
const AUTHOR = ['-c', 'user.name=Demo', '-c', 'user.email=demo@localhost'];

export interface Stage {
  readonly bot: DemoBot;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Measures one part of the demo under a name. */
  readonly timed: <T>(phase: string, work: () => Promise<T>) => Promise<T>;
}

/** What is told of the group at the end. */
export interface Told {
  readonly address: string;
  readonly url: string;
  readonly price: { perSecond: Amount; perHour: Amount };
  readonly bill?: Record<string, unknown>;
}

interface Amount {
  readonly currency: string;
  readonly amount: string;
}

/** A repository with the template in it, and a token that git finds by itself: it never stands in a command. */
export async function prepareRepository({ bot, folder, signal }: Stage): Promise<string> {
  const { token }: { token: string } = await answer(
    ['token', 'create', 'demo', '--right', 'operator'],
    bot,
    signal,
  );
  const credentials = join(folder, 'git-credentials');
  await writeFile(credentials, `http://demo:${token}@${bot.http}\n`, { mode: 0o600 });
  const repository = join(folder, 'hello');
  await git(['init', '--quiet', '--initial-branch=main', repository], folder, signal);
  // The empty entry first: the helpers of whoever runs the demo are not asked, and learn nothing.
  await git(['config', '--add', 'credential.helper', ''], repository, signal);
  await git(['config', '--add', 'credential.helper', `store --file=${credentials}`], repository, signal);
  await commit(repository, await readFile(TEMPLATE, 'utf8'), 'A page that says hello', signal);
  return repository;
}

export async function pushAndLook(stage: Stage, repository: string): Promise<Told> {
  const { bot, signal, timed } = stage;
  const template = await readFile(TEMPLATE, 'utf8');
  const url = `http://hello.local.localhost:${bot.edge.split(':')[1]}`;
  const shown = { environment: bot.environment, signal };

  heading(2, 'git push is the deploy');
  mustEnd(0, await timed('push', () => push(stage, repository)), 'the push');
  await isUp(stage);

  heading(3, 'It is there');
  await timed('page', () => open(url, bot, '200  hello: It runs.'));
  for (const words of ['status hello', 'logs hello --tail 3', 'cost hello']) {
    mustEnd(0, await katabot(words.split(' '), shown), `katabot ${words}`);
  }

  heading(4, 'A change: only what changed is restarted');
  const changed = template.replace('katabot/hello:1', 'katabot/hello:2');
  await commit(repository, changed, 'A warmer hello', signal);
  mustEnd(0, await timed('change', () => push(stage, repository)), 'the second push');
  await isUp(stage);
  await open(url, bot, '200  hello: Still running.');

  heading(5, 'A mistake: refused at its line, nothing is touched');
  const broken = changed
    .replace('memoryInGB: 0.2', 'memoryInGB: lots')
    .replace('restartPolicy', 'restratPolicy');
  await commit(repository, broken, 'Oops', signal);
  mustEnd(1, await timed('refused', () => push(stage, repository)), 'the broken push');
  await open(url, bot, '200  hello: Still running.');

  const view = await answer(['status', 'hello'], bot, signal);
  return {
    address: `${view.address}:80`,
    url,
    price: { perSecond: view.rate.perSecond, perHour: view.rate.perHour },
  };
}

/** Deletes the group; gives its bill. */
export async function deleteGroup({ bot, signal, timed }: Stage): Promise<Record<string, unknown>> {
  heading(6, 'The end, and the bill');
  const shown = { environment: bot.environment, signal };
  mustEnd(0, await timed('delete', () => katabot(['delete', 'hello'], shown)), 'the deletion');
  return (await answer(['cost', 'hello'], bot, signal)).bill;
}

function push({ bot, signal }: Stage, repository: string): Promise<Ran> {
  const url = `http://demo@${bot.http}/git/hello.git`;
  return run(['git', 'push', url, 'main'], {
    cwd: repository,
    shown: `git push ${url} main`,
    environment: { GIT_TERMINAL_PROMPT: '0' },
    signal,
  });
}

/** git says only that the commit was taken. A deploy that failed is tried again by the bot; then it takes a moment more. */
async function isUp({ bot, signal }: Stage): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    const { state, failure } = await answer(['status', 'hello'], bot, signal);
    if (state === 'Running' && !failure) return;
    if (Date.now() > deadline) throw new Error(failure?.message ?? `the group is ${state}`);
    await setTimeout(PAUSE_MS, undefined, { signal });
  }
}

async function open(url: string, bot: DemoBot, expected: string): Promise<void> {
  const { status, title } = await pageTitle(url, bot.edge);
  const seen = `${status}  ${title}`;
  line(`$ curl ${url}\n  ${seen}`);
  if (seen !== expected) throw new Error(`the page says "${seen}" instead of "${expected}"`);
}

async function commit(repository: string, text: string, message: string, signal: AbortSignal): Promise<void> {
  await writeFile(join(repository, 'containergroup.yaml'), text);
  await git(['add', '--all'], repository, signal);
  await git(
    [...AUTHOR, '-c', 'commit.gpgSign=false', 'commit', '--quiet', '--message', message],
    repository,
    signal,
  );
}

async function git(words: readonly string[], cwd: string, signal: AbortSignal): Promise<void> {
  const { code, output } = await run(['git', ...words], { cwd, signal });
  if (code !== 0) throw new Error(`git ${words.join(' ')} failed: ${output.trim()}`);
}

/** What the command line answers to a program. */
async function answer(words: readonly string[], bot: DemoBot, signal: AbortSignal) {
  const { environment } = bot;
  const ran = await katabot([...words, '--json'], { environment, signal, shown: false });
  mustEnd(0, ran, `katabot ${words.join(' ')}`);
  return JSON.parse(ran.output.trim().split('\n').at(-1) ?? '{}');
}

function mustEnd(code: number, ran: Ran, what: string): void {
  if (ran.code !== code) throw new Error(`${what} ended with code ${ran.code} instead of ${code}`);
}
