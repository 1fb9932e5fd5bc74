import { gateAnnotation } from '../api/object.ts';
import { denied } from '../core/failure.ts';
import { resourceOf } from '../kube/resource.ts';
import { printAnswer, withAnswer, type AnswerOptions, type Connection } from './connection.ts';
import type { AddCommand, Result } from './context.ts';
import { nameOf, parseTargetOf, readTarget, type Target } from './target.ts';
import { viewOf } from './view.ts';

const HELP = `
A gate is passed by a token, a hash of the object and of the evidence that you were shown. Without
--token, the one that the object shows now is passed; with it, only that one, so that you never approve
what changed meanwhile.

Examples:
  lamina approve lver/osl-win11-2026-11-3f9a01bc
  lamina approve lver/osl-win11-2026-11-3f9a01bc --gate Finalize --token 1f8a99c0`;

/** What the person says beside the name. */
export interface Approval {
  readonly gate?: string;
  readonly token?: string;
}

/** The gate behind an action: what is waited for at gate Finalize is called ApproveFinalize. */
function gateOf(action: string): string {
  return action.replace(/^Approve(?=[A-Z])/, '');
}

/** Passes the gate that an object waits at. */
async function approve(
  connection: Connection,
  target: Target,
  approval: Approval,
  signal: AbortSignal,
): Promise<Result> {
  const { action } = viewOf(await readTarget(connection, target, signal));
  const gate = action === undefined ? undefined : gateOf(action.gate);
  if (
    gate === undefined ||
    action?.token === undefined ||
    (approval.gate !== undefined && approval.gate !== gate)
  ) {
    const at = approval.gate === undefined ? 'an approval' : `gate ${approval.gate}`;
    const hint =
      action === undefined
        ? 'Nothing is to be done.'
        : `It waits for ${action.gate}: ${action.text}`;
    throw denied('NoSuchGate', `${nameOf(target)} does not wait for ${at}`, hint);
  }
  if (approval.token !== undefined && approval.token !== action.token) {
    const hint = `Look again, then approve with --token ${action.token}.`;
    throw denied('StaleToken', `${nameOf(target)} changed since token ${approval.token}`, hint);
  }
  const { client, namespace } = connection;
  const annotations = { [gateAnnotation(gate)]: action.token };
  await client.mergePatch(
    resourceOf(target.definition.kind),
    { namespace, name: target.name },
    { metadata: { annotations } },
    { signal },
  );
  const { kind } = target.definition;
  return {
    data: { kind, name: target.name, gate, token: action.token },
    lines: [`${nameOf(target)}: gate ${gate} is passed`],
  };
}

/** `lamina approve` */
export const approveCommand: AddCommand = (program, context, finish) => {
  const command = program
    .command('approve')
    .description('Pass the gate that a version or an image waits at.')
    .argument('<kind/name>', 'what waits', parseTargetOf('LayerVersion', 'LayeredImage'))
    .option('--gate <gate>', 'only if it waits at this gate')
    .option('--token <token>', 'only if the token is still this one')
    .addHelpText('after', HELP);
  withAnswer(command).action(async (target: Target, options: AnswerOptions & Approval) => {
    const ask = (connection: Connection) => approve(connection, target, options, context.signal);
    finish(await printAnswer(options, context, ask));
  });
};
