/** What every engine does, whatever it is made of: ACI's rules, and what the reconciler relies on. */
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  Engine,
  LogRequest,
  ObservedMember,
  ObservedStandby,
  Pod,
  SizeClass,
  Step,
} from '../../src/engines/index.ts';
import type { Fact, GroupKey } from '../../src/event.ts';
import { podOf } from '../../src/reconciler/index.ts';
import { type GroupWords, groupFrom, wishFor } from '../reconciler/groups.ts';
import { eventually } from '../world/bot.ts';

export interface EngineUnderTest {
  /** A new engine value over the same host, as after a restart of the bot. */
  open(): Promise<Engine>;
  close?(): Promise<void>;
  /** Where the groups of this engine are placed, such as `198.18.240` and `127.38.1`: each group has a 16th of it. */
  readonly networks: string;
  readonly addresses: string;
}

/** What an engine cannot do, each with its reason. */
export type Gaps = readonly { because: string; cases: readonly Case[] }[];

type Case = keyof typeof CASES;

const IMAGE = 'katabot/busybox:1';
const signal = () => AbortSignal.timeout(50_000);

class Host {
  readonly engine: Engine;
  readonly under: EngineUnderTest;
  readonly #pods: Pod[] = [];

  constructor(engine: Engine, under: EngineUnderTest) {
    this.engine = engine;
    this.under = under;
  }

  /** The pod of a group, and nothing made of it yet. */
  async pod(name: string, words: GroupWords, more: { address?: string } = {}): Promise<Pod> {
    const number = this.#pods.length;
    const withImage = (each: GroupWords['containers']) =>
      Object.fromEntries(Object.entries(each).map(([key, one]) => [key, { image: IMAGE, ...one }]));
    const all = { ...words, name, containers: withImage(words.containers) };
    const wish = wishFor(words.init ? { ...all, init: withImage(words.init) } : all, {
      key: `production/${name}`,
      address: more.address ?? (words.ports ? `${this.under.addresses}.${number + 1}` : ''),
      subnet: `${this.under.networks}.${number * 16}/28`,
    });
    const pod = podOf(wish, undefined, 'pepper');
    const { images } = await this.apply({ kind: 'pull', pod });
    const pinned = { ...pod, images: images ?? {} };
    this.#pods.push(pinned);
    return pinned;
  }

  /** The group with all its members started. */
  async bring(name: string, words: GroupWords): Promise<Pod> {
    const pod = await this.pod(name, words);
    await this.apply({ kind: 'create-sandbox', pod });
    await this.start(pod);
    return pod;
  }

  async start(pod: Pod, containers = pod.group.containers.map((each) => each.name)): Promise<void> {
    await this.apply({ kind: 'start-members', pod, sandboxId: await this.sandbox(pod), containers });
  }

  /** A sandbox that waits where the pod is to be. */
  async wait(id: string, { subnet, published }: Pod, size: SizeClass): Promise<void> {
    await this.engine.standby.prepare({ id, size, subnet, published }, signal());
  }

  async waiting(): Promise<ObservedStandby[]> {
    return this.engine.standby.list(signal());
  }

  async sandbox({ key }: Pod): Promise<string> {
    return (await this.see(key))?.sandboxId ?? '';
  }

  async apply(step: Step, told: Fact[] = []) {
    const report = async (fact: Fact) => void told.push(fact);
    return this.engine.apply(step, { signal: signal(), report });
  }

  async see(key: GroupKey) {
    return (await this.engine.observe(signal(), key)).get(key)?.pods.at(-1);
  }

