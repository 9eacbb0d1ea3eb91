/** Whatever comes from outside: Slack takes every message, nothing in it does anything, and what is left out is said. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Block, Outcome } from '../../../src/replies/index.ts';
import {
  deployModal,
  deployOptions,
  fallback,
  type HomeFacts,
  helpMessage,
  homeView,
  type RoomView,
  refusal,
  rootMessage,
  threadReply,
  usageError,
} from '../../../src/surfaces/slack/message/index.ts';
import { complaintAboutMessage, complaintAboutView } from '../../world/slack/block-kit.ts';
import { deedsOf, HOSTILE } from './hostile.ts';
import { IDS, NOW, roomView, STAGES, usd } from './stages.ts';
import { FORM, HOME } from './views.ts';

const PEOPLE = ['U024ANN', 'U024BO', 'U024CY'];
const LINKS = STAGES.flatMap(([, view]) => [
  view.commitUrl,
  view.pageUrl,
  view.pull?.url ?? '',
  ...view.groups.map(({ url }) => url),
]);
const OWN = { links: LINKS, people: PEOPLE };

/** Texts made of hostile pieces, also very long ones. */
const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.constantFrom(...HOSTILE, '<', '>', '&', '|', '\n', '*', ':', '@', 'x'.repeat(700)), {
      maxLength: 12,
    })
    .map((pieces) => pieces.join('')),
);

/** A view with every text from outside replaced, and every address of the bot's own, which it has no other way to get. */
function filled(view: RoomView, text: string): RoomView {
  const who = { name: text };
  const { stage } = view;
  const told = Object.fromEntries(
    Object.entries(stage).map(([key, value]) => [
      key,
      key !== 'kind' && typeof value === 'string' ? text : value,
    ]),
  );
  return {
    ...view,
    name: text,
    repository: text,
    environment: text,
    title: text,
    commit: text,
    commitUrl: text,
    pageUrl: text,
    ...(view.pull ? { pull: { number: 412, url: text, by: text } } : {}),
    askedBy: { name: text, slack: text },
    groups: Array.from({ length: 12 }, () => ({
      name: text,
      url: text,
      address: text,
      running: text,
      isolation: 'hypervisor',
      gpus: [{ index: 0, name: text, utilizationPercent: 38 }],
    })),
    stage: {
      ...stage,
      ...told,
      ...('by' in stage ? { by: who } : {}),
      ...('from' in stage ? { from: Array.from({ length: 30 }, () => who) } : {}),
      ...('steps' in stage
        ? {
            steps: Array.from(
              { length: 40 },
              () => ({ kind: 'stage', mark: 'done', label: text, text }) as const,
            ),
            ahead: Array.from({ length: 40 }, () => text),
          }
        : {}),
      ...('suggestion' in stage ? { suggestion: { text, where: text, addsPerHour: usd('1') } } : {}),
    },
  };
}

describe('the root message', () => {
  test.each(STAGES)('%s: holds whatever is in it', (_name, view) => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const message of [
          rootMessage(filled(view, text), IDS),
          fallback(rootMessage(filled(view, text), IDS)),
        ]) {
          expect(complaintAboutMessage(message)).toBeUndefined();
          expect(JSON.stringify(message.blocks).length).toBeLessThanOrEqual(11_000);
          expect(deedsOf(message, { ...OWN, links: [...LINKS, text] })).toEqual([]);
          expect(message.text).not.toBe('');
        }
      }),
      { numRuns: 30 },
    );
  });

  test('shows no button that has no id, and never a parameter in one', () => {
    const view = STAGES.find(([name]) => name === 'healthy')?.[1] ?? roomView({ kind: 'planning' });
    const buttons = (ids: object) =>
      rootMessage(view, ids).blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
    expect(buttons({}).map((each) => 'url' in each && Boolean(each.url))).toEqual([true, true]);
    expect(buttons({ stop: 'act_1' }).find((each) => each.action_id === 'katabot:stop')).toMatchObject({
      value: 'act_1',
      confirm: { style: 'danger' },
    });
  });
});

/** Every kind of block, with a text from outside in each of its places. */
const blockWith = (text: string): Record<string, Block[]> => ({
  heading: [{ kind: 'heading', text }],
  stage: [{ kind: 'stage', mark: 'done', label: text, text, tookMs: 410 }],
  field: [{ kind: 'field', label: text, text }],
  log: [
    { kind: 'log', source: 'web', text },
    { kind: 'log', source: text, text: 'after' },
  ],
  problem: [
    {
      kind: 'problem',
      excerpt: `3 | ${text}\n  | ^`,
      problem: {
        file: text,
        line: 3,
        column: 7,
        path: text,
        severity: 'error',
        code: 'invalid',
        message: text,
        advice: text,
        own: false,
      },
    },
  ],
  table: [{ kind: 'table', columns: ['a', text], rows: [[text, 'b'], ['c']] }],
  text: [{ kind: 'text', text }],
  verbatim: [{ kind: 'verbatim', text: `${text}\n`.repeat(3) }],
});
const KINDS = Object.keys(blockWith(''));

