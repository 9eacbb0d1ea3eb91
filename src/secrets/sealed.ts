import { Failure } from '../failure.ts';
import type { Scope } from './scope.ts';
import { Secret } from './secret.ts';
import type { Vault } from './vault.ts';

/** What a sealed value begins with, wherever it stands instead of a secret. */
export const SEALED = 'katabot:age:';

/** Why a sealed value cannot be used. */
export type SealedFault = 'broken' | 'for-another-bot' | 'for-another-place';

/**
 * A value that only the bot with this recipient can open, and only for this scope: the scope is inside, so that a copy in
 * another repository is worth nothing. Throws a Failure for a text that is no recipient.
 */
export async function sealValue(
  recipient: string,
  { repository, environment }: Scope,
  value: Secret,
): Promise<string> {
  const { Encrypter } = await import('age-encryption'); // a command that seals nothing starts without it
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(recipient);
  } catch {
    throw new Failure('recipient-invalid', `"${recipient.slice(0, 80)}" is no age recipient.`, {
      advice: 'katabot secret recipient prints the bot’s; it begins with age1.',
    });
  }
  const bytes = await encrypter.encrypt(JSON.stringify({ repository, environment, value: value.reveal() }));
  return `${SEALED}${Buffer.from(bytes).toString('base64url')}`;
}

/** Opens a sealed value for a place. */
export async function openSealed(
  vault: Pick<Vault, 'open'>,
  text: string,
  place: Scope,
): Promise<Secret | SealedFault> {
  const opened = await vault.open(Buffer.from(text.slice(SEALED.length), 'base64url'));
  if (opened === undefined) return 'for-another-bot';
  const content = opened === null ? undefined : contentOf(opened);
  if (!content) return 'broken';
  const fits = (wanted: string, there: string) => wanted === '' || wanted === there;
  if (!fits(content.repository, place.repository) || !fits(content.environment, place.environment))
    return 'for-another-place';
  return new Secret(content.value, text);
}

function contentOf(text: string): (Scope & { value: string }) | undefined {
  try {
    const { repository, environment, value }: Readonly<Record<string, unknown>> = Object(JSON.parse(text));
    const whole =
      typeof repository === 'string' && typeof environment === 'string' && typeof value === 'string';
    return whole ? { repository, environment, value } : undefined;
  } catch {
    return undefined;
  }
}
