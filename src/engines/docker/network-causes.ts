import { Failure } from '../../failure.ts';
import type { NamedNetwork } from '../index.ts';
import { causeOf, engineMessage } from './causes.ts';

// What keeps a group from a network that the settings name, in words for who runs the host and who deploys.

/** What the engine says of a private address, in words of ours; anything else stays as it is. */
export function addressCause(
  error: unknown,
  { named }: { readonly named?: NamedNetwork | undefined },
  address: string,
): unknown {
  if (!named) return error;
  const words = engineMessage(error);
  if (/(^|: )address already in use$/i.test(words)) {
    return new Failure(
      'private-address-taken',
      `${address} is in use in the network ${named.name}, by something that is no group of this bot.`,
      {
        advice: 'Remove `ip` for the next free address, or free this one.',
        cause: error,
        about: { address },
      },
    );
  }
  if (
    /does not belong to any of this network's subnets|user configured subnets|user[- ]defined networks only|out of range/i.test(
      words,
    )
  ) {
    return new Failure(
      'network-unfit',
      `The network ${named.name} gives no group the address ${address}: ${words}`,
      {
        advice: `Compare locations.${named.location}.networks.${named.name} with the subnet that the network has on the host.`,
        cause: error,
      },
    );
  }
  return error;
}

export function missing({ name, external, location }: NamedNetwork): Failure {
  return new Failure(
    'network-missing',
    `The host has no network ${external}, which the settings give to ${name}.`,
    {
      advice: `Make it on the host, or mend locations.${location}.networks.${name}.external.`,
    },
  );
}

export function foreign(name: string): Failure {
  return new Failure('network-foreign', `The host has a network ${name} that this bot has not made.`, {
    advice: 'Remove it, or name it in the settings as one that exists (driver: existing).',
  });
}

/** An engine that cannot do it, an interface that is not there: people who run the host have to know the words. */
export function unmade(error: unknown, { name, location, driver }: NamedNetwork): Failure {
  const known = causeOf(error, `to make the network ${name}`);
  if (known.code !== 'engine-refused') return known;
  return new Failure(
    'network-unmade',
    `The host makes no network ${name} of the driver ${driver}: ${engineMessage(error)}`,
    {
      advice: `Whoever runs the bot mends locations.${location}.networks.${name}, or the host.`,
      cause: error,
    },
  );
}
