import type { Field, Fields } from './field.ts';
import { mandatoryOf, namesKnownTo, namesOf, tableOf } from './lookup.ts';
import { nearestWord } from './nearest.ts';
import { isAbsent, type MapNode, type Node, type ScalarNode } from './node.ts';
import type { Finding } from './problem.ts';
import { readChoice, readFlag, readNumber, readText, type ScalarReading } from './scalars.ts';
import { unknownFinding } from './unknown.ts';
import { isSecret, nameIn, shapeAdvice, withoutSecrets, wrongValue } from './words.ts';

/** Where each property of the document stands, by its path in canonical spelling. */
export type Places = Map<string, { key: ScalarNode | undefined; value: Node }>;

/** Reads a document by the schema: collects every mistake, and gives what could be understood. */
export class Understanding {
  readonly findings: Finding[] = [];
  readonly places: Places = new Map();
  #complete = true;

  /** Whether everything that was read has the type of the table: values may be out of range, none is left out. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The value of a field; undefined when it is absent or of another kind. */
  read(field: Field, node: Node, path: string): unknown {
    switch (field.kind) {
      case 'text':
        return this.#scalar(readText(field, node, path));
      case 'number':
        return this.#scalar(readNumber(field, node, path));
      case 'flag':
        return this.#scalar(readFlag(node, path));
      case 'choice':
        return this.#scalar(readChoice(field, node, path));
      case 'list':
        return this.#list(field, node, path);
      case 'map':
        return this.#map(field, node, path);
      case 'names':
        return node.kind === 'map'
          ? node.entries.map(({ key }) => key.text)
          : this.#wrong(wrongValue(path, 'a mapping', node));
      case 'object':
        return this.#object(field, node, path);
      case 'ignored':
        return this.#ignored(field, path);
    }
  }

