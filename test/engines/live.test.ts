/** One group with everything, on a real engine, through the bot's own door. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { katabot } from '../surfaces/cli/run-katabot.ts';
import { type AppInTest, commitFiles, eventually, git, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';

const SETTINGS = {
  instance: 'test-live',
  locations: { local: { isolation: 'none', addresses: '127.22.16.0/20', networks: '198.18.128.0/22' } },
};
const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
const OWN = { label: ['katabot.owner=test-live'] };

let bot: AppInTest;
let folder: string;
let gitServer: Server;
let gitPort: number;
let lokiServer: Server;
/** Each line that was shipped, with its container before it. */
const shipped: string[] = [];

const document = (secondSecret = 'hunter-two') => `
apiVersion: '2023-05-01'
name: whole
location: local
properties:
  osType: Linux
  restartPolicy: Always
  diagnostics: {logAnalytics: {workspaceId: w, workspaceKey: hunter-three}}
  ipAddress: {type: Public, ports: [{port: 80}]}
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: store, secret: {key: aHVudGVyLW9uZQ==}}
  - {name: source, gitRepo: {repository: 'http://127.0.0.1:${gitPort}/site.git', directory: site}}
  initContainers:
  - name: prepare
    properties:
      image: katabot/busybox:1
      command: [sh, -c, 'echo prepared > /scratch/marker']
      volumeMounts: [{name: scratch, mountPath: /scratch}]
  containers:
  - name: web
    properties:
      image: katabot/hello:1
      ports: [{port: 80}]
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}
  - name: side
    properties:
      image: katabot/busybox:1
      command:
      - sh
      - -c
      - |
        trap 'echo goodbye > /scratch/last; exit 0' TERM
        echo "marker $(cat /scratch/marker)" "page $(cat /source/site/index.html)" "size $(cat /store/key | wc -c)" "env $(echo -n $TOKEN | wc -c)" "last $(cat /scratch/last 2>/dev/null)"
        until wget -q -O /dev/null http://localhost:80; do sleep 0.1; done
        echo web answers
        while [ ! -e /scratch/fall ]; do sleep 0.2 & wait $!; done
        rm /scratch/fall; exit 7
      environmentVariables: [{name: TOKEN, secureValue: ${secondSecret}}]
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}
      volumeMounts: [{name: scratch, mountPath: /scratch}, {name: store, mountPath: /store}, {name: source, mountPath: /source}]
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-live-'));
  await commitFiles(join(folder, 'site'), { 'index.html': 'welcome' });
  await git(folder, 'clone', '--quiet', '--bare', 'site', 'site.git');
  await git(join(folder, 'site.git'), 'update-server-info');
  gitServer = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'],
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    });
    request.pipe(child.stdin);
    const parts: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => parts.push(chunk));
    child.on('close', () => {
      const answer = Buffer.concat(parts);
      const end = answer.indexOf('\r\n\r\n');
      for (const line of answer.subarray(0, end).toString().split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name.toLowerCase() === 'status') response.statusCode = Number(value.slice(0, 3));
        else response.setHeader(name, value);
      }
      response.end(answer.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => gitServer.listen(0, '127.0.0.1', resolve));
  const address = gitServer.address();
  gitPort = typeof address === 'object' && address ? address.port : 0;
  lokiServer = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const { streams } = JSON.parse(body) as {
      streams: { stream: { container: string }; values: [string, string][] }[];
    };
    for (const { stream, values } of streams)
      shipped.push(...values.map(([, text]) => `${stream.container}: ${text}`));
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => lokiServer.listen(0, '127.0.0.1', resolve));
  const lokiAt = lokiServer.address();
  const logs = { loki: `http://127.0.0.1:${typeof lokiAt === 'object' ? lokiAt?.port : 0}` };
  bot = await startApp({ settings: { ...SETTINGS, logs } });
});

afterAll(async () => {
  await bot.run('delete', 'whole');
  await bot.stop();
  gitServer.closeAllConnections();
  gitServer.close();
  lokiServer.closeAllConnections();
  lokiServer.close();
  await rm(folder, { recursive: true, force: true });
});

const push = async (text: string) => {
  await commitFiles(join(folder, 'work'), { 'containergroup.yaml': text });
  return bot.push(join(folder, 'work'), { repository: 'whole' });
};

async function logOf(container: string): Promise<string[]> {
  const lines: string[] = [];
  const engine = bot.app.ground.hosts['local']?.engine;
  for await (const { text } of engine?.logs(
    { key: 'production/whole', container, follow: false },
    AbortSignal.timeout(10_000),
  ) ?? [])
    lines.push(text);
  return lines;
}

async function inside(container: string, ...command: string[]): Promise<void> {
  const [found] = await docker.listContainers({
    filters: { label: [...OWN.label, `katabot.container=${container}`] },
  });
  const run = await docker.getContainer(found?.Id ?? '').exec({ Cmd: command, AttachStdout: true });
  const stream = await run.start({});
  await new Promise((resolve) => stream.on('end', resolve).resume());
}

