/** Groups of Windows, through the bot and the engine's real client, on a pretend Windows engine: no Windows was seen here. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCommand } from '../../src/commands/index.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { startWindowsEngine, type WindowsEngine } from '../world/windows-engine.ts';

const WHERE = '127.61.0.1';
const IMAGES = {
  'acme/iis:ltsc2022': { os: 'windows', osVersion: '10.0.20348.2700' },
  'acme/iis:ltsc2019': { os: 'windows', osVersion: '10.0.17763.6414' },
  'acme/iis:ltsc2016': { os: 'windows', osVersion: '10.0.14393.7428' },
  'acme/iis:ltsc2025': { os: 'windows', osVersion: '10.0.26100.2033' },
  'acme/web:1': { os: 'linux', osVersion: '' },
} as const;

let folder: string;
let engine: WindowsEngine;
let app: AppInTest;
/** Whether the program that is asked by the probe says so. */
let isReady = true;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-windows-'));
  engine = await startWindowsEngine({
    socketPath: join(folder, 'engine.sock'),
    listensAt: WHERE,
    images: IMAGES,
    programs: ([program, ...words]) => {
      if (program === 'cmd.exe') return { output: `${words.join(' ')}\r\n`, code: 7 };
      if (program === 'curl.exe') return { output: '', code: isReady ? 0 : 22 };
      return undefined;
    },
  });
  app = await startApp({
    settings: {
      instance: 'windows',
      locations: {
        windows: { engine: engine.address, addresses: WHERE, ports: '20000-20009' },
        wide: { engine: engine.address, addresses: '127.61.1.0/24', bridges: '10.61.0.0/24' },
      },
    },
  });
});