  #scalar({ value, problem }: ScalarReading): unknown {
    if (problem) this.findings.push(problem);
    if (value === undefined) this.#complete = false;
    return value;
  }

  #wrong(finding: Finding): undefined {
    this.findings.push(finding);
    this.#complete = false;
    return undefined;
  }

  #ignored({ about }: Field, path: string): undefined {
    if (!about.code) return undefined;
    this.findings.push({
      severity: 'warning',
      code: about.code,
      path,
      atKey: true,
      message: `ACI writes ${nameIn(path)} into exports and refuses it on the way back.`,
      advice: 'It does nothing here; remove it if the file should run on Azure as well.',
    });
    return undefined;
  }

  #list(field: Extract<Field, { kind: 'list' }>, node: Node, path: string): unknown[] | undefined {
    const items = node.kind === 'list' ? node.items : field.lone && node.kind === 'map' ? [node] : undefined;
    if (!items) {
      const advice = `Write ${nameIn(path)}: and each entry on a line of its own, after a hyphen.`;
      return this.#wrong(wrongValue(path, 'a list', node, { advice }));
    }
    return items.flatMap((item, index) => {
      const place = `${path}[${index}]`;
      this.places.set(place, { key: undefined, value: item });
      const value = isAbsent(item) ? this.#emptyItem(place) : this.read(field.item, item, place);
      return value === undefined ? [] : [value];
    });
  }

  #emptyItem(path: string): undefined {
    return this.#wrong({
      code: 'InvalidRequestContent',
      path,
      message: `${nameIn(path)} is an entry without anything in it.`,
      advice: 'Remove the hyphen, or write a value; a text that says null stands in quotes.',
    });
  }

  #map(
    field: Extract<Field, { kind: 'map' }>,
    node: Node,
    path: string,
  ): Record<string, unknown> | undefined {
    const secret = isSecret(field);
    if (node.kind !== 'map') {
      const advice = `Write ${nameIn(path)}: and below it name: value.`;
      return this.#wrong(wrongValue(path, 'a mapping', node, { secret, advice }));
    }
    if (field.most !== undefined && node.entries.length > field.most) {
      this.findings.push({
        code: 'too-many',
        path,
        message: `${nameIn(path)} has ${node.entries.length} entries; ${field.most} is the most.`,
        advice: `Remove ${node.entries.length - field.most}.`,
      });
    }
    const entries = node.entries.flatMap(({ key, value }) => {
      if (isAbsent(value)) {
        if (secret) this.#withoutContent(path);
        return [];
      }
      const place = `${path}.${key.text}`;
      this.places.set(place, { key, value });
      const read = this.read(field.value, value, place);
      return read === undefined ? [] : [[key.text, read] as const];
    });
    return Object.fromEntries(entries);
  }

  /** The name is not said: where the blank after the colon is missing, the secret is part of it. */
  #withoutContent(path: string): void {
    this.#wrong({
      code: 'InvalidRequestContent',
      path,
      message: `An entry of ${nameIn(path)} has no content.`,
      advice: 'Write name: content, with a blank after the colon; nothing at all is written "".',
    });
  }

  #object({ fields, inner }: Extract<Field, { kind: 'object' }>, node: Node, path: string): unknown {
    if (node.kind !== 'map') {
      const advice = shapeAdvice(fields, inner);
      return this.#wrong(wrongValue(path, 'a mapping', node, { advice }));
    }
    const value: Record<string, unknown> = {};
    if (!inner) {
      this.#fields(fields, node, path, value);
      return value;
    }
    const properties = node.entries.find(({ key }) => key.text.toLowerCase() === 'properties');
    // Without properties, what belongs there is one mistake, not one a property.
    const tooHigh = properties ? [] : namesKnownTo(inner, fields, node);
    const strangers = this.#fields(fields, node, path, value, ['properties', ...tooHigh]);
    if (properties?.value.kind !== 'map') {
      const near = strangers.find((name) => nearestWord(name, ['properties']));
      const names = tooHigh.length ? tooHigh : [...Object.keys(inner).slice(0, 3), 'the rest'];
      return this.#wrong({
        code: 'InvalidRequestContent',
        path,
        message: `${path ? nameIn(path) : 'The group'} has no ${properties ? 'mapping under ' : ''}properties.`,
        advice: near
          ? `Rename ${near} to properties.`
          : `Put ${names.join(', ')} under properties:, two blanks deeper.`,
      });
    }
    const place = path ? `${path}.properties` : 'properties';
    this.places.set(place, { key: properties.key, value: properties.value });
    this.#fields(inner, properties.value, place, value);
    return value;
  }

  /** Reads the properties of one mapping; gives the names that are none of them. */
  #fields(
    fields: Fields,
    node: MapNode,
    path: string,
    into: Record<string, unknown>,
    otherwise: readonly string[] = [],
  ): string[] {
    const known = tableOf(fields);
    const skipped = new Set(otherwise.map((name) => name.toLowerCase()));
    const strangers: string[] = [];
    for (const { key, value } of node.entries) {
      if (skipped.size && skipped.has(key.text.toLowerCase())) continue;
      const name = known.get(key.text) ?? known.get(key.text.toLowerCase());
      const field = name === undefined ? undefined : fields[name];
      if (name === undefined || !field) {
        strangers.push(key.text);
        this.#unknown(key, path, [...namesOf(fields), ...otherwise.slice(0, 1)]);
        continue;
      }
      const place = path ? `${path}.${name}` : name;
      if (this.places.has(place)) {
        this.#twice(name, place, key);
        continue;
      }
      this.places.set(place, { key, value });
      if (isAbsent(value)) continue;
      const read = this.read(field, value, place);
      if (read !== undefined) into[name] = read;
    }
    this.#fill(fields, path, into, strangers);
    return strangers;
  }

  #twice(name: string, path: string, key: ScalarNode): void {
    this.findings.push({
      code: 'duplicate-key',
      path,
      at: key,
      message: `${name} stands here twice, in two spellings.`,
      advice: 'Keep one of the two.',
    });
  }

  /** Fills defaults in and asks for what is required, unless it is there and was wrong. */
  #fill(fields: Fields, path: string, into: Record<string, unknown>, strangers: readonly string[]): void {
    for (const [name, field] of mandatoryOf(fields)) {
      if (into[name] !== undefined) continue;
      if (field.presence === 'default') {
        into[name] = field.fallback;
        continue;
      }
      const place = path ? `${path}.${name}` : name;
      const written = this.places.get(place);
      if (written && !isAbsent(written.value)) continue;
      const near = strangers.find((stranger) => nearestWord(stranger, [name]));
      const example = field.about.example ? ` such as ${name}: ${field.about.example}` : '';
      this.#wrong({
        code: field.missing ?? 'InvalidRequestContent',
        path: place,
        message: `${name} is missing${path ? ` in ${path}` : ''}.`,
        advice: near
          ? `Rename ${withoutSecrets(near)} to ${name}.`
          : `Add ${name}${example}. ${field.about.says}`,
      });
    }
  }

  #unknown(key: ScalarNode, path: string, siblings: readonly string[]): void {
    const name = withoutSecrets(key.text);
    const place = path ? `${path}.${name}` : name;
    this.places.set(place, { key, value: key });
    this.findings.push(unknownFinding(name, place, path, siblings));
  }
}