describe('a group with everything', () => {
  test('comes up: init first, files delivered, one localhost', async () => {
    const { code, text } = await push(document());
    expect([code, text]).toEqual([0, expect.stringMatching(/start +2\/2 running/)]);
    await eventually(async () => expect(await logOf('side')).toContain('web answers'));
    expect(await logOf('side')).toContain('marker prepared page welcome size 10 env 10 last ');
  }, 60_000);

  test('answers on its own address', async () => {
    const { address } = (await bot.app.store.desired.get('production/whole')) ?? {};
    const response = await fetch(`http://${address}:80/`);
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('whole')]);
  });

  test('tells nothing secret in any inspect, label or event', async () => {
    const containers = await docker.listContainers({ all: true, filters: OWN });
    const inspected = await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).inspect()));
    const volumes = await docker.listVolumes({ filters: JSON.stringify(OWN) });
    const networks = await docker.listNetworks({ filters: OWN });
    const text = JSON.stringify([inspected, volumes, networks, await bot.app.store.events.events({})]);
    expect(text).not.toMatch(/hunter-one|hunter-two|hunter-three|aHVudGVy/);
    expect(containers).toHaveLength(4);
  });

  test('ships what it prints to whom the settings name, each line once', async () => {
    await eventually(async () => expect(shipped).toContain('side: web answers'));
    const marker = 'side: marker prepared page welcome size 10 env 10 last ';
    expect(shipped.filter((line) => line === marker)).toHaveLength(1);
  }, 30_000);

  test('gives a program that is run in it the secrets of the container’s own, and hides them on the screen', async () => {
    const shown = (...words: string[]) =>
      katabot(['exec', 'whole/side', '--', ...words], {
        folder,
        variables: { KATABOT_URL: bot.url, KATABOT_TOKEN: bot.token },
      });
    expect(await shown('sh', '-c', 'echo "$TOKEN $(echo -n "$TOKEN" | wc -c)"; exit 5')).toMatchObject({
      code: 5,
      out: '[secret] 10\n',
    });
  }, 30_000);

  test('restarts a member that ends, keeps its log and its volumes, and counts', async () => {
    await inside('side', 'touch', '/scratch/fall');
    await eventually(async () =>
      expect((await logOf('side')).filter((line) => line === 'web answers')).toHaveLength(2),
    );
    const runs = await bot.app.store.runs.runs('production/whole');
    expect(runs.filter(({ container }) => container === 'side')).toMatchObject([{ exitCode: 7 }]);
  }, 30_000);

  test('changes one member in place, after a goodbye; the other keeps running', async () => {
    const ids = async () =>
      (await docker.listContainers({ filters: OWN })).map(({ Id, Labels }) => [
        Labels['katabot.container'] ?? 'sandbox',
        Id,
      ]);
    const before = Object.fromEntries(await ids());
    const { text } = await push(document('another-secret'));
    expect(text).toMatch(/change +restart of the changed containers/);
    const after = Object.fromEntries(await ids());
    expect([after['sandbox'], after['web']]).toEqual([before['sandbox'], before['web']]);
    expect(after['side']).not.toBe(before['side']);
    await eventually(async () =>
      expect(await logOf('side')).toContain('marker prepared page welcome size 10 env 14 last goodbye'),
    );
  }, 60_000);

  test('is made anew when somebody removes its sandbox behind the bot’s back', async () => {
    const [sandbox] = await docker.listContainers({
      filters: { label: [...OWN.label, 'katabot.role=sandbox'] },
    });
    await docker.getContainer(sandbox?.Id ?? '').remove({ force: true });
    await eventually(async () => {
      const running = await docker.listContainers({ filters: OWN });
      expect(running.map(({ Labels }) => Labels['katabot.role']).sort()).toEqual([
        'member',
        'member',
        'sandbox',
      ]);
      expect(running.some(({ Id }) => Id === sandbox?.Id)).toBe(false);
    }, 40_000);
    await eventually(async () => expect(await logOf('side')).toContain('web answers'), 20_000);
  }, 90_000);

  test('leaves nothing when it is deleted', async () => {
    await bot.run('delete', 'whole');
    const [containers, networks, volumes] = await Promise.all([
      docker.listContainers({ all: true, filters: OWN }),
      docker.listNetworks({ filters: OWN }),
      docker.listVolumes({ filters: JSON.stringify(OWN) }),
    ]);
    expect([containers, networks, volumes.Volumes ?? []]).toEqual([[], [], []]);
    const intervals = await bot.app.store.ledger.intervals({ group: 'production/whole' });
    expect(intervals.every(({ endedAtMs }) => endedAtMs !== null)).toBe(true);
  }, 30_000);
});
