import { Secret } from '../secrets/index.ts';
import type { Field, Fields } from './field.ts';
import { mandatoryOf, tableOf } from './lookup.ts';
import { nearestWord } from './nearest.ts';
import { isAbsent, type MapNode, type Node, type ScalarNode } from './node.ts';
import type { Finding } from './problem.ts';
import { unknownFinding } from './unknown.ts';

/** Where each property of the document stands, by its path in canonical spelling. */
export type Places = Map<string, { key: ScalarNode | undefined; value: Node }>;

/** Reads a document by the schema: collects every mistake, and gives what could be understood. */
export class Understanding {
  readonly findings: Finding[] = [];
  readonly places: Places = new Map();

  /** The value of a field; undefined when it is absent or wrong. */
  read(field: Field, node: Node, path: string): unknown {
    switch (field.kind) {
      case 'text':
        return this.#text(field, node, path);
      case 'number':
        return this.#number(field, node, path);
      case 'flag':
        return this.#flag(node, path);
      case 'choice':
        return this.#choice(field, node, path);
      case 'list':
        return this.#list(field, node, path);
      case 'map':
        return this.#map(field, node, path);
      case 'names':
        return node.kind === 'map'
          ? node.entries.map(({ key }) => key.text)
          : this.#wrong(path, 'a mapping', node);
      case 'object':
        return this.#object(field, node, path);
      case 'ignored':
        return undefined;
    }
  }

