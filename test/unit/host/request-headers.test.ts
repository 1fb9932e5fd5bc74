import { requestHeaders } from '../../../src/host/request-headers.ts';
import { describe, expect, it } from '../../support/runner.ts';

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, 'v']));

describe('requestHeaders', () => {
  it.each([
    { why: 'one', headers: { Authorization: 'Bearer abc.def_ghi-jkl~mno+pqr/stu==' } },
    { why: 'every sign of a token', headers: { "!#$%&'*+-.^_`|~0aA": 'v' } },
    { why: 'blanks within a value', headers: { 'X-Words': 'a b  c' } },
    { why: 'as many as may be', headers: many(16) },
    { why: 'as much as may be', headers: { X: 'v'.repeat(8191) } },
  ])('takes $why', ({ headers }) => {
    expect(requestHeaders(headers, 'Secret a/b')).toEqual(headers);
  });

  it.each([
    { why: 'nothing', headers: {}, says: 'it is empty' },
    { why: 'too many', headers: many(17), says: 'more than 16 keys' },
    { why: 'too much', headers: { X: 'hunter2'.repeat(1171) }, says: 'larger than 8192 bytes' },
    { why: 'one twice', headers: { A: 'hunter2', a: 'hunter2' }, says: 'the same header' },
    { why: 'no name', headers: { '': 'hunter2' }, says: 'no name of a header' },
    { why: 'a blank in a name', headers: { 'hunter2 A': 'x' }, says: 'no name of a header' },
    { why: 'a colon in a name', headers: { 'hunter2:': 'x' }, says: 'no name of a header' },
    { why: 'a line in a name', headers: { 'A\r\nhunter2': 'x' }, says: 'no name of a header' },
    { why: 'a letter in a name', headers: { hunter2é: 'x' }, says: 'no name of a header' },
    { why: 'an empty value', headers: { A: '' }, says: 'the value of A' },
    { why: 'a line at the end', headers: { A: 'hunter2\n' }, says: 'the value of A' },
    { why: 'another header', headers: { A: 'hunter2\r\nHost: x' }, says: 'the value of A' },
    { why: 'a zero', headers: { A: 'hunter2\0' }, says: 'the value of A' },
    { why: 'a tab', headers: { A: 'hunter2\tx' }, says: 'the value of A' },
    { why: 'a blank before', headers: { A: ' hunter2' }, says: 'the value of A' },
    { why: 'a letter of no ASCII', headers: { A: 'hunter2é' }, says: 'the value of A' },
    { why: 'what was no UTF-8', headers: { A: 'hunter2\uFFFD' }, says: 'the value of A' },
    ...[
      'Host',
      'content-length',
      'Transfer-Encoding',
      'CONNECTION',
      'Keep-Alive',
      'TE',
      'Trailer',
      'Upgrade',
      'Expect',
      'Proxy-Authorization',
      'Proxy-Connection',
      'Accept-Encoding',
      'Range',
    ].map((name) => ({
      why: name,
      headers: { [name]: 'hunter2' },
      says: `${name} is no header that may be set`,
    })),
  ])('refuses $why, and repeats no value', ({ headers, says }) => {
    const refusal = expect.objectContaining({
      code: 'HeadersRefused',
      consequence: 'Denied',
      message: expect.stringMatching(/^Secret a\/b cannot be sent as headers: /),
      hint: expect.not.stringContaining('hunter2'),
    });
    let error: unknown;
    try {
      requestHeaders(headers, 'Secret a/b');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toEqual(refusal);
    expect(String(error)).toContain(says);
    expect(String(error)).not.toContain('hunter2');
  });
});
