/** Whether a schedule is one that Tsuru takes: five fields of cron, or a name such as `@daily` or `@every 1h30m`. */
export function isSchedule(text: string): boolean {
  const schedule = text.replace(/^(?:TZ|CRON_TZ)=\S+\s+/, '').trim();
  if (schedule.startsWith('@')) return NAMED.test(schedule);
  const fields = schedule.split(/\s+/);
  if (fields.length !== FIELDS.length) return false;
  return FIELDS.every(([least, most, names = ''], index) => isField(fields[index] ?? '', least, most, names.split(' ')));
}

const NAMED = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every -?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/;

const FIELDS: [number, number, string?][] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12, ' jan feb mar apr may jun jul aug sep oct nov dec'],
  [0, 6, 'sun mon tue wed thu fri sat'],
];

/** Lists of values and ranges with an optional step. */
function isField(field: string, least: number, most: number, names: readonly string[]): boolean {
  const valueOf = (part: string): number => {
    const index = part === '' ? -1 : names.indexOf(part.toLowerCase());
    return index >= 0 ? index : /^\d+$/.test(part) ? Number(part) : NaN;
  };
  return field.split(',').filter((part) => part !== '').every((part) => {
    const [range = '', step, ...more] = part.split('/');
    if (more.length > 0 || (step !== undefined && !(valueOf(step) > 0))) return false;
    const [from = '', to = from, ...rest] = range.split('-');
    if (from === '*' || from === '?') return range.length === 1;
    const [start, end] = [valueOf(from), valueOf(to)];
    return rest.length === 0 && start >= least && end <= most && start <= end;
  });
}
