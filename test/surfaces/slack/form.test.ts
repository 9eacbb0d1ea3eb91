/** The form that deploys: what it offers, and what comes back with it. */
import { describe, expect, test } from '@jest/globals';
import type { InputBlock, ModalView } from '@slack/types';
import { parse } from '../../../src/commands/index.ts';
import {
  correctedLine,
  type DeployForm,
  deployModal,
  deployOptions,
  readDeployModal,
} from '../../../src/surfaces/slack/message/index.ts';
import { complaintAboutView } from '../../world/slack/block-kit.ts';
import { FORM } from './views.ts';

/** What Slack sends back when somebody changes nothing. */
function submitted(view: ModalView, changes: Readonly<Record<string, string>> = {}): unknown {
  const inputs = view.blocks.filter((block): block is InputBlock => block.type === 'input');
  return Object.fromEntries(
    inputs.map(({ block_id = '', element }) => {
      const { action_id = '' } = element;
      const given = changes[action_id];
      const value = { value: given ?? ('initial_option' in element ? element.initial_option?.value : null) };
      return [
        block_id,
        {
          [action_id]:
            element.type === 'plain_text_input' ? { value: given ?? null } : { selected_option: value },
        },
      ];
    }),
  );
}

test('Slack takes it, and what comes back is a command of the one grammar', () => {
  expect(complaintAboutView(deployModal(FORM))).toBeUndefined();
  const reason = '"quoted" --yes \'and\' more';
  expect(readDeployModal(submitted(deployModal(FORM), { 'katabot:field-reason': reason }))).toEqual({
    kind: 'command',
    words: ['deploy', 'acme/shop#412', 'to', 'staging', '--ttl=4h', `--reason=${reason}`],
    chosen: { repository: 'acme/shop', pull: 412, environment: 'staging', ttl: '4h', reason },
  });
  const command = parse(['deploy', 'shop', 'to', 'staging', '--ttl=4h', `--reason=${reason}`]);
  expect(command.options).toEqual({ ttl: 14_400_000, reason });
});

test('a branch is one as well', () => {
  const view = deployModal({ ...FORM, ref: { branch: 'release/2026-11' } });
  expect(readDeployModal(submitted(view))).toMatchObject({
    words: ['deploy', 'acme/shop@release/2026-11', 'to', 'staging', '--ttl=4h'],
    chosen: { branch: 'release/2026-11' },
  });
});

describe('what a forged form sends is told at its block', () => {
  test.each([
    ['katabot:field-repository', 'acme/shop --yes', 'repository', 'Choose a repository.'],
    ['katabot:field-ref', '@--upload-pack=x', 'ref@acme/shop', 'Choose a pull request or a branch.'],
    ['katabot:field-ref', '#412 in production', 'ref@acme/shop', 'Choose a pull request or a branch.'],
    ['katabot:field-environment', 'Production!', 'environment@acme/shop', 'Choose an environment.'],
    ['katabot:field-ttl', 'for ever', 'ttl', 'Choose a time to live, or none.'],
    ['katabot:field-reason', 'x'.repeat(501), 'reason', 'Write at most 500 characters.'],
  ])('%s: %s', (field, value, block, wrong) => {
    expect(readDeployModal(submitted(deployModal(FORM), { [field]: value }))).toEqual({
      kind: 'mistakes',
      errors: { [block]: wrong },
    });
  });

  test.each([[undefined], [null], ['text'], [{}], [{ repository: null }]])('%j', (values) => {
    expect(readDeployModal(values)).toEqual({
      kind: 'mistakes',
      errors: { repository: 'Choose an environment.' },
    });
  });
});

describe('long lists', () => {
  const many: DeployForm = {
    ...FORM,
    branches: Array.from({ length: 150 }, (_, index) => `feature/${index}`),
  };

  test('are asked for as somebody types, and then offered a hundred at a time', () => {
    const view = deployModal(many);
    expect(view.blocks.find(({ block_id }) => block_id === 'ref@acme/shop')).toMatchObject({
      element: { type: 'external_select', initial_option: { value: '#412' } },
    });
    expect(deployOptions(many, 'ref', 'batch')).toMatchObject({ options: [{ value: '#412' }] });
    expect(deployOptions(many, 'ref', 'FEATURE/14')).toMatchObject({ options: { length: 11 } });
    expect(deployOptions(many, 'ref', '')).toMatchObject({
      option_groups: [{ options: { length: 2 } }, { options: { length: 100 } }],
    });
    expect(deployOptions(many, 'ref', 'nothing like that')).toEqual({ options: [] });
  });

  test('hold nothing that would be refused', () => {
    expect(
      deployOptions({ ...FORM, branches: ['ok', '-x', 'a b', 'x'.repeat(90)], pulls: [] }, 'ref', ''),
    ).toMatchObject({
      options: [{ value: '@ok' }],
    });
  });
});

test('without anything to choose the form says so, and Slack takes it', () => {
  const view = deployModal({
    ...FORM,
    repositories: [],
    pulls: [],
    branches: [],
    environments: [],
    price: { kind: 'unknown' },
  });
  expect(complaintAboutView(view)).toBeUndefined();
  expect(JSON.stringify(view.blocks)).toContain('Pull request or branch: choose a repository first');
});

test('the line that was meant is taken from what the parser says', () => {
  expect(correctedLine({ data: { code: 'usage', advice: 'Did you mean: /kata deploy shop' } })).toBe(
    '/kata deploy shop',
  );
  expect(correctedLine({ data: { code: 'usage', advice: 'katabot help lists the verbs.' } })).toBeUndefined();
  expect(correctedLine({ data: null })).toBeUndefined();
});
