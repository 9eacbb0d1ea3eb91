/** Every cause of a failed deploy that can be brought about here, each on a real engine, each recognised by its code. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, pushCommands } from '../../src/commands/index.ts';
import type { Fact } from '../../src/event.ts';
import { type Block, drawPlain, type FailureReport, type Outcome } from '../../src/replies/index.ts';
import { type AppInTest, commitFiles, eventually, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { type Described, groupText } from '../world/groups.ts';
import { createGallery } from './gallery.ts';
import {
  FOREIGN_IMAGE,
  hurriedClock,
  loadBrokenImages,
  type PretendRegistry,
  removeBrokenImages,
  SCRIPT_IMAGE,
  STRANGER_IMAGE,
  startEmptyHost,
  startProxy,
  startRegistry,
  takePort,
} from './world.ts';

const OWNER = 'cause-test';
const PUBLISHED = '127.35.128.5';
const location = (addresses: string, networks: string, more: object = {}) => ({
  isolation: 'none',
  addresses,
  networks,
  ...more,
});
const dockerHost = process.env['KATABOT_TEST_DOCKER_HOST'] ?? '';
const docker = connect(dockerHost);
const clock = hurriedClock(30 * 60_000);
const gallery = createGallery();

let bot: AppInTest;
let folder: string;
let registry: PretendRegistry;
let gitHost: Awaited<ReturnType<typeof startEmptyHost>>;
let proxy: Awaited<ReturnType<typeof startProxy>>;
const withProxy = dockerHost.startsWith('unix://') ? test : test.skip;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-causes-'));
  registry = await startRegistry('127.35.254.1');
  gitHost = await startEmptyHost('127.35.254.2');
  proxy = await startProxy('127.35.254.3', dockerHost.replace('unix://', ''));
  await loadBrokenImages(docker);
  bot = await startApp({
    settings: {
      instance: OWNER,
      stopGraceSeconds: 0,
      provisioningTimeoutSeconds: 3,
      locations: {
        local: location('127.35.0.0/17', '198.19.64.0/21', {
          shares: { nobody: { server: '127.35.254.9', port: 1 } },
        }),
        single: location('127.35.128.4/31', '198.19.72.0/28'),
        elsewhere: location('192.0.2.7/32', '198.19.72.16/28'), // an address for documentation: no host has it
        crowded: location('127.35.129.0/24', '198.19.73.0/28'),
        unruntimed: location('127.35.130.0/24', '198.19.74.0/24', { runtime: 'no-such-runtime' }),
        strict: location('127.35.131.0/24', '198.19.75.0/24', { isolation: 'hypervisor' }),
        gone: location('127.35.132.0/24', '198.19.76.0/24', { engine: 'tcp://127.35.254.9:1' }),
        flaky: location('127.35.133.0/24', '198.19.77.0/24', { engine: `tcp://127.35.254.3:${proxy.port}` }),
      },
    },
    parts: { clock },
  });
}, 60_000);

afterAll(async () => {
  await registry.close(); // a pull that waits for it ends
  for (const { key } of await bot.app.store.desired.list()) drop(key);
  await eventually(async () => expect(await bot.app.store.desired.list()).toEqual([]), 30_000);
  await bot.stop();
  await Promise.all([gitHost.close(), proxy.cut(), removeBrokenImages(docker)]);
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** Nobody waits for it: a failed group has nothing to say goodbye with. */
function drop(key: `${string}/${string}`): void {
  void bot.app.store.desired.unwish(key, 'test').then(() => bot.app.reconciler.wake(key));
}

interface Deployed {
  readonly outcome: Outcome;
  readonly said: string;
  readonly report: FailureReport;
}

/** What a push does, without git around it; the report of the first group. */
async function deploy(text: string, repository = 'causes'): Promise<Deployed> {
  const { check, blocks, follow } = await begin(text, repository);
  return follow ? follow : { outcome: check, said: drawn(blocks), report: Object(check.data) };
}