afterAll(async () => {
  await app.stop();
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

const PROBE = 'readinessProbe: {exec: {command: [curl.exe, -fsS, http://localhost/]}, periodSeconds: 1}';

function groupText({
  image = 'acme/iis:ltsc2022',
  location = 'windows',
  osType = 'Windows',
  more = '',
  tags = '',
  job = false,
} = {}) {
  return `
name: site
location: ${location}
${tags}
properties:
  osType: ${osType}
  ${job ? 'restartPolicy: Never' : ''}
  ipAddress: {type: Public, ports: [{port: 80}], dnsNameLabel: our-site}
  containers:
  - name: web
    properties:
      image: ${image}
      command: [ServiceMonitor.exe, w3svc]
      ports: [{port: 80}]
      environmentVariables: [{name: PLACE, value: here}]
      resources: {requests: {cpu: 1.5, memoryInGB: 2}}
      ${more}
`;
}

/** Asks as the command line does, with a file; gives the outcome, and every word that was said. */
async function ask(
  words: readonly string[],
  text = '',
): Promise<{ code: string; said: string; data: unknown }> {
  const files = [{ path: 'containergroup.yaml', text }];
  const caller = { name: 'ann', right: 'admin' } as const;
  const said = { words, caller, surface: 'cli', ...(text ? { files } : {}) } as const;
  const told = runCommand(app.app.ground, said, AbortSignal.timeout(30_000));
  const blocks: unknown[] = [];
  for (;;) {
    const step = await told.next();
    if (!step.done) blocks.push(step.value);
    else return { ...Object(step.value), said: JSON.stringify([...blocks, step.value]) };
  }
}
const deploy = (text: string) => ask(['deploy', '--file', 'containergroup.yaml'], text);

describe('a Windows group', () => {
  test('comes up in one container behind Hyper-V, and is answered for at a port of the host', async () => {
    const { code, said } = await deploy(groupText({ more: PROBE }));
    expect([code, engine.refused]).toEqual(['deployed', []]);
    expect(said).toContain(
      'Hyper-V on Windows build 20348, as its engine says; nothing was looked at from inside',
    );
    const [container, ...others] = engine.containers.values();
    expect(others).toEqual([]);
    expect(container?.asked.HostConfig).toEqual({
      Isolation: 'hyperv',
      NetworkMode: 'windows.production.site.r1',
      RestartPolicy: { Name: 'no' },
      PortBindings: { '80/tcp': [{ HostPort: '20000' }] },
      NanoCpus: 1_500_000_000,
      Memory: 2 * 2 ** 30,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '8m', 'max-file': '2' } },
    });
    expect(engine.networks.get('windows.production.site.r1')?.driver).toBe('nat');
    expect(await (await fetch(`http://${WHERE}:20000/`)).text()).toMatch(/^from sha256:/);
  });

  test('tells what it printed, and what it uses', async () => {
    const { said } = await ask(['logs', 'site']);
    expect(said).toContain('started ServiceMonitor.exe w3svc');
    expect(said).toContain('GET /');
    const host = app.app.ground.hosts['windows'];
    const usage = await host?.engine.usage(AbortSignal.timeout(5_000), 'production/site');
    expect(usage?.get('production/site')).toMatchObject([
      {
        container: 'web',
        cpuMilli: 500,
        memoryBytes: 50_000_000,
        memoryLimitBytes: 2 * 2 ** 30,
        sentBytes: 34,
      },
    ]);
  });

  const exec = async (...command: string[]) => {
    const signal = AbortSignal.timeout(5_000);
    const which = { key: 'production/site', container: 'web', input: false } as const;
    const session = await app.app.ground.hosts['windows']?.engine.exec({ ...which, command }, signal);
    let output = '';
    for await (const { bytes } of session?.output ?? []) output += Buffer.from(bytes);
    return [output, await session?.exitCode];
  };

  test('runs programs, and says which are not there', async () => {
    expect(await exec('cmd.exe', '/c', 'ver')).toEqual(['/c ver\r\n', 7]);
    await expect(exec('sh')).rejects.toMatchObject({ code: 'command-not-found' });
  });

  test('is started again in the same container when it ends, and asked anew whether it is ready', async () => {
    const [container] = engine.containers.values();
    isReady = false;
    engine.exit('windows.production.site.r1.web', 3);
    await eventually(async () => expect([container?.status, container?.starts]).toEqual(['running', 2]));
    await eventually(async () => expect((await ask(['status', 'site'])).said).toContain('not ready'));
    isReady = true;
    await eventually(async () => expect((await ask(['status', 'site'])).said).not.toContain('not ready'));
    expect((await ask(['restart', 'site'])).code).toBe('restarted');
    await eventually(async () => expect([container?.status, container?.starts]).toEqual(['running', 3]));
    expect([...engine.containers.values()]).toEqual([container]);
  });

  test('is made anew when it changes, at the port that it had', async () => {
    const { code, said } = await deploy(groupText({ image: 'acme/iis:ltsc2019', more: PROBE }));
    expect([code, engine.refused]).toEqual(['deployed', []]);
    expect(said).toContain('replace');
    expect([...engine.containers.values()].map(({ name }) => name)).toEqual([
      'windows.production.site.r2.web',
    ]);
    expect((await fetch(`http://${WHERE}:20000/`)).status).toBe(200);
  });

  test('is tried beside the one that serves, where that is asked for', async () => {
    const beside = { image: 'acme/iis:ltsc2022', more: PROBE, tags: 'tags: {katabot-updates: beside}' };
    const { code } = await deploy(groupText(beside));
    expect([code, engine.refused]).toEqual(['deployed', []]);
    const places = [...engine.containers.values()].map(({ name, status }) => [name, status]);
    expect(places).toEqual([
      ['windows.production.site.r2.web', 'running'],
      ['windows.production.site.r3.web', 'running'],
    ]);
    expect((await fetch(`http://${WHERE}:20001/`)).status).toBe(200);
  });

  test('stops with its meter, starts again, and leaves nothing when it is deleted', async () => {
    const running = async () => (await app.app.store.ledger.openIntervals('production/site')).length;
    expect((await ask(['stop', 'site'])).code).toBe('stopped');
    await eventually(async () => expect(await running()).toBe(0));
    const places = () => [...engine.containers.values()].map(({ name, status }) => [name, status]);
    await eventually(async () =>
      expect(places()).toEqual([['windows.production.site.r3.web.ended', 'exited']]),
    );
    expect((await ask(['start', 'site'])).code).toBe('started');
    await eventually(async () => expect(await running()).toBe(1));
    // Its labels may be gone with a start of the engine, and the bot may die in between: the container tells of it to the last.
    for (const [name, network] of engine.networks) engine.networks.set(name, { ...network, labels: {} });
    const remove = engine.networks.delete.bind(engine.networks);
    let left = 0;
    engine.networks.delete = (name) => {
      left = engine.containers.size;
      return remove(name);
    };
    expect((await ask(['delete', 'site'])).code).toBe('removed');
    expect(left).toBe(1);
    engine.networks.delete = remove;
    await eventually(async () =>
      expect([engine.containers.size, [...engine.networks.keys()]]).toEqual([0, ['nat']]),
    );
    expect([await running(), engine.refused]).toEqual([0, []]);
  });
});

