/** Logs of removed containers as files of the data folder. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KeptLog } from '../../src/reconciler/index.ts';
import { createLogArchive } from '../../src/store/files/log-archive.ts';
import { eventually } from '../world/bot.ts';
import { createManualClock, type ManualClock } from '../world/clock.ts';

const DAY_MS = 24 * 3_600_000;

let folder: string;
let clock: ManualClock;
let archive: ReturnType<typeof createLogArchive>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-logs-'));
  clock = createManualClock();
  archive = createLogArchive(join(folder, 'logs'), clock, { files: 3, bytes: 4_000 });
});

afterEach(async () => {
  archive.close();
  await rm(folder, { recursive: true, force: true });
});

function log(key: KeptLog['key'], container: string, text = 'hello'): KeptLog {
  return {
    key,
    container,
    repository: 'shop',
    revision: 1,
    startedAtMs: clock.now(),
    keptAtMs: clock.now(),
    cut: false,
    lines: [{ container, stream: 'stdout', timestamp: '2026-11-24T18:00:00.000000001Z', text }],
  };
}

const files = async () => (await readdir(join(folder, 'logs'))).sort();

test('what is kept is given again, group by group, readable by nobody else', async () => {
  const [web, beat, other] = [
    log('production/shop', 'web'),
    log('production/shop', 'beat'),
    log('production/shop-2', 'web'),
  ];
  for (const each of [web, beat, other]) await archive.keep(each);
  expect(await archive.logs('production/shop')).toEqual([beat, web]);
  expect(await archive.logs('staging/shop')).toEqual([]);
  expect((await stat(join(folder, 'logs'))).mode & 0o777).toBe(0o700);
  for (const file of await files()) expect((await stat(join(folder, 'logs', file))).mode & 0o777).toBe(0o600);
});

test('a newer log of the same container takes the place of the one before', async () => {
  await archive.keep(log('production/shop', 'web', 'first'));
  await archive.keep(log('production/shop', 'web', 'second'));
  expect((await archive.logs('production/shop')).map(({ lines }) => lines[0]?.text)).toEqual(['second']);
  expect(await files()).toHaveLength(1);
});

test('the oldest go when there are too many, or too much of them', async () => {
  for (const name of ['a', 'b', 'c', 'd']) {
    await archive.keep(log('production/shop', name));
    clock.advance(1_000);
  }
  expect((await archive.logs('production/shop')).map(({ container }) => container)).toEqual(['b', 'c', 'd']);
  await archive.keep(log('production/shop', 'large', 'x'.repeat(3_500)));
  expect((await archive.logs('production/shop')).map(({ container }) => container)).toEqual(['d', 'large']);
});

test('a week is the longest that a log is kept', async () => {
  await archive.keep(log('production/shop', 'web'));
  clock.advance(7 * DAY_MS - 1);
  expect(await archive.logs('production/shop')).toHaveLength(1);
  clock.advance(2 * 3_600_000);
  expect(await archive.logs('production/shop')).toEqual([]);
  await eventually(async () => expect(await files()).toEqual([]));
});

test('a file that is broken is no log, and keeps no other one from being read', async () => {
  await archive.keep(log('production/shop', 'web'));
  await writeFile(join(folder, 'logs', 'production.shop.beat.json'), '{"lin');
  expect((await archive.logs('production/shop')).map(({ container }) => container)).toEqual(['web']);
  expect(await readFile(join(folder, 'logs', 'production.shop.web.json'), 'utf8')).toContain('hello');
});
