/** Names over HTTPS through the bot: pushed, told, asked with curl as a person would, and not lost while a group changes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { get as getSecurely, Agent as SecureAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { runCommand } from '../../src/commands/index.ts';
import { placeIn } from '../../src/config.ts';
import { drawPlain } from '../../src/replies/index.ts';
import { type AppInTest, commitFiles, startApp } from '../world/bot.ts';
import { groupText } from '../world/groups.ts';
import { output } from '../world/name-servers.ts';
import { say } from './say.ts';

const EDGE = '127.23.5.1';
let bot: AppInTest;
let folder: string;
let pushed: string;

beforeAll(async () => {
  nock.restore(); // it hands requests on once they are whole; here it is the wire that counts
  folder = await mkdtemp(join(tmpdir(), 'katabot-https-live-'));
  await commitFiles(folder, { 'containergroup.yaml': groupText({ name: 'safe', label: 'secure' }) });
  bot = await startApp({
    settings: {
      instance: 'test-https',
      edge: { address: `${EDGE}:0`, https: { address: `${EDGE}:0` } },
      locations: { local: { isolation: 'none', addresses: '127.23.96.0/24', networks: '198.19.168.0/24' } },
    },
  });
  pushed = (await bot.push(folder, { repository: 'safe' })).text;
}, 90_000);

afterAll(async () => {
  await bot?.run('delete', 'safe');
  await bot?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function said(...words: string[]): Promise<string> {
  const told: string[] = [];
  const asked = { words, caller: { name: 'test', right: 'admin' }, surface: 'cli' } as const;
  for await (const block of runCommand(bot.app.ground, asked, AbortSignal.timeout(20_000)))
    told.push(drawPlain(block).join('\n'));
  return told.join('\n');
}

/** What curl is told to reach the edge by the group's name. */
function wayTo(port: string): string[] {
  return ['-sS', '-m', '10', '--resolve', `secure.local.localhost:${port}:${EDGE}`];
}

describe('with nothing but an address in the settings', () => {
  test('a push tells an address that begins with https, and that the group answers there', () => {
    expect(pushed).toMatch(/address +https:\/\/secure\.local\.localhost:\d+ +200 in \d+ ms/);
  });

  test('the command that doctor tells gets the page, and nobody who does not trust the authority does', async () => {
    const [, url = ''] = /(https:\/\/secure\.local\.localhost:(\d+))/.exec(pushed) ?? [];
    const { port } = new URL(url);
    const [, file = ''] = /curl --cacert ([^\s,]+)/.exec(await said('doctor')) ?? [];
    const way = [...wayTo(port), '-w', ' %{http_version} %{http_code}'];
    expect(await output('curl', [...way, '--cacert', file, url])).toMatch(/It runs\.[\s\S]* 2 200$/);
    expect(await output('curl', [...way, '--http1.1', '--cacert', file, url])).toMatch(/ 1\.1 200$/);
    expect(await output('curl', [...way, url])).toMatch(
      /unable to get local issuer certificate[\s\S]* 0 000$/,
    );
  });

  test('status tells the same address', async () => {
    expect(await said('status', 'safe')).toMatch(/https:\/\/secure\.local\.localhost:\d+/);
  });

  test('plain HTTP goes on as it was: the bot’s own authority is not everybody’s', async () => {
    const { port } = new URL(bot.edgeUrl);
    const way = [...wayTo(port), '-o', '/dev/null', '-w', '%{http_code}'];
    expect(await output('curl', [...way, `http://secure.local.localhost:${port}`])).toBe('200');
  });
});

/** Asks at a steady rate over HTTPS and over HTTP, on kept connections, until the work is done; gives every answer. */
async function askedMeanwhile(work: () => Promise<unknown>): Promise<Map<string, number>> {
  const ca = await readFile(join(bot.dataFolder, 'authority', 'authority.pem'));
  const agents = { http: new Agent({ keepAlive: true }), https: new SecureAgent({ keepAlive: true, ca }) };
  const answers = new Map<string, number>();
  const ask = (secure: boolean) => {
    const { port } = placeIn(secure ? bot.app.addresses.edgeTls : bot.app.addresses.edge);
    const place = { host: EDGE, port, path: '/', headers: { host: 'secure.local.localhost' } };
    return new Promise<string>((done) => {
      const asked = secure
        ? getSecurely({ ...place, agent: agents.https })
        : get({ ...place, agent: agents.http });
      asked.on('response', (answer) =>
        answer.resume().on('close', () => done(answer.complete ? `${answer.statusCode}` : 'broken')),
      );
      asked.on('error', (error) => done(error.message));
    }).then((answer) => void answers.set(answer, (answers.get(answer) ?? 0) + 1));
  };
  const asked: Promise<void>[] = [];
  const rate = setInterval(() => asked.push(ask(asked.length % 2 === 0)), 100);
  await work();
  clearInterval(rate);
  await Promise.all(asked);
  for (const agent of Object.values(agents)) agent.destroy();
  return answers;
}

describe('of requests at a steady rate none is lost', () => {
  test.each([
    ['over a restart', async () => expect((await bot.run('restart', 'safe')).kind).toBe('done')],
    [
      'over a change of a container',
      async () => {
        const container = ['environmentVariables: [{name: COLOUR, value: blue}]'];
        await commitFiles(folder, {
          'containergroup.yaml': groupText({ name: 'safe', label: 'secure', container }),
        });
        expect((await bot.push(folder, { repository: 'safe' })).text).toMatch(
          /restart of the changed containers/,
        );
      },
    ],
    [
      'over the replacement of the whole group, for a port more',
      async () => {
        const changed = groupText({ name: 'safe', label: 'secure', ports: [80, 9000] });
        await commitFiles(folder, { 'containergroup.yaml': changed });
        expect((await bot.push(folder, { repository: 'safe' })).text).toMatch(/replace/);
      },
    ],
  ])(
    '%s',
    async (_, work) => {
      const answers = await askedMeanwhile(work);
      expect([...answers.keys()]).toEqual(['200']);
      expect(answers.get('200')).toBeGreaterThan(5);
    },
    60_000,
  );

  test('and a group that is stopped is told to be down at once', async () => {
    await bot.run('stop', 'safe');
    const { port } = placeIn(bot.app.addresses.edge);
    const text = await say(
      { host: EDGE, port },
      'GET / HTTP/1.1',
      'Host: secure.local.localhost',
      'Connection: close',
    );
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
  });
});
