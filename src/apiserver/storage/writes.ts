import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { StoredObject } from '../model/object.ts';
import type { RowKey } from './row.ts';

const CHUNK = 1000;

/** A version that is to be added. */
export interface NewVersion {
  readonly key: RowKey;
  readonly revision: number;
  readonly previous?: number;
  readonly object: StoredObject;
  readonly json: string;
  readonly deleted: boolean;
  readonly writtenMs: number;
}

function ownersOf(object: StoredObject): readonly string[] {
  return [...new Set((object.metadata.ownerReferences ?? []).map(({ uid }) => uid))];
}

/** Everything that changes the database; the caller has opened a transaction. */
export class Writes {
  private readonly supersede: StatementSync;
  private readonly insertVersion: StatementSync;
  private readonly insertBody: StatementSync;
  private readonly clearOwners: StatementSync;
  private readonly insertOwner: StatementSync;
  private readonly markCompacted: StatementSync;
  private readonly moveCompacted: StatementSync;
  private readonly dropBodies: StatementSync;
  private readonly dropVersions: StatementSync;

  constructor(database: DatabaseSync) {
    this.supersede = database.prepare('UPDATE versions SET next = ? WHERE revision = ?');
    this.insertVersion = database.prepare(
      `INSERT INTO versions (revision, resource, namespace, name, previous, next, deleting, written)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.insertBody = database.prepare('INSERT INTO bodies VALUES (?, ?)');
    this.clearOwners = database.prepare(
      'DELETE FROM owners WHERE resource = ? AND namespace = ? AND name = ?',
    );
    this.insertOwner = database.prepare('INSERT INTO owners VALUES (?, ?, ?, ?)');
    this.markCompacted = database.prepare('UPDATE compaction SET revision = MAX(revision, ?)');
    this.moveCompacted = database.prepare('UPDATE compaction SET revision = revision + ?');
    const old = `SELECT revision FROM versions WHERE next <= ? ORDER BY next LIMIT ${CHUNK}`;
    this.dropBodies = database.prepare(`DELETE FROM bodies WHERE revision IN (${old})`);
    this.dropVersions = database.prepare(`DELETE FROM versions WHERE revision IN (${old})`);
  }

  /** Adds a version and ends the one before it. */
  add(version: NewVersion): void {
    const { key, revision, previous, object, json, deleted, writtenMs } = version;
    const { resource, namespace, name } = key;
    if (previous !== undefined) this.supersede.run(revision, previous);
    const deleting = object.metadata.deletionTimestamp === undefined ? 0 : 1;
    const next = deleted ? revision : null;
    this.insertVersion.run(
      revision,
      resource,
      namespace,
      name,
      previous ?? null,
      next,
      deleting,
      writtenMs,
    );
    this.insertBody.run(revision, json);
  }

  /** Keeps the index of owners in step with the newest version. */
  setOwners(key: RowKey, object: StoredObject | undefined): void {
    const { resource, namespace, name } = key;
    this.clearOwners.run(resource, namespace, name);
    for (const owner of object === undefined ? [] : ownersOf(object)) {
      this.insertOwner.run(owner, resource, namespace, name);
    }
  }

  /** Writes a page that says the same as before. SQLite leaves out a write that changes nothing at once. */
  touch(): void {
    this.moveCompacted.run(1);
    this.moveCompacted.run(-1);
  }

  /** Removes some versions that ended at or before a revision; false when none are left. */
  compactSome(revision: number): boolean {
    this.markCompacted.run(revision);
    this.dropBodies.run(revision);
    return Number(this.dropVersions.run(revision).changes) === CHUNK;
  }
}
