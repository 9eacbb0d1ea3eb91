/**
 * The bot dies at every moment there is, a fifth of them in a run: before and after each step that the engine takes,
 * each call to the engine that changes something, and each write to the books. Whoever starts it again finds what a
 * bot that never died would have left, and the same bill.
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type Docker from 'dockerode';
import { type Bot, commitFiles, eventually, git, startBot } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import type { Question, State, Witnessed } from './bot.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ADDRESS_RANGE = '127.21';
const NETWORK_RANGE = '198.19';
/** So many stories are told side by side; they mostly wait. */
const STORIES_AT_ONCE = 3;
/** A run looks at every fifth moment, now these, now those; `KATABOT_KILL_EVERY=1` looks at all of them. */
const EVERY = Number(process.env['KATABOT_KILL_EVERY'] ?? 5);
const FIRST = randomInt(1, EVERY + 1);
const CONVERGE_LIMIT_MS = 120_000;
/** A bot answers when it rests, and four of them share the machine. */
const ANSWER_LIMIT_MS = 40_000;
const KEY = 'production/hello';
/** Later than any story is long. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** What is tried beside the one that serves is steady after five seconds; what it has replaced goes a minute later. */
const STEADY_MS = 5_000;
const LINGERS_MS = 60_000;

type Act = 'deploy' | 'replace' | 'beside' | 'delete';
const ACTS: readonly Act[] = ['deploy', 'replace', 'beside', 'delete'];

/** The second document asks for another size, which takes a new sandbox; so does the third, while the second one serves. */
function documentOf(act: Exclude<Act, 'delete'>): string {
  const [image, memoryInGB] = act === 'replace' ? ['katabot/hello:2', 0.2] : ['katabot/hello:1', 0.1];
  const requests = { cpu: 0.1, memoryInGB };
  return JSON.stringify({
    apiVersion: '2021-10-01',
    type: 'Microsoft.ContainerInstance/containerGroups',
    name: 'hello',
    location: 'local',
    tags: { 'katabot-updates': act === 'beside' ? 'beside' : 'in-place' },
    properties: {
      osType: 'Linux',
      restartPolicy: 'Always',
      ipAddress: { type: 'Public', dnsNameLabel: 'hello', ports: [{ port: 80, protocol: 'TCP' }] },
      volumes: [{ name: 'scratch', emptyDir: {} }],
      containers: [
        {
          name: 'web',
          properties: { image, ports: [{ port: 80, protocol: 'TCP' }], resources: { requests } },
        },
        {
          name: 'worker',
          properties: {
            image: 'katabot/busybox:1',
            command: ['sh', '-c', "trap 'exit 0' TERM; sleep 3600 & wait $!"],
            environmentVariables: [{ name: 'KEY', secureValue: 'hunter2' }],
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
            resources: { requests },
          },
        },
      ],
    },
  });
}

let docker: Docker;
let folder: string;

