/**
 * Images from a registry behind TLS and a password. An engine takes any certificate on 127.0.0.0/8, so this one is alone in a network
 * namespace with addresses for documentation, and has an /etc/docker of its own there: nothing of it stays on the machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { checkImage } from '../../src/engines/docker/check-image.ts';
import { connect as openConnection } from '../../src/engines/docker/connection.ts';
import { waitingProgram } from '../../src/engines/docker/sandbox-image.ts';
import type { Failure } from '../../src/failure.ts';
import { createLog } from '../../src/observability/index.ts';
import { Secret } from '../../src/secrets/index.ts';
import { podFor, wishFor } from '../reconciler/groups.ts';
import { type AppInTest, commitFiles, eventually, startApp } from '../world/bot.ts';
import { createAuthority, signed } from '../world/certificates.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';
import { loadImage } from '../world/load-image.ts';
import { canHave } from '../world/name-servers.ts';
import { canRunPrivateEngine, startPrivateEngine } from '../world/private-engine.ts';
import { stopPrivateEngine } from '../world/private-engine-stop.ts';
import { listFor, otherThan, pushImage, READER, type Registry, startRegistry } from '../world/registry.ts';

/** Registries with the same images, by how the engine meets them. */
const WAYS = ['unchecked', 'trusted', 'untrusted', 'misnamed', 'plain', 'choosy'] as const;
type Way = (typeof WAYS)[number];
const addressOf = (way: Way) => (way === 'unchecked' ? '127.0.0.1' : `198.51.100.${WAYS.indexOf(way)}`);
const hostOf = (way: Way) => `${addressOf(way)}:5000`;
const RIGHT = READER.password;
const WRONG = 'not-the-password';

const SETTINGS = {
  instance: 'test-registry-tls',
  locations: { local: { isolation: 'none', addresses: '127.22.64.0/20', networks: '198.18.152.0/22' } },
};

const loginsFor = (way: Way, password?: string) =>
  password === undefined
    ? []
    : [{ server: hostOf(way), username: READER.username, password: new Secret(password) }];

const withOwnEngine = canRunPrivateEngine() && canHave('docker-registry') ? describe : describe.skip;

