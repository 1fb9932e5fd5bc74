/** With it a person asks to switch a packaging machine on again: the time of the request, RFC 3339. */
export const POWER_ON_REQUESTED = 'lamina.dev/power-on-requested-at';

/** The annotation that passes a gate; its value is the token that `status.action` shows. */
export function gateAnnotation(gate: string): string {
  return `gates.lamina.dev/${gate}`;
}
