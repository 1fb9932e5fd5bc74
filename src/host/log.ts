/** Values that go with a log line; messages themselves stay static so that they can be searched. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** What the project needs of a logger. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose lines all carry these fields. */
  child(fields: LogFields): Log;
}

/** From all to little. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** The importance of a line. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A logger that writes one JSON object a line. */
export function jsonLog(
  write: (line: string) => void,
  now: () => number,
  options: { readonly level: LogLevel; readonly fields?: LogFields },
): Log {
  const { level, fields = {} } = options;
  const emit = (at: LogLevel) => (message: string, more?: LogFields) => {
    if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(level)) return;
    const time = new Date(now()).toISOString();
    write(`${JSON.stringify({ time, level: at, message, ...fields, ...more })}\n`);
  };
  return {
    debug: emit('debug'),
    info: emit('info'),
    warn: emit('warn'),
    error: emit('error'),
    child: (more) => jsonLog(write, now, { level, fields: { ...fields, ...more } }),
  };
}

/** A logger that says nothing, for tests and one-shot commands. */
export const silentLog: Log = jsonLog(
  () => undefined,
  () => 0,
  { level: 'error' },
);
