/** Ways to a real engine: through a real sshd, and a second engine behind TLS with certificates for both ends. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import { createDockerEngine } from '../../src/engines/docker/docker-engine.ts';
import { type Engine, type EngineWay, wayProblem } from '../../src/engines/index.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { createAuthority, signed } from '../world/certificates.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';
import { buildImages } from '../world/images.ts';
import { startPrivateEngine } from '../world/private-engine.ts';
import { stopPrivateEngine } from '../world/private-engine-stop.ts';
import { canRunSshd, freePort, type Sshd, startSshd } from '../world/sshd.ts';

const ENGINE = process.env['KATABOT_TEST_DOCKER_HOST'] ?? '';
const signal = () => AbortSignal.timeout(20_000);
// Only a socket can be forwarded, and only Linux has the server at hand.
const withServer = canRunSshd && ENGINE.startsWith('unix://') ? test : test.skip;

let root: string;
let sshd: Sshd;
let throughSsh: EngineWay;
/** Of the engine behind TLS. */
let folder: string;
let behindTls: EngineWay;
const open: Engine[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'katabot-way-'));
});

afterAll(async () => {
  for (const engine of open) await engine.close();
  await sshd?.stop();
  if (folder) await stopPrivateEngine(folder);
  await rm(root, { recursive: true, force: true });
});

function engineAt(way: EngineWay, folder = 'ssh'): Engine {
  const engine = createDockerEngine(
    {
      way,
      folder: join(root, folder),
      runtime: 'runc',
      isolation: 'none',
      owner: 'ways',
      stopGraceSeconds: 1,
    },
    systemClock,
  );
  open.push(engine);
  return engine;
}

describe('an address', () => {
  const tls = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' };
  const ssh = { keyFile: '/key', hostKey: 'ssh-ed25519 AAAA' };

  test.each<EngineWay>([
    { engine: 'unix:///var/run/docker.sock' },
    { engine: 'tcp://127.0.0.1:2375' },
    { engine: 'tcp://host.example.com', tls },
    { engine: 'tcp://[2001:db8::1]:2376', tls },
    { engine: 'ssh://katabot@host.example.com', ...ssh },
    { engine: 'ssh://katabot@host.example.com:2222/run/docker.sock', ...ssh },
  ])('can be %j', (way) => {
    expect(wayProblem(way)).toBeUndefined();
  });

  test.each<[EngineWay, RegExp]>([
    [{ engine: 'http://host' }, /^expected unix/],
    [{ engine: 'tcp://host:99999', tls }, /^expected unix/],
    [{ engine: 'tcp://host.example.com:2375' }, /needs tls/],
    [{ engine: 'tcp://127.evil.example.com:2375' }, /needs tls/],
    [{ engine: 'unix:///run/docker.sock', tls }, /leave it out/],
    [{ engine: 'unix:///run/docker.sock', ...ssh }, /leave them out/],
    [{ engine: 'ssh://katabot@host.example.com' }, /needs keyFile/],
    [{ engine: 'ssh://host.example.com', ...ssh }, /^expected unix/],
    [{ engine: 'ssh://-oProxyCommand=x@host', ...ssh }, /^expected unix/],
    [{ engine: 'ssh://katabot@-oProxyCommand=x', ...ssh }, /^expected unix/],
    [{ engine: 'ssh://katabot@host/a:b', ...ssh }, /^expected unix/],
  ])('cannot be %j', (way, problem) => {
    expect(wayProblem(way)).toMatch(problem);
  });
});

test('an engine that goes away while a log is read is told as one that does not answer', async () => {
  const socketPath = join(root, 'dying.sock');
  const answers: Record<string, unknown> = {
    version: { ApiVersion: '1.44', Version: '28' },
    json: [{ Id: 'a', Labels: { 'katabot.role': 'member', 'katabot.pod': 'ways.production.web.r1' } }],
  };
  const server = createServer(({ url = '', socket }, response) => {
    const name = /(\w+)(\?|$)/.exec(url)?.[1] ?? '';
    if (answers[name]) response.end(JSON.stringify(answers[name]));
    else socket.destroy();
  });
  await once(server.listen(socketPath), 'listening');
  try {
    const lines = engineAt({ engine: `unix://${socketPath}` }).logs(
      { key: 'production/web', follow: false },
      signal(),
    );
    await expect(lines[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'engine-unreachable' });
  } finally {
    server.close();
  }
});

