/**
 * An engine of the next release of Debian, unpacked beside the machine's own: it hands annotations to its runtime and devices
 * to containers by their names (CDI), which the engine that the other tests run on cannot.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type Docker from 'dockerode';
import { systemClock } from '../../../src/clock.ts';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import type { Isolation } from '../../../src/engines/index.ts';
import { engineContract } from '../../contracts/engine.ts';
import { type AppInTest, startApp } from '../../world/bot.ts';
import { connect } from '../../world/docker.ts';
import { buildImages } from '../../world/images.ts';
import { startPrivateEngine } from '../../world/private-engine.ts';
import { stopPrivateEngine } from '../../world/private-engine-stop.ts';
import { canUnpack, unpackPackages } from '../../world/unpack-packages.ts';
import { said } from './brought-up.ts';

const CARDS = 'katabot.test/gpu';
const MACHINE_CARDS = 'katabot.test/pgpu';
const OWNER = 'test-newer';

const onDebian = canUnpack() ? describe : describe.skip;

onDebian('a newer engine', () => {
  let work: string;
  let folder = '';
  let way: string;
  let docker: Docker;
  let bot: AppInTest;

  beforeAll(async () => {
    const programs = unpackPackages('trixie', ['docker.io', 'containerd']);
    work = mkdtempSync(join(tmpdir(), 'katabot-cdi-'));
    const cdi = join(work, 'cdi');
    mkdirSync(cdi);
    for (const kind of [CARDS, MACHINE_CARDS]) writeFileSync(join(cdi, fileOf(kind)), cardsOf(kind));
    folder = await startPrivateEngine({
      programs,
      runtimes: { kata: { path: 'runc' } },
      flags: ['--iptables=false'], // it would set up anew what keeps the groups of the other engine apart
      settings: { features: { cdi: true }, 'cdi-spec-dirs': [cdi] },
    });
    way = `unix://${folder}/docker.sock`;
    docker = connect(way);
    await buildImages(docker);
    bot = await startApp({
      settings: {
        instance: OWNER,
        locations: {
          local: {
            engine: way,
            isolation: 'none',
            addresses: '127.43.0.0/16',
            networks: '198.18.228.0/22',
            gpus: [`${CARDS}=card0`, `${MACHINE_CARDS}=0`, `${CARDS}=away`].map((id, index) => ({
              id,
              sku: (['V100', 'P100', 'K80'] as const)[index],
            })),
          },
        },
      },
    });
  }, 180_000);

  afterAll(async () => {
    await bot?.stop();
    if (folder) await stopPrivateEngine(folder);
    if (work) rmSync(work, { recursive: true, force: true });
  });

  const engineWith = (runtime: string, isolation: Isolation, owner: string) =>
    createDockerEngine(
      { way: { engine: way }, folder: '', runtime, isolation, owner, stopGraceSeconds: 1 },
      systemClock,
    );
  const containersOf = async (group: string) => {
    const filters = { label: [`katabot.owner=${OWNER}`, `katabot.group=production/${group}`] };
    const found = await docker.listContainers({ all: true, filters });
    return Promise.all(found.map(({ Id }) => docker.getContainer(Id).inspect()));
  };

  test('speaks an API that has annotations', async () => {
    const { api, version } = await engineWith('runc', 'none', 'look-newer').describe(
      AbortSignal.timeout(20_000),
    );
    expect([api >= 1.43, Number.parseInt(version, 10) >= 25]).toEqual([true, true]);
  });

  test('takes a group as one pod: its runtime is told which container joins which sandbox, and one supervisor has them all', async () => {
    expect((await bot.give('deploy', groupOf('pod', ['one', 'two']))).code).toBe('deployed');
    const all = await containersOf('pod');
    const sandbox = all.find(({ Name }) => Name.endsWith('.sandbox'));
    const members = all.filter((each) => each !== sandbox);
    expect(annotationsOf(sandbox)).toMatchObject({
      'io.kubernetes.cri.container-type': 'sandbox',
      'io.kubernetes.cri.sandbox-cpu-quota': '20000',
    });
    for (const member of members)
      expect(annotationsOf(member)).toMatchObject({
        'io.kubernetes.cri.container-type': 'container',
        'io.kubernetes.cri.sandbox-id': sandbox?.Id,
      });
    expect(members).toHaveLength(2);
    // What the runtime makes of it: containerd's supervisor of the sandbox takes the members in, and none has one of its own.
    expect(all.map(({ Id }) => supervisorsOf(Id))).toEqual(all.map(({ Id }) => (Id === sandbox?.Id ? 1 : 0)));
    expect((await bot.run('delete', 'pod')).code).toBe('removed');
    expect(supervisorsOf(sandbox?.Id ?? '')).toBe(0);
  });

  test('is not too old for virtual machines, and one that runs none is caught', async () => {
    const { isolation, isolationSaw } = await engineWith('kata', 'hypervisor', 'look-kata').describe(
      AbortSignal.timeout(30_000),
    );
    expect([isolation, isolationSaw]).toEqual(['none', expect.stringMatching(/host’s own kernel/)]);
  });

  test('gives a card by its name to the container that asks for it, and to no other', async () => {
    const told = await bot.give('deploy', groupOf('train', ['card', 'other'], { card: 'V100' }));
    expect(told.code).toBe('deployed');
    await hears('train', 'card', 'card0 /dev/card0');
    await hears('train', 'other', 'none none');
    const sandbox = (await containersOf('train')).find(({ Name }) => Name.endsWith('.sandbox'));
    expect(sandbox?.HostConfig.DeviceRequests ?? []).toEqual([]);
    expect((await bot.run('delete', 'train')).code).toBe('removed');
  });

  test('gives one that is set aside for virtual machines to the sandbox, which has it first, and to the container', async () => {
    const told = await bot.give('deploy', groupOf('guest', ['card', 'other'], { card: 'P100' }));
    expect(told.code).toBe('deployed');
    await hears('guest', 'card', '0 /dev/card0');
    await hears('guest', 'other', 'none none');
    const sandbox = (await containersOf('guest')).find(({ Name }) => Name.endsWith('.sandbox'));
    expect(sandbox?.HostConfig.DeviceRequests).toMatchObject([
      { Driver: 'cdi', DeviceIDs: [`${MACHINE_CARDS}=0`] },
    ]);
    expect((await bot.run('delete', 'guest')).code).toBe('removed');
  });

  test('says of a name that it does not know which one it is, and nothing is left', async () => {
    const failed = await bot.give('deploy', groupOf('gone', ['card'], { card: 'K80' }));
    expect(failed).toMatchObject({
      kind: 'failed',
      code: 'gpu-missing',
      data: { message: expect.stringContaining(`unresolvable CDI devices ${CARDS}=away`), container: 'card' },
    });
    expect((await bot.run('delete', 'gone')).code).toBe('removed');
    expect(
      await docker.listContainers({ all: true, filters: { label: [`katabot.owner=${OWNER}`] } }),
    ).toEqual([]);
  });

  engineContract(
    'what every engine does',
    async () => ({
      open: async () => engineWith('runc', 'none', 'contract-newer'),
      networks: '198.18.35',
      addresses: '127.38.3',
    }),
    [],
  );

  /** Resolves when the container has said it. */
  const hears = (name: string, container: string, words: string) =>
    said(engineWith('runc', 'none', OWNER), { key: `production/${name}` }, container, words);
});