withOwnEngine('a registry behind TLS', () => {
  let folder: string;
  let engine: string;
  let bot: AppInTest;
  let registries: Registry[] = [];
  let logged = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'katabot-registry-tls-'));
    await mkdir(join(folder, 'etc'));
    engine = await startPrivateEngine({ inside: aloneWith(WAYS.map(addressOf), join(folder, 'etc')) });
    registries = await startRegistries();
    await trust('trusted');
    await trust('choosy');
    await fill();
    const output = new Writable({
      write(chunk, _, done) {
        logged += chunk;
        done();
      },
    });
    const dockerHost = `unix://${engine}/docker.sock`;
    bot = await startApp({ settings: SETTINGS, parts: { dockerHost, log: createLog('debug', output) } });
  }, 120_000);

  afterAll(async () => {
    await bot?.stop();
    await Promise.all(registries.map((each) => each.stop()));
    await stopPrivateEngine(engine);
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  async function startRegistries(): Promise<Registry[]> {
    const authority = createAuthority(folder, 'authority');
    const pid = (await readFile(join(engine, 'pid'), 'utf8')).trim();
    const inside = ['nsenter', '--net', '--target', pid];
    const start = (way: Way) => {
      const address = addressOf(way);
      const names = signed(folder, way, authority, way === 'misnamed' ? 'registry.example' : address);
      const tls = way === 'choosy' ? { ...names, clients: authority.cert } : names;
      return startRegistry({ address, port: 5000, folder, inside, ...(way === 'plain' ? {} : { tls }) });
    };
    return Promise.all([...WAYS.map(start), startRegistry({ address: '127.22.64.1', folder })]);
  }

  async function fill(): Promise<void> {
    const docker = connect(`unix://${engine}/docker.sock`);
    const { Architecture } = await docker.info();
    await loadImage(docker, 'acme/private:1', {
      architecture: Architecture === 'x86_64' ? 'amd64' : 'arm64',
      files: { run: Buffer.from(waitingProgram(Architecture)) },
    });
    await pushImage(docker, 'acme/private:1', `${hostOf('unchecked')}/acme/private:1`);
    await docker.getImage('acme/private:1').remove();
    const near = registries.at(-1)?.host ?? '';
    const [architecture, windows] = [otherThan(Architecture), { os: 'windows', architecture: 'amd64' }];
    await listFor(near, 'acme/private', 'foreign', { os: 'linux', architecture });
    await listFor(near, 'acme/private', 'windows', { ...windows, 'os.version': '10.0.26100.2033' });
  }

  /** What the advice says to do. */
  async function trust(way: Way): Promise<void> {
    const place = join(folder, 'etc/certs.d', hostOf(way));
    await mkdir(place, { recursive: true });
    await copyFile(join(folder, 'authority.pem'), join(place, 'ca.crt'));
  }

  /** Why the image is not pulled; undefined when it is. */
  async function pull(way: Way, tag: string, password?: string): Promise<Failure | undefined> {
    const image = `${hostOf(way)}/acme/private:${tag}`;
    const { group, ...rest } = podFor(wishFor({ containers: { web: { image } } }));
    const imageRegistryCredentials = loginsFor(way, password);
    const pod = { ...rest, images: {}, group: { ...group, imageRegistryCredentials } };
    const context = { signal: AbortSignal.timeout(30_000), report: async () => {} };
    return bot.app.ground.hosts['local']?.engine.apply({ kind: 'pull', pod }, context).then(
      () => undefined,
      (failure) => failure,
    );
  }

  /** What is said of it before. */
  async function check(way: Way, tag: string, password?: string): Promise<Failure | undefined> {
    const image = `${hostOf(way)}/acme/private:${tag}`;
    return bot.app.ground.hosts['local']?.engine.checkImage(
      { image, credentials: loginsFor(way, password) },
      AbortSignal.timeout(30_000),
    );
  }

  const rows: readonly [string, Way, string, string | undefined, string, RegExp, RegExp][] = [
    [
      'without a login',
      'trusted',
      '1',
      undefined,
      'registry-refused',
      /: Head \S+: no basic auth/,
      /There is no login/,
    ],
    [
      'with a wrong one',
      'trusted',
      '1',
      WRONG,
      'registry-refused',
      /: unauthorized: authentication required$/,
      /Check the entry/,
    ],
    [
      'for a tag that it has not',
      'trusted',
      '2',
      RIGHT,
      'image-not-found',
      /\(manifest for .*unknown\)\.$/,
      /the tag/,
    ],
    [
      'for another processor',
      'trusted',
      'foreign',
      RIGHT,
      'wrong-architecture',
      /: no matching manifest for linux/,
      /Build and push/,
    ],
    [
      'without a login, of no proven name',
      'unchecked',
      '1',
      undefined,
      'registry-refused',
      /the right login\.$/,
      /There is no login/,
    ],
    [
      'with a wrong one, of no proven name',
      'unchecked',
      '1',
      WRONG,
      'registry-refused',
      /: unauthorized/,
      /Check the entry/,
    ],
    [
      'of an unknown authority',
      'untrusted',
      '1',
      RIGHT,
      'registry-untrusted',
      /x509.*unknown authority/,
      /certs\.d\/198\.51\.100\.2:5000\/ca\.crt/,
    ],
    [
      'with the certificate of another',
      'misnamed',
      '1',
      RIGHT,
      'registry-untrusted',
      /x509.*198\.51\.100\.3/,
      /subjectAltName/,
    ],
    [
      'in plain HTTP',
      'plain',
      '1',
      RIGHT,
      'registry-untrusted',
      /HTTP response to HTTPS/,
      /insecure-registries/,
    ],
    [
      'that asks who the engine is',
      'choosy',
      '1',
      RIGHT,
      'registry-untrusted',
      /remote error: tls/,
      /certs\.d\/198\.51\.100\.5:5000 as client\.cert/,
    ],
  ];
  test.each(rows)(
    '%s: its own words are told, and what to do',
    async (_, way, tag, password, code, message, advice) => {
      expect(await check(way, tag, password)).toMatchObject({ code, advice: expect.stringMatching(advice) });
      const failure = await pull(way, tag, password);
      expect(failure).toMatchObject({
        code,
        message: expect.stringMatching(message),
        advice: expect.stringMatching(advice),
      });
    },
  );

  test('an image that can be had has nothing against it, and nothing is pulled to know that', async () => {
    expect(await check('trusted', '1', RIGHT)).toBeUndefined();
    const there = connect(`unix://${engine}/docker.sock`).getImage(`${hostOf('trusted')}/acme/private:1`);
    await expect(there.inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('which Windows an image is made for is known before', async () => {
    const host = { architecture: 'x86_64', windows: { build: 20348 } };
    const connection = openConnection(
      { engine: `unix://${engine}/docker.sock` },
      { folder, clock: systemClock },
    );
    const wanted = {
      image: `${hostOf('trusted')}/acme/private:windows`,
      credentials: loginsFor('trusted', RIGHT),
    };
    const signal = AbortSignal.timeout(30_000);
    expect(await checkImage({ connection, ...host }, wanted, signal)).toMatchObject({
      code: 'OsVersionNotSupported',
      message: `The image ${wanted.image} is built on Windows 10.0.26100.2033, which is newer than its host (build 20348).`,
    });
    expect(await check('trusted', 'windows', RIGHT)).toMatchObject({
      code: 'ImageOsTypeNotMatchContainerGroup',
    });
    await connection.close();
  });

  /** Pushes a group that wants an image of the registry, with the right login. */
  async function push(name: string, way: Way) {
    const image = `${hostOf(way)}/acme/private:1`;
    const login = `imageRegistryCredentials: [{server: '${hostOf(way)}', username: reader, password: '${RIGHT}'}]`;
    const text = groupText({ name, image, more: [login] }).replace(/ +command: .*\n/, '');
    await commitFiles(join(folder, name), { 'containergroup.yaml': text });
    return (await bot.push(join(folder, name), { repository: name })).text;
  }

  test('what the advice says to do lets the image come by itself; its digest is kept, and the login is nowhere', async () => {
    const said = await push('shop', 'untrusted');
    expect(said).toMatch(/✗ registry-untrusted +198\.51\.100\.2:5000 is not trusted by the host’s engine/);
    expect(said).toMatch(/The line to change: containergroup\.yaml:11:14/);
    await trust('untrusted');
    await eventually(async () => {
      const wish = await bot.app.store.desired.get('production/shop');
      expect(Object.values(wish?.revision.images ?? {})).toEqual([expect.stringMatching(/^sha256:/)]);
      expect(await connect(`unix://${engine}/docker.sock`).listContainers()).toHaveLength(2); // with its sandbox
    }, 60_000);
    const events = JSON.stringify(await bot.app.store.events.events({}));
    expect([events, logged]).toEqual(Array(2).fill(expect.stringContaining('acme/private@sha256:')));
    const places = { said, events, logged, ...(await shown()) };
    const encoded = [RIGHT, WRONG].map((each) => Buffer.from(`reader:${each}`).toString('base64'));
    for (const [place, text] of Object.entries(places))
      for (const secret of [RIGHT, WRONG, ...encoded])
        expect([place, text.includes(secret)]).toEqual([place, false]);
  });

  /** What the engine shows of itself, and every program of its arguments. */
  async function shown() {
    const docker = connect(`unix://${engine}/docker.sock`);
    const containers = await docker.listContainers({ all: true });
    const images = await docker.listImages({ all: true });
    expect(containers.length).toBeGreaterThan(0);
    const inspected = await Promise.all([
      ...containers.map(({ Id }) => docker.getContainer(Id).inspect()),
      ...images.map(({ Id }) => docker.getImage(Id).inspect()),
    ]);
    const programs = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return {
      inspected: JSON.stringify(inspected),
      engineLog: readFileSync(join(engine, 'log'), 'utf8'),
      programs: programs.map(argumentsOf).join('\n'),
    };
  }
});

/** '' of one that has ended meanwhile. */
function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Words that start a program in namespaces of its own: with these addresses, and with this folder as /etc/docker. */
function aloneWith(addresses: readonly string[], etc: string): string[] {
  const script = [
    'ip link set lo up',
    ...addresses
      .filter((address) => !address.startsWith('127.'))
      .map((address) => `ip addr add ${address}/32 dev lo`),
    'mkdir -p /etc/docker',
    `mount --bind '${etc}' /etc/docker`,
    'exec "$@"',
  ];
  return ['unshare', '--net', '--mount', 'sh', '-c', script.join(' && '), 'sh'];
}
