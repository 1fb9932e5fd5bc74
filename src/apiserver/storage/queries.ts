import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { documentOfText } from './document.ts';
import type { Change, From, Row, RowKey, Scope } from './row.ts';

type Columns = Readonly<Record<string, unknown>>;

function keyOf(columns: Columns): RowKey {
  return {
    resource: String(columns['resource']),
    namespace: String(columns['namespace']),
    name: String(columns['name']),
  };
}

function rowOf(columns: Columns): Row {
  return {
    ...keyOf(columns),
    revision: Number(columns['revision']),
    document: documentOfText(String(columns['json'])),
  };
}

function changeOf(columns: Columns): Change {
  const before = columns['before'];
  return {
    ...rowOf(columns),
    deleted: columns['deleted'] === 1,
    ...(typeof before === 'string' ? { before: documentOfText(before) } : {}),
  };
}

const CHANGES = `SELECT v.revision, v.resource, v.namespace, v.name, b.json, p.json AS before,
  v.next IS v.revision AS deleted
  FROM versions v JOIN bodies b ON b.revision = v.revision
  LEFT JOIN bodies p ON p.revision = v.previous
  WHERE v.revision > ? AND v.revision <= ? AND +v.resource = ? ORDER BY v.revision LIMIT ?`;

const LIVE = `SELECT v.revision, v.resource, v.namespace, v.name, b.json
  FROM versions v JOIN bodies b ON b.revision = v.revision WHERE v.next IS NULL AND `;

function scopeCondition(scope: Scope): { readonly sql: string; readonly values: string[] } {
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['resource = ?', scope.resource],
    ['namespace = ?', scope.namespace],
    ['name = ?', scope.name],
  ];
  const given = parts.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  return {
    sql: given.map(({ sql }) => `v.${sql}`).join(' AND '),
    values: given.map(({ value }) => value),
  };
}

/** By default SQLite goes through all versions that are kept from the second page on. */
const fromWhere = (latest: boolean, join = '') =>
  latest
    ? `FROM versions v INDEXED BY live ${join} WHERE v.next IS NULL`
    : `FROM versions v ${join} WHERE v.revision <= ? AND (v.next IS NULL OR v.next > ?)`;

/** Everything that is read from the database; statements are prepared once. */
export class Queries {
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  private statement(sql: string): StatementSync {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const fresh = this.database.prepare(sql);
    this.statements.set(sql, fresh);
    return fresh;
  }

  /** The live version of one object. */
  live(key: RowKey): Row | undefined {
    const columns = this.statement(`${LIVE} v.resource = ? AND v.namespace = ? AND v.name = ?`).get(
      key.resource,
      key.namespace,
      key.name,
    );
    return columns === undefined ? undefined : rowOf(columns);
  }

  /** Rows as they were at a revision, read as somebody takes them. `latest` says that nothing newer exists. */
  *rows(from: From, latest: boolean): Generator<Row, void, undefined> {
    const { sql, values } = scopeCondition(from);
    const { after, at } = from;
    const text = `SELECT v.revision, v.resource, v.namespace, v.name, b.json
      ${fromWhere(latest, 'JOIN bodies b ON b.revision = v.revision')} AND ${sql}
      ${after === undefined ? '' : 'AND (v.namespace, v.name) > (?, ?)'}
      ORDER BY v.namespace, v.name`;
    const rows = this.statement(text).iterate(
      ...(latest ? [] : [at, at]),
      ...values,
      ...(after === undefined ? [] : [after.namespace, after.name]),
    );
    for (const row of rows) yield rowOf(row);
  }

  /** How many rows a scope had at a revision. `latest` says that nothing newer exists. */
  count(scope: Scope, at: number, latest: boolean): number {
    const { sql, values } = scopeCondition(scope);
    const row = this.statement(`SELECT COUNT(*) AS count ${fromWhere(latest)} AND ${sql}`).get(
      ...(latest ? [] : [at, at]),
      ...values,
    );
    return Number(row?.['count']);
  }

  /** Changes of a resource with revisions in (after, upTo]. */
  changes(
    resource: string,
    range: { readonly after: number; readonly upTo: number },
    limit: number,
  ): readonly Change[] {
    return this.statement(CHANGES).all(range.after, range.upTo, resource, limit).map(changeOf);
  }

  /** Live objects with a deletionTimestamp. */
  dying(): readonly RowKey[] {
    return this.statement(
      'SELECT resource, namespace, name FROM versions WHERE next IS NULL AND deleting = 1',
    )
      .all()
      .map(keyOf);
  }

  /** Live objects that name this uid as an owner. */
  dependents(owner: string): readonly RowKey[] {
    return this.statement('SELECT resource, namespace, name FROM owners WHERE owner = ?')
      .all(owner)
      .map(keyOf);
  }

  /** Live objects that have any owner, in the order of their keys. */
  owned(after: RowKey | undefined, limit: number): readonly RowKey[] {
    const { resource, namespace, name } = after ?? { resource: '', namespace: '', name: '' };
    return this.statement(
      `SELECT DISTINCT resource, namespace, name FROM owners
       WHERE (resource, namespace, name) > (?, ?, ?) ORDER BY resource, namespace, name LIMIT ?`,
    )
      .all(resource, namespace, name, limit)
      .map(keyOf);
  }

  /** Live objects of a resource that were last written before an instant. */
  writtenBefore(resource: string, timeMs: number, limit: number): readonly RowKey[] {
    return this.statement(
      `SELECT resource, namespace, name FROM versions
       WHERE next IS NULL AND resource = ? AND written < ? LIMIT ?`,
    )
      .all(resource, timeMs, limit)
      .map(keyOf);
  }

  /** How large the database is. */
  sizeBytes(): number {
    const row = this.statement(
      'SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()',
    ).get();
    return Number(row?.['bytes']);
  }

  /** The revision up to which history was removed, and the newest revision. */
  bounds(): { readonly compacted: number; readonly head: number } {
    const row = this.statement(
      `SELECT revision AS compacted, MAX(revision, COALESCE((SELECT MAX(revision) FROM versions), 0))
       AS head FROM compaction`,
    ).get();
    return { compacted: Number(row?.['compacted']), head: Number(row?.['head']) };
  }
}