async function begin(text: string, repository: string) {
  const push = {
    repository,
    branch: 'main',
    environment: 'production',
    commit: 'a'.repeat(40),
    subject: 'Describe the group',
    files: [{ path: 'shop/containergroup.yaml', text }],
    caller: { name: 'maya', right: 'operator' as const },
  };
  const commands = pushCommands(bot.app.ground);
  const blocks: Block[] = [];
  const check = await drained(commands.checkPush(push, AbortSignal.timeout(20_000)), blocks);
  if (check.kind !== 'done') return { check, blocks };
  const follow = await commands.deployPush(push);
  const told = async (): Promise<Deployed> => {
    const outcome = await drained(follow(AbortSignal.timeout(40_000)), blocks);
    return { outcome, said: drawn(blocks), report: Object(outcome.data).groups?.[0] };
  };
  return { check, blocks, follow: told() };
}

async function drained(told: AsyncGenerator<Block, Outcome>, into: Block[]): Promise<Outcome> {
  for (;;) {
    const { value, done } = await told.next();
    if (done) {
      into.push(...value.blocks);
      return value;
    }
    into.push(value);
  }
}

const drawn = (blocks: readonly Block[]) => blocks.flatMap((block) => drawPlain(block)).join('\n');

/** The group waits for a repository of its own: those of one repository that are not in the tree are removed. */
async function provoke(
  described: Described & { readonly text?: (text: string) => string },
): Promise<Deployed> {
  const { text = (each: string) => each, ...words } = described;
  const document = text(groupText(words));
  const deployed = await deploy(document, `causes-${described.name}`);
  judge(deployed, document);
  drop(`production/${described.name}`);
  return deployed;
}

