import { REPOSITORY_NAME } from '../../repositories/index.ts';

/** What a git client asks for. */
export interface Route {
  readonly repository: string;
  /** Below the repository, as `git http-backend` knows it. */
  readonly rest: '/info/refs' | '/git-upload-pack' | '/git-receive-pack';
  readonly query: string;
  readonly pushing: boolean;
}

const PATH = /^\/git\/([^?]+)\.git\/(info\/refs|git-upload-pack|git-receive-pack)(?:\?(.*))?$/;
const SERVICE = /^service=(git-upload-pack|git-receive-pack)$/;

/**
 * Reads the path of a request; undefined for all that git over smart HTTP does not ask for. Nothing is decoded: no name
 * that is allowed holds a character that would have to be. Pure.
 */
export function routeOf(url: string): Route | undefined {
  const [, repository = '', asked, query = ''] = PATH.exec(url) ?? [];
  if (!REPOSITORY_NAME.test(repository)) return undefined;
  if (asked === 'git-upload-pack' || asked === 'git-receive-pack') {
    return { repository, rest: `/${asked}`, query: '', pushing: asked === 'git-receive-pack' };
  }
  const [, service] = SERVICE.exec(query) ?? [];
  if (!service) return undefined;
  return {
    repository,
    rest: '/info/refs',
    query: `service=${service}`,
    pushing: service === 'git-receive-pack',
  };
}
