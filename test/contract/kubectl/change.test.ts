import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/folder.ts';
import { beforeEach, expect, it } from '../../support/runner.ts';
import { configMap, describeKubectl, osLayer } from './session.ts';

const NAME = ['get', 'osl', 'p', '-o', 'jsonpath={.spec.displayName}'];

/** A JSON patch of the layer. */
const by = (...operations: readonly string[]) => [
  'patch',
  'osl',
  'p',
  '--type=json',
  '-p',
  `[${operations.join(',')}]`,
];

describeKubectl('changing objects', (session, own) => {
  beforeEach(async () => {
    const { kubectl } = session();
    await kubectl.ok(['delete', 'osl', 'p', '--ignore-not-found']);
    await kubectl.ok(['apply', '-f', '-'], osLayer('p', { channels: { prod: '1' } }));
  });

  it('patches by merge', async () => {
    const { kubectl } = session();
    const patch = '{"spec":{"displayName":"Merged","channels":null}}';
    const out = await kubectl.ok(['patch', 'osl', 'p', '--type=merge', '-p', patch]);
    expect(out).toBe('oslayer.lamina.dev/p patched\n');
    expect(await kubectl.ok([...NAME.slice(0, 4), 'jsonpath={.spec.channels}'])).toBe('');
    expect(await kubectl.ok(NAME)).toBe('Merged');
    const again = await kubectl.ok(['patch', 'osl', 'p', '--type=merge', '-p', patch]);
    expect(again).toBe('oslayer.lamina.dev/p patched (no change)\n');
  });

  it('patches by JSON patch, and all of it or nothing', async () => {
    const { kubectl } = session();
    const replace = '{"op":"replace","path":"/spec/displayName","value":"Json"}';
    const wrong = '{"op":"test","path":"/spec/displayName","value":"wrong"}';
    await kubectl.fails(by(replace, wrong));
    expect(await kubectl.ok(NAME)).toBe('An operating system');
    await kubectl.ok(by(replace));
    expect(await kubectl.ok(NAME)).toBe('Json');
    const missing = '{"op":"remove","path":"/spec/nothing"}';
    expect(await kubectl.fails(by(missing))).toMatch(
      // Upstream keeps to itself what was wrong.
      /^The request is invalid: the (patch cannot be applied: the path \/spec\/nothing does not exist|server rejected our request .*)\n$/,
    );
  });

  own('refuses strategic merge on our kinds with the way out', async () => {
    const { kubectl } = session();
    const text = await kubectl.fails(['patch', 'osl', 'p', '-p', '{"spec":{}}']);
    expect(text).toBe(
      'error: application/strategic-merge-patch+json is not supported by lamina.dev/v1alpha1, Kind=OSLayer: the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml\n',
    );
  });

  it('keeps status and spec apart', async () => {
    const { kubectl } = session();
    const patch = '{"spec":{"displayName":"No"},"status":{"observedGeneration":7}}';
    const to = (...more: readonly string[]) => [
      'patch',
      'osl',
      'p',
      '--type=merge',
      '-p',
      patch,
      ...more,
    ];
    await kubectl.ok(to('--subresource=status'));
    expect(await kubectl.ok(NAME)).toBe('An operating system');
    const seen = ['get', 'osl', 'p', '-o', 'jsonpath={.status.observedGeneration}'];
    expect(await kubectl.ok(seen)).toBe('7');
    await kubectl.ok(to().map((arg) => arg.replace(':7', ':8').replace('"No"', '"Yes"')));
    expect(await kubectl.ok(seen)).toBe('7');
    expect(await kubectl.ok(NAME)).toBe('Yes');
  });

  it('labels and annotates', async () => {
    const { kubectl } = session();
    expect(await kubectl.ok(['label', 'osl', 'p', 'a=1'])).toBe('oslayer.lamina.dev/p labeled\n');
    expect(await kubectl.fails(['label', 'osl', 'p', 'a=2'])).toContain('already has a value');
    await kubectl.ok(['label', 'osl', '--all', 'a=2', '--overwrite']);
    await kubectl.ok(['annotate', 'osl', 'p', 'lamina.dev/x=y']);
    await kubectl.ok(['annotate', 'osl', 'p', 'lamina.dev/x-']);
    const metadata = JSON.parse(
      await kubectl.ok(['get', 'osl', 'p', '-o', 'jsonpath={.metadata}']),
    ) as { labels: unknown; annotations: object; generation: number };
    expect(metadata.labels).toEqual({ a: '2' });
    expect(Object.keys(metadata.annotations)).not.toContain('lamina.dev/x');
    expect(metadata.generation).toBe(1);
    expect(await kubectl.fails(['label', 'osl', 'p', 'not/a/key=x'])).toContain('not/a/key');
  });

  it('edits with an editor', async () => {
    const { kubectl } = session();
    await using folder = await temporaryFolder();
    const editor = join(folder.path, 'editor');
    await writeFile(editor, '#!/bin/sh\nsed -i "s/An operating system/Edited/" "$1"\n');
    await chmod(editor, 0o755);
    const out = await kubectl.run(['edit', 'osl', 'p'], '', { KUBE_EDITOR: editor });
    expect(out).toMatchObject({ code: 0, stdout: 'oslayer.lamina.dev/p edited\n' });
    expect(await kubectl.ok(NAME)).toBe('Edited');
    const again = await kubectl.run(['edit', 'osl', 'p'], '', { KUBE_EDITOR: editor });
    expect(again.stderr).toContain('Edit cancelled, no changes made.');
  });

  it('shows the difference that an apply would make', async () => {
    const { kubectl } = session();
    const same = osLayer('p', { channels: { prod: '1' } });
    expect(await kubectl.run(['diff', '-f', '-'], same)).toMatchObject({ code: 0, stdout: '' });
    const other = osLayer('p', { channels: { prod: '1' }, displayName: 'Different' });
    const { code, stdout } = await kubectl.run(['diff', '-f', '-'], other);
    expect(code).toBe(1);
    expect(stdout).toContain('-  displayName: An operating system\n+  displayName: Different\n');
    expect(stdout).toContain('-  generation: 1\n+  generation: 2\n');
    const fresh = await kubectl.run(['diff', '-f', '-'], osLayer('fresh'));
    expect(fresh.stdout).toContain('+  name: fresh\n');
    expect(await kubectl.ok(NAME)).toBe('An operating system');
  });

  it('refuses changes of what is fixed', async () => {
    const { kubectl } = session();
    const move = '{"metadata":{"uid":"other"}}';
    expect(await kubectl.fails(['patch', 'osl', 'p', '--type=merge', '-p', move])).toMatch(
      /Conflict|metadata\.uid: Invalid value: "other": field is immutable/,
    );
    await kubectl.ok(['apply', '-f', '-'], configMap('fixed', { a: '1' }));
    await kubectl.ok(['patch', 'cm', 'fixed', '-p', '{"immutable":true}']);
    expect(await kubectl.fails(['patch', 'cm', 'fixed', '-p', '{"data":{"a":"2"}}'])).toContain(
      'data: Forbidden: field is immutable when `immutable` is set',
    );
  });
});
