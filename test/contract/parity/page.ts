import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../src/host/files.ts';
import { EXEMPTIONS } from './exemptions.ts';
import { GROUPS } from './groups.ts';

/** The page that tells what differs from a real kube-apiserver. */
const PAGE = 'docs/embedded-api.md';
const [BEGIN, END] = ['<!-- parity: made by `make generate` -->', '<!-- parity: end -->'];

function section(): string {
  const cases = GROUPS.flatMap((group) => group.cases);
  const requests = cases.flatMap(({ asks }) => asks);
  return [
    BEGIN,
    '',
    `${cases.length} cases of ${requests.length} requests get the same answers from both servers, field by field, but for these:`,
    '',
    ...EXEMPTIONS.map(({ why }) => `- ${why}`),
    '',
    END,
  ].join('\n');
}

async function pages(root: string): Promise<{ readonly old: string; readonly wanted: string }> {
  const old = await readFile(join(root, PAGE), 'utf8');
  const [begin, end] = [old.indexOf(BEGIN), old.indexOf(END)];
  if (begin < 0 || end < 0) throw new Error(`${PAGE} has no place for the differences`);
  return { old, wanted: old.slice(0, begin) + section() + old.slice(end + END.length) };
}

/** The page, if it tells other differences than the tables. */
export async function stalePage(root: string): Promise<readonly string[]> {
  const { old, wanted } = await pages(root);
  return old === wanted ? [] : [PAGE];
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..', '..', '..');
  await writeFileAtomic(join(root, PAGE), (await pages(root)).wanted);
}
