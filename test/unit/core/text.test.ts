import { Failure, failureData, messageOf } from '../../../src/core/failure.ts';
import { cleanLine, cleanText, withoutSecrets } from '../../../src/core/text.ts';
import { describe, expect, it } from '../../support/runner.ts';

describe('words of a stranger', () => {
  it.each([
    { why: 'a colour', text: '\u001b[31mred\u001b[0m', want: 'red' },
    { why: 'a title of the window', text: 'a\u001b]0;owned\u0007b', want: 'ab' },
    { why: 'an escape that leads to nothing', text: 'a\u001bb', want: 'ab' },
    { why: 'a bell and a backspace', text: 'a\u0007\u0008b', want: 'ab' },
    { why: 'the escape of eight bits', text: 'a\u009b2Jb', want: 'ab' },
    { why: 'other controls of eight bits', text: 'a\u0080\u0085\u009fb', want: 'ab' },
    { why: 'DEL and NUL', text: 'a\u007f\u0000b', want: 'ab' },
    { why: 'embeddings', text: 'a\u202a\u202b\u202c\u202d\u202eb', want: 'ab' },
    { why: 'isolates', text: 'a\u2066\u2067\u2068\u2069b', want: 'ab' },
    { why: 'marks of direction', text: 'a\u200e\u200f\u061cb', want: 'ab' },
    { why: 'what has no width', text: 'a\u200b\u200c\u200d\u2060\ufeff\u00adb', want: 'ab' },
    { why: 'tags that nobody sees', text: 'a\u{e0041}\u{e0042}b', want: 'ab' },
    { why: 'the first half of a character', text: 'a\ud83db', want: 'ab' },
    { why: 'the second half of a character', text: 'a\ude00b', want: 'ab' },
    { why: 'a whole character of two halves', text: 'a😀b', want: 'a😀b' },
    { why: 'lines and tabs', text: 'a\r\n\tb\rc\u2028d\u2029e', want: 'a b c d e' },
    {
      why: 'accents and other scripts',
      text: 'Grüße, 日本語, עברית',
      want: 'Grüße, 日本語, עברית',
    },
  ])('lose what could act on a reader: $why', ({ text, want }) => {
    expect(cleanLine(text)).toBe(want);
  });

  it('keep their lines where there may be several', () => {
    expect(cleanText('a\r\nb\u001b[1m\n\tc\rd')).toBe('a\nb\n\tc\nd');
  });

  it.each([
    { why: 'short enough', text: 'abc', most: 3, want: 'abc' },
    { why: 'too long', text: 'abcd', most: 3, want: 'ab…' },
    { why: 'cut within a character', text: 'a😀b', most: 3, want: 'a…' },
  ])('are cut where they are too long: $why', ({ text, most, want }) => {
    expect(cleanLine(text, most)).toBe(want);
  });

  it.each([
    { why: 'a password', text: 'to http://u:pw@h/x', want: 'to http://…@h/x' },
    { why: 'a token', text: '"https://tok3n@h:1/x"', want: '"https://…@h:1/x"' },
    { why: 'an @ in a password', text: 'https://u:p@w@h/x', want: 'https://…@h/x' },
    { why: 'a password of git over ssh', text: 'ssh://u:pw@h/x', want: 'ssh://…@h/x' },
    { why: 'a query', text: 'GET https://h/x?sig=s3cret: 403', want: 'GET https://h/x?… 403' },
    { why: 'several', text: 'a://b:c@d e://f:g@h', want: 'a://…@d e://…@h' },
  ])('lose $why', ({ text, want }) => {
    expect(withoutSecrets(text)).toBe(want);
  });

  it.each([
    { why: 'who logs in over ssh', text: 'ssh://git@h/x and git@h:x' },
    { why: 'an @ behind the host', text: 'https://h/@scope/p#main' },
    { why: 'what is no address', text: 'a?b c:d@e //f' },
  ])('keep $why', ({ text }) => {
    expect(withoutSecrets(text)).toBe(text);
  });
});

describe('what is thrown', () => {
  const text = 'Request from http://u:hunter2@h/x?k=hunter2\u001b[2J\n\u202eend';
  const clean = 'Request from http://…@h/x?…';

  it('says nothing unfiltered in the message of a failure', () => {
    const failure = new Failure({ consequence: 'Lost', code: 'X', message: text });
    expect(failure.message).toBe(`${clean} end`);
    expect(failureData(failure).message).toBe(`${clean} end`);
    const long = new Failure({ consequence: 'Lost', code: 'X', message: 'x'.repeat(100_000) });
    expect(long.message).toHaveLength(8192);
  });

  it.each([
    { why: 'an error', thrown: new TypeError(text) },
    { why: 'an error of a library in another realm', thrown: { message: text } },
    { why: 'a text', thrown: text },
  ])('says nothing unfiltered as $why', ({ thrown }) => {
    expect(messageOf(thrown)).toBe(`${clean}\nend`);
    expect(failureData(thrown).message).toBe(`${clean}\nend`);
  });
});