function fileOf(kind: string): string {
  return `${kind.replace('/', '-')}.json`;
}

/** Two cards as CDI describes them: a device, and a variable that tells which one it is. */
function cardsOf(kind: string): string {
  const device = (name: string) => ({
    name,
    containerEdits: { env: [`CARD=${name}`], deviceNodes: [{ path: '/dev/card0', hostPath: '/dev/null' }] },
  });
  return JSON.stringify({ cdiVersion: '0.5.0', kind, devices: ['card0', '0'].map(device) });
}

function groupOf(
  name: string,
  containers: readonly string[],
  skus: Readonly<Record<string, string>> = {},
): string {
  const gpu = (container: string) => (skus[container] ? `, gpu: {count: 1, sku: ${skus[container]}}` : '');
  return `name: ${name}
location: local
properties:
  osType: Linux
  containers:
${containers
  .map(
    (container) => `  - name: ${container}
    properties:
      image: katabot/busybox:1
      command: [sh, -c, 'echo "\${CARD:-none} $(ls /dev/card0 2>/dev/null || echo none)"; sleep 600']
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1${gpu(container)}}}
`,
  )
  .join('')}`;
}

function annotationsOf(container: Docker.ContainerInspectInfo | undefined): unknown {
  return Object(container?.HostConfig).Annotations;
}

/** The processes that were started to look after a container, by the words that containerd gives them. */
function supervisorsOf(id: string): number {
  return readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each))
    .filter((pid) => {
      const words = wordsOf(pid);
      return words.some((word) => word.endsWith('containerd-shim-runc-v2')) && words.includes(id);
    }).length;
}

function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it has ended meanwhile
  }
}
