import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Marks, Order } from '../wire.ts';
import type { Leases } from './leases.ts';
import type { Floor } from './orders.ts';
import { bodyOf } from './http.ts';
import { Refused } from './refused.ts';
import type { Tasks } from './tasks.ts';

/** What requests are answered from. */
export interface Desk extends Floor {
  readonly tasks: Tasks;
  readonly leases: Leases;
}

/** A change of marks, made only while all of `if` is so. */
interface MarksWanted {
  readonly set: Marks;
  readonly if: Marks;
}

function checkMarks({ world }: Floor, id: string, wanted: Marks): void {
  const { marks } = world.get(id);
  if (!Object.entries(wanted).every(([name, value]) => marks[name] === value)) {
    throw new Refused('Changed', 'the marks were changed by somebody else');
  }
}

async function setMarks(desk: Desk, id: string, wanted: MarksWanted): Promise<void> {
  checkMarks(desk, id, wanted.if);
  const { marks } = desk.world.get(id);
  await desk.world.change(id, { marks: { ...marks, ...wanted.set } });
}

function receive(desk: Desk, id: string, attempt: string, body: Readable): Promise<object> {
  const allowed = (): void => checkMarks(desk, id, { attempt, state: 'filling' });
  allowed();
  return desk.contents.receive(id, body, allowed);
}

/** An answer: JSON, or bytes. */
export type Answered = { readonly json: unknown } | { readonly bytes: Readable };

/** A request, taken apart. */
interface Asked {
  readonly desk: Desk;
  readonly request: IncomingMessage;
  readonly id: string;
  readonly query: URLSearchParams;
}

const JSON_ROUTES: Readonly<Record<string, (asked: Asked) => unknown>> = {
  'GET things': ({ desk: { world }, query }) => {
    const key = query.get('key');
    return key === null ? world.list() : world.look(key);
  },
  'POST tasks': async ({ desk, request }) => {
    await desk.leases.endOld();
    return { id: desk.tasks.begin((await bodyOf(request)) as Order) };
  },
  'GET tasks': ({ desk, id }) => {
    const task = desk.tasks.look(id);
    if (task === undefined) throw new Refused('NotFound', 'there is no such task');
    return task;
  },
  'POST things marks': async ({ desk, request, id }) =>
    setMarks(desk, id, (await bodyOf(request)) as MarksWanted),
  'PUT things content': ({ desk, request, id, query }) =>
    receive(desk, id, query.get('attempt') ?? '', request),
  'POST things lease': ({ desk, id }) => desk.leases.begin(id),
  'POST leases': ({ desk, id }) => desk.leases.use(id),
  'DELETE leases': ({ desk, id }) => desk.leases.end(id),
};

/** Does what a request asks for. Who asks was checked before. */
export async function route(desk: Desk, request: IncomingMessage): Promise<Answered> {
  const url = new URL(request.url ?? '/', 'http://platform');
  const [, folder = '', id = '', part = ''] = url.pathname.split('/');
  const name = `${request.method} ${folder} ${part}`.trim();
  if (name === 'GET leases') return { bytes: desk.leases.send(id) };
  const handle = Object.hasOwn(JSON_ROUTES, name) ? JSON_ROUTES[name] : undefined;
  if (handle === undefined) throw new Refused('NotFound', 'there is nothing here');
  return { json: (await handle({ desk, request, id, query: url.searchParams })) ?? {} };
}
