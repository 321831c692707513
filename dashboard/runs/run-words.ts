// Runs in words: which of their figures counts most, and how their state looks.

const ranked = ['macroF1', 'macro_f1', 'accuracy', 'mcc', 'logLoss', 'log_loss']

/** The figure that a list shows: that which the run is judged by, or macro F1 where there is one. */
export function mainFigure(
  metrics: Readonly<Record<string, number>>,
  judgedBy?: string | null,
): { readonly name: string; readonly value: number } | undefined {
  const isKnown = typeof judgedBy === 'string' && typeof metrics[judgedBy] === 'number'
  const name = isKnown
    ? judgedBy
    : (ranked.find((key) => typeof metrics[key] === 'number') ?? Object.keys(metrics)[0])
  const value = name === undefined ? undefined : metrics[name]
  return name === undefined || value === undefined ? undefined : { name: spoken(name), value }
}

/** "macroF1" as "macro F1", "log_loss" as "log loss". */
export function spoken(name: string): string {
  return name
    .replaceAll('_', ' ')
    .replaceAll(/([a-z])([A-Z])/g, (_, before: string, after: string) =>
      /^F$/.test(after) ? `${before} F` : `${before} ${after.toLowerCase()}`,
    )
}

/** The tone of a state's badge. */
export function stateTone(state: string): string {
  if (['finished', 'complete', 'completed', 'done'].includes(state)) return 'good'
  return ['failed', 'stopped', 'killed', 'crashed'].includes(state) ? 'bad' : ''
}

/** A parameter as text. */
export function parameterText(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'string') return value
  return JSON.stringify(value)
}

/** The values of an object, those of the objects in it under joined names; nulls are left out. */
export function flatEntries(values: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
    if (value === null || value === undefined) return []
    if (typeof value !== 'object' || Array.isArray(value)) return [[name, value]]
    const inner = flatEntries(value as Readonly<Record<string, unknown>>)
    return inner.map(([key, own]) => [`${name} ${key}`, own])
  })
}
