import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Failure, impossible, isFailure, messageOf } from '../../core/failure.ts';
import { isAboutRoom } from '../../host/room.ts';

const FORMAT = 1;

/*
 * Every write adds a version; a version is live while `next` is empty. `next` is the revision that
 * replaced it, and a deletion is a version that is its own next. So the state at revision R is
 * `revision <= R and (next is null or next > R)`, for the present and for every past that is kept.
 */
const TABLES = `
CREATE TABLE versions (
  revision INTEGER PRIMARY KEY,
  resource TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  previous INTEGER,
  next INTEGER,
  deleting INTEGER NOT NULL,
  written INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX live ON versions (resource, namespace, name) WHERE next IS NULL;
CREATE INDEX history ON versions (resource, namespace, name, revision);
CREATE INDEX superseded ON versions (next) WHERE next IS NOT NULL;
CREATE INDEX dying ON versions (deleting) WHERE next IS NULL AND deleting = 1;
CREATE TABLE bodies (revision INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE owners (
  owner TEXT NOT NULL,
  resource TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (owner, resource, namespace, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX owned ON owners (resource, namespace, name);
CREATE TABLE compaction (revision INTEGER NOT NULL) STRICT;
`;

function prepare(database: DatabaseSync, nowMs: number): void {
  database.exec('PRAGMA busy_timeout = 0');
  // One process only: revisions and watchers live in memory. A killed process frees the lock.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  database.exec('PRAGMA journal_size_limit = 67108864');
  const { user_version: found } = { ...database.prepare('PRAGMA user_version').get() };
  if (found === FORMAT) return;
  if (found !== 0) {
    throw impossible(
      'StateFormat',
      `the API database has format ${String(found)}, this program knows ${FORMAT}`,
      'Start the newer program, or delete the database and apply git again.',
    );
  }
  database.exec(`BEGIN IMMEDIATE; ${TABLES}`);
  // Counting from the clock, a database that was made anew never repeats revisions that clients saw.
  database.prepare('INSERT INTO compaction VALUES (?)').run(nowMs);
  database.exec(`PRAGMA user_version = ${FORMAT}; COMMIT`);
}

function unreadable(path: string, error: unknown): Failure {
  const text = messageOf(error);
  if (text.includes('locked')) {
    return impossible(
      'StateInUse',
      `the API database ${path} is used by another process`,
      'Stop the other `lamina up`, or choose another --data folder.',
    );
  }
  return new Failure(
    {
      consequence: 'Impossible',
      code: 'StateUnreadable',
      message: `the API database ${path} cannot be opened: ${text}`,
      hint: 'Check the disk; a damaged database may be deleted and git applied again.',
    },
    error,
  );
}

/** Opens the database of the API, making it if it is missing; `:memory:` keeps nothing. */
export function openDatabase(path: string, nowMs: number): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    // It holds secrets: nobody else may read it. SQLite gives its journal the same rights.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path);
    prepare(database, nowMs);
    return database;
  } catch (error) {
    database?.close();
    throw isFailure(error) || isAboutRoom(error) ? error : unreadable(path, error);
  }
}
