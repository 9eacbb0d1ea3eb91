import { environmentOf } from '../../repositories/index.ts';

/** A repository as GitHub's API names it. */
export type RepositoryName = { readonly owner: string; readonly repo: string };

/** `acme/shop#12`: a pull request, also as the name of what is to be looked at. */
export type PullName = `${string}/${string}#${number}`;

export function pullName(repository: string, number: number): PullName {
  const [owner, repo] = repository.split('/');
  return `${owner ?? ''}/${repo ?? ''}#${number}`;
}

export function placeIn(name: PullName): { readonly repository: string; readonly number: number } {
  const at = name.lastIndexOf('#');
  return { repository: name.slice(0, at), number: Number(name.slice(at + 1)) };
}

export function nameOf(repository: string): RepositoryName {
  const slash = repository.indexOf('/');
  return { owner: repository.slice(0, slash), repo: repository.slice(slash + 1) };
}

/**
 * The environment of a pull request's preview, such as `pr-12-shop`: a number alone would be another repository's too.
 * Pure; 40 characters at most, by the grammar.
 */
export function previewOf(repository: string, number: number): string {
  return environmentOf(`pr-${number}-${nameOf(repository).repo.toLowerCase()}`, '');
}

/** A repository's name as the type of names in queues has it. */
export function asPath(repository: string): `${string}/${string}` {
  const { owner, repo } = nameOf(repository);
  return `${owner}/${repo}`;
}
