import { isObject } from '../../../src/core/json.ts';

const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(?:Z|\+00:00)/g;
const AGE = /^(\d+[dhms])+$/;
const DAY_MS = 86_400_000;

type Fields = Readonly<Record<string, unknown>>;

/**
 * A Status with its causes as a set, because the real server takes labels and the like from maps, in any
 * order. The message repeats the causes, so there they are left out.
 */
function unordered(status: Fields): Fields {
  const { details, message } = status;
  const causes = isObject(details) ? details['causes'] : undefined;
  if (!Array.isArray(causes) || typeof message !== 'string') return status;
  const parts = causes.map(
    (cause: Fields) => `${String(cause['field'])}: ${String(cause['message'])}`,
  );
  const told = parts.length === 1 ? parts.join('') : `[${parts.join(', ')}]`;
  const set = causes.map((cause: Fields, i) => [parts[i], cause['reason']]);
  return {
    ...status,
    message: message.replace(told, () => '<the causes>'),
    details: { ...(details as Fields), causes: Object.fromEntries(set) as unknown },
  };
}

/** Owners of fields by name: both servers list them by the second of their last write. */
function byOwner(entries: readonly unknown[]): readonly unknown[] {
  const nameOf = (entry: unknown) => {
    const { manager, operation, subresource } = isObject(entry) ? entry : {};
    return JSON.stringify([manager, operation, subresource]);
  };
  return entries.toSorted((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
}

/**
 * Puts names in place of what two servers choose on their own: a uid or a revision is called by the
 * place where the case saw it first, so that it is still compared which of them are the same.
 */
export class Mask {
  private readonly names = new Map<string, string>();
  private readonly now: number;
  private readonly generated: readonly string[];

  /** Times of today are masked; `generated` are the beginnings of names that the server ended. */
  constructor(now: number, generated: readonly string[]) {
    this.now = now;
    this.generated = generated;
  }

  /** The body of an answer as it is compared. */
  body(value: unknown, at: string): unknown {
    if (typeof value === 'string') return this.text(value, at);
    if (Array.isArray(value)) return value.map((item, i) => this.body(item, `${at}.${i}`));
    if (!isObject(value)) return value;
    const { kind, metadata } = value;
    // Lists, tables and bookmarks have the revision of a collection, where others write at the same time.
    const isMany = isObject(metadata) && !('name' in metadata);
    const fields = Object.entries(kind === 'Status' ? unordered(value) : value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, field]) => {
        const where = { at: `${at}.${key}`, isMany };
        return [this.text(key, where.at), this.field(key, field, where)];
      });
    return Object.fromEntries(fields) as unknown;
  }

  private field(key: string, value: unknown, where: { at: string; isMany: boolean }): unknown {
    const { at, isMany } = where;
    if (key === 'metadata' && isMany && isObject(value)) return this.listMetadata(value, at);
    if (key === 'resourceVersion' && typeof value === 'string') return this.name(value, at);
    if (key === 'managedFields' && Array.isArray(value)) {
      return byOwner(value).map((entry, i) => this.body(entry, `${at}.${i}`));
    }
    if (key === 'cells' && Array.isArray(value)) {
      return value.map((cell: unknown, i) => this.cell(cell, `${at}.${i}`));
    }
    return this.body(value, at);
  }

  private listMetadata(value: Readonly<Record<string, unknown>>, at: string): unknown {
    const { resourceVersion, continue: token, ...rest } = value;
    return {
      ...(this.body(rest, at) as object),
      ...(resourceVersion === undefined ? {} : { resourceVersion: '<revision of the list>' }),
      ...(token === undefined ? {} : { continue: '<token>' }),
    };
  }

  private cell(value: unknown, at: string): unknown {
    return typeof value === 'string' && AGE.test(value) ? '<age>' : this.body(value, at);
  }

  private name(value: string, at: string): string {
    const known = this.names.get(value) ?? `<first seen at ${at}>`;
    this.names.set(value, known);
    return known;
  }

  private text(value: string, at: string): string {
    let text = value
      .replace(UID, (uid) => this.name(uid, at))
      .replace(TIME, (time, fraction?: string) => {
        const isToday = Math.abs(Date.parse(time) - this.now) < DAY_MS;
        return isToday ? `<time${'0'.repeat(Math.max(0, (fraction ?? '').length - 1))}>` : time;
      });
    for (const start of this.generated) {
      text = text.replaceAll(new RegExp(`${start}[a-z0-9]{5}\\b`, 'g'), `${start}<any>`);
    }
    const named = text.replace(/\b\d{3,}\b/g, (number) => this.names.get(number) ?? number);
    return /resource ?version/i.test(named) ? named.replace(/\b\d{3,}\b/g, '<revision>') : named;
  }
}
