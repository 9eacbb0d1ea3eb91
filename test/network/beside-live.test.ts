/** Two updates with the old revision serving meanwhile, while somebody asks by name all the time: one is good, one is not. */

import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import nock from 'nock';
import { type AppInTest, commitFiles, eventually, startApp } from '../world/bot.ts';
import { groupText } from '../world/groups.ts';

const NAME = 'beside.local.localhost';
const EVERY_MS = 50;
const LOCAL = { isolation: 'none', updates: 'beside', addresses: '127.23.8.0/24', networks: '198.18.6.0/24' };

let app: AppInTest;
let folder: string;

beforeAll(async () => {
  nock.restore(); // it hands requests on once they are whole; here it is the wire that counts
  folder = await mkdtemp(join(tmpdir(), 'katabot-beside-'));
  app = await startApp({ settings: { locations: { local: LOCAL } } });
});

afterAll(async () => {
  await app.run('delete', 'shop', '--yes');
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A revision that says which one it is, once it is ready; a broken one ends as it begins. */
function revision(name: string, script = 'exec httpd -f -p 80 -h /www'): string {
  const command = ['sh', '-c', `mkdir -p /www; echo ${name} > /www/index.html; ${script}`];
  const probe = { httpGet: { path: '/', port: 80, scheme: 'http' }, periodSeconds: 1 };
  return groupText({
    label: 'beside',
    image: 'katabot/busybox:1',
    container: [`command: ${JSON.stringify(command)}`, `readinessProbe: ${JSON.stringify(probe)}`],
  });
}

async function push(text: string): Promise<string> {
  await commitFiles(folder, { 'containergroup.yaml': text });
  return (await app.push(folder)).text;
}

/** What is answered under the name of the group. */
function ask(): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(app.edgeUrl, { headers: { host: NAME }, agent: false }, async (answer) => {
      const text = Buffer.concat(await Array.fromAsync(answer))
        .toString()
        .trim();
      resolve(`${answer.statusCode} ${text}`);
    });
    asked.on('error', (error) => resolve(String(error)));
    asked.end();
  });
}

/** Asks all the time while something is done; gives its result, and what was answered, each answer once, in order. */
async function whileAsking<T>(work: Promise<T>): Promise<{ result: T; answers: string[]; asked: number }> {
  const asked: Promise<string>[] = [];
  const timer = setInterval(() => asked.push(ask()), EVERY_MS);
  try {
    const result = await work;
    const answers = await Promise.all(asked);
    return {
      result,
      answers: answers.filter((each, index) => each !== answers[index - 1]),
      asked: asked.length,
    };
  } finally {
    clearInterval(timer);
  }
}

async function wish() {
  return app.app.store.desired.get('production/shop');
}

test('requests by name lose nothing, whether the new revision is healthy or not', async () => {
  expect(await push(revision('one'))).toContain('address');
  await eventually(async () => expect(await ask()).toBe('200 one'));
  const before = await wish();
  const good = await whileAsking(
    push(revision('two')).then(async (text) => {
      await eventually(async () => expect(await ask()).toBe('200 two'));
      return text;
    }),
  );
  expect(good.result).toContain('#1 serves until the new revision is healthy');
  expect(good.answers).toEqual(['200 one', '200 two']);
  expect(good.asked).toBeGreaterThan(10);
  const after = await wish();
  expect(after).toMatchObject({ revision: { number: 2 }, settled: 'Running' });
  expect(after?.address).not.toBe(before?.address);
  // The old one goes on for those whose resolver still says its address; what comes next takes its place.
  expect(after?.beside).toMatchObject({ isTried: false, address: before?.address });
  const bad = await whileAsking(push(revision('three', 'echo no database; exit 3')));
  expect(bad.result).toMatch(/no database[\s\S]*Revision 2 keeps serving/);
  expect(bad.answers).toEqual(['200 two']);
  await eventually(async () => expect((await wish())?.beside).toBeUndefined());
  expect(await ask()).toBe('200 two');
  expect(await wish()).toMatchObject({ revision: { number: 2 }, address: after?.address });
}, 120_000);