describe('through ssh', () => {
  let way: EngineWay;

  beforeAll(async () => {
    if (withServer !== test) return;
    sshd = await startSshd(root);
    throughSsh = way = {
      engine: `ssh://${userInfo().username}@${sshd.address}${ENGINE.slice('unix://'.length)}`,
      keyFile: join(root, 'deploy'),
      hostKey: await sshd.publicKey('server'),
    };
  });

  /** The ssh of this folder that run now. */
  const tunnels = () =>
    execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(`${root}/ssh/config`) && line.includes(' -N '))
      .map((line) => Number(line.trim().split(' ')[0]));

  withServer('many calls at once go through one connection, which ends with the engine', async () => {
    const engine = engineAt(way);
    const looks = await Promise.all([
      engine.describe(signal()),
      engine.observe(signal()),
      engine.usage(signal()),
    ]);
    expect(looks[0]).toMatchObject({ operatingSystem: 'Linux', runtime: 'runc' });
    expect(tunnels()).toHaveLength(1);
    await engine.close();
    expect(tunnels()).toEqual([]);
    expect(existsSync(join(root, 'ssh'))).toBe(false);
  });

  withServer('an engine that was away is spoken to again when it is back', async () => {
    const engine = engineAt(way);
    await engine.describe(signal());
    await sshd.stop();
    await eventually(async () =>
      expect(engine.describe(signal())).rejects.toMatchObject({
        code: 'engine-unreachable',
        message: expect.stringMatching(/^The Docker Engine behind ssh:\/\/\S+ does not answer \(.*refused/),
      }),
    );
    await sshd.start();
    await eventually(async () => expect(await engine.describe(signal())).toMatchObject({ runtime: 'runc' }));
    await engine.close();
  });

  withServer('what a killed bot has left behind is ended by the next one', async () => {
    await engineAt(way).describe(signal());
    const [left] = tunnels();
    const next = engineAt(way);
    await next.describe(signal());
    expect(tunnels()).toHaveLength(1);
    expect(tunnels()).not.toContain(left);
    await next.close();
  });

  withServer('a server that shows another key is not spoken to', async () => {
    const strange = engineAt({ ...way, hostKey: await sshd.publicKey('other-server') }, 'moved');
    await expect(strange.describe(signal())).rejects.toMatchObject({
      code: 'engine-unreachable',
      message: expect.stringContaining('shows another key than the hostKey in the settings'),
    });
  });

  withServer('a server that does not take the key says so', async () => {
    const strange = engineAt({ ...way, keyFile: join(root, 'stranger') }, 'stranger-ssh');
    await expect(strange.describe(signal())).rejects.toMatchObject({
      code: 'engine-unreachable',
      message: expect.stringContaining('does not take the key of keyFile'),
      advice: expect.stringContaining('authorized_keys'),
    });
  });
});

describe('behind TLS', () => {
  let engine: string;
  let way: EngineWay;
  const pem = (name: string) => ({ cert: join(root, `${name}.pem`), key: join(root, `${name}.key`) });

  beforeAll(async () => {
    const authority = createAuthority(root, 'authority');
    const other = createAuthority(root, 'other');
    const server = signed(root, 'engine', authority);
    signed(root, 'bot', authority);
    signed(root, 'somebody', other);
    engine = `tcp://127.0.0.1:${await freePort()}`;
    folder = await startPrivateEngine({
      flags: [
        '--iptables=false', // it would set up anew what keeps the groups of the other engine apart
        `--host=${engine}`,
        '--tlsverify',
        `--tlscacert=${authority.cert}`,
        `--tlscert=${server.cert}`,
        `--tlskey=${server.key}`,
      ],
    });
    behindTls = way = { engine, tls: { ca: authority.cert, ...pem('bot') } };
  }, 120_000);

  test('an engine is spoken to with certificates for both ends', async () => {
    expect(await engineAt(way).describe(signal())).toMatchObject({ operatingSystem: 'Linux' });
  });

  test('a machine is looked at through the engine, and nothing of the look stays', async () => {
    const survey = await engineAt(way).survey(signal());
    expect(survey).toMatchObject({
      system: expect.stringContaining('kernel'),
      runtimes: expect.arrayContaining(['runc']),
      machine: {
        kvm: existsSync('/dev/kvm') ? expect.any(String) : 'missing',
        shmBytes: expect.any(Number),
        propagates: expect.any(Boolean),
      },
    });
    const docker = connect(`unix://${folder}/docker.sock`);
    expect(await docker.listContainers({ all: true })).toEqual([]);
  });

  const withoutKvm = existsSync('/dev/kvm') || !canMakeDevices() ? test.skip : test;
  withoutKvm('a device file without a driver behind it is no KVM', async () => {
    execFileSync('mknod', ['/dev/kvm', 'c', '10', '232']);
    try {
      const { machine } = await engineAt(way, 'kvm').survey(signal());
      expect(machine).toMatchObject({ kvm: 'fails' });
    } finally {
      await rm('/dev/kvm');
    }
  });

  test('a machine with many mounts is looked at like any other', async () => {
    const long = await mkdtemp('/dev/shm/katabot-mounts-');
    const mounted: string[] = [];
    try {
      for (let at = 0; at < 55; at++) {
        const place = join(long, `${at}`.padEnd(250, 'm'));
        await mkdir(place);
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'katabot-many', place]);
        mounted.push(place);
      }
      const { machine } = await engineAt(way, 'many').survey(signal());
      expect(machine).toMatchObject({
        shmBytes: expect.any(Number),
        routes: expect.any(Array),
        disk: expect.any(Object),
      });
    } finally {
      for (const place of mounted) execFileSync('umount', [place]);
      await rm(long, { recursive: true, force: true });
    }
  });

  test.each([
    [
      'whose certificate nobody vouches for',
      () => ({ ca: join(root, 'other.pem'), ...pem('bot') }),
      /tls\.ca does not vouch for/,
    ],
    [
      'that does not take the bot’s certificate',
      () => ({ ca: join(root, 'authority.pem'), ...pem('somebody') }),
      /does not take the bot’s certificate/,
    ],
    [
      'for which a file is missing',
      () => ({ ca: join(root, 'nowhere.pem'), ...pem('bot') }),
      /tls\.ca cannot be read/,
    ],
  ])('an engine %s is not spoken to', async (_what, tls, message) => {
    await expect(engineAt({ engine, tls: tls() }).describe(signal())).rejects.toMatchObject({
      code: 'engine-unreachable',
      message: expect.stringMatching(message),
    });
  });
});