  async member({ key }: Pod, name: string): Promise<ObservedMember> {
    const found = (await this.see(key))?.members.find((member) => member.name === name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  }

  ended(pod: Pod, name: string): Promise<ObservedMember> {
    return eventually(async () => {
      const member = await this.member(pod, name);
      expect(member.state).toBe('exited');
      return member;
    }, 30_000);
  }

  async logs(pod: Pod, request: Partial<LogRequest> = {}): Promise<string[]> {
    const lines: string[] = [];
    const wanted = { key: pod.key, follow: false, ...request };
    for await (const line of this.engine.logs(wanted, signal())) lines.push(`${line.container} ${line.text}`);
    return lines;
  }

  async run(pod: Pod, container: string, ...command: string[]) {
    const session = await this.engine.exec({ key: pod.key, container, command, input: false }, signal());
    const said = { stdout: '', stderr: '', code: -1 };
    await session.begun();
    for await (const { stream, bytes } of session.output) said[stream] += Buffer.from(bytes).toString();
    said.code = await session.exitCode;
    return said;
  }

  /** As a deletion does it: stop, look, remove, until nothing is seen any more. */
  async clear(): Promise<void> {
    for (const { key } of this.#pods.splice(0)) {
      const pod = await this.see(key);
      if (!pod) continue;
      const members = pod.members.filter(({ state }) => state === 'running').map(({ id }) => id);
      const sandbox = pod.state === 'running' ? pod.sandboxId : '';
      await this.apply({ kind: 'stop', key, members, sandbox });
      await this.apply({ kind: 'remove', key, podId: pod.id, keepVolumes: false });
      expect(await this.see(key)).toBeUndefined();
    }
  }
}

const WAIT = 'sleep 3600';
const GOODBYE = "trap 'echo goodbye; exit 0' TERM; echo ready; sleep 3600 & wait $!";

/** Each case by the rule that it is about. */
const CASES = {
  'a member that ends stays so, with its exit code, until it is started again: restarts are the bot’s':
    async (host: Host) => {
      const pod = await host.bring('ends', {
        containers: {
          bad: { script: 'echo once; exit 3' },
          good: { script: 'exit 0' },
          web: { script: WAIT },
        },
      });
      const [bad, good] = await Promise.all([host.ended(pod, 'bad'), host.ended(pod, 'good')]);
      expect([bad.exitCode, good.exitCode, (await host.member(pod, 'web')).state]).toEqual([3, 0, 'running']);
      await host.start(pod, ['bad']);
      const again = await host.ended(pod, 'bad');
      expect(again.id).toBe(bad.id);
      expect(again.startedAtMs).toBeGreaterThan(bad.startedAtMs ?? 0);
      expect(await host.logs(pod, { container: 'bad' })).toEqual(['bad once', 'bad once']);
    },
  'an init container runs alone and shows how it ended': async (host: Host) => {
    const pod = await host.pod('init', {
      init: { first: { script: 'echo first; exit 0' }, second: { script: 'exit 9' } },
      containers: { web: { script: WAIT } },
    });
    await host.apply({ kind: 'create-sandbox', pod });
    const sandboxId = await host.sandbox(pod);
    await host.apply({ kind: 'start-init', pod, sandboxId, container: 'first' });
    expect(await host.ended(pod, 'first')).toMatchObject({ init: true, exitCode: 0 });
    await host.apply({ kind: 'start-init', pod, sandboxId, container: 'second' });
    expect(await host.ended(pod, 'second')).toMatchObject({ init: true, exitCode: 9 });
    expect((await host.see(pod.key))?.members.map(({ name }) => name).sort()).toEqual(['first', 'second']);
  },
  'a step that is repeated finds its own work': async (host: Host) => {
    const pod = await host.bring('twice', { containers: { web: { script: WAIT } } });
    const before = await host.see(pod.key);
    await host.apply({ kind: 'create-sandbox', pod });
    await host.start(pod);
    expect(await host.see(pod.key)).toEqual(before);
    const stop: Step = { kind: 'stop', key: pod.key, members: [before?.members[0]?.id ?? ''], sandbox: '' };
    await host.apply(stop);
    const ended = await host.ended(pod, 'web');
    await host.apply(stop);
    expect(await host.member(pod, 'web')).toEqual(ended);
  },
  'one address has one port space': async (host: Host) => {
    const words = { containers: { web: { script: WAIT } }, ports: [8080] };
    const first = await host.bring('first', words);
    const second = await host.pod('second', words, { address: first.address });
    await expect(host.apply({ kind: 'create-sandbox', pod: second })).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining('production/first'),
    });
  },
  'a program that is not there is command-not-found': async (host: Host) => {
    const pod = await host.pod('lost', { containers: { web: { command: ['/no-such-program'] } } });
    await host.apply({ kind: 'create-sandbox', pod });
    await expect(host.start(pod)).rejects.toMatchObject({ code: 'command-not-found' });
    expect(await host.member(pod, 'web')).toMatchObject({ state: 'created' });
  },
  'logs are those of one member or of all, and the last of them': async (host: Host) => {
    const pod = await host.bring('talks', {
      containers: {
        web: { script: `echo one; echo two >&2; echo three; ${WAIT}` },
        side: { script: `echo other; ${WAIT}` },
      },
    });
    await eventually(async () => expect(await host.logs(pod)).toHaveLength(4));
    expect((await host.logs(pod, { container: 'web' })).toSorted()).toEqual([
      'web one',
      'web three',
      'web two',
    ]);
    expect(await host.logs(pod, { container: 'side', tail: 1 })).toEqual(['side other']);
  },
  'a program is run by its words, with its streams apart and its exit code': async (host: Host) => {
    const pod = await host.bring('runs', { containers: { web: { script: WAIT } } });
    expect(await host.run(pod, 'web', 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      code: 7,
    });
    await expect(host.run(pod, 'nobody', 'true')).rejects.toMatchObject({ code: 'container-unknown' });
  },
  'a program is run with the environment of the container’s own, with what is secret in it': async (
    host: Host,
  ) => {
    const web = {
      script: WAIT,
      environment: { PLAIN: 'plain' },
      secureEnvironment: { TOKEN: 'hunter-two' },
    };
    const pod = await host.bring('secure', { containers: { web } });
    const said = await host.run(pod, 'web', 'sh', '-c', 'echo "$PLAIN $TOKEN"; exit 4');
    expect(said).toEqual({ stdout: 'plain hunter-two\n', stderr: '', code: 4 });
    await expect(host.run(pod, 'web', 'no-such-program')).rejects.toMatchObject({
      code: 'command-not-found',
    });
    await expect(host.run(pod, 'web', '/etc/passwd')).rejects.toMatchObject({
      code: 'command-not-executable',
    });
  },
  'no shell reads the words of a program': async (host: Host) => {
    const pod = await host.bring('words', { containers: { web: { script: WAIT } } });
    const words = ['a b', '$HOME', '"', '*'];
    expect((await host.run(pod, 'web', 'printf', '%s|', ...words)).stdout).toBe('a b|$HOME|"|*|');
  },
  'members share one localhost, and a port that is not published can be dialled': async (host: Host) => {
    const serve = 'echo hello > /www/index.html; httpd -f -p 8081 -h /www';
    const ask = `until wget -q -O - http://127.0.0.1:8081/index.html; do sleep 0.1; done; ${WAIT}`;
    const pod = await host.bring('shared', { containers: { web: { script: serve }, side: { script: ask } } });
    const dialled = await eventually(async () => {
      const stream = await host.engine.dial({ key: pod.key, port: 8081 }, signal());
      stream.write('GET /index.html HTTP/1.0\r\n\r\n');
      return text(stream);
    });
    expect(dialled).toMatch(/^HTTP\/1\.[01] 200[\s\S]*hello/);
    const nobody = await host.engine.dial({ key: pod.key, port: 8082 }, signal());
    await expect(text(nobody)).rejects.toThrow('connection refused');
    await eventually(async () => expect(await host.logs(pod, { container: 'side' })).toContain('side hello'));
  },
  'an emptyDir and a secret are there, the one to write and the other to read, and survive a restart of the member':
    async (host: Host) => {
      const pod = await host.bring('volumes', {
        volumes: [
          { name: 'space', emptyDir: {} },
          { name: 'store', secret: { key: 'aHVudGVyLXR3bw==' } },
        ],
        containers: {
          web: {
            mounts: { space: '/space', store: '/store' },
            script: `cat /space/kept; echo -n kept > /space/kept; cat /store/key; echo x > /store/key || echo denied; ${GOODBYE}`,
          },
        },
      });
      await eventually(async () => expect((await host.logs(pod)).join()).toContain('ready'));
      const { id } = await host.member(pod, 'web');
      await host.apply({ kind: 'stop', key: pod.key, members: [id], sandbox: '' });
      await host.start(pod);
      await eventually(async () =>
        expect((await host.logs(pod)).filter((line) => /ready/.test(line))).toHaveLength(2),
      );
      const said = (await host.logs(pod)).join('\n');
      expect(said).toContain('kepthunter-two');
      expect(said.match(/denied/g)).toHaveLength(2);
    },
  'a config map is files to read, which change all at once while their container runs': async (
    host: Host,
  ) => {
    const words = (configMap: Record<string, string>) => ({
      containers: { web: { script: WAIT, configMap }, side: { script: WAIT } },
    });
    const pod = await host.bring('mapped', words({ level: 'info', old: 'gone soon' }));
    const before = await host.member(pod, 'web');
    const show = 'cd /mnt/configmap/web && ls | xargs && cat level && touch x';
    expect(await host.run(pod, 'web', 'sh', '-c', show)).toMatchObject({
      stdout: 'level old\ninfo',
      stderr: expect.stringMatching(/Read-only file system/),
    });
    expect((await host.run(pod, 'side', 'ls', '/mnt/configmap')).code).not.toBe(0);
    const changed = {
      ...pod,
      group: groupFrom({ name: 'mapped', ...words({ level: 'debug', more: 'new' }) }),
    };
    const step: Step = { kind: 'deliver', pod: changed, sandboxId: await host.sandbox(pod) };
    for (const _ of [1, 2]) {
      await host.apply(step);
      expect(await host.run(pod, 'web', 'sh', '-c', show)).toMatchObject({ stdout: 'level more\ndebug' });
    }
    expect(await host.member(pod, 'web')).toEqual(before);
  },
  'a stop gives a goodbye and its time': async (host: Host) => {
    const pod = await host.bring('stops', {
      containers: { polite: { script: GOODBYE }, deaf: { script: `trap '' TERM; echo ready; ${WAIT}` } },
    });
    await eventually(async () => expect(await host.logs(pod)).toHaveLength(2));
    const members = ((await host.see(pod.key))?.members ?? []).map(({ id }) => id);
    await host.apply({ kind: 'stop', key: pod.key, members, sandbox: '' });
    expect(await host.member(pod, 'polite')).toMatchObject({ state: 'exited', exitCode: 0 });
    expect(await host.member(pod, 'deaf')).toMatchObject({ state: 'exited', exitCode: 137 });
    expect(await host.logs(pod, { container: 'polite' })).toEqual(['polite ready', 'polite goodbye']);
  },
  'a program that takes more memory than it has is seen to be out of memory': async (host: Host) => {
    const greedy = 'dd if=/dev/zero of=/dev/null bs=400M count=1';
    const pod = await host.bring('greedy', { containers: { web: { script: greedy, cpu: 1 } } });
    expect(await host.ended(pod, 'web')).toMatchObject({ outOfMemory: true, exitCode: 137 });
  },
  'a bot that starts anew sees the same groups by what is written on them': async (host: Host) => {
    const words = { containers: { web: { script: WAIT } }, ports: [8083] };
    const pod = await host.bring('labelled', words);
    const anew = await host.under.open();
    const seen = (await anew.observe(signal(), pod.key)).get(pod.key);
    expect(seen?.pods).toEqual([await host.see(pod.key)]);
    expect(seen?.pods).toMatchObject([
      {
        revision: 1,
        fingerprint: pod.fingerprint,
        address: pod.address,
        members: [{ name: 'web', revision: 1, fingerprint: pod.memberFingerprints['web'], changed: [] }],
      },
    ]);
  },
  'what images take is told, and one that is used is not removed': async (host: Host) => {
    await host.bring('holds', { containers: { web: { script: WAIT } } });
    const { images, totalBytes } = await host.engine.storedImages(signal());
    const used = images.find(({ tags }) => tags.includes(IMAGE));
    expect(used?.containers).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThan(0);
    expect(used && (await host.engine.dropImage(used, signal()))).toBe(false);
  },
  'an image is known to be there, or to be had from nobody, before it is pulled': async (host: Host) => {
    const check = (image: string) => host.engine.checkImage({ image, credentials: [] }, signal());
    expect(await check(IMAGE)).toBeUndefined();
    const image = '127.0.0.1:1/acme/nowhere:1';
    expect(await check(image)).toMatchObject({
      code: expect.stringMatching(/^(image|registry)-/),
      about: { image },
    });
  },
  'of two sandboxes of one group the one that is meant answers': async (host: Host) => {
    const words = (text: string) => ({ containers: { web: { script: `echo ${text}\n${WAIT}` } } });
    const first = await host.bring('twice', words('first'));
    const second = { ...(await host.pod('twice', words('second'))), revision: 2, podRevision: 2 };
    await host.apply({ kind: 'create-sandbox', pod: second });
    await host.start(second);
    const logs = (upTo: number) => host.logs(first, { upTo });
    await eventually(async () =>
      expect([await logs(1), await logs(2)]).toEqual([['web first'], ['web second']]),
    );
    const used = (await host.engine.usage(signal(), first.key)).get(first.key) ?? [];
    expect(used.map(({ podRevision }) => podRevision).toSorted()).toEqual([1, 2]);
    const { id, sandboxId, members = [] } = (await host.see(first.key)) ?? {};
    await host.apply({
      kind: 'stop',
      key: first.key,
      members: members.map((each) => each.id),
      sandbox: sandboxId ?? '',
    });
    await host.apply({ kind: 'remove', key: first.key, podId: id ?? '', keepVolumes: false });
    expect(await host.see(first.key)).toMatchObject({ revision: 1, state: 'running' });
  },
  'usage is told of what runs': async (host: Host) => {
    const pod = await host.bring('uses', {
      containers: { web: { script: WAIT }, job: { script: 'exit 0' } },
    });
    await host.ended(pod, 'job');
    expect((await host.engine.usage(signal(), pod.key)).get(pod.key)).toMatchObject([{ container: 'web' }]);
  },
  'a sandbox that waited is its group’s own from the moment it is taken over, whoever looks': async (
    host: Host,
  ) => {
    const pod = await host.pod('warm', { containers: { web: { script: WAIT, cpu: 0.5 } }, ports: [8080] });
    await host.wait('one', pod, { vcpuMilli: 1000, memoryGbTenths: 20, ports: [8080] });
    const [waits] = await host.waiting();
    expect(waits).toMatchObject({ id: 'one', state: 'running', ready: true, size: '1000m-20-8080' });
    expect((await host.engine.observe(signal())).has(pod.key)).toBe(false);
    const told: Fact[] = [];
    await host.apply({ kind: 'create-sandbox', pod }, told);
    expect(told).toMatchObject([
      { kind: 'sandbox-started', sandboxId: waits?.sandboxId ?? '', standby: true },
    ]);
    await host.apply({ kind: 'create-sandbox', pod });
    // As after a crash in this very moment: another bot looks.
    const { fingerprint, subnet, published, revision } = pod;
    const other = await host.under.open();
    const seen = (await other.observe(signal(), pod.key)).get(pod.key);
    await other.close();
    expect(seen?.pods).toMatchObject([
      { sandboxId: waits?.sandboxId, revision, fingerprint, subnet, published, members: [] },
    ]);
    expect(seen?.pods[0]?.meteredFromMs).toBe((await host.waiting())[0]?.adopted?.atMs);
    await host.start(pod);
    expect((await host.engine.usage(signal())).get(pod.key)).toMatchObject([{ container: 'web' }]);
    await host.engine.standby.discard('one', signal());
    expect(await host.see(pod.key)).toMatchObject({ state: 'running', members: [{ state: 'running' }] });
    await host.clear();
    expect(await host.waiting()).toEqual([]);
  },
  'a group in a sandbox that waited is reached as any other': async (host: Host) => {
    const serve = 'echo hello > /www/index.html; httpd -f -p 8080 -h /www';
    const pod = await host.pod('served', { containers: { web: { script: serve } }, ports: [8080] });
    await host.wait('two', pod, { vcpuMilli: 1000, memoryGbTenths: 20, ports: [8080] });
    await host.apply({ kind: 'create-sandbox', pod });
    await host.start(pod);
    const [{ address } = { address: '' }] = pod.published;
    const answer = () => fetch(`http://${address}:8080/index.html`).then((response) => response.text());
    await eventually(async () => expect(await answer()).toContain('hello'));
    const stream = await host.engine.dial({ key: pod.key, port: 8080 }, signal());
    stream.write('GET /index.html HTTP/1.0\r\n\r\n');
    expect(await text(stream)).toContain('hello');
    // One that is made for the group hides it from nobody.
    const next = await host.pod('served', { containers: { web: { script: serve } } });
    await host.apply({ kind: 'create-sandbox', pod: { ...next, revision: 2, podRevision: 2 } });
    const pods = (await host.engine.observe(signal(), pod.key)).get(pod.key)?.pods ?? [];
    expect(pods.map(({ revision, state }) => [revision, state])).toEqual([
      [1, 'running'],
      [2, 'running'],
    ]);
    const { id: podId = '', sandboxId: sandbox = '' } = pods[1] ?? {};
    await host.apply({ kind: 'stop', key: pod.key, members: [], sandbox });
    await host.apply({ kind: 'remove', key: pod.key, podId, keepVolumes: false });
  },
  'a sandbox that waits and does not fit makes room for one that does': async (host: Host) => {
    const pod = await host.pod('large', { containers: { web: { script: WAIT, cpu: 1 } }, ports: [8080] });
    await host.wait('small', pod, { vcpuMilli: 100, memoryGbTenths: 1, ports: [8080] });
    const told: Fact[] = [];
    await host.apply({ kind: 'create-sandbox', pod }, told);
    expect(told).toEqual([{ kind: 'sandbox-started', sandboxId: await host.sandbox(pod) }]);
    expect(await host.waiting()).toEqual([]);
  },
  'a sandbox that waits ends first and goes then': async (host: Host) => {
    const pod = await host.pod('none', { containers: { web: { script: WAIT } } });
    const small = { vcpuMilli: 100, memoryGbTenths: 1, ports: [] };
    for (let count = 0; count < 2; count++) await host.wait('idle', pod, small);
    expect(await host.waiting()).toMatchObject([{ id: 'idle', state: 'running', published: [] }]);
    await host.engine.standby.discard('idle', signal());
    const [ended] = await eventually(async () => {
      const all = await host.waiting();
      expect(all).toMatchObject([{ id: 'idle', state: 'exited', ready: false }]);
      return all;
    });
    expect(ended?.finishedAtMs).toBeGreaterThanOrEqual(ended?.createdAtMs ?? 0);
    for (let count = 0; count < 2; count++) await host.engine.standby.discard('idle', signal());
    expect(await host.waiting()).toEqual([]);
  },
} satisfies Readonly<Record<string, (host: Host) => Promise<void>>>;

/** Runs every case against one engine; what it cannot do is skipped with its reason in the title. */
export function engineContract(name: string, under: () => Promise<EngineUnderTest>, skip: Gaps) {
  describe(name, () => {
    let opened: EngineUnderTest;
    let host: Host;

    beforeAll(async () => {
      opened = await under();
      host = new Host(await opened.open(), opened);
    }, 120_000);

    afterEach(() => host.clear(), 60_000);

    afterAll(() => opened.close?.(), 60_000);

    for (const [title, run] of Object.entries(CASES)) {
      const gap = skip.find(({ cases }) => cases.some((each) => each === title));
      if (gap) test.skip(`${title} (not here: ${gap.because})`, () => {});
      else test(title, () => run(host), 60_000);
    }
  });
}
