/** The one message of a deployment in a channel, at each stage, as it was read and found good. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { fallback, rootMessage } from '../../../src/surfaces/slack/message/index.ts';
import { complaintAboutMessage } from '../../world/slack/block-kit.ts';
import { outline } from './outline.ts';
import { IDS, STAGES } from './stages.ts';

/** Written anew with KATABOT_STAGES=write; then read it. */
const FILE = join(import.meta.dirname, 'stages.md');
const WRITING = process.env['KATABOT_STAGES'] === 'write';

test('each stage looks as it was agreed', () => {
  const drawn = STAGES.map(
    ([name, view]) => `## ${name}\n\n\`\`\`text\n${outline(rootMessage(view, IDS))}\n\`\`\`\n`,
  ).join('\n');
  if (WRITING) writeFileSync(FILE, drawn);
  expect(drawn).toBe(readFileSync(FILE, 'utf8'));
});

test.each(STAGES)('Slack takes: %s', (_name, view) => {
  expect(complaintAboutMessage(rootMessage(view, IDS))).toBeUndefined();
  expect(complaintAboutMessage(fallback(rootMessage(view, IDS)), ['plan', 'table'])).toBeUndefined();
});