test('a job ends, and its meter with it', async () => {
  await deploy(groupText({ job: true }));
  const [container] = engine.containers.values();
  const name = container?.name ?? '';
  engine.exit(name, 0);
  await eventually(async () => expect((await ask(['status', 'site'])).said).toContain('Succeeded'));
  await eventually(async () => expect(container?.name).toBe(`${name}.ended`));
  await eventually(async () =>
    expect(await app.app.store.ledger.intervals({ group: 'production/site' })).toContainEqual(
      expect.objectContaining({ endedAtMs: Date.parse(container?.finishedAt ?? ''), estimated: false }),
    ),
  );
  await gone();
});

test('doctor says what such a host is, and what it lacks', async () => {
  const { said } = await ask(['doctor']);
  expect(said).toContain('engine 24.0.7, API 1.43, Windows x86_64');
  expect(said).toContain('isolation: hypervisor (Hyper-V on Windows build 20348, asked for with each group)');
  expect(said).toContain('its settings hand out several: every deploy is refused');
});

const gone = async () => {
  await ask(['delete', 'site']);
  await eventually(async () => expect(await app.app.store.desired.list()).toEqual([]));
  expect([engine.containers.size, [...engine.networks.keys()]]).toEqual([0, ['nat']]);
};

describe('is refused before anything is made', () => {
  test.each([
    [
      'a group of Linux',
      groupText({ osType: 'Linux', image: 'acme/web:1' }),
      'os-unavailable',
      'runs Windows containers, not Linux ones',
    ],
    [
      'a host that hands out several addresses',
      groupText({ location: 'wide' }),
      'address-unavailable',
      'publishes at all of its addresses',
    ],
    [
      'a probe that something beside the container would ask',
      groupText({ more: 'livenessProbe: {httpGet: {port: 80}}' }),
      'not-supported-here',
      'exec: {command: [curl.exe',
    ],
  ])('%s', async (_what, text, code, words) => {
    const { said } = await deploy(text);
    expect(said).toContain(code);
    expect(said).toContain(words);
    expect(engine.containers.size).toBe(0);
  });

  test('where its engine says another isolation than was asked for', async () => {
    engine.sayIsolation('process');
    const { said } = await deploy(groupText());
    engine.sayIsolation('');
    expect(said).toContain('isolation-missing');
    expect(said).toContain('its engine says isolation process, not hyperv');
    await gone();
  });

  test.each([
    [
      'built on a Windows that is too old',
      'acme/iis:ltsc2016',
      'OsVersionNotSupported',
      'older than any that is run',
    ],
    ['built on a Windows newer than the host', 'acme/iis:ltsc2025', 'OsVersionNotSupported', '10.0.26100'],
    ['for Linux', 'acme/web:1', 'ImageOsTypeNotMatchContainerGroup', 'another operating system'],
    ['that its registry does not have', 'acme/web:2', 'image-not-found', 'knows no such repository or tag'],
  ])('an image %s, which plan says as well', async (_what, image, code, words) => {
    const text = groupText({ image });
    const { data } = await ask(['plan', '--file', 'containergroup.yaml'], text);
    expect(data).toMatchObject({ problems: [{ code, severity: 'warning', line: 12, column: 14 }] });
    expect(JSON.stringify(data)).toContain(words);
    const { said } = await deploy(text);
    expect(said).toContain(code);
    expect(said).toContain(words);
    expect(engine.containers.size).toBe(0);
    await gone();
  });
});
