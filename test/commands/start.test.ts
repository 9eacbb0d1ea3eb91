/** A group that is stopped promises nothing, so that somebody else may have its room when it is to start again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCommand } from '../../src/commands/index.ts';
import { type Block, drawPlain, type Outcome } from '../../src/replies/index.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { createLeapingClock } from '../world/clock.ts';
import { groupText } from '../world/groups.ts';
import { createMemoryEngine, type MemoryEngine } from '../world/memory-engine.ts';

const CALLER = { name: 'ann', right: 'admin' } as const;

const clock = createLeapingClock();
let app: AppInTest;
let engine: MemoryEngine;
let dataFolder: string;

const startBot = () => startApp({ dataFolder, parts: { engine: () => engine, clock } });

beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'katabot-start-'));
  engine = createMemoryEngine(clock, ['katabot/busybox:1']); // 16 GB of memory
  app = await startBot();
});

afterAll(async () => {
  await app.stop();
  await rm(dataFolder, { recursive: true, force: true });
});

async function say(
  line: string,
  text?: string,
  signal = AbortSignal.timeout(20_000),
): Promise<Outcome & { readonly text: string }> {
  const files = text === undefined ? [] : [{ path: 'containergroup.yaml', text }];
  const said = { words: line.split(' '), caller: CALLER, surface: 'cli', files } as const;
  const told = runCommand(app.app.ground, said, signal);
  const blocks: Block[] = [];
  for (;;) {
    const step = await told.next();
    if (!step.done) blocks.push(step.value);
    else {
      const shown = [...blocks, ...step.value.blocks].flatMap((block) => drawPlain(block)).join('\n');
      return { ...step.value, text: shown };
    }
  }
}

const text = (name: string, memoryInGB = '10') => groupText({ name, memoryInGB });
const deploy = (name: string, memoryInGB?: string) =>
  say('deploy --file containergroup.yaml', text(name, memoryInGB));
const wishOf = (name: string) => app.app.store.desired.get(`production/${name}`);

/** Says it, and leaves once it waits. */
async function waits(line: string, name: string, file?: string) {
  const leaving = new AbortController();
  const said = say(line, file, leaving.signal);
  await eventually(async () => expect(await wishOf(name)).toHaveProperty('waitsSinceMs'));
  await eventually(async () => expect((await say(`status ${name}`)).text).toContain('in line'));
  leaving.abort();
  return said;
}

test('start is refused while its room is taken, and done once there is room', async () => {
  expect((await deploy('first')).code).toBe('deployed');
  expect((await say('stop first')).code).toBe('stopped');
  expect((await deploy('second')).code).toBe('deployed');
  const refused = { kind: 'failed', code: 'no-capacity' };
  expect(await say('start first --dry-run')).toMatchObject(refused);
  const answer = await say('start first');
  expect(answer).toMatchObject({
    ...refused,
    data: { message: expect.stringContaining('6 GB free of 16 GB') },
  });
  expect((await wishOf('first'))?.wanted).toBe('stopped');
  expect((await say('stop second')).code).toBe('stopped');
  expect((await say('start first')).code).toBe('started');
});

test('start --queue waits in line for the room, also over a start of the bot, and is done when there is some', async () => {
  const waiting = 'wait for room, first in line: local has 6 GB of memory free, 10 GB are needed';
  expect((await say('start second --queue --dry-run')).text).toContain(`it would ${waiting}`);
  const answer = await waits('start second --queue', 'second');
  expect([answer.code, answer.text]).toEqual([
    'still-going',
    expect.stringContaining('it waits for room, first in line: local has 6 GB of memory free'),
  ]);
  expect(answer.text).toContain('comes up by itself');
  expect((await say('start second --queue')).code).toBe('start-already');
  await app.stop();
  app = await startBot();
  expect((await say('status second')).text).toContain('Stopped, waits for room, first in line');
  expect((await say('status')).text).toContain('Stopped (waits)');
  await say('stop first');
  await eventually(async () => expect((await say('status second')).text).toMatch(/state +: Running/));
});

test('who stops a group that waits ends the waiting', async () => {
  await waits('start first --queue', 'first');
  expect((await say('cancel first')).text).toContain('it waits for room: katabot stop ends that');
  expect((await say('stop first')).text).toContain('it waits for room no longer');
  expect(await wishOf('first')).not.toHaveProperty('waitsSinceMs');
  expect((await say('stop first')).code).toBe('stop-already');
});

test('a rollback, and a deploy, of a stopped group wait for the room on its host; of one that runs they do not', async () => {
  expect((await deploy('first', '5')).code).toBe('deployed');
  expect((await say('rollback first --queue')).text).toContain('only a group that is stopped waits for room');
  await say('stop first');
  expect((await say('rollback first')).text).toContain('Or let it wait for room with --queue');
  const told = await waits('rollback first --queue', 'first');
  expect(told.text).toContain('it waits for room, first in line');
  const since = (await wishOf('first'))?.waitsSinceMs;
  await waits('deploy --file containergroup.yaml --queue', 'first', text('first', '12'));
  expect(await wishOf('first')).toMatchObject({
    wanted: 'stopped',
    waitsSinceMs: since,
    revision: { number: 4 },
  });
  await say('delete second');
  await eventually(async () => expect((await say('status first')).text).toMatch(/state +: Running/));
  expect((await wishOf('first'))?.revision.number).toBe(4);
});

test('who follows a group that waits on its host is told of its start, however late that is', async () => {
  await say('stop first');
  expect((await deploy('second')).code).toBe('deployed');
  const told = say('deploy --file containergroup.yaml --queue', text('first', '11'));
  await eventually(async () => {
    const events = await app.app.store.events.events({ group: 'production/first' });
    const ofIt = events.filter(({ revision }) => revision === 5).map(({ fact }) => fact.kind);
    expect(ofIt).toEqual(['accepted', 'queued', 'stopped']);
  });
  clock.leap(31 * 60_000);
  await say('delete second');
  expect((await told).code).toBe('deployed');
});

test('of two that start a group at once only one does', async () => {
  await say('stop first');
  const answers = await Promise.all([say('start first'), say('start first')]);
  expect(answers.map(({ code }) => code)).toEqual(['started', 'started']);
  const events = await app.app.store.events.events({ group: 'production/first' });
  const since = events.slice(events.findLastIndex(({ fact }) => fact.kind === 'stopping'));
  expect(since.filter(({ fact }) => fact.kind === 'starting')).toHaveLength(1);
});

test('who is stopped and started again while it waits for a host goes to the end of the line', async () => {
  await waits('deploy --file containergroup.yaml --queue', 'early', text('early'));
  await waits('deploy --file containergroup.yaml --queue', 'late', text('late'));
  expect((await say('status late')).text).toContain('number 2 in line');
  await say('stop early');
  const spot = { host: 'local', slot: 0, subnet: '', address: '', published: [] };
  expect(await app.app.store.desired.assign('production/early', 1, spot)).toBe(false); // nobody wants it any more
  await waits('start early', 'early');
  await eventually(async () => expect((await say('status early')).text).toContain('number 2 in line'));
  expect((await say('status late')).text).toContain('first in line');
  for (const name of ['early', 'late']) await say(`delete ${name}`);
});

test('start of a group that has ended by itself runs it again', async () => {
  await say('delete first');
  const job = text('job', '1').replace('restartPolicy: Always', 'restartPolicy: Never');
  await say('deploy --file containergroup.yaml', job);
  engine.exit('production/job', 'main', 0);
  await eventually(async () => expect((await wishOf('job'))?.settled).toBe('Succeeded'));
  expect((await say('start job')).code).toBe('started');
});
