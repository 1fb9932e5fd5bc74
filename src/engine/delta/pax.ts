import { badDelta } from './failure.ts';

/** Extended header records by key. Values may be binary. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const MOST_RECORDS = 4096;

function paxRecord(key: string, value: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  // The length counts its own digits, so one more digit may be needed than first thought.
  let digits = String(body.length).length;
  while (String(body.length + digits).length > digits) digits += 1;
  return Buffer.concat([Buffer.from(String(body.length + digits)), body]);
}

/** The bytes of an extended header, keys in bytewise order. */
export function encodePax(records: PaxRecords): Buffer {
  const sorted = [...records].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.concat(sorted.map(([key, value]) => paxRecord(key, value)));
}

/** The records of an extended header; anything malformed or repeated is refused. */
export function decodePax(bytes: Uint8Array): PaxRecords {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records = new Map<string, Uint8Array>();
  let at = 0;
  while (at < all.length) {
    const length = Number(/^([1-9][0-9]{0,6}) /.exec(all.toString('latin1', at, at + 9))?.[1]);
    const end = at + length;
    const equals = all.indexOf('=', at);
    const start = all.indexOf(' ', at) + 1;
    if (!(end <= all.length) || equals <= start || equals >= end || all[end - 1] !== 0x0a) {
      throw badDelta('an extended header record is malformed');
    }
    const key = all.toString('utf8', start, equals);
    if (records.has(key)) throw badDelta(`the extended header record ${key} is repeated`);
    if (records.size >= MOST_RECORDS) throw badDelta('an entry has too many records');
    records.set(key, Buffer.from(all.subarray(equals + 1, end - 1)));
    at = end;
  }
  return records;
}