beforeAll(async () => {
  docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
  folder = await mkdtemp(join(tmpdir(), 'katabot-kill-'));
  // It starts again and again; in one piece, each start takes half as long.
  execFileSync(process.execPath, ['test/build.mjs', 'test/kill/bot.ts', 'dist/kill'], { cwd: ROOT });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('a bot that is killed at any moment of a deploy, a replacement, an update beside what serves or a deletion leaves what it should, and bills what was', async () => {
  const reference = await tellStory(0, () => NEVER);
  expect(reference.map(({ died }) => died)).toEqual(['', '', '', '']);
  const deaths = { deploy: 0, replace: 0, beside: 0, delete: 0 };
  const names = new Set<string>();
  const open = new Set<Act>(ACTS);
  let next = FIRST;
  const tellOn = async () => {
    while (open.size > 0) {
      const moment = next;
      next += EVERY;
      const told = await tellStory(moment, (act) => (open.has(act) ? moment : NEVER));
      for (const [index, { act, died, scene }] of told.entries()) {
        const where = `${act}, killed at moment ${moment} (${died})`;
        expect({ where, ...scene }).toEqual({ where, ...reference[index]?.scene });
        if (died) {
          deaths[act] += 1;
          names.add(`${act}: ${died}`);
        } else open.delete(act);
      }
    }
  };
  await Promise.all(Array.from({ length: STORIES_AT_ONCE }, tellOn));
  const points = Object.values(deaths).reduce((sum, count) => sum + count);
  console.info(
    `kill points: ${points}, every ${EVERY} from ${FIRST}, all converged (${JSON.stringify(deaths)}, ${names.size} different)`,
  );
  for (const act of ACTS) expect(deaths[act]).toBeGreaterThan(Math.floor(7 / EVERY));
  for (const kind of [
    / POST \/| DELETE \//,
    / (desired|runs|events|ledger|addresses|labels|slots|tokens|branches)\./,
  ])
    expect([...names]).toContainEqual(expect.stringMatching(kind)); // the engine and the books are both looked at
  if (EVERY > 1) return;
  // Which side of a step a moment falls on depends on how events and steps meet in this run.
  const steps = new Set([...names].map((name) => name.replace(/(before|after) engine\.apply /, '')));
  const expected = [
    'deploy: create-sandbox',
    'deploy: start-members',
    'replace: stop',
    'replace: remove',
    'beside: create-sandbox',
    'beside: stop',
    'beside: remove',
    'delete: remove',
  ];
  expect(expected.filter((step) => !steps.has(step))).toEqual([]);
}, 1_800_000);

interface Told {
  readonly act: Act;
  /** The moment of death in words; '' when the bot lived. */
  readonly died: string;
  readonly scene: Scene;
}

/** One bot with one group: deployed, replaced, updated beside what serves, deleted. In each act the bot dies once, at the moment that is asked for. */
async function tellStory(number: number, momentOf: (act: Act) => number): Promise<Told[]> {
  const story = await openStory(number, momentOf('deploy'));
  const told: Told[] = [];
  try {
    for (const act of ACTS) {
      if (act !== 'deploy') await story.arm(momentOf(act));
      await story.play(act);
      told.push({ act, died: await story.died(), scene: await sceneOf(story, act) });
    }
    return told;
  } finally {
    await story.close();
  }
}

interface Story {
  readonly instance: string;
  readonly dataFolder: string;
  arm(moment: number): Promise<void>;
  /** Does what a person does, starting the bot again and asking again until it is done. */
  play(act: Act): Promise<void>;
  ask(question: Question): Promise<State>;
  /** Where the bot died since the last time. */
  died(): Promise<string>;
  close(): Promise<void>;
}

async function openStory(number: number, moment: number): Promise<Story> {
  const instance = `test-kill-${number}`;
  const dataFolder = join(folder, `data-${number}`);
  const work = join(folder, `work-${number}`);
  let leaptMs = 0;
  const start = (arm: number) =>
    startBot({
      dataFolder,
      talks: true,
      program: ['dist/kill/bot.js', String(arm), String(leaptMs)],
      settings: {
        instance,
        locations: {
          local: {
            isolation: 'none',
            addresses: `${ADDRESS_RANGE}.${number}.0/24`,
            networks: `${NETWORK_RANGE}.${number}.0/24`,
          },
        },
      },
    });
  // It may die before it listens.
  let bot: Bot | undefined = await start(moment).catch(() => undefined);
  let dead = 0;
  const alive = async (): Promise<Bot> => {
    if (bot && bot.process.exitCode === null && bot.process.signalCode === null) return bot;
    bot = await start(NEVER);
    return bot;
  };
  const story: Story = {
    instance,
    dataFolder,
    async arm(at) {
      await askBot(await alive(), { arm: at });
    },
    async play(act) {
      const wanted =
        act === 'delete' ? '' : await commitFiles(work, { 'containergroup.yaml': documentOf(act) });
      await eventually(async () => {
        const living = await alive();
        if (act === 'delete') await deleteUnlessGone(living);
        else await pushUnlessThere(living, work, wanted);
        await eventually(async () => {
          const state = await askBot(await alive(), { tell: true });
          const waitsMs = waitOf(state);
          if (waitsMs) {
            leaptMs += waitsMs;
            await askBot(await alive(), { leapMs: waitsMs });
          }
          expectArrived(state, wanted);
        }, 20_000);
      }, CONVERGE_LIMIT_MS);
    },
    ask: async (question) => askBot(await alive(), question),
    async died() {
      const deaths = (await readFile(join(dataFolder, 'deaths'), 'utf8').catch(() => ''))
        .split('\n')
        .filter(Boolean);
      const fresh = deaths.slice(dead);
      dead = deaths.length;
      return fresh.join(', ');
    },
    async close() {
      await bot?.kill();
      for (const { Id } of await docker.listContainers({ all: true, filters: ownedBy(instance) })) {
        await docker.getContainer(Id).remove({ force: true, v: true });
      }
      for (const { Id } of await docker.listNetworks({ filters: ownedBy(instance) }))
        await docker.getNetwork(Id).remove();
      const { Volumes } = await docker.listVolumes({ filters: JSON.stringify(ownedBy(instance)) });
      for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove();
    },
  };
  return story;
}

/** A person pushes again when the push did not arrive; a push that arrived is the bot's own business. */
async function pushUnlessThere(bot: Bot, work: string, commit: string): Promise<void> {
  const repository = join(bot.dataFolder, 'repositories/shop.git');
  const there = async () => (await git(repository, 'rev-parse', 'refs/heads/main')).text.trim() === commit;
  if (await there().catch(() => false)) return;
  const { text } = await bot.push(work);
  if (!(await there().catch(() => false))) throw new Error(`the push did not arrive: ${text}`);
}

async function deleteUnlessGone(bot: Bot): Promise<void> {
  const { wishes } = await askBot(bot, { tell: true });
  if (wishes.some(({ wanted }) => wanted === 'running')) await bot.run('delete', 'hello');
}

/** How long a bot that rests does nothing about the second place of its group. */
function waitOf({ wishes }: State): number {
  const waits = wishes.map(({ beside }) => ({ tried: STEADY_MS, replaced: LINGERS_MS, '': 0 })[beside]);
  return Math.max(0, ...waits);
}

function expectArrived({ wishes }: State, commit: string): void {
  const wanted = commit ? [{ key: KEY, commit, wanted: 'running', settled: 'Running', beside: '' }] : [];
  expect(wishes).toEqual(wanted);
}

async function askBot(bot: Bot, question: Question): Promise<State> {
  const answered = new AbortController();
  const signal = AbortSignal.any([answered.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
  const gone = once(bot.process, 'exit', { signal }).then(() => {
    throw new Error('the bot died');
  });
  gone.catch(() => {});
  const answer = once(bot.process, 'message', { signal });
  answer.catch(() => {});
  bot.process.send(question, () => {});
  try {
    const [state] = await Promise.race([answer, gone]);
    return state;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`the bot of ${bot.dataFolder} does not answer ${JSON.stringify(question)}`, {
      cause: error,
    });
  } finally {
    answered.abort();
  }
}

function ownedBy(instance: string): { label: string[] } {
  return { label: [`katabot.owner=${instance}`] };
}

/** All that matters afterwards, in a form that is the same in every story. */
interface Scene {
  readonly containers: readonly object[];
  readonly networks: readonly object[];
  readonly volumes: readonly object[];
  readonly page: string;
  readonly bill: readonly object[];
}

async function sceneOf(story: Story, act: Act): Promise<Scene> {
  const filters = ownedBy(story.instance);
  const plain = (text: string) =>
    text
      .replaceAll(story.instance, 'BOT')
      .replaceAll(/(127\.21|198\.19)\.\d+\./g, 'RANGE.')
      .replaceAll(/\.r\d+/g, '.rN');
  const labelsOf = (labels: Record<string, string>) => {
    const {
      'katabot.commit': commit,
      'katabot.fingerprint': fingerprint,
      'katabot.revision': revision,
      ...rest
    } = labels;
    return JSON.parse(
      plain(
        JSON.stringify({
          ...rest,
          commit: commit?.length,
          fingerprint: fingerprint?.length,
          revision: revision !== undefined,
        }),
      ),
    );
  };
  const inspected = await Promise.all(
    (await docker.listContainers({ all: true, filters })).map(({ Id }) => docker.getContainer(Id).inspect()),
  );
  const networks = await docker.listNetworks({ filters });
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) });
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  return {
    containers: inspected
      .map(({ Name, Config, State: state, HostConfig, Mounts }) => ({
        name: plain(Name),
        running: state.Running,
        image: Config.Image,
        command: [Config.Entrypoint, Config.Cmd],
        environment: Config.Env,
        labels: labelsOf(Config.Labels),
        memory: HostConfig.Memory,
        network: HostConfig.NetworkMode?.startsWith('container:')
          ? HostConfig.NetworkMode === `container:${sandboxIn(inspected)?.Id}`
          : plain(HostConfig.NetworkMode ?? ''),
        ports: plain(JSON.stringify(HostConfig.PortBindings)),
        mounts: Mounts.map((mount) => plain(`${mount.Name}:${mount.Destination}`)).sort(),
      }))
      .sort(byName),
    networks: networks
      .map(({ Name, Labels }) => ({ name: plain(Name), labels: labelsOf(Labels ?? {}) }))
      .sort(byName),
    volumes: (Volumes ?? [])
      .map(({ Name, Labels }) => ({ name: plain(Name), labels: labelsOf(Labels) }))
      .sort(byName),
    page: act === 'delete' ? '' : await pageOf(inspected),
    bill: await billOf(story, inspected),
  };
}

