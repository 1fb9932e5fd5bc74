import { isGitUrl, parseGitUrl } from '../../../src/sources/git-url.ts';
import { describe, expect, it } from '../../support/runner.ts';

describe('parseGitUrl', () => {
  it.each([
    { text: 'https://git.example/team/images.git', want: { protocol: 'https' } },
    {
      text: 'https://git.example/team/images#main',
      want: { url: 'https://git.example/team/images', branch: 'main' },
    },
    {
      text: 'https://git.example/team/images#release/1.2:sites/lab',
      want: { branch: 'release/1.2', folder: 'sites/lab' },
    },
    { text: 'https://git.example/team/images#:lab', want: { folder: 'lab' } },
    { text: 'ssh://git@git.example:2222/team/images.git', want: { protocol: 'ssh' } },
    {
      text: 'git@git.example:team/images.git#main',
      want: { protocol: 'ssh', url: 'git@git.example:team/images.git', branch: 'main' },
    },
    { text: '/srv/images.git#main', want: { protocol: 'file', url: 'file:///srv/images.git' } },
    { text: 'file:///srv/images.git', want: { protocol: 'file' } },
  ])('takes $text', ({ text, want }) => {
    expect(parseGitUrl(text, { allowLocal: true })).toMatchObject(want);
  });

  it.each([
    { why: 'an option', text: '--upload-pack=touch /tmp/x' },
    { why: 'an option without space', text: '-oProxyCommand=x' },
    { why: 'a remote helper', text: 'ext::sh -c id' },
    { why: 'a remote helper without space', text: 'ext::sh' },
    { why: 'a helper before https', text: 'foo::https://git.example/a' },
    { why: 'plain http', text: 'http://git.example/a' },
    { why: 'the git protocol', text: 'git://git.example/a' },
    { why: 'ftp', text: 'ftp://git.example/a' },
    { why: 'a password', text: 'https://me:secret@git.example/a' },
    { why: 'a token', text: 'https://token@git.example/a' },
    { why: 'a host that is an option of ssh', text: 'ssh://-oProxyCommand=x/a' },
    { why: 'a user that is an option of ssh', text: 'ssh://-oProxyCommand=x@h/a' },
    { why: 'a host that is an option in scp form', text: 'git@-oProxyCommand=x:a' },
    { why: 'a path that is an option in scp form', text: 'git@git.example:--upload-pack=x' },
    { why: 'a line break', text: 'https://git.example/a\r\nHost: b' },
    { why: 'an encoded shell in an ssh path', text: 'ssh://git.example/a;id' },
    { why: 'a NUL', text: 'https://git.example/a\u0000' },
    { why: 'letters that look like others', text: 'https://g\u0456t.example/a' },
    { why: 'a backslash', text: 'https:\\\\git.example\\a' },
    { why: 'a metadata service', text: 'https://169.254.169.254/latest' },
    { why: 'a metadata service, written as a number', text: 'https://2852039166/latest' },
    { why: 'a link-local address', text: 'https://[fe80::1]/a' },
    { why: 'a branch that is an option', text: 'https://git.example/a#--upload-pack=x' },
    { why: 'a refspec for a branch', text: 'https://git.example/a#+main' },
    { why: 'a branch above', text: 'https://git.example/a#a/../b' },
    { why: 'a branch that is a lock', text: 'https://git.example/a#main.lock' },
    { why: 'a folder above', text: 'https://git.example/a#main:../x' },
    { why: 'an absolute folder', text: 'https://git.example/a#main:/etc' },
    { why: 'pathspec magic for a folder', text: 'https://git.example/a#main::(top)' },
    { why: 'two branches', text: 'https://git.example/a#b#c' },
    { why: 'nothing', text: '' },
    { why: 'no repository', text: 'https://git.example/' },
    { why: 'too much', text: `https://git.example/${'a'.repeat(3000)}` },
  ])('refuses $why', ({ text }) => {
    expect(() => parseGitUrl(text, { allowLocal: true })).toThrow('the address of the repository');
  });

  it.each(['/srv/images.git', 'file:///srv/images.git'])(
    'keeps %s for the command line',
    (text) => {
      expect(() => parseGitUrl(text, { allowLocal: false })).toThrow('neither https nor ssh');
    },
  );
});

describe('isGitUrl', () => {
  it.each([
    ['./config', false],
    ['/srv/config', false],
    ['/srv/config.git', true],
    ['/srv/config#main', true],
    ['https://git.example/a', true],
    ['ext::sh -c id', true],
    ['git@git.example:a.git', true],
  ])('%s: %s', (text, want) => {
    expect(isGitUrl(text)).toBe(want);
  });
});