describe('a location of both', () => {
  let app: AppInTest;
  const local = connect(ENGINE);

  beforeAll(async () => {
    if (withServer !== test) return;
    await buildImages(connect(`unix://${folder}/docker.sock`));
    const hosts = {
      one: { ...throughSsh, addresses: '127.43.1.0/24', networks: '198.18.228.0/22' },
      two: { ...behindTls, addresses: '127.43.2.0/24', networks: '198.18.240.0/22' },
    };
    app = await startApp({
      settings: { instance: 'hosts', locations: { local: { isolation: 'none', hosts } } },
    });
  }, 60_000);

  afterAll(async () => {
    if (withServer !== test) return;
    await app.run('delete', 'first');
    await app.run('delete', 'second');
    await app.stop();
  });

  const deploy = async (name: string) => {
    const files = [{ path: 'containergroup.yaml', text: groupText({ name, label: name }) }];
    const caller = { name: 'ann', right: 'admin' } as const;
    const said = {
      words: ['deploy', '--file', 'containergroup.yaml'],
      caller,
      surface: 'cli',
      files,
    } as const;
    const told = runCommand(app.app.ground, said, AbortSignal.timeout(30_000));
    for (;;) {
      const step = await told.next();
      if (step.done) return step.value;
    }
  };
  const runningOn = async (docker: ReturnType<typeof connect>) => {
    const containers = await docker.listContainers({ filters: { label: ['katabot.owner=hosts'] } });
    return [...new Set(containers.map(({ Labels }) => Labels['katabot.group']))];
  };
  const stateOf = async (name: string) => Object(await app.run('status', name)).data.state;

  withServer('puts its groups on both, each with an address of its host', async () => {
    expect(await deploy('first')).toMatchObject({ code: 'deployed', data: { address: '127.43.1.1' } });
    expect(await deploy('second')).toMatchObject({ code: 'deployed', data: { address: '127.43.2.1' } });
    expect(await runningOn(local)).toEqual(['production/first']);
    expect(await runningOn(connect(`unix://${folder}/docker.sock`))).toEqual(['production/second']);
  });

  withServer(
    'leaves the groups of a host out of reach alone, and knows them again when it is back',
    async () => {
      await sshd.stop();
      await eventually(async () => expect(await stateOf('first')).toBe('Unknown'));
      expect(await stateOf('second')).toBe('Running');
      expect(await runningOn(local)).toEqual(['production/first']);
      await sshd.start();
      await eventually(async () => expect(await stateOf('first')).toBe('Running'));
      expect(await runningOn(local)).toEqual(['production/first']);
    },
  );
});

/** Only root may, and not in every container. */
function canMakeDevices(): boolean {
  const place = join(tmpdir(), `katabot-device-${process.pid}`);
  try {
    execFileSync('mknod', [place, 'c', '10', '232'], { stdio: 'ignore' });
    rmSync(place);
    return true;
  } catch {
    return false;
  }
}
