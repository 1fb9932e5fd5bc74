import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { decodeProtobuf } from '../../../../src/apiserver/protobuf/decode.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { property } from '../../../support/soak.ts';

interface Case {
  readonly protobuf: string;
  readonly json: unknown;
}

// Written by k8s.io/api v0.37.2: each object encoded as protobuf, and by encoding/json. Status is
// left out of the reviews, since servers write it and never read it.
const cases = JSON.parse(readFileSync(new URL('upstream.json', import.meta.url), 'utf8')) as Record<
  string,
  Case
>;

const bytesOf = (name: string) => Buffer.from(cases[name]?.protobuf ?? '', 'base64');

describe('protobuf bodies', () => {
  it.each(Object.keys(cases))('reads a %s as its JSON form', (name) => {
    const decoded: unknown = JSON.parse(JSON.stringify(decodeProtobuf(bytesOf(name))));
    expect(decoded).toEqual(cases[name]?.json);
  });

  it('keeps a key that names a prototype as data', () => {
    const decoded = decodeProtobuf(bytesOf('config map'));
    expect(Object.keys(decoded?.['data'] as object)).toContain('__proto__');
  });

  it('knows nothing of other kinds', () => {
    const bytes = Buffer.from(
      bytesOf('lease').toString('latin1').replace('Lease', 'Least'),
      'latin1',
    );
    expect(decodeProtobuf(bytes)).toBeUndefined();
  });

  it('refuses what has no envelope', () => {
    expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow('the envelope does not begin');
  });

  it('refuses a number beyond 2^53 instead of damaging it', () => {
    const bytes = bytesOf('terminating namespace').toString('hex');
    // generation: 2^53 - 1 becomes 2^53 + 1 more digits of the varint.
    const larger = bytes.replace('38ffffffffffffff0f', '38ffffffffffffff1f');
    expect(larger).not.toBe(bytes);
    expect(() => decodeProtobuf(Buffer.from(larger, 'hex'))).toThrow('a number is too large');
  });

  it('survives any damage with a result or a MalformedMessage', () => {
    const name = fc.constantFrom(...Object.keys(cases));
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(name, damage, fc.nat(), (which, edits, cut) => {
        const bytes = bytesOf(which);
        for (const [at, byte] of edits) bytes[4 + (at % (bytes.length - 4))] = byte;
        const part = cut % 3 === 0 ? bytes.subarray(0, 4 + (cut % bytes.length)) : bytes;
        try {
          JSON.stringify(decodeProtobuf(part));
        } catch (error) {
          expect((error as Error).constructor.name).toBe('MalformedMessage');
        }
      }),
      property(20_000),
    );
  });
});