type Inspected = Docker.ContainerInspectInfo;

function sandboxIn(inspected: readonly Inspected[]): Inspected | undefined {
  return inspected.find(({ Config }) => Config.Labels['katabot.role'] === 'sandbox');
}

/** Which version the published port shows. */
async function pageOf(inspected: readonly Inspected[]): Promise<string> {
  const address = sandboxIn(inspected)?.Config.Labels['katabot.address'];
  return eventually(async () => {
    const response = await fetch(`http://${address}/`, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    return text.includes('Still running.') ? 'second' : text.includes('It runs.') ? 'first' : text;
  });
}

/** Holds the ledger against the engine's own times, to the millisecond; gives what is the same in every story. */
async function billOf(story: Story, inspected: readonly Inspected[]): Promise<object[]> {
  const { intervals } = await story.ask({ tell: true });
  const written = await readFile(join(story.dataFolder, 'witness'), 'utf8').catch(() => '');
  const removed = new Map<string, Witnessed>();
  for (const line of written.split('\n').filter(Boolean)) {
    const witnessed: Witnessed = JSON.parse(line);
    removed.set(witnessed.id, witnessed);
  }
  const sandbox = sandboxIn(inspected);
  const times = [
    ...[...removed.values()].filter(({ id }) => id !== sandbox?.Id),
    ...(sandbox ? [{ id: sandbox.Id, createdAtMs: Date.parse(sandbox.Created), finishedAtMs: null }] : []),
  ].sort((a, b) => a.createdAtMs - b.createdAtMs);
  expect(intervals.map(({ podId, startedAtMs, endedAtMs }) => [podId, startedAtMs, endedAtMs])).toEqual(
    times.map(({ id, createdAtMs, finishedAtMs }) => [id, createdAtMs, finishedAtMs]),
  );
  return intervals.map(({ estimated, size, prices, location, repository, endedAtMs }) => ({
    estimated,
    size,
    prices,
    location,
    repository,
    open: endedAtMs === null,
  }));
}
