import { partsOf } from '../event.ts';
import { isEnough } from '../policy/index.ts';
import type { Wish } from '../reconciler/index.ts';
import {
  findSecret,
  isSecretName,
  loginIn,
  OWN,
  openSealed,
  REGISTRY,
  type Scope,
  SEALED,
  type SealedFault,
  Secret,
  scopesFor,
  scopeText,
} from '../secrets/index.ts';
import {
  type Group,
  isServerOf,
  KEPT,
  type NoSecret,
  registryOf,
  type Supply,
  secretsAsked,
  secretsUsed,
} from '../spec/index.ts';
import { NO_REPOSITORY, type Source } from './file-source.ts';
import type { Ground } from './ground.ts';

type From = Pick<Source, 'caller' | 'environment' | 'repository' | 'secretsFor'>;
type SecretGround = Pick<Ground, 'policy' | 'secrets' | 'vault'>;

/** The secrets that a group asks for, as far as its place has them and they are given to where it came from. */
export async function supplyFor(
  ground: SecretGround,
  from: From,
  group: Group,
  before: Wish | undefined,
): Promise<Supply> {
  const withheld = withheldFrom(ground, from);
  const secrets = new Map<string, Secret | NoSecret>();
  for (const text of secretsAsked(group)) {
    if (withheld) secrets.set(text, withheld);
    else if (text !== KEPT) secrets.set(text, await given(ground, text, placeOf(from)));
  }
  return { kept: withheld ? undefined : before?.revision.group, secrets };
}

/** The group with the logins that the bot keeps for registries which its file names no login for. */
export async function withLogins(ground: SecretGround, from: From, group: Group): Promise<Group> {
  if (withheldFrom(ground, from)) return group;
  const own = group.imageRegistryCredentials;
  const registries = new Set(
    [...group.initContainers, ...group.containers].map(({ image }) => registryOf(image)),
  );
  const missing = [...registries].filter((name) => !own.some(({ server }) => isServerOf(server, name)));
  const logins = await Promise.all(
    missing.map(async (server) => {
      const kept = await findSecret(ground.secrets, `${REGISTRY}${server}`, placeOf(from));
      const login = kept && loginIn(kept.reveal());
      if (!login) return [];
      const password = new Secret(login.password, `${OWN}${REGISTRY}${server}`);
      return [{ server, username: login.username, password }];
    }),
  );
  return { ...group, imageRegistryCredentials: [...own, ...logins.flat()] };
}

/** Secrets that a group was given and that a deploy of it would no longer find, such as `katabot:DATABASE`, and how to set each. */
export async function missingSecrets(
  { secrets }: Pick<Ground, 'secrets'>,
  wish: Wish,
): Promise<{ secret: string; advice: string }[]> {
  const { environment } = partsOf(wish.key);
  const place = placeOf({ repository: wish.repository, environment });
  const looks = secretsUsed(wish.revision.group).map(async (text) => {
    const name = text.slice(OWN.length);
    const found = await findSecret(secrets, name, place);
    return found ? [] : [{ secret: text, advice: commandFor('set', name, place) }];
  });
  return (await Promise.all(looks)).flat();
}

function placeOf({ repository, environment }: Scope): Scope {
  return { repository: repository === NO_REPOSITORY ? '' : repository, environment };
}

/** Why nothing is looked up at all. The answer is the same for what there is and for what there is not. */
function withheldFrom(
  { policy }: SecretGround,
  { caller, environment, repository, secretsFor }: From,
): NoSecret | undefined {
  if (secretsFor === 'everybody') return undefined;
  if (secretsFor === 'nobody') {
    return {
      code: 'secret-withheld',
      message: 'The commit comes from a fork: it is given no secret, whether there is one or not.',
      advice: 'Push the branch to the repository itself, after somebody has read it.',
    };
  }
  const { right } = policy.rightOf(caller, { environment, repository });
  if (right !== undefined && isEnough(right, 'deployer')) return undefined;
  return {
    code: 'secret-withheld',
    message: `${caller.name} may not deploy there, so no secret is looked up for this file.`,
    advice: 'Ask somebody who may deploy, or plan what stands in the repository.',
  };
}

async function given(ground: SecretGround, text: string, place: Scope): Promise<Secret | NoSecret> {
  if (text.startsWith(SEALED)) {
    const opened = await openSealed(ground.vault, text, place);
    return opened instanceof Secret ? opened : unusable(opened, place);
  }
  const name = text.startsWith(OWN) ? text.slice(OWN.length) : '';
  if (!isSecretName(name)) return keptElsewhere(text);
  const found = await findSecret(ground.secrets, name, place);
  if (!found) return missing(name, place);
  const login = name.startsWith(REGISTRY) ? loginIn(found.reveal()) : undefined;
  return login ? new Secret(login.password) : found;
}

/** What an entry of secretReferences leads to that is no secret of the bot. */
function keptElsewhere(uri: string): NoSecret {
  const wanted = /\/secrets\/([A-Za-z0-9-]+)/.exec(uri)?.[1] ?? '';
  const name = isSecretName(wanted) ? wanted : 'DATABASE';
  return {
    code: 'key-vault',
    message: 'Key Vault is not asked: secrets come from the bot’s own store.',
    advice: `Write secretReferenceUri: ${OWN}${name}, and set it once: katabot secret set ${name}`,
  };
}

function missing(name: string, place: Scope): NoSecret {
  return {
    code: 'secret-missing',
    message: `There is no secret ${name}; looked for ${scopesFor(place).map(scopeText).join(', then ')}.`,
    advice: `Somebody with the right operator sets it: ${commandFor('set', name, place)}`,
  };
}

function unusable(fault: SealedFault, place: Scope): NoSecret {
  const again = commandFor('seal', '', place);
  switch (fault) {
    case 'broken':
      return {
        code: 'sealed-broken',
        message: 'The sealed value is not whole, or was changed.',
        advice: `Copy it again, or seal the value anew: ${again}`,
      };
    case 'for-another-bot':
      return {
        code: 'sealed-for-another-bot',
        message: 'The value was sealed for another bot, and cannot be opened by this one.',
        advice: `Seal it for this bot: ${again}`,
      };
    case 'for-another-place':
      return {
        code: 'sealed-for-another-place',
        message: `The value was not sealed for ${scopeText(place)}.`,
        advice: `Seal it for this place: ${again}`,
      };
  }
}

function commandFor(action: 'set' | 'seal', name: string, { repository, environment }: Scope): string {
  const words = [
    'katabot secret',
    action,
    name,
    'in',
    environment,
    repository && `--repository ${repository}`,
  ];
  return words.filter(Boolean).join(' ');
}