describe('an answer', () => {
  test('does nothing, whatever it is made of and however much of it there is', () => {
    const part = fc.tuple(fc.constantFrom(...KINDS), hostile, fc.constantFrom(1, 1, 1, 7, 60));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const blocks = parts.flatMap(([kind, text, times]) =>
          Array.from({ length: times }, () => blockWith(text)[kind] ?? []).flat(),
        );
        const reply = threadReply(blocks);
        for (const message of [
          reply,
          fallback(reply),
          usageError(outcome(blocks), IDS),
          refusal(outcome(blocks), IDS),
        ]) {
          expect(complaintAboutMessage(message)).toBeUndefined();
          expect(JSON.stringify(message.blocks).length).toBeLessThanOrEqual(11_000);
          expect(deedsOf(message)).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each(HOSTILE)('%j shows in every kind of block and does nothing', (text) => {
    for (const kind of KINDS) {
      const reply = threadReply(blockWith(text)[kind] ?? []);
      expect({ kind, complaint: complaintAboutMessage(reply), deeds: deedsOf(reply) }).toEqual({
        kind,
        complaint: undefined,
        deeds: [],
      });
    }
  });

  test.each<[string, Block[]]>([
    ['a log', lines(20_000, (index) => ({ kind: 'log', source: 'web', text: `line ${index}` }))],
    ['one line', [{ kind: 'log', source: 'web', text: 'x'.repeat(10_000_000) }]],
    [
      'a table',
      [
        {
          kind: 'table',
          columns: ['a', 'b'],
          rows: lines(5_000, (index) => [`row ${index}`, 'x'.repeat(90)]),
        },
      ],
    ],
    ['a document', [{ kind: 'verbatim', text: lines(10_000, (index) => `- key${index}: value`).join('\n') }]],
    ['many problems', lines(2_000, () => blockWith('wrong '.repeat(40))['problem'] ?? []).flat()],
    ['many headings', lines(3_000, (index) => ({ kind: 'heading', text: `${index}` }))],
  ])('%s that is too long says what is left out, and is whole in its file', (_name, blocks) => {
    const reply = threadReply(blocks, 'shop.log');
    expect(complaintAboutMessage(reply)).toBeUndefined();
    if (blocks.length > 1 || blocks[0]?.kind !== 'log') {
      expect(JSON.stringify(reply.blocks)).toMatch(/… [\d,]+ (lines|rows|parts) are left out …/);
      expect(reply.file?.name).toBe('shop.log');
    }
  });

  test('keeps the end of a log, where the news is, and all of it in the file', () => {
    const reply = threadReply(lines(400, (index) => ({ kind: 'log', source: 'web', text: `line ${index}` })));
    const shown = JSON.stringify(reply.blocks);
    expect(shown).toContain('… 385 lines are left out …');
    expect(shown).toContain('web | line 399');
    expect(shown).not.toContain('line 300');
    expect(reply.file?.text).toContain('| line 0\n');
    expect(reply.file?.text).toContain('| line 399');
  });

  test('that fits has no file', () => {
    expect(threadReply([{ kind: 'text', text: 'Nothing runs.' }])).toEqual({
      text: 'Nothing runs.',
      blocks: [
        {
          type: 'rich_text',
          elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'Nothing runs.' }] }],
        },
      ],
    });
  });
});

test('help is taken by Slack, as a whole and verb by verb', () => {
  for (const topic of [undefined, ...['deploy', 'logs', 'audit', 'token', 'help']]) {
    const message = helpMessage(
      topic === undefined ? { refused: { audit: 'takes the right operator' } } : { topic },
    );
    expect(complaintAboutMessage(message)).toBeUndefined();
    expect(JSON.stringify(message.blocks).length).toBeLessThanOrEqual(11_000);
  }
});

describe('the form and the home tab', () => {
  test('a group with a domain of its own is opened there, and shows both names', () => {
    const [first] = HOME.deployments;
    if (!first) throw new Error('there is no such deployment');
    const urls = ['https://shop.example.com', 'https://shop.local.example.dev'];
    const drawn = JSON.stringify(homeView({ ...HOME, deployments: [{ ...first, urls }] }));
    for (const url of urls) expect(drawn).toContain(`{"type":"link","url":"${url}"`);
    expect(drawn).toContain(`"url":"${urls[0]}","style":"primary"`);
  });

  test('hold whatever is in them', () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom(0, 1, 99, 250), (text, count) => {
        const many = <Each>(each: (index: number) => Each) => lines(count, each);
        const form = {
          ...FORM,
          reason: text,
          repositories: many((index) => `${text}${index}`),
          pulls: many((index) => ({ number: index, title: text })),
          branches: many((index) => `${text}${index}`),
          environments: many((index) => ({ name: `${text}${index}`, note: text })),
          price: { kind: 'failed', message: text } as const,
        };
        const view = deployModal(form);
        expect(complaintAboutView(view)).toBeUndefined();
        expect(deedsOf(view)).toEqual([]);
        expect(deedsOf({ blocks: [deployOptions(form, 'ref', text)] })).toEqual([]);
        const home = homeView(hostileHome(text, count));
        expect(complaintAboutView(home)).toBeUndefined();
        expect(deedsOf(home, { links: [text] })).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

function hostileHome(text: string, count: number): HomeFacts {
  const [deployment] = HOME.deployments;
  if (!deployment) throw new Error('there is no such deployment');
  return {
    ...HOME,
    github: text,
    linkUrl: text,
    deployments: lines(count, () => ({
      ...deployment,
      name: text,
      environment: text,
      urls: [text, text],
      pageUrl: text,
      ids: IDS,
    })),
    approvals: lines(count, () => ({
      name: text,
      environment: text,
      commit: text,
      by: { name: text, slack: text },
      untilMs: NOW,
      ids: IDS,
    })),
    locks: lines(count, () => ({ environment: text, reason: text, untilMs: NOW })),
  };
}

function outcome(blocks: readonly Block[]): Outcome {
  return { kind: 'refused', code: 'locked', blocks, data: { advice: 'Did you mean: /kata deploy' } };
}

function lines<Each>(count: number, each: (index: number) => Each): Each[] {
  return Array.from({ length: count }, (_, index) => each(index));
}
