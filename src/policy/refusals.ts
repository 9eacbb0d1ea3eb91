import { type Bar, nameOfAccount } from './people.ts';
import { EVERYTHING, type Place } from './places.ts';
import type { GivenGrant } from './rights.ts';
import { type Caller, isEnough, type Right } from './rights.ts';

/** Policy's no. */
export interface Refusal {
  readonly allowed: false;
  /** Stable. */
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/** What somebody asked for, and where. */
export interface Wanted {
  readonly caller: Caller;
  readonly needed: Right;
  readonly deed: string;
  readonly place: Place;
}

/** The ways to a right: who has it, and what the settings would have to say. */
interface Ways {
  /** What the settings give the caller by name. */
  readonly own: readonly GivenGrant[];
  /** Who has the right there. */
  readonly able: readonly string[];
}

const MOST_NAMES = 5;

/** The settings give rights, and none to this caller. */
export function callerUnknown(wanted: Wanted, ways: Ways): Refusal {
  const { name } = wanted.caller;
  return {
    allowed: false,
    code: 'caller-unknown',
    message: `The settings give ${name} no right, so ${name} may not ${wanted.deed}; that takes ${withArticle(wanted.needed)}.`,
    advice: adviceFor(wanted, ways),
  };
}

export function repositoryRefused(wanted: Wanted, ways: Ways & { readonly repository: string }): Refusal {
  const { name } = wanted.caller;
  return {
    allowed: false,
    code: 'repository-refused',
    message: `${name} has no right in the repository ${ways.repository} and may not ${wanted.deed}; that takes ${withArticle(wanted.needed)}.`,
    advice: adviceFor(wanted, ways),
  };
}

export function rightMissing(wanted: Wanted, ways: Ways, right: Right | undefined): Refusal {
  const { caller, needed, deed, place } = wanted;
  const has = right === undefined ? 'has no right' : `is ${withArticle(right)}`;
  return {
    allowed: false,
    code: 'right-missing',
    message: `${caller.name} ${has}${inPlace(place)} and may not ${deed}; that takes ${withArticle(needed)}.`,
    advice: adviceFor(wanted, ways),
  };
}

/** The settings would allow it; the token that was used does not. */
export function tokenLimited({ caller, needed, deed, place }: Wanted, given: Right): Refusal {
  return {
    allowed: false,
    code: 'token-limited',
    message: `${caller.name} is ${withArticle(given)}${inPlace(place)}, but this token allows no more than ${withArticle(caller.right)} and may not ${deed}; that takes ${withArticle(needed)}.`,
    advice: `Use a token of ${caller.name} that allows it. Whoever runs the bot makes one: katabot token create ${caller.name} --right ${needed}`,
  };
}

/** The code host says what its people may do. */
export function roleTooLittle({ caller, needed, deed, place }: Wanted, role: string | undefined): Refusal {
  const has = role === undefined ? 'has no role there that counts' : `has the ${role}`;
  return {
    allowed: false,
    code: 'right-missing',
    message: `${caller.name} ${has} and may not ${deed}${inPlace(place)}; that takes ${withArticle(needed)}.`,
    advice: `Whoever administers the repository can give a greater role; github.roles in the settings says which role is ${withArticle(needed)}.`,
  };
}

/** Somebody in a chat who has no more than what is said there anyway, if that. */
export function barred({ caller, needed, deed, place }: Wanted, bar: Bar): Refusal {
  const { says, advice } = bar === 'not-named' ? notNamed(caller, needed) : BARS[bar];
  return {
    allowed: false,
    code: bar,
    message: `${caller.name} ${says} and may not ${deed}${inPlace(place)}; that takes ${withArticle(needed)}.`,
    advice,
  };
}

function notNamed({ accounts, name }: Caller, needed: Right) {
  const account = accounts?.chat ? nameOfAccount(accounts.chat) : name;
  return {
    says: 'has no such right in the settings',
    advice: `Whoever runs the bot can give it, below \`callers\` in the settings: ${word(account)}: ${needed}`,
  };
}

const BARS: Readonly<Record<Exclude<Bar, 'not-named'>, { readonly says: string; readonly advice: string }>> =
  {
    stranger: {
      says: 'belongs to another workspace',
      advice: 'Somebody of this workspace may ask for it.',
    },
    'not-linked': {
      says: 'is not linked to a GitHub account',
      advice: 'Say /kata link and follow the address: you have here what your role on GitHub gives you.',
    },
    'link-ended': {
      says: 'was linked to a GitHub account more than 90 days ago',
      advice: 'Say /kata link and follow the address: it proves that both accounts are still yours.',
    },
    'github-away': {
      says: 'has a role on GitHub that cannot be asked for, because GitHub does not answer,',
      advice: 'Try again when GitHub answers; the command line and its tokens do not depend on it.',
    },
  };

/** Where the settings say nothing of callers, the token alone decides. */
export function tokenTooLittle({ caller, needed, deed }: Wanted): Refusal {
  return {
    allowed: false,
    code: 'right-missing',
    message: `${caller.name} is ${withArticle(caller.right)} and may not ${deed}; that takes ${withArticle(needed)}.`,
    advice: `Whoever runs the bot can give the right: katabot token create ${caller.name} --right ${needed}`,
  };
}

function inPlace(place: Place): string {
  const [environment, repository] = [place.environment, place.repository].map((name) =>
    name === EVERYTHING ? undefined : name,
  );
  if (environment !== undefined)
    return ` in ${environment}${repository === undefined ? '' : ` of ${repository}`}`;
  return repository === undefined ? '' : ` in ${repository}`;
}

function adviceFor(wanted: Wanted, { own, able }: Ways): string {
  const more = able.length - MOST_NAMES;
  const names = `${able.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const who = able.length ? `${names} may do it. ` : '';
  return `${who}Whoever runs the bot can give the right, below \`callers\` in the settings: ${lineFor(wanted, own)}`;
}

/** The line of the settings that gives what was wanted, beside what they give already. */
function lineFor({ caller, needed, place }: Wanted, own: readonly GivenGrant[]): string {
  const { environment, repository } = place;
  const more = {
    right: needed,
    environments: [environment ?? EVERYTHING],
    repositories: [repository ?? EVERYTHING],
  };
  const kept = own.filter(
    ({ right }) => !isEnough(needed, right) || environment !== undefined || repository !== undefined,
  );
  const [only, ...others] = [...kept, more].map(inFlow);
  const short =
    others.length === 0 &&
    only === inFlow({ ...more, environments: [EVERYTHING], repositories: [EVERYTHING] });
  return `${word(caller.name)}: ${short ? needed : `[${[only, ...others].join(', ')}]`}`;
}

function inFlow({ right, environments, repositories }: GivenGrant): string {
  const parts = [
    `right: ${right}`,
    ...(environments.includes(EVERYTHING) ? [] : [`environments: [${environments.map(word).join(', ')}]`]),
    ...(repositories.includes(EVERYTHING) ? [] : [`repositories: [${repositories.map(word).join(', ')}]`]),
  ];
  return `{ ${parts.join(', ')} }`;
}

/** Quoted where YAML would read something else than the word. */
function word(text: string): string {
  return /^[a-z][a-z0-9/*-]*$/.test(text) && !/^(true|false|null)$/.test(text) ? text : `'${text}'`;
}

function withArticle(right: Right): string {
  return /^[aeiou]/.test(right) ? `an ${right}` : `a ${right}`;
}
