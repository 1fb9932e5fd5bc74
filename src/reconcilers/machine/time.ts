/** Longest that an unattended machine may take from its making to its end. */
export const STAGE_LIMIT_MS = 12 * 3_600_000;
/** Longest that a guest may be silent after its boot, where the connector hears guests. */
export const BOOT_LIMIT_MS = 10 * 60_000;
/** How often an unattended machine is started over. */
export const MOST_ATTEMPTS = 3;
/** What rests is looked at again this often, since its platform may have forgotten to tell us. */
export const LOOK_AGAIN_MS = 10 * 60_000;
/** How often the operation of a handle is asked for. */
export const POLL_MS = 2000;
