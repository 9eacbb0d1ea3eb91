import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import type { Failure } from '../../failure.ts';
import type { WantedImage } from '../index.ts';
import { saysItself } from './causes.ts';
import type { Connection } from './connection.ts';
import { authOf, isForeign, isLatest, loginFor, presentImage } from './images.ts';
import { foreignFailure, otherSystemFailure, pullFailure } from './pull-causes.ts';
import { unfitImage, type WindowsHost } from './windows.ts';

/** What an image is made for, as images spell it. */
interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly osVersion: string;
}

interface ImageHost {
  /** In the engine's own spelling. */
  readonly architecture: string;
  readonly windows?: WindowsHost | undefined;
}

/**
 * What the pull of an image would fail with, or what would keep it from running, without pulling it: asked of the host, and where that
 * has not the image, of its registry through the engine. Undefined when nothing is known against it.
 */
export function checkImage(
  { connection, ...host }: ImageHost & { readonly connection: Connection },
  { image, credentials }: WantedImage,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const look = async (docker: Docker) => {
    const present = await presentImage(docker, image);
    if (present && !isLatest(image)) return platformFailure(image, [present], host);
    const login = loginFor(image, credentials);
    try {
      const answer = await within(signal, docker.getImage(image).distribution(authOf(login)));
      return platformFailure(image, platformsIn(answer), host);
    } catch (error) {
      // A `latest` that is here is used when its registry is away; whoever stands before the engine may not let the question through.
      return present || !saysItself(error) ? undefined : pullFailure(error, image, login?.server);
    }
  };
  return connection.call('to ask for an image', look, signal);
}

function platformsIn(answer: DistributionAnswer): Platform[] {
  return (answer.Platforms ?? []).map(({ os = '', architecture = '', ...more }) => ({
    os,
    architecture,
    osVersion: more['os.version'] ?? '',
  }));
}

/** What of `GET /distribution/NAME/json` is read here. */
interface DistributionAnswer {
  readonly Platforms?:
    | readonly { readonly os?: string; readonly architecture?: string; readonly 'os.version'?: string }[]
    | null;
}

/** Why none of what an image is made for runs on a host; undefined when one does, or nothing is said. Pure. */
export function platformFailure(
  image: string,
  platforms: readonly Platform[],
  { architecture, windows }: ImageHost,
): Failure | undefined {
  // What stands beside images in a list, such as who built them, is for no system.
  const known = platforms.filter(({ os }) => os !== '' && os !== 'unknown');
  const ofSystem = known.filter(({ os }) => (os === 'windows') === (windows !== undefined));
  if (known.length && !ofSystem.length) return otherSystemFailure(image);
  const own = ofSystem.filter((each) => !isForeign(each.architecture, architecture));
  if (known.length && !own.length)
    return foreignFailure(image, `it is for ${ofSystem.map((each) => each.architecture).join(', ')}`);
  if (!windows) return undefined;
  const unfit = own.map((each) => unfitImage(image, each, windows));
  return unfit.every((each) => each !== undefined) ? unfit[0] : undefined;
}
