import type { Problem } from '../spec/index.ts';
import type { Decision } from './policy.ts';
import { type Admission, type Need, needWords } from './proposals.ts';

/** One question of the way to a deed, and its answer. */
export interface Check {
  readonly name: CheckName;
  /** `waits`: it would go on by itself later. `not-needed` also for what was not looked at, because an earlier question had failed. */
  readonly state: 'passed' | 'waits' | 'failed' | 'not-needed';
  /** Of a failed one, '' otherwise. */
  readonly code: string;
  readonly text: string;
  readonly advice: string;
}

/** Every question, in the order in which it is asked. */
export const CHECK_NAMES = [
  'caller known',
  'repository allowed',
  'right',
  'environment rules',
  'confirmation',
  'approvals',
  'wait timer',
  'spec accepted',
  'capacity',
  'isolation',
  'name free',
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** Why something cannot be: a problem of a file, or any other with the same parts. */
export type Objection = Pick<Problem, 'code' | 'message' | 'advice'>;

/** What is known of a deed that somebody wants. */
export interface DeedFacts {
  readonly decision: Decision;
  /** Of a place with rules of its own, such as a pull request; absent elsewhere, null: not looked at. */
  readonly place?: PlaceFacts | null;
  /** `needed`: the environment is protected and nobody has said yes yet. */
  readonly confirmation: 'given' | 'needed' | 'not-needed';
  /** null: not looked at, or nothing to look at. */
  readonly spec: readonly Objection[] | null;
  readonly capacity: readonly Objection[] | null;
  /** It has no room now, and would wait for some. */
  readonly waitsForRoom?: boolean;
  readonly isolation: readonly Objection[] | null;
  readonly name: readonly Objection[] | null;
}

/** What a place says, and what of it is still to come. */
export interface PlaceFacts {
  readonly admission: Admission;
  /** Approvals that nobody has given yet. */
  readonly missing: readonly Need[];
  /** What is left of its wait timer. */
  readonly waitMs: number;
}

/** The whole list for a wanted deed. It is refused when one has failed; the first of those is the refusal. Pure. */
export function decisions(facts: DeedFacts): Check[] {
  return [
    ...decisionChecks(facts.decision),
    ...rulesCheck(facts.place),
    confirmationCheck(facts.confirmation),
    ...waitChecks(facts.place),
    objectionCheck('spec accepted', facts.spec),
    facts.waitsForRoom ? waits('capacity', 'for room') : objectionCheck('capacity', facts.capacity),
    objectionCheck('isolation', facts.isolation),
    objectionCheck('name free', facts.name),
  ];
}

/** Where each code of a refusal belongs; any other is about the right. */
const REFUSED_AT: Readonly<Record<string, number>> = { 'caller-unknown': 0, 'repository-refused': 1 };
const RIGHT_AT = 2;

function decisionChecks(decision: Decision): Check[] {
  const failedAt = decision.allowed ? CHECK_NAMES.length : (REFUSED_AT[decision.code] ?? RIGHT_AT);
  return CHECK_NAMES.slice(0, RIGHT_AT + 1).map((name, index): Check => {
    if (index > failedAt) return notNeeded(name);
    if (decision.allowed || index < failedAt)
      return passed(name, decision.allowed && index === RIGHT_AT ? decision.rule : '');
    return failed(name, decision);
  });
}

/** Questions of a place are not asked where there is none. */
function rulesCheck(place: DeedFacts['place']): Check[] {
  if (place === undefined) return [];
  if (place === null) return [notNeeded('environment rules')];
  const { admission } = place;
  return [
    admission.allowed ? passed('environment rules', admission.rule) : failed('environment rules', admission),
  ];
}

const MINUTE_MS = 60_000;

/** What holds a deploy back without refusing it. */
function waitChecks(place: DeedFacts['place']): Check[] {
  if (place === undefined) return [];
  if (place === null || !place.admission.allowed) return [notNeeded('approvals'), notNeeded('wait timer')];
  const { admission, missing, waitMs } = place;
  const asked = admission.needs?.approvals.length ? passed('approvals') : notNeeded('approvals');
  const timed = admission.needs?.waitMs ? passed('wait timer') : notNeeded('wait timer');
  return [
    missing.length ? waits('approvals', `of ${missing.map(needWords).join(', and of ')}`) : asked,
    waitMs > 0 ? waits('wait timer', `${Math.ceil(waitMs / MINUTE_MS)} minutes`) : timed,
  ];
}

function confirmationCheck(confirmation: DeedFacts['confirmation']): Check {
  switch (confirmation) {
    case 'given':
      return passed('confirmation');
    case 'not-needed':
      return notNeeded('confirmation');
    case 'needed':
      return failed('confirmation', UNCONFIRMED);
  }
}

/** What is said to a command that would change a protected environment and does not say `--yes`. */
export const UNCONFIRMED: Objection = {
  code: 'confirmation-needed',
  message: 'The environment is protected: it is changed only when you say that you mean it.',
  advice: 'Say it again with --yes.',
};

function objectionCheck(name: CheckName, objections: readonly Objection[] | null): Check {
  if (objections === null) return notNeeded(name);
  const [first, ...more] = objections;
  if (!first) return passed(name);
  const rest = more.length ? ` (and ${more.length} more)` : '';
  return failed(name, { ...first, message: `${first.message}${rest}` });
}

function passed(name: CheckName, text = ''): Check {
  return { name, state: 'passed', code: '', text, advice: '' };
}

function waits(name: CheckName, text: string): Check {
  return { name, state: 'waits', code: '', text, advice: '' };
}

function notNeeded(name: CheckName): Check {
  return { name, state: 'not-needed', code: '', text: '', advice: '' };
}

function failed(name: CheckName, { code, message, advice }: Objection): Check {
  return { name, state: 'failed', code, text: message, advice };
}

const CAPACITY = ['ServiceUnavailable'];
const ISOLATION = ['isolation-unavailable'];
const NAME = ['DnsNameLabelAlreadyTaken', 'group-taken', 'group-twice'];

/** The errors of a planned file, put to the questions that they answer. What a broken file hides was not looked at. Pure. */
export function objectionsIn(
  problems: readonly Problem[],
): Pick<DeedFacts, 'spec' | 'capacity' | 'isolation' | 'name'> {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const of = (codes: readonly string[]) => errors.filter(({ code }) => codes.includes(code));
  const here = [...CAPACITY, ...ISOLATION, ...NAME];
  const spec = errors.filter(({ code }) => !here.includes(code));
  const later = (codes: readonly string[]) => (spec.length && !of(codes).length ? null : of(codes));
  return { spec, capacity: later(CAPACITY), isolation: later(ISOLATION), name: later(NAME) };
}
