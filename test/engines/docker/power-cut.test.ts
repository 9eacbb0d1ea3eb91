/** A host that loses its power: what was only in its memory is there again before anything of a group runs. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AppInTest, eventually, startApp } from '../../world/bot.ts';
import { connect } from '../../world/docker.ts';
import { buildImages } from '../../world/images.ts';
import { bootPrivateEngine, startPrivateEngine } from '../../world/private-engine.ts';
import { cutPower, stopPrivateEngine } from '../../world/private-engine-stop.ts';

/** It would set up anew what keeps the groups of the other engine apart. */
const ENGINE = { flags: ['--iptables=false'] };
const LOOK = [
  'echo "file $(cat /store/key)" "variable $TOKEN" "map $(cat /mnt/configmap/web/level)"',
  'echo "disk $(cat /disk/kept 2>/dev/null)" "memory $(cat /memory/kept 2>/dev/null)"',
  'echo yes > /disk/kept; echo yes > /memory/kept; echo done',
  'sleep 600',
].join('; ');
const DOCUMENT = JSON.stringify({
  name: 'kept',
  location: 'local',
  properties: {
    osType: 'Linux',
    volumes: [
      { name: 'store', secret: { key: Buffer.from('hunter-one').toString('base64') } },
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ],
    containers: [
      {
        name: 'web',
        properties: {
          image: 'katabot/busybox:1',
          command: ['sh', '-c', LOOK],
          environmentVariables: [{ name: 'TOKEN', secureValue: 'hunter-two' }],
          configMap: { keyValuePairs: { level: 'debug' } },
          resources: { requests: { cpu: 0.1, memoryInGB: 0.1 } },
          volumeMounts: ['store', 'disk', 'memory'].map((name) => ({ name, mountPath: `/${name}` })),
        },
      },
    ],
  },
});

let folder: string;
let bot: AppInTest;

beforeAll(async () => {
  folder = await startPrivateEngine(ENGINE);
  const engine = `unix://${folder}/docker.sock`;
  await buildImages(connect(engine));
  bot = await startApp({
    settings: {
      instance: 'power-test',
      locations: {
        local: { engine, isolation: 'none', addresses: '127.46.0.0/16', networks: '198.19.6.0/24' },
      },
    },
  });
}, 120_000);

afterAll(async () => {
  await bot.stop();
  await stopPrivateEngine(folder);
});

async function said(): Promise<string[]> {
  const lines: string[] = [];
  const request = { key: 'production/kept', container: 'web', follow: false } as const;
  for await (const { text } of bot.app.ground.hosts['local']?.engine.logs(
    request,
    AbortSignal.timeout(10_000),
  ) ?? [])
    lines.push(text);
  expect(lines.at(-1)).toBe('done');
  return lines;
}

test('secrets, variables and config maps are delivered again, scratch on the disk is kept, scratch in memory is empty', async () => {
  expect((await bot.give('deploy', DOCUMENT)).code).toBe('deployed');
  const delivered = 'file hunter-one variable hunter-two map debug';
  expect(await eventually(said)).toEqual([delivered, 'disk  memory ', 'done']);

  await cutPower(folder);
  await expect(said()).rejects.toThrow(/./);
  await bootPrivateEngine(folder, ENGINE);
  bot.app.reconciler.wake('production/kept'); // it would look by itself a little later
  await eventually(async () => expect(await said()).toEqual([delivered, 'disk yes memory ', 'done']), 60_000);
}, 120_000);
