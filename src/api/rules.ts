import { isObject, jsonEqual } from '../core/json.ts';
import type { Rule, RuleInput } from './kind.ts';

/** The spec of the object under judgement, read defensively: it may not have passed its schema yet. */
export function specOf(input: RuleInput): Record<string, unknown> {
  const spec = isObject(input.self) ? input.self['spec'] : undefined;
  return isObject(spec) ? spec : {};
}

/** Items of a list field that are objects. */
export function itemsOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Each channel must name a version of the same layer. */
export const channelsExist: Rule = {
  at: 'spec',
  cel: '!has(self.channels) || self.channels.all(c, self.versions.exists(v, v.name == self.channels[c]))',
  message: 'every channel must name a version in spec.versions',
  holds: (input) => {
    const spec = specOf(input);
    const names = new Set(itemsOf(spec['versions']).map((version) => version['name']));
    return Object.values(isObject(spec['channels']) ? spec['channels'] : {}).every((name) =>
      names.has(name),
    );
  },
};

/** What a Secret holds never leaves unencrypted. */
export const secretsOverHttps: Rule = {
  at: 'spec',
  cel: "self.versions.all(v, !has(v.install) || !has(v.install.media) || v.install.media.all(m, !has(m.headersSecretRef) || m.url.startsWith('https://')))",
  message: 'media with headersSecretRef must have an https url: a Secret is not sent unencrypted',
  holds: (input) =>
    itemsOf(specOf(input)['versions'])
      .flatMap(({ install }) => (isObject(install) ? itemsOf(install['media']) : []))
      .every(
        ({ headersSecretRef, url }) =>
          headersSecretRef === undefined || String(url).startsWith('https://'),
      ),
};

/** An entry with `field` on it is all or nothing: exactly one of the two is set. */
export function exactlyOne(list: string, left: string, right: string): Rule {
  return {
    at: 'spec',
    cel: `!has(self.${list}) || self.${list}.all(r, has(r.${left}) != has(r.${right}))`,
    message: `each of spec.${list} must have exactly one of ${left} and ${right}`,
    holds: (input) =>
      itemsOf(specOf(input)[list]).every(
        (item) => (item[left] === undefined) !== (item[right] === undefined),
      ),
  };
}

/** A whole spec that never changes after creation. */
export const immutableSpec: Rule = {
  at: 'spec',
  cel: 'self == oldSelf',
  message: 'spec is immutable: controllers make a new object instead',
  holds: ({ self, old }) => old === undefined || jsonEqual(specOf({ self }), specOf({ self: old })),
};