  #wrong(
    path: string,
    expected: string,
    node: Node,
    code = 'InvalidRequestContent',
    secret = false,
  ): undefined {
    const found =
      node.kind === 'scalar'
        ? secret
          ? 'something else'
          : quoted(node.text)
        : node.kind === 'list'
          ? 'a list'
          : 'a mapping';
    this.findings.push({
      code,
      path,
      message: `${nameIn(path)} is ${found}; expected ${expected}.`,
      advice: adviceFor(path, expected),
    });
    return undefined;
  }

  #text(field: Extract<Field, { kind: 'text' }>, node: Node, path: string): string | Secret | undefined {
    if (node.kind !== 'scalar') return this.#wrong(path, 'text', node, 'InvalidRequestContent', field.secret);
    const { pattern, expected = 'another text', most } = field.rules;
    if ((pattern && !pattern.test(node.text)) || (most !== undefined && node.text.length > most)) {
      return this.#wrong(path, expected, node, field.about.code ?? 'invalid-value', field.secret);
    }
    return field.secret ? new Secret(node.text) : node.text;
  }

  #number(field: Extract<Field, { kind: 'number' }>, node: Node, path: string): number | undefined {
    const { least, most } = field.rules;
    const range =
      most !== undefined
        ? ` from ${least ?? 0} to ${most}`
        : least !== undefined
          ? ` of at least ${least}`
          : '';
    const expected = `a ${field.whole ? 'whole ' : ''}number${range}`;
    const isNumber = node.kind === 'scalar' && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(node.text);
    if (!isNumber) return this.#wrong(path, expected, node);
    const value = Number(node.text);
    if (field.whole && !Number.isInteger(value)) return this.#wrong(path, expected, node);
    if (value < (least ?? Number.NEGATIVE_INFINITY) || value > (most ?? Number.POSITIVE_INFINITY)) {
      return this.#wrong(path, expected, node, field.about.code ?? 'value-out-of-range');
    }
    return value;
  }

  #flag(node: Node, path: string): boolean | undefined {
    const word = node.kind === 'scalar' ? node.text.trim().toLowerCase() : '';
    if (['true', 'yes', 'on'].includes(word)) return true;
    if (['false', 'no', 'off'].includes(word)) return false;
    return this.#wrong(path, 'true or false', node);
  }

  #choice(field: Extract<Field, { kind: 'choice' }>, node: Node, path: string): string | undefined {
    const expected =
      field.values.length > 2 ? `one of ${field.values.join(', ')}` : field.values.join(' or ');
    if (node.kind !== 'scalar') return this.#wrong(path, expected, node);
    const plain = (text: string) => text.toLowerCase().replace(/\s/g, '');
    const found = field.values.find((value) => plain(value) === plain(node.text));
    if (found !== undefined) return found;
    const near = nearestWord(node.text, field.values);
    const code = field.about.code ?? 'InvalidRequestContent';
    this.findings.push({
      code,
      path,
      message: `${nameIn(path)} is ${quoted(node.text)}; expected ${expected}.`,
      advice: near ? `Did you mean ${near}?` : `Write ${expected}.`,
    });
    return undefined;
  }

  #list(field: Extract<Field, { kind: 'list' }>, node: Node, path: string): unknown[] | undefined {
    if (node.kind !== 'list') return this.#wrong(path, 'a list', node);
    return node.items.flatMap((item, index) => {
      const place = `${path}[${index}]`;
      this.places.set(place, { key: undefined, value: item });
      const value = this.read(field.item, item, place);
      return value === undefined ? [] : [value];
    });
  }

  #map(
    field: Extract<Field, { kind: 'map' }>,
    node: Node,
    path: string,
  ): Record<string, unknown> | undefined {
    if (node.kind !== 'map') return this.#wrong(path, 'a mapping', node);
    if (field.most !== undefined && node.entries.length > field.most) {
      this.findings.push({
        code: 'too-many',
        path,
        message: `${nameIn(path)} has ${node.entries.length} entries; ${field.most} is the most.`,
        advice: 'Remove some.',
      });
    }
    const entries = node.entries.flatMap(({ key, value }) => {
      const place = `${path}.${key.text}`;
      this.places.set(place, { key, value });
      if (isAbsent(value)) return [];
      const read = this.read(field.value, value, place);
      return read === undefined ? [] : [[key.text, read] as const];
    });
    return Object.fromEntries(entries);
  }

  #object(field: Extract<Field, { kind: 'object' }>, node: Node, path: string): unknown {
    if (node.kind !== 'map') return this.#wrong(path, 'a mapping', node);
    const value: Record<string, unknown> = {};
    this.#fields(field.fields, field.inner !== undefined, node, path, value);
    if (!field.inner) return value;
    const place = path ? `${path}.properties` : 'properties';
    const properties = node.entries.find(({ key }) => key.text.toLowerCase() === 'properties');
    if (properties?.value.kind !== 'map') {
      const message = `${path ? nameIn(path) : 'The group'} has no ${properties ? 'mapping under ' : ''}properties.`;
      this.findings.push({
        code: 'InvalidRequestContent',
        path,
        message,
        advice: `Put ${Object.keys(field.inner).slice(0, 3).join(', ')} and the rest under properties:`,
      });
      return undefined;
    }
    this.places.set(place, { key: properties.key, value: properties.value });
    this.#fields(field.inner, false, properties.value, place, value);
    return value;
  }

  #fields(
    fields: Fields,
    hasProperties: boolean,
    node: MapNode,
    path: string,
    into: Record<string, unknown>,
  ): void {
    const known = tableOf(fields);
    for (const { key, value } of node.entries) {
      if (hasProperties && key.text.toLowerCase() === 'properties') continue;
      const name = known.get(key.text) ?? known.get(key.text.toLowerCase());
      const field = name === undefined ? undefined : fields[name];
      if (name === undefined || !field) {
        this.#unknown(key, path, [...Object.keys(fields), ...(hasProperties ? ['properties'] : [])]);
        continue;
      }
      const place = path ? `${path}.${name}` : name;
      if (this.places.has(place)) {
        this.findings.push({
          code: 'duplicate-key',
          path: place,
          message: `${name} stands here twice, in two spellings.`,
          advice: 'Keep one of the two.',
        });
        continue;
      }
      this.places.set(place, { key, value });
      if (isAbsent(value)) continue;
      const read = this.read(field, value, place);
      if (read !== undefined) into[name] = read;
    }
    this.#complete(fields, path, into);
  }

  /** Fills defaults in and asks for what is required, unless it is there and was wrong. */
  #complete(fields: Fields, path: string, into: Record<string, unknown>): void {
    for (const [name, field] of mandatoryOf(fields)) {
      if (into[name] !== undefined) continue;
      if (field.presence === 'default') {
        into[name] = field.fallback;
        continue;
      }
      const place = path ? `${path}.${name}` : name;
      const written = this.places.get(place);
      if (written && !isAbsent(written.value)) continue;
      const example = field.about.example ? ` such as ${name}: ${field.about.example}` : '';
      this.findings.push({
        code: field.missing ?? 'InvalidRequestContent',
        path: place,
        message: `${name} is missing${path ? ` in ${path}` : ''}.`,
        advice: `Add ${name}${example}. ${field.about.says}`,
      });
    }
  }

  #unknown(key: ScalarNode, path: string, siblings: readonly string[]): void {
    const place = path ? `${path}.${key.text}` : key.text;
    this.places.set(place, { key, value: key });
    this.findings.push(unknownFinding(key.text, place, path, siblings));
  }
}

function nameIn(path: string): string {
  return path.split('.').at(-1) || 'The document';
}

function quoted(text: string): string {
  return `"${text.length > 60 ? `${text.slice(0, 57)}…` : text}"`.replace(/\n/g, '\\n');
}

function adviceFor(path: string, expected: string): string {
  return expected === 'a list'
    ? `Write ${nameIn(path)}: and each entry on a line of its own, after a hyphen.`
    : `Write ${expected}.`;
}
