/**
 * The main job, on whatever machine this is: an engine, the bot, a repository, a push; then everything that people do
 * with a group that runs, and its end. Leaves nothing behind unless it is told to.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/failure.ts';
import { connect, type Engine, findEngine } from '../world/docker.ts';
import { buildImages, TEST_IMAGES } from '../world/images.ts';
import { type DemoBot, startBot } from './bot.ts';
import { isKept, keep, removeLeftovers, stopKept } from './kept.ts';
import { ending, heading, line } from './show.ts';
import {
  deleteGroups,
  prepareRepositories,
  pushAndLook,
  type Repositories,
  type Stage,
  type Told,
} from './story.ts';

const HELP = `npm run demo               show the main job and clean up
npm run demo -- --keep     leave the group running
npm run demo -- --stop     end what --keep left running
npm run demo -- --json     end with one line of JSON: what was measured
npm run demo -- --help     show this
`;
const INTERRUPTED = 130;

type Seconds = Record<string, number>;

const interrupted = new AbortController();
// Every further Ctrl-C finds the demo cleaning up already.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());

process.exitCode = await main(process.argv.slice(2));

async function main(words: string[]): Promise<number> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const values = optionsIn(words);
    if (values.help) process.stdout.write(HELP);
    else if (values.stop) await stopKept();
    else {
      const measured = await demo(values.keep === true, undo);
      if (values.keep !== true) await clearAway(undo);
      if (values.json) line(JSON.stringify(measured));
    }
    return 0;
  } catch (error) {
    const stopped = interrupted.signal.aborted;
    const reason = stopped ? 'it was interrupted' : messageOf(error).replace(/\.$/, '');
    process.stderr.write(`\nThe demo stopped: ${reason}. `);
    const clean = await clearAway(undo);
    process.stderr.write(clean ? 'Nothing is left behind.\n' : '\n');
    return stopped ? INTERRUPTED : 1;
  }
}

function optionsIn(words: string[]) {
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({ args: words, options: { keep: flag, stop: flag, json: flag, help: flag } }).values;
  } catch (error) {
    const [first = ''] = messageOf(error).split('. ');
    throw new Error(`${first}; "npm run demo -- --help" shows what there is`, { cause: error });
  }
}

/** Backwards through what was begun; whether all of it could be undone. */
async function clearAway(undo: (() => Promise<unknown>)[]): Promise<boolean> {
  let clean = true;
  for (const step of undo.reverse()) {
    await step().catch((error: unknown) => {
      clean = false;
      process.stderr.write(`Something stayed behind: ${messageOf(error)}. `);
    });
  }
  return clean;
}

async function demo(
  staying: boolean,
  undo: (() => Promise<unknown>)[],
): Promise<Told & { seconds: Seconds }> {
  if (staying && (await isKept()))
    throw new Error('a demo was left running already; "npm run demo -- --stop" ends it');
  const { signal } = interrupted;
  const seconds: Seconds = {};
  const timed = async <T>(phase: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const result = await work();
    seconds[phase] = Number(((performance.now() - startedAt) / 1000).toFixed(2));
    signal.throwIfAborted();
    return result;
  };
  heading(1, 'An engine, the demo’s images, the bot');
  const engine = await timed('engine', async () => {
    const found = await findEngine({ report: line });
    undo.push(() => found.stop());
    return found;
  });
  line(`  engine   ${describe(engine)}`);
  await timed('images', () => buildImages(connect(engine.dockerHost)));
  line(`  images   ${TEST_IMAGES.join(', ')} (made here, no registry)`);
  const folder = await mkdtemp(join(tmpdir(), 'katabot-demo-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const bot = await timed('bot', async () => {
    const started = await startBot(folder, engine.dockerHost);
    // A private engine goes as a whole.
    if (!engine.folder) undo.push(() => removeLeftovers(engine.dockerHost, started.instance));
    undo.push(() => started.stop());
    return started;
  });
  line(`  bot      http://${bot.http}${bot.moved ? ' (not at its usual ports: one is taken)' : ''}`);
  line(`  edge     http://${bot.edge}, https://${bot.edgeTls}`);
  line(`  names    answered by the bot at ${bot.dns}, UDP and TCP`);
  const stage: Stage = { bot, folder, signal, timed };
  const repositories = await timed('setup', () => prepareRepositories(stage));
  const told = await pushAndLook(stage, repositories);
  if (staying) {
    await keep(bot, folder, engine);
    tellKept(bot, repositories, told);
    return { seconds, ...told };
  }
  const bill = await deleteGroups(stage);
  tellEnd(seconds, told, engine);
  return { seconds, ...told, bill };
}

function describe({ dockerHost, origin }: Engine): string {
  const why = origin === 'private' ? 'a private one, gone when the demo ends' : `found by ${origin}`;
  return `${dockerHost} (${why})`;
}

function tellEnd(seconds: Seconds, { price }: Told, engine: Engine): void {
  const took = (phase: string) => `${(seconds[phase] ?? 0).toFixed(1)} s`;
  ending([
    `From a push to a page in ${took('push')}, a change in ${took('change')}, a mistake told in ${took('refused')},`,
    `all cleared away in ${took('delete')}, at ${price.perHour.amount} ${price.perHour.currency} an hour.`,
    engine.folder ? 'Nothing is left behind.' : 'Nothing is left behind but the images.',
    'To look around yourself: npm run demo -- --keep',
  ]);
}

function tellKept(bot: DemoBot, { hello }: Repositories, { url, secureUrl }: Told): void {
  const { KATABOT_SETTINGS: _, DOCKER_HOST: __, ...needed } = bot.environment;
  ending([
    `It goes on running: ${url}`,
    `and, for who trusts ${bot.authorityFile}: ${secureUrl}`,
    '',
    'In another terminal:',
    ...Object.entries(needed).map(([name, value]) => `  export ${name}=${value}`),
    '  npm run katabot -- status',
    '',
    'Push again from its repository:',
    `  cd ${hello}`,
    `  git push http://demo@${bot.http}/git/hello.git main`,
    '',
    'To end it: npm run demo -- --stop',
  ]);
}
