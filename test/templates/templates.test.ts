/** Every template: brought up on a real engine, and exported, planned and gone through unchanged on one in memory. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const FOLDER = resolve(import.meta.dirname, '../../templates');
const TEMPLATES = readdirSync(FOLDER).sort();

/** What stands in for images that only a registry has. */
const STANDS_IN: Readonly<Record<string, string>> = {
  'nginx:1.29-alpine': 'katabot/hello:1',
  'busybox:1.37': 'katabot/busybox:1',
  'vllm/vllm-openai:v0.11.0': 'katabot/hello:1',
};

function textOf(name: string): string {
  const text = readFileSync(join(FOLDER, name, 'containergroup.yaml'), 'utf8');
  return Object.entries(STANDS_IN).reduce((all, [image, other]) => all.replaceAll(image, other), text);
}

describe('on a real engine', () => {
  let app: AppInTest;

  beforeAll(async () => {
    app = await startApp({
      settings: {
        instance: 'templates',
        locations: { local: { isolation: 'none', addresses: '127.37.0.0/16', networks: '198.19.96.0/20' } },
      },
    });
  });

  afterAll(() => app.stop());

  test.each(TEMPLATES.filter((name) => name !== 'gpu'))('%s comes up', async (name) => {
    try {
      const outcome = await app.give('deploy', textOf(name));
      expect(outcome).toMatchObject({ kind: 'done', code: 'deployed' });
    } finally {
      expect((await app.run('delete', name)).code).toBe('removed');
    }
  });

  test('gpu is refused at its line where no GPU is handed out', async () => {
    const outcome = await app.give('deploy', textOf('gpu'));
    expect(outcome.code).toBe('invalid');
    expect(JSON.stringify(outcome.data)).toContain('GPUs are not handed out');
  });
});

describe('in memory', () => {
  let app: AppInTest;

  beforeAll(async () => {
    const engine = createMemoryEngine(systemClock, Object.values(STANDS_IN));
    for (const name of TEMPLATES) engine.answer(`production/${name}`, 80, 200);
    const gpus = [{ id: 'GPU-6f3f1b0e-2f6f-4d6e-9a52-7b6f0b8f7f01', sku: 'V100' }];
    app = await startApp({
      parts: { engine: () => engine },
      settings: { locations: { local: { isolation: 'none', gpus } } },
    });
  });

  afterAll(() => app.stop());

  test.each(TEMPLATES)(
    '%s is exported without a loss: to deploy the export changes nothing',
    async (name) => {
      // The engine in memory runs no programs: an init container ends there when its script says so.
      const given = textOf(name).replace('cp /secrets/greeting /pages/index.html', 'exit 0');
      const deployed = await app.give('deploy', given);
      expect(deployed).toMatchObject({ kind: 'done' });
      const { text } = Object((await app.run('export', name)).data);
      expect(text).not.toContain('aGVsbG8gZnJvbSBhIHNlY3JldAo');
      const planned = await app.give('plan', text);
      expect(planned).toMatchObject({
        code: 'plan',
        data: { groups: [{ effect: 'none', changes: [], wouldDeploy: true }] },
      });
      const again = await app.give('deploy', text);
      expect(again).toMatchObject({ code: 'deploy-already', data: { changed: false } });
    },
  );
});
