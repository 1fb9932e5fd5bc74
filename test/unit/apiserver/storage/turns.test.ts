import { DatabaseSync } from 'node:sqlite';
import { Turns } from '../../../../src/apiserver/storage/turns.ts';
import { beforeEach, describe, expect, it } from '../../../support/runner.ts';

let database: DatabaseSync;
let turns: Turns;
let order: string[];

const note = (what: string) => order.push(`${what}${database.isTransaction ? ' too early' : ''}`);

beforeEach(() => {
  database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE t (value TEXT UNIQUE)');
  order = [];
  turns = new Turns(database, {
    committed: () => note('announced'),
    rolledBack: () => note('rolled back'),
  });
});

const insert = (value: string) =>
  turns.run(() => {
    try {
      turns.begin();
      database.prepare('INSERT INTO t VALUES (?)').run(value);
    } catch (error) {
      turns.fail(error);
      throw error;
    }
    return value;
  });
const values = () => database.prepare('SELECT value FROM t').all().length;

describe('a turn', () => {
  it('commits once, then announces, then serves readers, then answers', async () => {
    await Promise.all([
      insert('a').then(() => note('answered')),
      insert('b').then(() => note('answered')),
      turns.read(() => note(`read ${values()}`)),
      turns.run(() => note('did nothing')).then(() => note('answered')),
    ]);
    // The third write looks into the open transaction, which is its right.
    expect(order).toEqual([
      'did nothing too early',
      'announced',
      'read 2',
      'answered',
      'answered',
      'answered',
    ]);
  });

  it('tells a refusal only when what it rests on is durable', async () => {
    const made = insert('a');
    const refused = turns.run(() => {
      throw new Error('it is there');
    });
    await Promise.allSettled([made, refused.catch(() => note('refused'))]);
    expect(order).toEqual(['announced', 'refused']);
  });

  it('fails as a whole when a change fails, and the next one works', async () => {
    const outcomes = await Promise.allSettled([
      insert('a'),
      insert('b'),
      insert('a'),
      turns.read(values),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(order).toEqual(['rolled back']);
    expect(values()).toBe(0);
    expect(await insert('a')).toBe('a');
  });

  it('does not starve readers behind writers that never rest', async () => {
    const stop = new AbortController();
    const writer = async (name: string) => {
      for (let round = 0; !stop.signal.aborted; round += 1) await insert(`${name}${round}`);
    };
    const writers = [writer('a'), writer('b')];
    for (let round = 0; round < 20; round += 1) await turns.read(values);
    stop.abort();
    await Promise.all(writers);
    expect(values()).toBeLessThan(100);
  });
});
