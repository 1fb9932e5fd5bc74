import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { fill, MAPS, openApi, PARTIAL, TABLE, textOf, type } from './api.ts';

let api: Awaited<ReturnType<typeof openApi>>;

beforeAll(async () => {
  api = await openApi();
  await fill(api.ask);
});

afterAll(() => api.close());

async function events(headers: Record<string, string>, query: string, wanted: number) {
  const stop = new AbortController();
  const path = `${MAPS}?watch=1&${query}`;
  const response = await api.send({ path, headers, signal: stop.signal });
  const lines: any[] = [];
  let text = '';
  for await (const chunk of response.body) {
    text += Buffer.from(chunk).toString();
    while (text.includes('\n')) {
      lines.push(JSON.parse(text.slice(0, text.indexOf('\n'))));
      text = text.slice(text.indexOf('\n') + 1);
    }
    if (lines.length >= wanted) stop.abort();
  }
  return lines;
}

describe('watches', () => {
  const initial = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1';

  it('write objects, tables and bare metadata, bookmarks included', async () => {
    const [object, mark] = await events({}, initial, 2);
    expect(object).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap' } });
    expect(mark).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    const [row, rowMark] = await events(TABLE, initial, 2);
    expect(row.object).toMatchObject({
      kind: 'Table',
      rows: [{ cells: ['kept', 1, expect.stringMatching(/s$/)] }],
    });
    expect(rowMark.object).toMatchObject({ kind: 'Table', rows: [], columnDefinitions: null });
    const [bare, bareMark] = await events(PARTIAL, initial, 2);
    expect(bare.object.kind).toBe('PartialObjectMetadata');
    expect(bareMark.object.kind).toBe('PartialObjectMetadata');
  });

  it('name the columns of a table once', async () => {
    await api.ask({ method: 'POST', path: MAPS, body: { metadata: { name: 'second' } } });
    const [first, second] = await events(TABLE, 'resourceVersion=0', 2);
    expect(first.object.columnDefinitions).toHaveLength(3);
    expect(second.object.columnDefinitions).toBeNull();
    await api.ask({ method: 'DELETE', path: `${MAPS}/second` });
  });

  it('share the bytes of an event among watchers', async () => {
    const stop = new AbortController();
    const path = `${MAPS}?watch=1&resourceVersion=0`;
    const bodies = await Promise.all(
      [1, 2].map(async () => {
        const { body } = await api.send({ path, signal: stop.signal });
        return body[Symbol.asyncIterator]();
      }),
    );
    await api.ask({
      method: 'PATCH',
      path: `${MAPS}/kept`,
      headers: type('application/merge-patch+json'),
      body: { data: { n: '1' } },
    });
    const seen = await Promise.all(
      bodies.map(async (body) => [await body.next(), await body.next()] as const),
    );
    expect(seen[0]?.[1].value).toBe(seen[1]?.[1].value);
    stop.abort();
    for (const body of bodies) await body.return?.();
  });

  it('refuse bad parameters before the stream begins', async () => {
    const { status } = await api.ask({ path: `${MAPS}?watch=1&sendInitialEvents=true` });
    expect(status).toBe(422);
    const response = await api.send({ path: `${MAPS}?watch=1&timeoutSeconds=x` });
    expect(response.status).toBe(400);
    await textOf(response);
  });

  it('end after timeoutSeconds', async () => {
    const { status } = await api.ask({ path: `${MAPS}?watch=1&timeoutSeconds=1` });
    expect(status).toBe(200);
  });
});
