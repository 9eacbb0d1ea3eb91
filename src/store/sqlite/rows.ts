import type { GroupKey } from '../../event.ts';

/** Keys are written by us alone, always as `environment/name`. */
export function keyFrom(text: string): GroupKey {
  const [environment = '', name = ''] = text.split('/');
  return `${environment}/${name}`;
}
