/** File shares: what the engine and the kernel are asked for, and the way of a mount into a group on a real engine. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { causeOf } from '../../../src/engines/docker/causes.ts';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import { shareFailure } from '../../../src/engines/docker/mount-causes.ts';
import { ensureSandboxImage } from '../../../src/engines/docker/sandbox-image.ts';
import {
  mountHelper,
  type Share,
  type ShareSettings,
  shareOf,
  shareOptions,
  sharesFolder,
  unmountHelper,
} from '../../../src/engines/docker/shares.ts';
import { volumeOptions } from '../../../src/engines/docker/volume-options.ts';
import { connect } from '../../world/docker.ts';
import { bringUp, podFor, run, takeDown } from './brought-up.ts';

const KEY = 'c2VjcmV0LWtleQ==';
const text = (name: string, account: string, more = '') => `
name: ${name}
properties:
  osType: Linux
  volumes:
  - name: files
    azureFile: {shareName: team, storageAccountName: ${account}, storageAccountKey: '${KEY}'${more}}
  containers:
  - name: web
    properties:
      image: katabot/busybox:1
      command: [sleep, '600']
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}
      volumeMounts: [{name: files, mountPath: /files}]
  - name: side
    properties:
      image: katabot/busybox:1
      command: [sleep, '600']
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}
      volumeMounts: [{name: files, mountPath: /files, readOnly: true}]
`;
const servers: ShareSettings['servers'] = {
  office: { server: 'nas.example.com', port: 4450, user: 'team,one' },
  nobody: { server: '127.0.0.1', port: 1 },
};
const shareIn = (account: string, more = ''): Share => {
  const [volume] = podFor(text('x', account, more), '').group.volumes;
  const share = volume && shareOf(volume, servers);
  if (!share) throw new Error('no share');
  return share;
};

describe('what mounting a file share takes', () => {
  test('the account’s own server in Azure, encrypted, or the one that the settings name', () => {
    expect(shareIn('acmefiles')).toEqual({
      volume: 'files',
      account: 'acmefiles',
      name: 'team',
      server: 'acmefiles.file.core.windows.net',
      encrypt: true,
      readOnly: false,
    });
    expect(shareIn('office', ', readOnly: true')).toEqual({
      volume: 'files',
      account: 'office',
      name: 'team',
      server: 'nas.example.com',
      port: 4450,
      user: 'team,one',
      readOnly: true,
    });
  });

  test('options for the kernel, in which nothing that is a comma ends one', () => {
    expect(shareOptions(shareIn('acmefiles'), '203.0.113.7', KEY)).toBe(
      `addr=203.0.113.7,vers=3,seal,username=acmefiles,password=${KEY},uid=0,gid=0,dir_mode=0777,file_mode=0777,serverino,nosharesock,mfsymlinks,actimeo=30`,
    );
    expect(shareOptions(shareIn('office'), '192.0.2.7', 'a,uid=7')).toMatch(
      /^addr=192\.0\.2\.7,port=4450,vers=3,username=team,,one,password=a,,uid=7,uid=0,/,
    );
  });

  const place = { owner: 'katabot', pod: 'katabot.production.x.r1', image: 'i', folder: '/e/katabot-shares' };

  test('a helper that may mount and nothing else, and is told no secret', () => {
    const options = mountHelper(place, shareIn('office', ', readOnly: true'));
    expect(options).toMatchObject({
      name: 'katabot.production.x.r1.files.share',
      Entrypoint: ['/share'],
      Cmd: [
        'mount',
        'cifs',
        '//nas.example.com/team',
        '/shares/katabot.production.x.r1',
        '/shares/katabot.production.x.r1/files',
        'ro',
      ],
      HostConfig: {
        Runtime: 'runc',
        NetworkMode: 'host',
        Binds: ['/e/katabot-shares:/shares:rshared'],
        CapDrop: ['ALL'],
        CapAdd: ['SYS_ADMIN'],
        ReadonlyRootfs: true,
        LogConfig: { Type: 'none' },
      },
    });
    expect(JSON.stringify(options)).not.toContain(KEY);
    expect(unmountHelper(place, ['files', 'more']).Cmd).toEqual([
      'unmount',
      '/shares/katabot.production.x.r1',
      '/shares/katabot.production.x.r1/files',
      '/shares/katabot.production.x.r1/more',
    ]);
  });

  test('a volume that is the place where the helper mounts, or one that the engine mounts with the key in its books', () => {
    const made = (mountedBy: ShareSettings['mountedBy']) =>
      volumeOptions('katabot', podFor(text('x', 'office', ', readOnly: true'), ''), 'files', {
        engineFolder: '/var/lib/docker',
        shares: { servers, mountedBy },
      });
    expect(made('helper')).toMatchObject({
      DriverOpts: {
        type: 'none',
        device: '/var/lib/docker/katabot-shares/katabot.production.x.r1/files',
        o: 'bind',
      },
      Labels: { 'katabot.share': 'files' },
    });
    expect(JSON.stringify(made('helper'))).not.toContain(KEY);
    expect(made('engine').DriverOpts).toMatchObject({
      type: 'cifs',
      device: '//nas.example.com/team',
      o: expect.stringMatching(/^addr=nas\.example\.com,port=4450,.*password=c2VjcmV0LWtleQ==,.*,ro$/),
    });
    expect(made('engine').Labels).not.toHaveProperty('katabot.share');
  });
});

describe('why a file share is not mounted', () => {
  // As Debian's kernel 6.1 answers, asked of Debian's samba.
  test.each([
    [13, 'share-refused', /nas\.example\.com does not let team,one in to \/\/nas\.example\.com\/team/],
    [2, 'volume-missing', /There is no file share \/\/nas\.example\.com\/team \(port 4450\)/],
    [111, 'share-unreachable', /connection refused/],
    [113, 'share-unreachable', /no route to host/],
    [112, 'share-unreachable', /host is down/],
    [115, 'share-unreachable', /operation now in progress/],
    [19, 'share-unsupported', /kernel cannot mount SMB/],
    [1, 'volume-failed', /operation not permitted/],
    [999, 'volume-failed', /error 999/],
  ])('%i is %s', (code, expected, words) => {
    const failure = shareFailure(shareIn('office'), code);
    expect(failure).toMatchObject({
      code: expected,
      message: expect.stringMatching(words),
      about: { volume: 'files' },
    });
    expect(failure.advice).toMatch(/\S/);
  });

  test.each([
    [
      'mount //nas/team:/e/volumes/k.production.x.r1.files/_data, data: addr=192.0.2.7,password=********: permission denied',
      'share-refused',
    ],
    [
      'mount //nas/team:/e/volumes/k.production.x.r1.files/_data, data: addr=192.0.2.7: no such file or directory',
      'volume-missing',
    ],
    [
      'mount :/exports/team:/e/volumes/k.production.x.r1.files/_data, data: addr=192.0.2.7,nfsvers=4,rw: no such device',
      'share-unsupported',
    ],
    [
      'mount :/exports/team:/e/volumes/k.production.x.r1.files/_data, data: addr=192.0.2.7,nfsvers=4,rw: connection refused',
      'share-unreachable',
    ],
    [
      'mount :/exports/team:/e/volumes/k.production.x.r1.files/_data, data: addr=192.0.2.7,nfsvers=4,rw: access denied',
      'volume-failed',
    ],
  ])('the engine’s words: %s', (words, code) => {
    const message = `error while mounting volume '/e/volumes/k.production.x.r1.files/_data': failed to mount local volume: ${words}`;
    const failure = causeOf({ statusCode: 500, json: { message } }, 'the sandbox');
    expect(failure).toMatchObject({ code, about: { volume: 'files' } });
    expect(failure.message).not.toContain('addr=');
  });
});

describe('on a real engine', () => {
  const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
  const engine = createDockerEngine(
    {
      way: { engine: process.env['KATABOT_TEST_DOCKER_HOST'] ?? '' },
      folder: '',
      runtime: 'runc',
      isolation: 'none',
      owner: 'shares-test',
      shares: { servers, mountedBy: 'helper' },
      stopGraceSeconds: 0,
    },
    systemClock,
  );
  const filters = { label: ['katabot.owner=shares-test'] };
  let place: { owner: string; pod: string; image: string; folder: string };

  beforeAll(async () => {
    const { Architecture, DockerRootDir } = await docker.info();
    place = {
      owner: 'shares-test',
      pod: 'shares-test.production.shared.r1',
      image: await ensureSandboxImage(docker, Architecture),
      folder: sharesFolder(DockerRootDir),
    };
  });
  afterAll(async () => {
    for (const name of ['shared', 'alone']) await takeDown(engine, podFor(text(name, 'nobody'), ''));
    await engine.close();
  });

  const inHost = async (...command: string[]) => {
    const container = await docker.createContainer({
      Image: 'katabot/busybox:1',
      Cmd: command,
      HostConfig: { NetworkMode: 'none', Binds: [`${place.folder}:/shares:rslave`] },
    });
    try {
      await container.start();
      return (await container.wait()).StatusCode;
    } finally {
      await container.remove({ force: true });
    }
  };

  test('what is mounted is there for the group’s containers, to write or to read, and is unmounted with the group', async () => {
    const pod = podFor(text('shared', 'nobody'), '198.19.5.32/28');
    // A file system that every kernel has, where the share would be: the bot finds it mounted and leaves it so.
    const options = mountHelper(place, shareIn('nobody'));
    const helper = await docker.createContainer({
      ...options,
      Cmd: (options.Cmd ?? []).map((word) => (word === 'cifs' ? 'tmpfs' : word)),
    });
    const stdin = await helper.attach({ stream: true, stdin: true, hijack: true });
    const ended = helper.wait({ condition: 'next-exit' });
    await helper.start();
    stdin.end('size=1m,mode=0777');
    expect(await ended).toMatchObject({ StatusCode: 0 });
    await helper.remove();

    const up = await bringUp(engine, pod);
    expect(
      await run(engine, up, 'web', 'sh', '-c', 'echo kept > /files/note; df -m /files | tail -1'),
    ).toMatchObject({
      output: expect.stringMatching(/^\S+ +1 /),
      code: 0,
    });
    expect(await run(engine, up, 'side', 'cat', '/files/note')).toEqual({ output: 'kept', code: 0 });
    expect((await run(engine, up, 'side', 'touch', '/files/more')).output).toMatch(/Read-only file system/);
    expect(await inHost('test', '-e', `/shares/${place.pod}/files/note`)).toBe(0);
    const { Volumes = [] } = await docker.listVolumes({ filters: JSON.stringify(filters) });
    expect(Volumes.map(({ Name }) => Name)).toEqual([`${place.pod}.files`]);
    expect(JSON.stringify(Volumes)).not.toContain(KEY);

    await takeDown(engine, up);
    expect(await inHost('test', '-e', `/shares/${place.pod}`)).toBe(1);
    expect((await docker.listVolumes({ filters: JSON.stringify(filters) })).Volumes).toEqual([]);
  }, 60_000);

  /** Debian's own kernels have it as a module; one that is built without modules has it or has not. */
  const kernelMounts = /\bcifs$/m.test(readFileSync('/proc/filesystems', 'utf8'));

  test(`a share that cannot be mounted is told (${kernelMounts ? 'nobody listens' : 'no SMB in this kernel'}), and nothing of the group stays`, async () => {
    const told = bringUp(engine, podFor(text('alone', 'nobody'), '198.19.5.48/28'));
    await expect(told).rejects.toMatchObject({
      code: kernelMounts ? 'share-unreachable' : 'share-unsupported',
      about: { volume: 'files' },
    });
    expect(
      await docker.listContainers({ all: true, filters: { name: ['shares-test.production.alone'] } }),
    ).toEqual([]);
    expect((await docker.listVolumes({ filters: JSON.stringify(filters) })).Volumes).toEqual([]);
    expect(await docker.listNetworks({ filters })).toEqual([]);
    expect(await inHost('test', '-e', '/shares/shares-test.production.alone.r1')).toBe(1);
  }, 60_000);
});
