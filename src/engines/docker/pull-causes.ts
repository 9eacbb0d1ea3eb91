import { Failure } from '../../failure.ts';
import { registryOf } from '../../spec/index.ts';
import { causeOf, engineMessage, unreachable } from './causes.ts';
import { ASKED_WITHOUT_TLS, howToTrust, UNTRUSTED } from './registry-trust.ts';
import { NEWER_AND_OLDER } from './windows.ts';

/** ACI calls most of these InaccessibleImage; which of them it is matters to whoever has to mend it. */
export function pullFailure(thrown: unknown, image: string, login?: string): Failure {
  const words = shortened(engineMessage(thrown));
  const registry = registryOf(image);
  const about = { image, ...(login === undefined ? {} : { registry: login }) };
  const known = PULL_CAUSES.find(({ pattern }) => pattern.test(words));
  if (known) {
    return new Failure(known.code, known.say(image, registry, words), {
      advice: known.advice(registry, login !== undefined, words),
      cause: thrown,
      about,
    });
  }
  if (unreachable(thrown)) return causeOf(thrown, `to pull ${image}`);
  return new Failure('image-not-pulled', `The image ${image} could not be pulled: ${words}`, {
    advice: 'The registry’s own words are above; it is tried again by itself.',
    cause: thrown,
    about,
  });
}

/** Something between host and registry may answer with a page of its own, which the engine hands on as a whole. */
const MOST_WORDS = 400;

function shortened(words: string): string {
  return words.length > MOST_WORDS ? `${words.slice(0, MOST_WORDS).toWellFormed()}…` : words;
}

/** An image that a revision ran, that has left the host, and that cannot be had again. */
export function prunedFailure(image: string, pinned: string, thrown?: Failure): Failure {
  const why = thrown
    ? `and it could not be pulled again: ${thrown.message}`
    : `and ${registryOf(image)} gives another one under that name now.`;
  return new Failure(
    'image-pruned',
    `The image ${image} as it ran then (${pinned.replace(/^sha256:/, '').slice(0, 12)}) is no longer on the host, ${why}`,
    {
      advice:
        'Load it onto the host again (`docker load`), or go back to a revision whose images are there: `katabot history` lists them.',
      cause: thrown,
      about: { image },
    },
  );
}

/** What a pull of an image fails with that is for another system only, told before. */
export function otherSystemFailure(image: string): Failure {
  const { say, advice } = OTHER_SYSTEM;
  return new Failure('ImageOsTypeNotMatchContainerGroup', say(image), { advice, about: { image } });
}

/** The same of an image for other processors only. */
export function foreignFailure(image: string, why: string): Failure {
  const { say, advice } = FOREIGN;
  return new Failure('wrong-architecture', say(image, why), { advice, about: { image } });
}

const OTHER_SYSTEM = {
  say: (image: string) => `The image ${image} is for another operating system than its group.`,
  advice: 'Name an image for the group’s osType, or write the other osType.',
};

const FOREIGN = {
  say: (image: string, why: string) =>
    `The image ${image} is not made for the host’s processor architecture: ${why}`,
  advice: 'Build and push it for the host’s architecture too.',
};

const PULL_CAUSES: readonly {
  pattern: RegExp;
  code: string;
  say(image: string, registry: string, words: string): string;
  advice(registry: string, loggedIn: boolean, words: string): string;
}[] = [
  {
    pattern: /no space left on device/i,
    code: 'disk-full',
    say: (image) => `The host’s disk is full: ${image} has no room.`,
    advice: () =>
      'Free space on the host, for example with `docker image prune`; it is tried again by itself.',
  },
  {
    pattern: /toomanyrequests|too many requests|rate limit/i,
    code: 'registry-throttled',
    say: (image, registry, words) => `${registry} is throttling pulls; ${image} was not given out: ${words}`,
    advice: () => 'It is tried again by itself. Logging in (imageRegistryCredentials) raises the limit.',
  },
  {
    // Before what is said of processors: its list of manifests names builds of Windows.
    pattern: /no matching manifest for windows|a Windows version \S+ ?\S*image is incompatible/i,
    code: 'OsVersionNotSupported',
    say: (image, _registry, words) =>
      `The image ${image} is not made for Windows, or not for the host’s: ${words}`,
    advice: () => NEWER_AND_OLDER,
  },
  {
    pattern: /image operating system "?\w+"? cannot be used on this platform/i,
    code: 'ImageOsTypeNotMatchContainerGroup',
    say: OTHER_SYSTEM.say,
    advice: () => OTHER_SYSTEM.advice,
  },
  {
    pattern: /no matching manifest|does not match the (detected|specified)/i,
    code: 'wrong-architecture',
    say: (image, _registry, words) => FOREIGN.say(image, words),
    advice: () => FOREIGN.advice,
  },
  {
    // Before what is said of logins and names: a certificate may have any of those words in it.
    pattern: UNTRUSTED,
    code: 'registry-untrusted',
    say: (image, registry, words) =>
      `${registry} is not trusted by the host’s engine, so ${image} was not asked for: ${words}`,
    advice: (registry, _loggedIn, words) => howToTrust(registry, words),
  },
  {
    pattern: ASKED_WITHOUT_TLS,
    code: 'registry-refused',
    say: (image, registry) => `${registry} gave ${image} to nobody without the right login.`,
    advice: howToLogIn,
  },
  {
    pattern:
      /unauthorized|authentication required|no basic auth credentials|incorrect username or password|denied: (?!requested access)/i,
    code: 'registry-refused',
    say: (image, registry, words) => `${registry} refused the login for ${image}: ${words}`,
    advice: howToLogIn,
  },
  {
    pattern:
      /manifest( for .*)? (unknown|not found)|repository .* not found|pull access denied|denied|not found/i,
    code: 'image-not-found',
    say: (image, registry, words) =>
      `The image ${image} was not found: ${registry} knows no such repository or tag, or keeps it private (${words}).`,
    advice: () =>
      'Check the name and the tag; for a private image add its registry under imageRegistryCredentials.',
  },
  {
    pattern:
      /no such host|i\/o timeout|connection refused|network is unreachable|no route to host|server misbehaving|TLS handshake|remote error: tls|request canceled|context deadline/i,
    code: 'registry-unreachable',
    say: (image, registry, words) => `${registry} could not be reached for ${image}: ${words}`,
    advice: () => 'Check the host’s way to the registry, or load the image onto the host (`docker load`).',
  },
];

function howToLogIn(registry: string, loggedIn: boolean): string {
  return loggedIn
    ? `Check the entry for ${registry} under imageRegistryCredentials.`
    : `There is no login for ${registry}: add one under imageRegistryCredentials, or katabot secret set registry:${registry}`;
}