/** What holds for every failure: one code, one sentence, commands that can be typed, and a place that is in the file. */
function judge({ outcome, said, report }: Deployed, document: string): void {
  expect([outcome.kind, outcome.code]).toEqual(['failed', report.code]);
  expect(said).toContain(report.message);
  expect(report.message).toMatch(/^[^\n]+$/);
  for (const [, command = ''] of said.matchAll(/`katabot ([^`]+)`/g))
    expect(() => parse(command.split(' '))).not.toThrow();
  hang({ outcome, said });
  if (report.place) {
    expect(report.place.file).toBe('shop/containergroup.yaml');
    expect(document.split('\n').length).toBeGreaterThanOrEqual(report.place.line);
    expect(said).toContain(`shop/containergroup.yaml:${report.place.line}:${report.place.column}`);
  }
}

/** Shows the answer in docs/failures.md. */
function hang({ outcome, said }: Pick<Deployed, 'outcome' | 'said'>): void {
  const [problem] = Object(outcome.data).problems ?? [];
  gallery.hang(expect.getState().currentTestName ?? '', problem?.code ?? outcome.code, said);
}

/** The line of the document that a report points at, from its column on. */
function pointedAt(document: string, { place }: FailureReport): string {
  return (document.split('\n')[(place?.line ?? 0) - 1] ?? '').slice((place?.column ?? 1) - 1);
}

const restart = (policy: string) => (text: string) =>
  text.replace('restartPolicy: Always', `restartPolicy: ${policy}`);
const at = (name: string) => (text: string) => text.replace('location: local', `location: ${name}`);
const command =
  (...words: string[]) =>
  (text: string) =>
    text.replace(/command: .*/, `command: ${JSON.stringify(words)}`);

describe('an image', () => {
  test.each([
    ['missing', 'image-not-found', /knows no such repository or tag/],
    ['private', 'registry-refused', /refused the login/],
    ['throttled', 'registry-throttled', /is throttling pulls/],
    ['broken', 'image-not-pulled', /503/],
  ])('that the registry answers with "%s" is %s', async (name, code, message) => {
    const image = `${registry.host}/${name}/web:1`;
    const document = groupText({ name, image });
    const { report } = await provoke({ name, image });
    expect(report).toMatchObject({
      code,
      message: expect.stringMatching(message),
      serving: null,
      running: [],
    });
    expect(pointedAt(document, report)).toBe(image);
    expect(report.cost.picos).toBeGreaterThan(0n); // the meter runs from the start of the pull
  });

  test('that a login does not open points at the login', async () => {
    const image = `${registry.host}/private/web:1`;
    const login = `imageRegistryCredentials: [{server: '${registry.host}', username: reader, password: not-the-one}]`;
    const { report, said } = await provoke({ name: 'login', image, more: [login] });
    expect(report).toMatchObject({
      code: 'registry-refused',
      place: { line: 7, path: 'properties.imageRegistryCredentials[0]' },
    });
    expect(JSON.stringify(report) + said).not.toContain('not-the-one');
  });

  test('whose registry does not answer is registry-unreachable', async () => {
    const { report } = await provoke({ name: 'unreachable', image: '127.35.254.9:1/acme/web:1' });
    expect(report).toMatchObject({ code: 'registry-unreachable', place: { line: 10, column: 14 } });
    expect(report.message).toContain('connection refused');
  });

  test('for another processor is wrong-architecture, warned of before', async () => {
    const { report, said } = await provoke({
      name: 'foreign',
      image: FOREIGN_IMAGE,
      text: (text) => restart('Never')(text).replace(/ +command: .*\n/, ''),
    });
    expect(report).toMatchObject({ code: 'wrong-architecture', container: 'main', place: { line: 10 } });
    expect(said).toMatch(/! image +\S+foreign:1 \(present, for (arm64|amd64)\)/);
    expect(report.lastLines.at(-1)).toContain('exec format error');
  });

  test('whose user does not exist in it is user-unknown', async () => {
    const { report } = await provoke({
      name: 'stranger',
      image: STRANGER_IMAGE,
      text: (text) => text.replace(/ +command: .*\n/, ''),
    });
    expect(report).toMatchObject({ code: 'user-unknown', container: 'main', place: { line: 10 } });
    expect(report.message).toContain('nobody-knows');
  });
});

describe('a program', () => {
  test('that needs more memory than it has is out-of-memory, with twice of it as the way out', async () => {
    const greedy = ['sh', '-c', 'echo loading; dd if=/dev/zero of=/dev/null bs=400M count=1'];
    const quick = (text: string) => text.replace('cpu: 0.1', 'cpu: 1');
    const { report, said } = await provoke({
      name: 'greedy',
      // It is waited for until it is ready, however long a busy machine takes to fill its memory.
      container: ['readinessProbe: {exec: {command: ["false"]}}'],
      text: (text) => quick(restart('Never')(command(...greedy)(text))),
    });
    expect(report).toMatchObject({
      code: 'out-of-memory',
      container: 'main',
      exitCode: 137,
      lastLines: ['loading'],
      place: { path: 'properties.containers[0].properties.resources.requests.memoryInGB', line: 12 },
      suggestion: { text: 'memoryInGB: 0.2' },
    });
    expect(report.message).toMatch(
      /^main was killed \d+\.\d s after its start: out of memory \(limit 0\.1 GB\)\.$/,
    );
    expect(JSON.parse(JSON.stringify(report.suggestion?.addsPerHour))).toEqual({
      currency: 'USD',
      amount: '0.000445',
    });
    expect(said).toMatch(/Likely fix: memoryInGB: 0\.2 at \S+:12:\d+ \(adds \$0\.0004 \/h\)/);
  });

  test('that ends with an error is exit-code, with its last lines and no secret in them', async () => {
    const script = 'echo first; echo "token is $TOKEN"; echo no configuration >&2; exit 3';
    const { report, said } = await provoke({
      name: 'exits',
      container: ['environmentVariables: [{name: TOKEN, secureValue: hunter-two}]'],
      text: command('sh', '-c', script),
    });
    expect(report).toMatchObject({
      code: 'exit-code',
      container: 'main',
      exitCode: 3,
      lastLines: expect.arrayContaining(['first', 'token is [secret]', 'no configuration']),
      place: null,
    });
    expect(report.lastLines).toHaveLength(3); // of the last run alone, though it ran twice
    expect(said).not.toContain('hunter-two');
    expect(said).toContain('It is started again with growing delays.');
    expect(said).toContain('`katabot logs exits/main`');
  });

  test('that printed nothing shows what its run before printed', async () => {
    const script = '[ -e /scratch/ran ] && exit 4; touch /scratch/ran; echo the first time; exit 4';
    const { report } = await provoke({
      name: 'silent-run',
      container: ['volumeMounts: [{name: scratch, mountPath: /scratch}]'],
      more: ['volumes: [{name: scratch, emptyDir: {}}]'],
      text: command('sh', '-c', script),
    });
    expect(report).toMatchObject({ code: 'exit-code', exitCode: 4, lastLines: ['the first time'] });
  });

  test('that a shell does not find is exit-code 127 at its command', async () => {
    const { report } = await provoke({
      name: 'shell',
      text: (text) => restart('Never')(command('sh', '-c', 'no-such-tool')(text)),
    });
    expect(report).toMatchObject({ code: 'exit-code', exitCode: 127, place: { line: 11 } });
    expect(report.message).toContain('usually: a program was not found');
  });

  test('that is not in the image is command-not-found at its command; a whole line in one word is taken apart', async () => {
    const { report } = await provoke({ name: 'lost', text: command('/no/such --port 80') });
    expect(report).toMatchObject({
      code: 'command-not-found',
      container: 'main',
      lastLines: [],
      place: { line: 11, path: 'properties.containers[0].properties.command' },
      suggestion: { text: 'command: ["/no/such","--port","80"]' },
    });
  });

  test('that may not be run is command-not-executable', async () => {
    const { report } = await provoke({ name: 'plain', text: command('/etc/passwd') });
    expect(report).toMatchObject({ code: 'command-not-executable', container: 'main', place: { line: 11 } });
  });

  test.each([
    ['/run', 'command-not-executable', /script with a first line/],
    ['/lost', 'command-not-found', /an interpreter, or a loader/],
  ])('that is a script which nothing can run (%s) is %s', async (program, code, message) => {
    const { report } = await provoke({
      name: `script${program.replace('/', '-')}`,
      image: SCRIPT_IMAGE,
      text: (text) => restart('Never')(command(program)(text)),
    });
    expect(report).toMatchObject({ code, message: expect.stringMatching(message), place: { line: 11 } });
  });

  test('of an init container that fails is init-failed, and nothing else starts', async () => {
    const init = `initContainers: [{name: prepare, properties: {image: 'katabot/busybox:1', command: [sh, -c, 'echo no database; exit 9']}}]`;
    const { report } = await provoke({ name: 'init', more: [init], text: restart('Never') });
    expect(report).toMatchObject({
      code: 'init-failed',
      container: 'prepare',
      exitCode: 9,
      lastLines: ['no database'],
      running: [],
    });
  });
});

describe('a probe', () => {
  const script = 'echo waiting for the database; trap "exit 0" TERM; sleep 3600 & wait $!';
  const unready = 'readinessProbe: {periodSeconds: 1, httpGet: {path: /ready, port: 80}}';

  test('of readiness that does not succeed in time is probe-failed at its line; the others run on', async () => {
    const side = `  - {name: side, properties: {image: 'katabot/busybox:1', command: [sleep, '3600'], resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}}}\n`;
    const described = { name: 'unready', container: [unready] };
    const text = (each: string) => `${command('sh', '-c', script)(each)}${side}`;
    const { report, said } = await provoke({ ...described, text });
    expect(report).toMatchObject({
      code: 'probe-failed',
      container: 'main',
      exitCode: null,
      lastLines: ['waiting for the database'],
      running: ['side'],
      serving: null,
      place: { line: 13, path: 'properties.containers[0].properties.readinessProbe' },
    });
    expect(report.message).toMatch(
      /^main was not ready within 3 s of its start: .*port 80: connection refused\.$/,
    );
    expect(pointedAt(text(groupText(described)), report)).toMatch(/^\{?periodSeconds|^readinessProbe/);
    expect(said).toContain('side runs on.');
  });

  test('of liveness that fails is probe-failed, with its last words and no secret in them', async () => {
    const probe = 'echo "no $(cat /secrets/key) here"; exit 3';
    const { report, said } = await provoke({
      name: 'unhealthy',
      more: ['volumes: [{name: store, secret: {key: aHVudGVyLXR3bw==}}]'],
      container: [
        unready,
        `livenessProbe: {failureThreshold: 1, timeoutSeconds: 20, exec: {command: [sh, -c, '${probe}']}}`,
        'volumeMounts: [{name: store, mountPath: /secrets}]',
      ],
      text: command('sh', '-c', script),
    });
    expect(report).toMatchObject({
      code: 'probe-failed',
      container: 'main',
      message: 'main was ended, because its liveness probe failed: exit code 3: no [secret] here.',
      lastLines: expect.arrayContaining(['waiting for the database']),
      place: { path: 'properties.containers[0].properties.livenessProbe' },
    });
    expect(said).not.toContain('hunter-two');
    expect(JSON.stringify(await bot.app.store.events.events({}))).not.toContain('hunter-two');
  });
});

describe('the host', () => {
  test('whose port is taken says port-taken at the port', async () => {
    const release = await takePort(PUBLISHED, 8080);
    const { report } = await provoke({
      name: 'port',
      more: [`ipAddress: {type: Public, ip: ${PUBLISHED}, ports: [{port: 9090}, {port: 8080}]}`],
      container: ['ports: [{port: 9090}, {port: 8080}]'],
      text: at('single'),
    });
    await release();
    expect(report).toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining(`${PUBLISHED}:8080`),
      place: { line: 7, path: 'properties.ipAddress.ports[1].port' },
    });
  });

  test('that does not own the address says address-missing', async () => {
    const { report } = await provoke({
      name: 'address',
      more: ['ipAddress: {type: Public, ports: [{port: 8080}]}'],
      container: ['ports: [{port: 8080}]'],
      text: at('elsewhere'),
    });
    expect(report).toMatchObject({ code: 'address-missing', place: null });
  });

  test('whose networks leave no room says network-overlap', async () => {
    const foreign = await docker.createNetwork({
      Name: 'cause-test-foreign',
      Labels: { 'katabot.owner': 'cause-test-foreign' },
      IPAM: { Config: [{ Subnet: '198.19.73.0/24' }] },
    });
    try {
      const { report } = await provoke({ name: 'overlap', text: at('crowded') });
      expect(report).toMatchObject({ code: 'network-overlap', place: null });
    } finally {
      await foreign.remove();
    }
  });

  test('without the runtime says runtime-missing', async () => {
    const { report } = await provoke({ name: 'runtime', text: at('unruntimed') });
    expect(report).toMatchObject({
      code: 'runtime-missing',
      message: expect.stringContaining('no-such-runtime'),
    });
  });

  test('with too few processors for one container says no-capacity at its cpu', async () => {
    const { NCPU } = await docker.info();
    const resources = `{requests: {cpu: ${NCPU}, memoryInGB: 0.1}, limits: {cpu: ${NCPU + 1}}}`;
    const { report } = await provoke({
      name: 'wide',
      text: (text) =>
        `${text.replace(/resources: .*/, `resources: ${resources}`)}  - {name: side, properties: {image: 'katabot/busybox:1', resources: {requests: {cpu: 1, memoryInGB: 0.1}}}}\n`,
    });
    expect(report).toMatchObject({
      code: 'no-capacity',
      container: 'main',
      place: { line: 12, path: 'properties.containers[0].properties.resources.limits.cpu' },
    });
  });

  test('that is away before the deploy refuses it, and nothing has changed', async () => {
    const { outcome, said } = await deploy(at('gone')(groupText({ name: 'away' })), 'causes-away');
    hang({ outcome, said });
    expect([outcome.kind, outcome.code]).toEqual(['refused', 'engine-unreachable']);
    expect(said).toContain('Nothing was changed');
    expect(await bot.app.store.desired.get('production/away')).toBeUndefined();
  });

  withProxy(
    'that goes away in the middle of it says engine-unreachable, and claims nothing else',
    async () => {
      const cut = once('production/flaky', 'sandbox-started').then(() => proxy.cut());
      const { report, said } = await provoke({ name: 'flaky', text: at('flaky') });
      await cut;
      proxy = await startProxy('127.35.254.3', dockerHost.replace('unix://', ''), proxy.port);
      expect(report).toMatchObject({ code: 'engine-unreachable', running: null, serving: null, place: null });
      expect(said).toContain('What serves cannot be seen while the engine does not answer.');
      expect(said).toContain('goes on by itself as soon as the engine answers again');
    },
  );
});

test('a git volume whose repository does not exist is volume-missing, at its address and without the login in it', async () => {
  const repository = `${gitHost.url.replace('http://', 'http://reader:pass-me@')}/none.git`;
  const volumes = `volumes: [{name: source, gitRepo: {repository: '${repository}'}}]`;
  const { report, said } = await provoke({
    name: 'volume',
    more: [volumes],
    container: ['volumeMounts: [{name: source, mountPath: /source}]'],
  });
  expect(report).toMatchObject({
    code: 'volume-missing',
    place: { line: 7, path: 'properties.volumes[0].gitRepo.repository' },
  });
  expect(JSON.stringify(report) + said).not.toContain('pass-me');
});

test('a git volume whose host does not answer is volume-failed', async () => {
  const { report } = await provoke({
    name: 'volume-host',
    more: [`volumes: [{name: source, gitRepo: {repository: 'http://127.35.254.9:1/x.git', revision: v1}}]`],
    container: ['volumeMounts: [{name: source, mountPath: /source}]'],
  });
  expect(report).toMatchObject({
    code: 'volume-failed',
    place: { line: 7, path: 'properties.volumes[0].gitRepo.revision' },
  });
});

test('a file share that cannot be mounted is told at its line, and its key is not', async () => {
  const key = 'c2hhcmUta2V5LWZvci10ZXN0cw==';
  const { report, said } = await provoke({
    name: 'share-host',
    more: [
      `volumes: [{name: files, azureFile: {shareName: team, storageAccountName: nobody, storageAccountKey: '${key}'}}]`,
    ],
    container: ['volumeMounts: [{name: files, mountPath: /files}]'],
  });
  // By whether the host's kernel knows SMB at all: nobody listens there.
  expect(['share-unreachable', 'share-unsupported']).toContain(report.code);
  expect(report).toMatchObject({
    place: { line: 7, path: expect.stringMatching(/^properties\.volumes\[0\]\.azureFile/) },
  });
  expect(JSON.stringify(report) + said).not.toContain(key);
});

describe('a deploy', () => {
  test('that does not end is told as timeout at the image it waits for, and goes on', async () => {
    const image = `${registry.host}/silent/slow:1`;
    const document = groupText({ name: 'slow', image });
    const asked = registry.asked();
    const running = deploy(document, 'causes-slow');
    await asked;
    clock.hurry();
    const deployed = await running;
    judge(deployed, document);
    expect(deployed.report).toMatchObject({
      code: 'timeout',
      message: `The image ${image} was not pulled within 30 minutes.`,
      place: { line: 10, column: 14 },
    });
    expect(deployed.said).toContain('it is only the telling that ends');
    drop('production/slow');
  });

  test('that a newer one overtakes is superseded', async () => {
    const image = `${registry.host}/silent/old:1`;
    const document = groupText({ name: 'overtaken', image });
    const asked = registry.asked();
    const older = deploy(document, 'causes-overtaken');
    await asked;
    const newer = await deploy(groupText({ name: 'overtaken' }), 'causes-overtaken');
    const deployed = await older;
    expect(newer.outcome.code).toBe('deployed');
    judge(deployed, document);
    expect(deployed.report).toMatchObject({
      code: 'superseded',
      message: 'Revision 2 took the place of revision 1 before it was up.',
    });
    drop('production/overtaken');
  });

  test('whose group is deleted meanwhile is cancelled, by whom', async () => {
    const document = groupText({ name: 'unwanted', image: `${registry.host}/silent/new:1` });
    const asked = registry.asked();
    const running = deploy(document, 'causes-unwanted');
    await asked;
    const { code } = await bot.run('delete', 'unwanted');
    const deployed = await running;
    judge(deployed, document);
    expect([code, deployed.report.code]).toEqual(['removed', 'cancelled']);
    expect(deployed.report.message).toBe('local deleted unwanted before it was up.');
  });

  test('that fails after one that came up says what keeps serving, in the outcome and in the status', async () => {
    const repository = 'causes-serving';
    expect((await deploy(groupText({ name: 'serving' }), repository)).outcome.code).toBe('deployed');
    const missing = groupText({ name: 'serving', image: `${registry.host}/missing/web:2` });
    const pulled = await deploy(missing, repository);
    judge(pulled, missing);
    expect(pulled.report).toMatchObject({
      code: 'image-not-found',
      revision: 2,
      serving: 1,
      running: ['main'],
    });
    expect(pulled.said).toContain('Revision 1 keeps serving; nothing changed for its users.');
    expect(pulled.report.cost.picos).toBe(0n); // the one that serves is what costs
    expect(await dataOf('status', 'serving')).toMatchObject({
      serving: 1,
      failure: {
        code: 'image-not-found',
        place: { file: 'shop/containergroup.yaml', path: 'properties.containers[0].properties.image' },
      },
    });
    const started = await deploy(command('/no/such')(groupText({ name: 'serving' })), repository);
    expect(started.report).toMatchObject({ code: 'command-not-found', serving: null, running: [] });
    expect(started.said).toContain('Nothing serves until this is mended.');
    drop('production/serving');
  });

  test('of a job that failed leaves its cause in the status', async () => {
    const words = ['sh', '-c', 'exit 5'];
    const document = restart('Never')(command(...words)(groupText({ name: 'job' })));
    expect((await deploy(document, 'causes-job')).outcome.code).toBe('exit-code');
    // The deploy is answered when the program has ended, the group a look later.
    const settled = {
      state: 'Failed',
      failure: {
        code: 'exit-code',
        container: 'main',
        exitCode: 5,
        advice: expect.stringContaining('not started again'),
      },
    };
    await eventually(async () => expect(await dataOf('status', 'job')).toMatchObject(settled));
    drop('production/job');
  });

  test.each([
    [
      'more memory than the host has',
      groupText({ name: 'huge', memoryInGB: '230' }),
      'ServiceUnavailable',
      12,
    ],
    ['an isolation that is not there', at('strict')(groupText({ name: 'safe' })), 'isolation-unavailable', 3],
    ['a location that is not there', at('moon')(groupText({ name: 'lost' })), 'location-unknown', 3],
  ])('that asks for %s is refused before anything changes, at its line', async (_what, text, code, line) => {
    const wanted = async () => (await bot.app.store.desired.list()).map(({ key }) => key);
    const before = await wanted(); // groups of tests before may go meanwhile
    const { outcome, said } = await deploy(text, 'causes-refused');
    hang({ outcome, said });
    const made = (await wanted()).filter((key) => !before.includes(key));
    expect([outcome.kind, made]).toEqual(['invalid', []]);
    expect(outcome.data).toMatchObject({ problems: [{ code, line, file: 'shop/containergroup.yaml' }] });
  });

  test('whose name another group has is refused at its line', async () => {
    await deploy(groupText({ name: 'first', label: 'causelabel' }), 'causes-first');
    const name = await deploy(groupText({ name: 'first' }), 'causes-second');
    hang(name);
    expect(name.outcome.data).toMatchObject({ problems: [{ code: 'group-taken', line: 2 }] });
  });

  test('whose label another group has is refused at its line', async () => {
    const label = await deploy(groupText({ name: 'second', label: 'causelabel' }), 'causes-second');
    hang(label);
    expect(label.outcome.data).toMatchObject({ problems: [{ code: 'DnsNameLabelAlreadyTaken', line: 7 }] });
    drop('production/first');
  });
});

test('git push shows the cause as it is', async () => {
  const document = restart('Never')(
    command('sh', '-c', 'echo no database; exit 3')(groupText({ name: 'pushed' })),
  );
  await commitFiles(join(folder, 'pushed'), { 'containergroup.yaml': document });
  const { code, text } = await bot.push(join(folder, 'pushed'), { repository: 'pushed' });
  expect(code).toBe(0); // the ref has moved; the wish stays
  expect(text).toMatch(
    /remote: {3}✗ exit-code +main ended with exit code 3, \d\.\d s after its start\.\s*\nremote: {3}main {5}\| no database/,
  );
  expect(text).toMatch(
    /remote: {5}The attempt has cost \$[\d.]+\. Next: `katabot logs pushed\/main` · `katabot status pushed`/,
  );
  drop('production/pushed');
});

test('docs/failures.md shows these answers', async () => {
  const { Version } = await docker.version();
  expect(gallery.complaint(Version.split('.').slice(0, 2).join('.'))).toBe('');
});

async function dataOf(...words: string[]): Promise<unknown> {
  const outcome: { data?: unknown } = Object(await bot.run(...words));
  return outcome.data;
}

/** Resolves when a fact of this kind is told of a group. */
function once(key: string, kind: Fact['kind']): Promise<void> {
  return new Promise((resolve) => {
    const stop = bot.app.ground.feed.listen(({ group, fact }) => {
      if (group !== key || fact.kind !== kind) return;
      stop();
      resolve();
    });
  });
}
